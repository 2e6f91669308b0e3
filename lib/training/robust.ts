import type { FloatArray } from '../matrix.js';

/** Rows that deviations are told by. */
const probeRows = 2500;

export function probeSize(rows: number): number {
  return Math.min(rows, probeRows);
}

/** Rows spread evenly over those that have weight. */
export function probeOf(rows: number, weights?: FloatArray): Int32Array {
  const counted = Int32Array.from({ length: rows }, (_, row) => row).filter((row) => weights?.[row] !== 0);
  const count = probeSize(counted.length);
  return Int32Array.from({ length: count }, (_, i) => counted[Math.floor((i * counted.length) / count)] as number);
}

/** Standard deviation that values about zero would have if they were normal: 1.4826 times the median of their sizes. */
export function medianDeviation(values: Float64Array): number {
  return 1.4826 * median(values.map(Math.abs));
}

export function median(values: Float64Array): number {
  return values.slice().sort()[Math.floor(values.length / 2)] ?? 0;
}
