import type { FloatArray } from '../matrix.js';

/** Rows that deviations are told by. */
const probeRows = 2500;

export function probeSize(rows: number): number {
  return Math.min(rows, probeRows);
}

/** Rows spread evenly over those that have weight. */
export function probeOf(rows: number, weights?: FloatArray): Int32Array {
  let counted = rows;
  if (weights) for (const weight of weights) if (weight === 0) counted--;
  const probe = new Int32Array(probeSize(counted));
  let [row, seen] = [0, 0];
  for (let i = 0; i < probe.length; row++) {
    if (weights?.[row] === 0) continue;
    if (seen++ === Math.floor((i * counted) / probe.length)) probe[i++] = row;
  }
  return probe;
}

/** Standard deviation that values about zero would have if they were normal: 1.4826 times the median of their sizes. */
export function medianDeviation(values: Float64Array): number {
  return 1.4826 * median(values.map(Math.abs));
}

export function median(values: Float64Array): number {
  return values.slice().sort()[Math.floor(values.length / 2)] ?? 0;
}
