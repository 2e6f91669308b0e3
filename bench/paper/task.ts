import { matrix, trainClassifier, trainRegressor, type Matrix, type TrainOptions } from '../../lib/index.js';
import type { Labelled } from '../classification.js';
import type { Mapping } from '../data/toy.js';
import { progress } from '../progress.js';
import { mean, median, range } from '../statistics.js';
import { timed } from '../stopwatch.js';
import type { Curve, Measure, Point } from './curve.js';

/** Those that both trainers take. */
export type Options = TrainOptions & { patience?: number };

/** A problem that this package can be trained on: seconds of a training, and how good it is on the test rows. */
export interface Task {
  problem: string;
  measure: Measure;
  fit(options: Options): Promise<Point>;
}

export function classification(problem: string, train: Labelled, test: Labelled): Task {
  return {
    problem,
    measure: 'accuracy',
    async fit(options) {
      const { value: model, seconds } = await timed(() => trainClassifier(train.X, train.labels, options));
      return { seconds, value: (await model.evaluate(test.X, test.labels)).accuracy };
    },
  };
}

/** The first rows of a mapping to train on, the others to test. */
export function regression(problem: string, mapping: Mapping, trainRows: number): Task {
  const [train, test] = split(mapping, trainRows);
  return {
    problem,
    measure: 'error',
    async fit(options) {
      const { value: model, seconds } = await timed(() => trainRegressor(train.X, train.Y, options));
      return { seconds, value: (await model.evaluate(test.X, test.Y)).relativeError };
    },
  };
}

/** Inputs and targets of the first rows, and of the others. */
export function split({ inputs, targets, rows, cols, outputs }: Mapping, first: number): [train: Values, test: Values] {
  const part = (from: number, to: number): Values => ({
    X: matrix(inputs.subarray(from * cols, to * cols), to - from, cols),
    Y: matrix(targets.subarray(from * outputs, to * outputs), to - from, outputs),
  });
  return [part(0, first), part(first, rows)];
}

export interface Values {
  X: Matrix<Float64Array>;
  Y: Matrix<Float64Array>;
}

/** One way to train by this package, with growing budgets of iterations. */
export interface Budgets {
  trainer: string;
  setting: string;
  options: Options;
  iterations: readonly ('auto' | number)[];
  /** Seeds of each budget: the point is the median time and the mean value. */
  runs: number;
}

/** The median time and the mean value of trainings that differ in their seeds. */
export async function fitOften(task: Task, options: Options, runs: number): Promise<Point> {
  const points: Point[] = [];
  for (const seed of range(runs)) points.push(await task.fit({ ...options, seed }));
  return { seconds: median(points.map((point) => point.seconds)), value: mean(points.map((point) => point.value)) };
}

/** A point for each budget: the time of a whole training that may iterate so often. */
export async function budgetCurve(
  task: Task,
  { trainer, setting, options, iterations, runs }: Budgets,
): Promise<Curve> {
  const points: Point[] = [];
  for (const budget of iterations) {
    progress(`paper: ${task.problem}, ${trainer}, ${setting}, iterations ${budget}`);
    const { seconds, value } = await fitOften(task, { ...options, iterations: budget }, runs);
    points.push({ seconds, value, at: `iterations: ${budget}` });
  }
  const units = options.hidden?.[0];
  return {
    problem: task.problem,
    measure: task.measure,
    trainer,
    setting,
    ...(typeof units === 'number' && { units }),
    points: points.sort((a, b) => a.seconds - b.seconds),
    tuning: 0,
    limit: Math.max(...points.map((point) => point.seconds)),
  };
}
