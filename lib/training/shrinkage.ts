import type { FloatArray } from '../matrix.js';
import { turns } from '../turns.js';
import type { Problem } from './problem.js';

/**
 * Of held-out rows, output by output, with targets y and predictions ŷ from the mean of the targets: Σ y², Σ (ŷ − y)²,
 * Σ ŷ² and Σ ŷ (ŷ − y).
 */
export interface OutputSums {
  own: Float64Array;
  left: Float64Array;
  predicted: Float64Array;
  excess: Float64Array;
  rows: number;
}

/**
 * What of Σ ŷ (ŷ − y), where it is above 0, is not chance, by its positive part: in n rows its variance is
 * Σ ŷ² Σ (ŷ − y)² / n.
 *
 * @source James and Stein 1961, Estimation with quadratic loss
 */
function excessOf(excess: number, predicted: number, left: number, rows: number): number {
  const variance = (predicted * left) / rows;
  return excess > 0 ? Math.max(0, excess - variance / excess) : 0;
}

export async function outputSums(
  { targets, outputs, weights, bias }: Problem,
  predicted: FloatArray,
): Promise<OutputSums> {
  const zeros = () => new Float64Array(outputs);
  const sums: OutputSums = {
    own: zeros(),
    left: zeros(),
    predicted: zeros(),
    excess: zeros(),
    rows: predicted.length / outputs,
  };
  for await (const [begin, end] of turns(predicted.length, 4))
    for (let i = begin; i < end; i++) {
      const k = i % outputs;
      const weight = weights?.[(i - k) / outputs] ?? 1;
      const centre = bias?.[k] ?? 0;
      const y = (targets?.[i] as number) - centre;
      const guess = (predicted[i] as number) - centre;
      (sums.own[k] as number) += weight * y ** 2;
      (sums.left[k] as number) += weight * (guess - y) ** 2;
      (sums.predicted[k] as number) += weight * guess ** 2;
      (sums.excess[k] as number) += weight * guess * (guess - y);
    }
  return sums;
}

/** Sum of squares of what is left where the predictions of each output are shrunk as is best. */
export function shrunkSquares(sums: OutputSums): number {
  let total = 0;
  for (const [k, left] of sums.left.entries()) {
    const predicted = sums.predicted[k] as number;
    const excess = excessOf(sums.excess[k] as number, predicted, left, sums.rows);
    if (excess >= predicted && predicted > 0) total += sums.own[k] as number;
    else total += excess > 0 ? left - excess ** 2 / predicted : left;
  }
  return total;
}

/**
 * What the predictions of each output are to be multiplied by about the mean of its targets, s = Σ ŷ y / Σ ŷ² within 0
 * and 1: next to 0 of an output that cannot be learnt, which the others need not make up for by a ridge that is right for
 * it alone. What of the predictions is noise falls as the rows that are trained on, `fit` of them in the folds.
 *
 * @source Copas 1983, Regression, prediction and shrinkage
 */
export function shrinkageOf(folds: readonly OutputSums[], fit: number, rows: number): number[] {
  const outputs = folds[0]?.left.length ?? 0;
  const held = folds.reduce((sum, fold) => sum + fold.rows, 0);
  return Array.from({ length: outputs }, (_, k) => {
    const total = (name: 'predicted' | 'excess' | 'left') => folds.reduce((sum, fold) => sum + (fold[name][k] as number), 0); // prettier-ignore
    const predicted = total('predicted');
    const excess = excessOf(total('excess'), predicted, total('left'), held);
    const share = predicted > 0 ? 1 - Math.min(1, excess / predicted) : 1;
    return share / (share + ((1 - share) * fit) / rows);
  });
}
