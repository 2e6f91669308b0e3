import type { FloatArray, Matrix } from '../lib/index.js';

/** Relative machine epsilon as LAPACK has it: `dlamch('E')`, half the distance from 1 to the next number. */
export function unitRoundoff(data: FloatArray): number {
  return data instanceof Float64Array ? 2 ** -53 : 2 ** -24;
}

/**
 * ‖Aᵀ(B − A X) − λ X‖ / (‖Ã‖ ‖B‖ max(m, n) ε) for A (m×n), in 1-norms: how well X solves the least-squares problem, with
 * λ = 0, or the ridge problem, with Ã = A over √λ I of m + n rows. Below 30 is right.
 *
 * @source LAPACK, TESTING/LIN/dqrt17.f
 */
export function leastSquaresRatio(A: Matrix, X: Matrix, B: Matrix, lambda = 0): number {
  const R = residual(A, X, B);
  let greatest = 0;
  for (let k = 0; k < B.cols; k++) {
    let sum = 0;
    for (let j = 0; j < A.cols; j++) {
      let inner = -lambda * X.data[j * X.cols + k]!;
      for (let i = 0; i < A.rows; i++) inner += A.data[i * A.cols + j]! * R.data[i * R.cols + k]!;
      sum += Math.abs(inner);
    }
    greatest = Math.max(greatest, sum);
  }
  const rows = A.rows + (lambda > 0 ? A.cols : 0);
  return ratio(greatest, (oneNorm(A) + Math.sqrt(lambda)) * oneNorm(B), Math.max(rows, A.cols) * unitRoundoff(A.data));
}

/**
 * ‖B − A X‖ / (‖A‖ ‖X‖ max(m, n) ε) for A (m×n), in 1-norms, where some X solves A X = B. Below 30 is right.
 *
 * @source LAPACK, TESTING/LIN/dqrt16.f
 */
export function consistentRatio(A: Matrix, X: Matrix, B: Matrix): number {
  const size = Math.max(A.rows, A.cols) * unitRoundoff(A.data);
  return ratio(oneNorm(residual(A, X, B)), oneNorm(A) * oneNorm(X), size);
}

/** A X (rows × columns), in double precision. */
export function product(A: Matrix, X: Matrix): Matrix<Float64Array> {
  const data = new Float64Array(A.rows * X.cols);
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++)
      for (let k = 0; k < X.cols; k++) data[i * X.cols + k]! += A.data[i * A.cols + j]! * X.data[j * X.cols + k]!;
  return { data, rows: A.rows, cols: X.cols };
}

/** Greatest sum of the absolute values of a column. */
export function oneNorm({ data, cols }: Matrix): number {
  const sums = new Float64Array(cols);
  data.forEach((value, i) => (sums[i % cols]! += Math.abs(value)));
  return Math.max(...sums);
}

function residual(A: Matrix, X: Matrix, B: Matrix): Matrix<Float64Array> {
  const R = product(A, X);
  R.data.forEach((value, i) => (R.data[i] = B.data[i]! - value));
  return R;
}

function ratio(error: number, norms: number, size: number): number {
  return error === 0 ? 0 : error / norms / size;
}
