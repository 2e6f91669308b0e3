import { matrix, ridge, type FloatArray, type Matrix } from '../lib/index.js';

/** Newton steps: more change no prediction. */
const steps = 8;
/** p (1 − p) is at least this, so that the working response stays finite. */
const leastWeight = 1e-4;

/** z = H w */
function product({ data, rows, cols }: Matrix, w: FloatArray): Float64Array {
  const z = new Float64Array(rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) z[i]! += data[i * cols + j]! * w[j]!;
  return z;
}

/**
 * An output layer by cross-entropy: for each class against the others, iteratively reweighted least squares,
 * (HᵀDH + S ridge I) w = HᵀD (H w + (y − p)/D) with D = p (1 − p), each step one solve by dposv.
 *
 * @param H features of the rows, with a column of ones
 * @returns the class of each of the other rows
 * @source Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.4.1
 */
export async function logisticClasses(
  H: Matrix,
  labels: ArrayLike<number>,
  classes: number,
  penalty: number,
  others: Matrix,
): Promise<Int32Array> {
  const { rows, cols } = H;
  const A = matrix(H.data.slice(), rows, cols);
  const b = matrix(H.data.slice(0, rows), rows, 1);
  const best = new Float64Array(others.rows).fill(-Infinity);
  const found = new Int32Array(others.rows);
  for (let k = 0; k < classes; k++) {
    let w = H.data.slice(0, cols).fill(0);
    for (let step = 0; step < steps; step++) {
      product(H, w).forEach((z, i) => {
        const p = 1 / (1 + Math.exp(-z));
        const root = Math.sqrt(Math.max(p * (1 - p), leastWeight));
        for (let j = 0; j < cols; j++) A.data[i * cols + j] = root * H.data[i * cols + j]!;
        b.data[i] = root * z + (Number(labels[i] === k) - p) / root;
      });
      w = (await ridge(A, b, { ridge: penalty })).weights.data;
    }
    product(others, w).forEach((z, i) => {
      if (z > best[i]!) [best[i], found[i]] = [z, k];
    });
  }
  return found;
}
