import type { Random } from './toy.js';

/** A matrix that tries a solver: A (rows × cols, row-major), the same numbers in either precision up to rounding. */
export interface Case {
  name: string;
  a: Float64Array;
  rows: number;
  cols: number;
  /** Singular values above ε · max(rows, cols) times the greatest, in the precision asked for. */
  rank: number;
  /** Greatest singular value over the smallest, within a factor of a few; Infinity where that is zero. */
  condition: number;
}

export type Precision = 'float64' | 'float32';

/** How hard the hard cases are: beyond what the normal equations can do, and (`near`) beyond full numerical rank. */
const hardness = { float64: { graded: 12, near: 1e14 }, float32: { graded: 5, near: 1e6 } };

/** One matrix of each kind that a least-squares solver should have met, for one precision. */
export function cases(random: Random, precision: Precision = 'float64'): Case[] {
  const { graded, near } = hardness[precision];
  return [
    full('well-conditioned', 100, 30, 3, random),
    gradedColumns(`columns scaled 1 to 1e-${graded}`, 40, 10, graded, random),
    nearlySingular(`near-singular, κ = ${near.toExponential(0).replace('+', '')}`, 100, 20, near, random),
    deficient('rank-deficient by 50 %', 100, 20, 10, random),
    deficient('rank-deficient by 90 %', 100, 20, 2, random),
    full('tall', 500, 20, 2, random),
    full('wide', 20, 100, 3, random),
    full('one row', 1, 20, 1, random),
    full('one column', 50, 1, 1, random),
  ];
}

function full(name: string, rows: number, cols: number, condition: number, random: Random): Case {
  return { name, a: uniforms(rows * cols, random), rows, cols, rank: Math.min(rows, cols), condition };
}

/** Columns of sizes 1 to 10^-decades, in equal steps. */
function gradedColumns(name: string, rows: number, cols: number, decades: number, random: Random): Case {
  const a = uniforms(rows * cols, random).map((value, i) => value * 10 ** ((-decades * (i % cols)) / (cols - 1)));
  return { name, a, rows, cols, rank: cols, condition: 10 ** decades };
}

/** A = U diag(1, …, 1, 1/κ) Vᵀ with orthonormal U and V: the last singular value lies below the rank's threshold. */
function nearlySingular(name: string, rows: number, cols: number, condition: number, random: Random): Case {
  const U = orthonormal(rows, cols, random);
  const V = orthonormal(cols, cols, random);
  for (let i = 0; i < rows; i++) U[i * cols + cols - 1]! /= condition;
  const a = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++)
      for (let k = 0; k < cols; k++) a[i * cols + j]! += U[i * cols + k]! * V[j * cols + k]!;
  return { name, a, rows, cols, rank: cols - 1, condition };
}

/** A = B C with integers from −4 to 4, B rows × rank and C rank × cols: deficient to the last bit in both precisions. */
function deficient(name: string, rows: number, cols: number, rank: number, random: Random): Case {
  const integer = () => Math.floor(9 * random()) - 4;
  const B = Float64Array.from({ length: rows * rank }, integer);
  const C = Float64Array.from({ length: rank * cols }, integer);
  const a = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < rank; k++)
      for (let j = 0; j < cols; j++) a[i * cols + j]! += B[i * rank + k]! * C[k * cols + j]!;
  return { name, a, rows, cols, rank, condition: Infinity };
}

/** Columns of norm 1, orthogonal to each other: Gram and Schmidt, twice for the last digits. */
function orthonormal(rows: number, cols: number, random: Random): Float64Array {
  const Q = uniforms(rows * cols, random);
  const inner = (j: number, k: number) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += Q[i * cols + j]! * Q[i * cols + k]!;
    return sum;
  };
  for (let j = 0; j < cols; j++) {
    for (const k of [...Array(j).keys(), ...Array(j).keys()]) {
      const along = inner(j, k);
      for (let i = 0; i < rows; i++) Q[i * cols + j]! -= along * Q[i * cols + k]!;
    }
    const norm = Math.sqrt(inner(j, j));
    for (let i = 0; i < rows; i++) Q[i * cols + j]! /= norm;
  }
  return Q;
}

/** Uniform in [−1, 1]. */
function uniforms(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => 2 * random() - 1);
}
