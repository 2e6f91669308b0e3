import { mulberry32 } from '../../bench/data/toy.js';
import { matrix, type Matrix } from '../../lib/index.js';

/** 2,000 points of a cube of eight sides, and whether rules of thresholds hold for each, 5 % of it wrong: learnt through a plateau. */
export function rules(): [Matrix<Float64Array>, number[]] {
  const draw = mulberry32(3);
  const X = matrix(Float64Array.from({ length: 16_000 }, draw), 2000, 8);
  const labels = Array.from({ length: 2000 }, (_, i) => {
    const z = (j: number) => X.data[8 * i + j]!;
    const rule = (z(0) > 0.6 && z(1) < 0.5) || (z(2) > 0.8 && z(3) > 0.2) || Math.abs(z(4) - 0.6) < 0.1;
    return Number(rule !== draw() < 0.05);
  });
  return [X, labels];
}
