import { matrix, trainClassifier, type ClassifierOptions, type Matrix, type TrainReport } from '../lib/index.js';
import { pixels, type Images } from './data/mnist.js';
import type { Classes } from './data/toy.js';

/** Rows and the class of each. */
export interface Labelled {
  X: Matrix;
  labels: Int32Array | Uint8Array;
}

/** One training. */
export interface Run {
  /** On the rows that were held out. */
  accuracy: number;
  seconds: number;
  report: TrainReport;
}

export async function classify(train: Labelled, heldOut: Labelled, options: ClassifierOptions): Promise<Run> {
  const model = await trainClassifier(train.X, train.labels, options);
  const { accuracy } = await model.evaluate(heldOut.X, heldOut.labels);
  return { accuracy, seconds: model.report.seconds, report: model.report };
}

/** The first `rows` images as float32 pixels in [0, 1]. */
export function imageRows({ images, labels }: Images, rows: number = labels.length): Labelled {
  const cols = images.length / labels.length;
  return {
    X: matrix(pixels(images.subarray(0, rows * cols), 'float32'), rows, cols),
    labels: labels.subarray(0, rows),
  };
}

export function points({ inputs, labels, rows, cols }: Classes): Labelled {
  return { X: matrix(inputs, rows, cols), labels };
}
