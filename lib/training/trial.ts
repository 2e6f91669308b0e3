import { NonFiniteError, SingularError } from '../errors.js';
import type { FloatArray } from '../matrix.js';
import type { Activation } from '../network/activation.js';
import type { HeldScores } from '../network/temperature.js';
import type { Settings } from '../options.js';
import { turns } from '../turns.js';
import { gaussNewton } from './gauss-newton.js';
import { heldScores } from './held-out.js';
import { initialise } from './init.js';
import type { SearchSizes } from './layout.js';
import type { Memory } from './memory.js';
import type { Problem } from './problem.js';
import { iterationsOf } from './progress.js';
import { outputSums, shrunkSquares, type OutputSums } from './shrinkage.js';
import { Training } from './training.js';
import type { Part } from './trial-parts.js';

/**
 * Iterations of a trial: two for each of the layers, since each after the first takes longer to learn, and before it has,
 * the strongest ridge looks best; but only so many, while there are not more layers. With Huber's loss, whose δ is that of
 * a bad fit at first, always so many.
 */
const mostIterations = 8;
/** Of a wide layer's units that a trial has, as far as the penalty goes by it. */
const leastShare = 1 / 4;

/** Iterations of a trial, as many as the training itself makes at most. */
export function trialIterations(settings: Settings): number {
  const layers = settings.hidden.length + 1;
  const most = settings.loss === 'huber' ? mostIterations : Math.max(layers, Math.min(2 * layers, mostIterations));
  return Math.min(iterationsOf(settings), most);
}

/** Settings of a trial. */
export function trialSettings(settings: Settings, { units, copies }: SearchSizes): Settings {
  const hidden = settings.hidden.map((layer, l) => ({ ...layer, units: units[l] as number }));
  const augment = settings.augment && { ...settings.augment, copies };
  const iterations = trialIterations(settings);
  return { ...settings, hidden, iterations, augment, validation: undefined, onIteration: undefined };
}

/**
 * What a ridge is to be multiplied by, layer by layer, so that it does in the narrow layers of a trial what it does in
 * the wide ones. Each of m units has a share of 1/m in the outputs, so that the squared derivatives of these with respect
 * to the weights from n units to m sum up to as much as n/m: the penalty goes with that. It does so to four times the
 * units of the trials: wider layers find finer detail, which a penalty that went on to grow would take from them.
 *
 * @source Mei, Montanari and Nguyen 2018 (arXiv 1804.06561) for the scaling
 */
export function narrowing(wide: readonly { units: number }[], narrow: readonly { units: number }[]): number[] {
  const shareOf = (units: number, l: number) => Math.max(units / (wide[l] as { units: number }).units, leastShare);
  const shares = [1, ...narrow.map(({ units }, l) => shareOf(units, l)), 1];
  return shares.slice(1).map((share, l) => (shares[l] as number) / share);
}

export interface Judged {
  /**
   * Sum of squares of the residuals on the held-out rows, truncated for Huber's loss, and of several outputs with the
   * predictions of each shrunk as is best.
   */
  squares: number;
  scores?: HeldScores;
  /** Of a regressor of several outputs. */
  sums?: OutputSums;
}

/** A network trained on one part of the rows and judged by the other. */
export async function judge(
  training: Training,
  { fit, held }: Part,
  memory: Memory,
  settings: Settings,
  activation: Activation,
  scale: number,
): Promise<Judged> {
  const trial = new Training(fit, settings, memory);
  const judged = new Training(held, settings, memory, false);
  for (const each of [trial, judged]) each.activate(activation);
  // Of coordinates: the ridge is a share of what a column has, and fewer with as much have more each.
  const share = fit.inputs.cols / training.problem.inputs.cols;
  trial.ridgeScales = narrowing(training.settings.hidden, settings.hidden).map(
    (factor, l) => factor * scale * (l === 0 ? share : 1),
  );
  try {
    await initialise(trial);
    await gaussNewton(trial);
  } catch (error) {
    if (error instanceof SingularError || error instanceof NonFiniteError) return { squares: Infinity };
    throw error;
  } finally {
    training.operations += trial.operations;
  }
  judged.restore(trial.present());
  // All trials are judged by one loss.
  const bounds = (training.residualBounds ??= trial.residualBounds);
  const rows = Int32Array.from({ length: held.inputs.rows }, (_, row) => row);
  if (!bounds && held.targets && held.outputs > 1) {
    const sums = await outputSums(held, await judged.scores(rows));
    training.operations += judged.operations;
    const squares = shrunkSquares(sums);
    return { squares: Number.isFinite(squares) ? squares : Infinity, sums };
  }
  const squares = bounds
    ? await truncatedSquares(held, await judged.scores(rows), bounds)
    : (await judged.sweep({ count: rows.length }, { cached: false })).squares;
  const scores = await heldScores(judged, rows);
  training.operations += judged.operations;
  return { squares, ...(scores && { scores }) };
}

/** Sum of squares of the residuals, each at most that of twice Huber's δ: of outliers only their number counts. */
async function truncatedSquares(
  { targets, outputs, weights }: Problem,
  predicted: FloatArray,
  bounds: FloatArray,
): Promise<number> {
  let sum = 0;
  for await (const [begin, end] of turns(predicted.length, 4))
    for (let i = begin; i < end; i++) {
      const residual = (targets?.[i] as number) - (predicted[i] as number);
      const size = Math.min(Math.abs(residual), 2 * (bounds[i % outputs] as number));
      sum += (weights?.[Math.floor(i / outputs)] ?? 1) * size ** 2;
    }
  return sum;
}
