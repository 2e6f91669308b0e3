import type { Matrix } from '../matrix.js';
import { costOfExponential, turns } from '../turns.js';
import type { OutputActivation } from './activation.js';

/** Bins of equal width by the probability of the predicted class. */
const bins = 15;

/**
 * How well probabilities tell the truth. Log-loss: −mean ln p of the own class. Expected calibration error: the mean
 * difference, over bins of the predicted class's probability weighted by their rows, between that probability and the share
 * of rows that are of the predicted class.
 *
 * @param scores pre-activations of the outputs, greatest for the likeliest class
 * @source Guo et al. 2017 (arXiv 1706.04599), section 2, with its 15 bins
 */
export async function calibrationOf(
  scores: Matrix,
  truth: Int32Array,
  predicted: Int32Array,
  output: OutputActivation,
): Promise<{ logLoss: number; calibrationError: number }> {
  const { rows, cols } = scores;
  const gaps = new Float64Array(bins);
  const logs = new Float64Array(cols);
  let loss = 0;
  for await (const [begin, end] of turns(rows, costOfExponential * cols))
    for (let i = begin; i < end; i++) {
      const total = logsOf(scores, i, output, logs);
      const [own, given] = [truth[i] as number, predicted[i] as number];
      loss += total - (logs[own] as number);
      const certainty = Math.exp((logs[given] as number) - total);
      (gaps[Math.min(Math.floor(certainty * bins), bins - 1)] as number) += certainty - Number(own === given);
    }
  return { logLoss: loss / rows, calibrationError: gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / rows };
}

/**
 * Scores of `sigmoid` outputs become probabilities: the outputs over their sum, also where all of them are too small
 * for the precision.
 */
export async function toProbabilities(scores: Matrix): Promise<void> {
  const { data, rows, cols } = scores;
  const logs = new Float64Array(cols);
  for await (const [begin, end] of turns(rows, 2 * costOfExponential * cols))
    for (let i = begin; i < end; i++) {
      const total = logsOf(scores, i, 'sigmoid', logs);
      logs.forEach((log, k) => (data[i * cols + k] = Math.exp(log - total)));
    }
}

/** The logarithms of what one row's probabilities are in proportion to; returns that of their sum. */
function logsOf({ data, cols }: Matrix, row: number, output: OutputActivation, logs: Float64Array): number {
  for (let k = 0; k < cols; k++) {
    const z = data[row * cols + k] as number;
    logs[k] = output === 'sigmoid' ? -softplus(-z) : z;
  }
  return logSumExp(logs);
}

/** ln(1 + eˣ) */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** ln Σ eˣ */
export function logSumExp(x: Float64Array): number {
  const greatest = x.reduce((most, value) => Math.max(most, value), -Infinity);
  return greatest + Math.log(x.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
}
