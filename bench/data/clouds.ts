import type { Random } from './toy.js';

/** Row-major inputs in single precision, and the class of each row. */
export interface Clouds {
  inputs: Float32Array;
  labels: Int32Array;
  rows: number;
  cols: number;
}

/**
 * Two overlapping clouds for each class, the classes in turn: about a centre uniform in [−½, ½], every coordinate uniform
 * in [−1, 1]. The first rows of more are the same as fewer.
 */
export function clouds(rows: number, cols: number, classes: number, random: Random): Clouds {
  const centres = Float32Array.from({ length: 2 * classes * cols }, () => random() - 0.5);
  const inputs = new Float32Array(rows * cols);
  const labels = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const centre = (row % (2 * classes)) * cols;
    labels[row] = row % classes;
    for (let j = 0; j < cols; j++) inputs[row * cols + j] = centres[centre + j]! + 2 * random() - 1;
  }
  return { inputs, labels, rows, cols };
}
