import type { FloatArray, Matrix } from '../../lib/matrix.js';
import type { Dense } from './dense.js';

/** One of the two precisions that everything numerical is tested in. */
export interface Precision {
  readonly name: 'float64' | 'float32';
  /** Distance from 1 to the next number. */
  readonly epsilon: number;
  readonly zeros: (length: number) => FloatArray;
  readonly typed: (values: ArrayLike<number>) => FloatArray;
}

export const float64: Precision = {
  name: 'float64',
  epsilon: 2 ** -52,
  zeros: (length) => new Float64Array(length),
  typed: (values) => Float64Array.from(values),
};

export const float32: Precision = {
  name: 'float32',
  epsilon: 2 ** -23,
  zeros: (length) => new Float32Array(length),
  typed: (values) => Float32Array.from(values),
};

export const precisions = [float64, float32];

/** The matrix in this precision. */
export function typedMatrix(precision: Precision, { data, rows, cols }: Dense): Matrix {
  return { data: precision.typed(data), rows, cols };
}

/** The matrix with its elements rounded to this precision: what the reference must compute with. */
export function rounded(precision: Precision, { data, rows, cols }: Dense): Dense {
  return { data: Float64Array.from(precision.typed(data)), rows, cols };
}
