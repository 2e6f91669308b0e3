import { allocate } from '../matrix.js';
import { calibration, type HeldScores } from '../network/temperature.js';
import { isCalibrated } from '../options.js';
import { turns } from '../turns.js';
import { copyOf } from '../vectors.js';
import type { Problem } from './problem.js';
import { withCopiesOf } from './repeats.js';
import { outputSums, shrunkSquares } from './shrinkage.js';
import type { Training } from './training.js';
import { wantedOf } from './trial-parts.js';
import { weightsAt } from './weights.js';

/** The share of the rows that a training spares, where these are many; and at most. */
const [heldShare, mostHeld] = [0.02, 4000];

export function heldRows(rows: number): number {
  return Math.min(mostHeld, Math.floor(heldShare * rows));
}

/** Rows that a training leaves alone, by which it knows when to stop and how sure its classes are. */
export class HeldOut {
  readonly #training: Training;
  readonly #rows: Int32Array;
  /** What is wanted of these, where outputs will be shrunk. */
  readonly #wanted: Problem | undefined;

  private constructor(training: Training, rows: Int32Array, wanted: Problem | undefined) {
    this.#training = training;
    this.#rows = rows;
    this.#wanted = wanted;
  }

  /** Takes the rows, and all that repeat them, out of the training: their weight is zero from now on. */
  static async of(training: Training): Promise<HeldOut> {
    const { problem, rows, originals } = training;
    const drawn = training.drawRows(heldRows(training.weightedRows));
    const isSpared = await leavingClasses(problem, originals);
    const held = (await withCopiesOf(problem, drawn, training.signal)).filter(isSpared);
    const weights = problem.weights ? await copyOf(problem.weights) : allocate(problem.inputs.data, rows);
    if (!problem.weights) for await (const [begin, end] of turns(rows)) weights.fill(1, begin, end);
    for (const row of held) for (let copy = row; copy < rows; copy += originals) weights[copy] = 0;
    training.weights = weights;
    training.heldOut = held.length;
    if (!training.ridgeSearch?.shrinkage) return new HeldOut(training, held, undefined);
    const own = weightsAt(held, problem.weights);
    return new HeldOut(training, held, {
      ...problem,
      ...(await wantedOf(problem, held)),
      ...(own && { weights: own }),
    });
  }

  /** Mean over the held-out rows of Σ (T* − z)², at the present weights; where outputs will be shrunk, each as is best. */
  async loss(): Promise<number> {
    const training = this.#training;
    if (this.#wanted)
      return shrunkSquares(await outputSums(this.#wanted, await training.scores(this.#rows))) / this.#rows.length;
    const into = { cached: true, sampleWeights: training.problem.weights };
    const { squares } = await training.sweep(await training.rowSet(this.#rows), into);
    return squares / this.#rows.length;
  }

  /** The inverse temperature that makes the held-out rows likeliest; undefined where there are no probabilities, or no
   * weight on those rows. */
  async inverseTemperature(): Promise<number | undefined> {
    const scores = await heldScores(this.#training, this.#rows);
    return scores && (await calibration([scores]))?.inverseTemperature;
  }
}

/** Whether a row, asked for once, can be spared: not where that would leave nothing of its class to train on. */
async function leavingClasses(
  { labels, weights, outputs }: Problem,
  originals: number,
): Promise<(row: number) => boolean> {
  if (!labels) return () => true;
  const left = new Int32Array(outputs);
  for await (const [begin, end] of turns(originals))
    for (let row = begin; row < end; row++) if (weights?.[row] !== 0) (left[labels[row] as number] as number)++;
  return (row) => {
    const label = labels[row] as number;
    const isLast = left[label] === 1;
    if (!isLast && weights?.[row] !== 0) (left[label] as number)--;
    return !isLast;
  };
}

/** Scores of rows at the present weights, of a classifier whose probabilities take a temperature. */
export async function heldScores(training: Training, rows: Int32Array): Promise<HeldScores | undefined> {
  const { labels, weights, outputs } = training.problem;
  if (!labels || !isCalibrated(training.settings)) return undefined;
  return {
    scores: { data: await training.scores(rows), rows: rows.length, cols: outputs },
    truth: rows.map((row) => labels[row] as number),
    weights: weightsAt(rows, weights),
  };
}
