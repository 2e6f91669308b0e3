// What the scripts that run in other threads and processes train: plain JavaScript on the built package.
import bpls from '../../dist/lib/index.js';

const { matrix, trainClassifier } = bpls;

/** Two classes of `rows` points; the same numbers everywhere. */
export function points(rows) {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const data = Float64Array.from({ length: rows * 4 }, () => 2 * next() - 1);
  const labels = Array.from({ length: rows }, (_, i) => Number(data[4 * i] * data[4 * i + 1] > 0));
  return { X: matrix(data, rows, 4), labels };
}

/** Trains, and returns the weights of every layer. */
export async function train({ rows, hidden, iterations, seed }, onIteration) {
  const { X, labels } = points(rows);
  const options = { hidden, iterations, seed, threads: 2, ridge: 0, samples: 'all', onIteration };
  const { network } = await trainClassifier(X, labels, options);
  return network.layers.map(({ weights }) => weights);
}

/** A second or more of work, in calls of some milliseconds. */
export const long = { rows: 8000, hidden: [200], iterations: 40, seed: 1 };
export const short = { rows: 300, hidden: [10], iterations: 2, seed: 1 };
