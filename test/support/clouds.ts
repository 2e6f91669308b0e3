import { matrix, type Matrix } from '../../lib/index.js';
import { source } from './random.js';

/** Three classes about centres in many columns: few rows tell them apart, and two-sided targets make these likelier. */
export function clouds(rows: number, cols: number, seed: number): [Matrix<Float64Array>, Int32Array] {
  const random = source(seed);
  const centres = random.normals(3, cols).data;
  const labels = Int32Array.from({ length: rows }, (_, i) => i % 3);
  const X = random
    .normals(rows, cols)
    .data.map((value, i) => value + 0.7 * centres[cols * labels[Math.floor(i / cols)]! + (i % cols)]!);
  return [matrix(X, rows, cols), labels];
}
