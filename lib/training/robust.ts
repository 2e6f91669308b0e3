import type { FloatArray } from '../matrix.js';
import { turns } from '../turns.js';

/** Rows that deviations are told by. */
const probeRows = 2500;
/** For each row, in numbers that are only touched. */
export const costOfMedian = 16;

export function probeSize(rows: number): number {
  return Math.min(rows, probeRows);
}

/** Rows spread evenly over those that have weight. */
export async function probeOf(rows: number, weights?: FloatArray): Promise<Int32Array> {
  let counted = rows;
  if (weights)
    for await (const [begin, end] of turns(rows)) for (let i = begin; i < end; i++) if (weights[i] === 0) counted--;
  const probe = new Int32Array(probeSize(counted));
  let [found, seen] = [0, 0];
  for await (const [begin, end] of turns(rows))
    for (let row = begin; row < end && found < probe.length; row++) {
      if (weights?.[row] === 0) continue;
      if (seen++ === Math.floor((found * counted) / probe.length)) probe[found++] = row;
    }
  return probe;
}

/** Of each of `count` columns of so many rows, that of its values about zero. */
export async function eachDeviation(
  count: number,
  rows: number,
  column: (k: number) => Float64Array,
  weights?: Float64Array,
): Promise<Float64Array> {
  const deviations = new Float64Array(count);
  for await (const [begin, end] of turns(count, costOfMedian * rows))
    for (let k = begin; k < end; k++) deviations[k] = medianDeviation(column(k), weights);
  return deviations;
}

/** Standard deviation that values about zero would have if they were normal: 1.4826 times the median of their sizes. */
export function medianDeviation(values: Float64Array, weights?: Float64Array): number {
  return 1.4826 * median(values.map(Math.abs), weights);
}

/** For each share the least of the values up to which they are, or weigh, more than that of all but one; 0 of none. */
export function quantiles(values: Float64Array, shares: readonly number[], weights?: Float64Array): number[] {
  const last = values.length - 1;
  if (!weights) {
    const sorted = values.slice().sort();
    return shares.map((share) => sorted[Math.floor(share * last)] ?? 0);
  }
  const order = Uint32Array.from(values.keys()).sort((i, j) => (values[i] as number) - (values[j] as number));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return shares.map((share) => {
    let left = (share * last * total) / values.length;
    return values[order.find((i) => (left -= weights[i] as number) < 0) ?? -1] ?? 0;
  });
}

export function median(values: Float64Array, weights?: Float64Array): number {
  return quantiles(values, [1 / 2], weights)[0] as number;
}
