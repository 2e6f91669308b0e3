import { dense, map, multiply, scale, transpose, type Dense } from './dense.js';
import type { Precision } from './precision.js';
import type { Source } from './random.js';

/*
 * The matrix types of LAPACK's tests of linear equations (TESTING/LIN/dchkge.f, with xLATMS): n×n, or the same columns
 * above as many other rows.
 */

/** How a matrix is made, and by which power of two it is scaled: exactly, so that ratios can be taken without it. */
export interface MatrixType {
  readonly name: string;
  readonly make: (rows: number, cols: number, random: Source, precision: Precision) => Dense;
  readonly exponent?: (precision: Precision) => number;
  /** Some of its columns are zero, as soon as there are so many. */
  readonly deficientFrom?: number;
}

/** rows×cols with orthonormal columns: those of normal numbers, by Gram and Schmidt, twice. */
function orthonormal(rows: number, cols: number, random: Source): Dense {
  const columns: Float64Array[] = [];
  for (let j = 0; j < cols; j++) {
    const column = random.normals(rows, 1).data;
    for (let twice = 0; twice < 2; twice++)
      for (const other of columns) {
        const along = column.reduce((sum, value, i) => sum + value * other[i]!, 0);
        other.forEach((value, i) => (column[i]! -= along * value));
      }
    const length = Math.hypot(...column);
    columns.push(column.map((value) => value / length));
  }
  return dense(rows, cols, (i, j) => columns[j]![i]!);
}

/** Singular values from 1 to 1/condition, in geometric progression. */
function conditioned(rows: number, cols: number, random: Source, condition: number): Dense {
  const sigma = (j: number) => condition ** (-j / Math.max(1, cols - 1));
  const U = map(orthonormal(rows, cols, random), (value, _, j) => value * sigma(j));
  return multiply(U, transpose(orthonormal(cols, cols, random)));
}

const zeroColumns =
  (isZero: (j: number, cols: number) => boolean): MatrixType['make'] =>
  (rows, cols, random) =>
    map(conditioned(rows, cols, random, 2), (value, _, j) => (isZero(j, cols) ? 0 : value));

/** Wide of the end of the range by about what the sums over 132 rows take. */
const largest = ({ name }: Precision) => (name === 'float64' ? 1000 : 115);

export const matrixTypes: readonly MatrixType[] = [
  {
    name: 'diagonal',
    make: (rows, cols, random) => dense(rows, cols, (i, j) => (i % cols === j ? 1 + Math.abs(random.uniform()) : 0)),
  },
  {
    name: 'upper triangular',
    make: (rows, cols, random) => dense(rows, cols, (i, j) => triangle(i % cols, j, random)),
  },
  {
    name: 'lower triangular',
    make: (rows, cols, random) => dense(rows, cols, (i, j) => triangle(j, i % cols, random)),
  },
  { name: 'random, condition 2', make: (rows, cols, random) => conditioned(rows, cols, random, 2) },
  { name: 'first column zero', make: zeroColumns((j) => j === 0), deficientFrom: 1 },
  { name: 'last column zero', make: zeroColumns((j, cols) => j === cols - 1), deficientFrom: 1 },
  { name: 'last half of the columns zero', make: zeroColumns((j, cols) => j >= Math.ceil(cols / 2)), deficientFrom: 2 },
  {
    name: 'random, condition √(0.1/ε)',
    make: (rows, cols, random, { epsilon }) => conditioned(rows, cols, random, Math.sqrt(0.1 / epsilon)),
  },
  {
    name: 'random, condition 0.1/ε',
    make: (rows, cols, random, { epsilon }) => conditioned(rows, cols, random, 0.1 / epsilon),
  },
  {
    name: 'scaled near underflow',
    make: (rows, cols, random) => conditioned(rows, cols, random, 2),
    exponent: (precision) => -largest(precision),
  },
  {
    name: 'scaled near overflow',
    make: (rows, cols, random) => conditioned(rows, cols, random, 2),
    exponent: largest,
  },
];

/** The diagonal outweighs the rest, so that the triangle is well-conditioned. */
function triangle(i: number, j: number, random: Source): number {
  if (i > j) return 0;
  return i === j ? 2 + random.uniform() : random.uniform() / 8;
}

export function scaled(A: Dense, exponent: number): Dense {
  // In two steps: 2^±1000 times a number may pass the range where the half of it does not.
  return scale(scale(A, 2 ** Math.trunc(exponent / 2)), 2 ** (exponent - Math.trunc(exponent / 2)));
}
