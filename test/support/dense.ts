import type { Matrix } from '../../lib/matrix.js';

/** Plain matrices in double precision, one loop an operation: slow, and right by inspection. */
export type Dense = Matrix<Float64Array>;

export function dense(rows: number, cols: number, element: (i: number, j: number) => number): Dense {
  const data = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) data[i * cols + j] = element(i, j);
  return { data, rows, cols };
}

export function at({ data, rows, cols }: Dense, i: number, j: number): number {
  if (!(i >= 0 && i < rows && j >= 0 && j < cols)) throw new RangeError(`(${i}, ${j}) is not in ${rows}×${cols}`);
  return data[i * cols + j]!;
}

/** The values of any array as a matrix. */
export function denseOf(values: ArrayLike<number>, rows: number, cols: number): Dense {
  if (values.length !== rows * cols) throw new RangeError(`${values.length} values are not ${rows}×${cols}`);
  return { data: Float64Array.from(values), rows, cols };
}

export function identity(order: number): Dense {
  return dense(order, order, (i, j) => Number(i === j));
}

export function map(A: Dense, f: (value: number, i: number, j: number) => number): Dense {
  return dense(A.rows, A.cols, (i, j) => f(at(A, i, j), i, j));
}

export function combine(A: Dense, B: Dense, f: (a: number, b: number) => number): Dense {
  if (A.rows !== B.rows || A.cols !== B.cols) throw new RangeError(`${A.rows}×${A.cols} and ${B.rows}×${B.cols}`);
  return map(A, (a, i, j) => f(a, at(B, i, j)));
}

export function add(A: Dense, B: Dense): Dense {
  return combine(A, B, (a, b) => a + b);
}

export function subtract(A: Dense, B: Dense): Dense {
  return combine(A, B, (a, b) => a - b);
}

export function hadamard(A: Dense, B: Dense): Dense {
  return combine(A, B, (a, b) => a * b);
}

export function scale(A: Dense, factor: number): Dense {
  return map(A, (a) => a * factor);
}

export function transpose(A: Dense): Dense {
  return dense(A.cols, A.rows, (i, j) => at(A, j, i));
}

export function multiply(A: Dense, B: Dense): Dense {
  if (A.cols !== B.rows) throw new RangeError(`${A.rows}×${A.cols} times ${B.rows}×${B.cols}`);
  return dense(A.rows, B.cols, (i, j) => {
    let sum = 0;
    for (let k = 0; k < A.cols; k++) sum += A.data[i * A.cols + k]! * B.data[k * B.cols + j]!;
    return sum;
  });
}

/** AᵀB */
export function innerProduct(A: Dense, B: Dense): Dense {
  return multiply(transpose(A), B);
}

/** [A, 1] */
export function withOnes(A: Dense): Dense {
  return dense(A.rows, A.cols + 1, (i, j) => (j < A.cols ? at(A, i, j) : 1));
}

/** A above B. */
export function stack(A: Dense, B: Dense): Dense {
  return dense(A.rows + B.rows, A.cols, (i, j) => (i < A.rows ? at(A, i, j) : at(B, i - A.rows, j)));
}

export function rowsOf(A: Dense, rows: ArrayLike<number>): Dense {
  return dense(rows.length, A.cols, (i, j) => at(A, rows[i]!, j));
}

/** The first rows: V of a weight matrix whose last row is the bias. */
export function withoutLastRow(A: Dense): Dense {
  return dense(A.rows - 1, A.cols, (i, j) => at(A, i, j));
}

/** A ⊗ B */
export function kronecker(A: Dense, B: Dense): Dense {
  return dense(
    A.rows * B.rows,
    A.cols * B.cols,
    (i, j) => at(A, Math.floor(i / B.rows), Math.floor(j / B.cols)) * at(B, i % B.rows, j % B.cols),
  );
}

/** A⁻¹B by Gaussian elimination with row exchanges. */
export function solve(A: Dense, B: Dense): Dense {
  const n = A.rows;
  const rows = Array.from({ length: n }, (_, i) => [
    ...A.data.subarray(i * n, (i + 1) * n),
    ...B.data.subarray(i * B.cols, (i + 1) * B.cols),
  ]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j < n + B.cols; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  }
  return dense(n, B.cols, (i, j) => rows[i]![n + j]! / rows[i]![i]!);
}

/** √Σ a² */
export function frobenius(A: Dense): number {
  return Math.hypot(
    ...Array.from({ length: A.rows }, (_, i) => Math.hypot(...A.data.subarray(i * A.cols, (i + 1) * A.cols))),
  );
}

/** Greatest column sum of absolute values. */
export function norm1(A: Dense): number {
  const sums = new Float64Array(A.cols);
  A.data.forEach((value, i) => (sums[i % A.cols]! += Math.abs(value)));
  return Math.max(...sums);
}

export function trace(A: Dense): number {
  let sum = 0;
  for (let i = 0; i < A.rows; i++) sum += at(A, i, i);
  return sum;
}

/** The lower triangle of a square array, row by row. */
export function lowerTriangle({ data, rows }: Dense): number[] {
  return Array.from(data).filter((_, i) => i % rows <= Math.floor(i / rows));
}
