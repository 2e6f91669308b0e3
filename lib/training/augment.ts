import { batchRows, inBatches } from '../batches.js';
import { callEach, type Lane } from '../lane.js';
import { allocate } from '../matrix.js';
import type { FullAugmentation, FullImage, Settings } from '../options.js';
import { createRandom, type Random } from '../random.js';
import { turns } from '../turns.js';
import { copyTo } from '../vectors.js';
import { rowsWithCopies } from './layout.js';
import type { Problem } from './problem.js';

/** Numbers of an affine map of pixels, as warp.h has it. */
const mapSize = 6;

/** The rows, and behind them the copies that `augment` asks for. */
export async function withCopies(lane: Lane, problem: Problem, settings: Settings): Promise<Problem> {
  const { image, augment } = settings;
  if (!image || !augment) return problem;
  const { data, rows, cols } = problem.inputs;
  const total = rowsWithCopies(rows, settings);
  const all = allocate(data, total * cols);
  await copyTo(all, data);
  const random = createRandom(settings.seed);
  const draw = () => drawMap(random, image, augment);
  for (let copy = 1; copy <= augment.copies; copy++) {
    const outputs = all.subarray(copy * data.length, (copy + 1) * data.length);
    const batches = inBatches(rows, batchRows(cols), { ...image, inputs: data, outputs });
    await callEach(lane, 'warp', mapped(batches, draw));
  }
  const { labels, targets, weights } = problem;
  return {
    ...problem,
    inputs: { data: all, rows: total, cols },
    originals: rows,
    ...(labels && { labels: await repeated(labels, new Int32Array(total)) }),
    ...(targets && { targets: await repeated(targets, allocate(data, total * problem.outputs)) }),
    ...(weights && { weights: await repeated(weights, allocate(data, total)) }),
  };
}

/** With a map for each of a batch's rows. */
function* mapped<Batch extends { count: number }>(
  batches: Iterable<Batch>,
  draw: () => number[],
): Generator<Batch & { maps: Float64Array }> {
  for (const batch of batches) {
    const maps = new Float64Array(batch.count * mapSize);
    for (let i = 0; i < maps.length; i += mapSize) maps.set(draw(), i);
    yield { ...batch, maps };
  }
}

/** From the pixel of a copy to the place in the image, both from the middle: rotation · shear · scale, and a shift. */
function drawMap(
  random: Random,
  { height, width }: FullImage,
  { rotation, scale, shear, shift, flip }: FullAugmentation,
): number[] {
  const upTo = (most: number) => most * (2 * random.uniform() - 1);
  const angle = (upTo(rotation) * Math.PI) / 180;
  const [down, across, sideways] = [1 + upTo(scale), 1 + upTo(scale), upTo(shear)];
  const [dy, dx] = [upTo(shift) * height, upTo(shift) * width];
  const side = flip && random.uniform() < 1 / 2 ? -1 : 1;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // Columns: of a step down in the copy, and of one to the right.
  return [down * cos - sideways * sin, -side * across * sin, dy, down * sin + sideways * cos, side * across * cos, dx];
}

/** An array again and again, until the other is full. */
async function repeated<T extends Int32Array | Float32Array | Float64Array>(array: T, into: T): Promise<T> {
  for await (const [begin, end] of turns(into.length))
    for (let i = begin; i < end; i++) into[i] = array[i % array.length] as number;
  return into;
}
