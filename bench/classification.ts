import { matrix, trainClassifier, type ClassifierOptions, type Matrix, type TrainReport } from '../lib/index.js';
import type { Precision } from './data/matrices.js';
import { pixels, type Images } from './data/mnist.js';
import type { Classes } from './data/toy.js';
import { timed } from './stopwatch.js';

/** Rows and the class of each. */
export interface Labelled {
  X: Matrix;
  labels: Int32Array | Uint8Array;
}

/** One training. */
export interface Run {
  /** On the rows that were held out. */
  accuracy: number;
  /** Of the whole call. */
  seconds: number;
  report: TrainReport;
}

export async function classify(train: Labelled, heldOut: Labelled, options: ClassifierOptions): Promise<Run> {
  const { value: model, seconds } = await timed(() => trainClassifier(train.X, train.labels, options));
  const { accuracy } = await model.evaluate(heldOut.X, heldOut.labels);
  return { accuracy, seconds, report: model.report };
}

/** The first `rows` images as pixels in [0, 1]. */
export function imageRows(
  { images, labels }: Images,
  rows: number = labels.length,
  precision: Precision = 'float32',
): Labelled {
  const cols = images.length / labels.length;
  return {
    X: matrix(pixels(images.subarray(0, rows * cols), precision), rows, cols),
    labels: labels.subarray(0, rows),
  };
}

/** Those from one row to before another. */
export function someRows({ X, labels }: Labelled, from: number, to = X.rows): Labelled {
  return {
    X: matrix(X.data.subarray(from * X.cols, to * X.cols), to - from, X.cols),
    labels: labels.subarray(from, to),
  };
}

export function points({ inputs, labels, rows, cols }: Classes): Labelled {
  return { X: matrix(inputs, rows, cols), labels };
}
