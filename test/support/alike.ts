import type { Source } from './random.js';

/** Columns of float32 that hardly differ: in each row a common number about 1, and `own` of each column. */
export function alike(
  rows: number,
  columns: number,
  random: Source,
  own: (i: number, j: number) => number,
): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const common = 1 + random.uniform(0.05);
    for (let j = 0; j < columns; j++) values[i * columns + j] = common + own(i, j);
  }
  return values;
}
