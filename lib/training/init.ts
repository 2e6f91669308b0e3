import { ArgumentError } from '../errors.js';
import { call } from '../lane.js';
import { describe, type FloatArray } from '../matrix.js';
import { activationOf, startOf } from '../network/activation.js';
import type { FullImage } from '../options.js';
import { createRandom } from '../random.js';
import { turns } from '../turns.js';
import { contrastCandidates, contrastProbeRows, contrastUnitsAtOnce } from './layout.js';
import type { HiddenState, Training } from './training.js';

/** First weights of every hidden layer; those of the output layer start at zero. */
export async function initialise(training: Training): Promise<void> {
  for (const [l, layer] of training.hidden.entries()) {
    const { init } = training.settings.hidden[l] as Training['settings']['hidden'][number];
    if (init === 'contrast') await contrast(training, layer);
    else if (init === 'orthogonal') await orthogonal(training, l);
    else await fill(layer.weights, () => 2 * training.random.uniform() - 1); // biases too: the paper's
  }
}

/**
 * Random directions instead of samples' differences, which may tell nothing together: those of XOR lie along the axes. The
 * same whether the training was resumed or not.
 */
export async function drawAnew(training: Training): Promise<void> {
  const random = createRandom(training.settings.seed);
  for (const l of training.hidden.keys()) await orthogonal(training, l, random);
}

async function fill(values: FloatArray, valueOf: (index: number) => number): Promise<void> {
  for await (const [begin, end] of turns(values.length)) for (let i = begin; i < end; i++) values[i] = valueOf(i);
}

/**
 * Q of orthonormal columns, or rows where there are more units than inputs. Above another layer h of n units the m units
 * start close together, about the rest z₀ of their activation, where f is next to a straight line:
 *
 *     z = z₀ + s √max(1, m/n) Qᵀ (h − μ)/σ
 *
 * with s their spread, μ and σ what h has at its own start: f(z₀) and f′(z₀) s, or mean and deviation of f over a normal z
 * where h is the first layer. So a stack hands the features of its first layer on, however deep it is, and bends them as
 * it learns.
 *
 * @source Saxe, McClelland and Ganguli 2014 (arXiv 1312.6120) for orthogonal weights, Balduzzi et al. 2017 (arXiv
 * 1702.08591) for deep networks that look linear at first
 */
async function orthogonal(training: Training, l: number, random = training.random): Promise<void> {
  const { inputs, units, weights, activation } = training.hidden[l] as HiddenState;
  const matrix = weights.subarray(0, inputs * units);
  await fill(matrix, () => random.normal());
  await call(training, 'orthonormalise', { matrix, rows: inputs, columns: units });
  const below = training.hidden[l - 1];
  if (!below) return;
  const { length } = training.hidden;
  const { rest, spread } = startOf(activationOf(activation), length);
  const start = startOf(activationOf(below.activation), length);
  const [centre, deviation] = l > 1 ? [start.value, start.slope * start.spread] : [start.mean, start.deviation];
  const scale = (spread * Math.sqrt(Math.max(1, units / inputs))) / deviation;
  const biases = weights.subarray(matrix.length).fill(rest);
  await fill(matrix, (i) => {
    const weight = scale * (matrix[i] as number);
    (biases[i % units] as number) -= weight * centre;
    return weight;
  });
}

/** Differences of two samples, of different classes where there are classes; see contrast.h. */
async function contrast(training: Training, layer: HiddenState): Promise<void> {
  const probe = Int32Array.from({ length: Math.min(training.weightedRows, contrastProbeRows) }, () =>
    training.drawRow(),
  );
  for (let first = 0; first < layer.units; first += contrastUnitsAtOnce) {
    const units = Math.min(contrastUnitsAtOnce, layer.units - first);
    const pairs = new Int32Array(units * contrastCandidates * 2);
    for (let i = 0; i < pairs.length; i += 2) [pairs[i], pairs[i + 1]] = drawPair(training);
    const masks = await drawMasks(training, first, units);
    await call(training, 'contrast', {
      ...training.samples(),
      start: 0,
      count: probe.length,
      indices: probe,
      pairs,
      candidates: contrastCandidates,
      ...(masks && { masks }),
      first,
      units,
      total: layer.units,
      weights: layer.weights,
    });
  }
}

function drawPair(training: Training): [number, number] {
  const { labels } = training.problem;
  const i = training.drawRow();
  // Where one class has nearly all samples, a pair of two classes may not turn up; any other sample serves then.
  let other = i;
  for (let attempt = 0; attempt < 100; attempt++) {
    const j = training.drawRow();
    if (labels ? labels[i] !== labels[j] : i !== j) return [i, j];
    if (i !== j) other = j;
  }
  return [i, other];
}

async function drawMasks(training: Training, first: number, units: number): Promise<FloatArray | undefined> {
  const { image, mask } = training.settings;
  const { cols } = training.problem.inputs;
  if (!image && !mask) return undefined;
  const masks = training.zeros(units * cols);
  for await (const [begin, end] of turns(units, cols))
    for (let unit = begin; unit < end; unit++) {
      const target = masks.subarray(unit * cols, (unit + 1) * cols);
      if (mask) fillFromFunction(target, mask(training.random, first + unit));
      else if (image) fillWindow(training, target, image);
    }
  return masks;
}

/** Takes over what `mask` returned for one unit. */
export function fillFromFunction(target: FloatArray, values: ArrayLike<number>): void {
  if (typeof (values as unknown) !== 'object' || (values as unknown) === null || values.length !== target.length)
    throw new ArgumentError(
      `Expected options.mask to return ${target.length} numbers, one for each column, but received ${describe(values)}`,
    );
  for (let j = 0; j < target.length; j++) {
    const value = values[j];
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new ArgumentError(`Expected options.mask to return finite numbers but received ${describe(value)}`);
    target[j] = value;
  }
}

/**
 * A Gaussian window exp(−(y − c_y)²/2σ_y² − (x − c_x)²/2σ_x²) about a random point, half a deviation or more inside; its
 * deviations are one share of both sides, a ninth to a sixth, and a pixel at least.
 */
function fillWindow({ random }: Training, target: FloatArray, { height, width, channels }: FullImage): void {
  const share = 1 / 9 + (1 / 6 - 1 / 9) * random.uniform();
  const profile = (side: number): Float64Array => {
    const deviation = Math.max(1, share * side);
    const centre = deviation / 2 + (side - deviation) * random.uniform();
    // The middle of the first pixel is at ½.
    return Float64Array.from({ length: side }, (_, i) => Math.exp(-(((i + 0.5 - centre) / deviation) ** 2) / 2));
  };
  const [rows, columns] = [profile(height), profile(width)];
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < channels; channel++) target[at++] = (rows[y] as number) * (columns[x] as number);
}
