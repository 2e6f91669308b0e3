import type { FloatArray } from '../../lib/index.js';
import type { Precision } from './matrices.js';
import type { Random } from './toy.js';

export function zeros(precision: Precision, length: number): FloatArray {
  return precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
}

/** Uniform in [−1, 1]. */
export function uniforms(precision: Precision, length: number, random: Random): FloatArray {
  const values = zeros(precision, length);
  for (let i = 0; i < length; i++) values[i] = 2 * random() - 1;
  return values;
}
