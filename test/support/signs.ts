import { matrix, type Matrix } from '../../lib/index.js';
import { source } from './random.js';

/** 25,000 points, of whose 40 columns four say the class, two by two: more ridge pays than trials of fewer rows find. */
export function signs(): [Matrix<Float32Array>, Int32Array] {
  const [rows, columns] = [25_000, 40];
  const X = Float32Array.from(source(1).normals(rows, columns).data);
  const labels = Int32Array.from({ length: rows }, (_, i) => {
    const [a, b, c, d] = X.subarray(i * columns) as unknown as [number, number, number, number];
    return Number(a * b + c * d > 0);
  });
  return [matrix(X, rows, columns), labels];
}

/** 25,000 points of a square, the classes of a chessboard: less ridge pays. */
export function waves(): [Matrix<Float32Array>, Int32Array] {
  const rows = 25_000;
  const X = Float32Array.from(source(3).uniforms(rows, 2).data);
  const labels = Int32Array.from({ length: rows }, (_, i) => Number(Math.sin(5 * X[2 * i]!) * Math.sin(5 * X[2 * i + 1]!) > 0)); // prettier-ignore
  return [matrix(X, rows, 2), labels];
}
