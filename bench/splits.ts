import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  matrix,
  trainClassifier,
  trainRegressor,
  type Classifier,
  type ClassifierOptions,
  type FloatArray,
  type Matrix,
  type Regressor,
} from '../lib/index.js';
import { defaultThreads } from '../lib/threads.js';
import { UsageError } from './command-line.js';
import { imageSets } from './part.js';
import { hasModule, Peer, versionsLine } from './python.js';
import { timed } from './stopwatch.js';

/** Hidden units on all sides: the default of this package. */
export const units = 500;

/** The data set without a lesson: a trainer is to find nothing, and none is ahead. */
export const nothing = 'noise';

/** Data sets of rivals.py. */
const tables = [
  'iris',
  'wine',
  'breast cancer',
  'digits',
  'diabetes',
  'Friedman 1',
  'Friedman 3',
  'imbalance 97:3',
  '26 classes',
  'diamonds',
  'binary inputs',
  // Of R's modeldata all real tables of 1,000 rows and more with a target, but for texts and one of 1,503 columns.
  'attrition',
  'credit',
  'churn',
  'Watson churn',
  'lending club',
  'cells',
  'Stack Overflow',
  'HPC jobs',
  'Ames houses',
  'check times',
  'concrete',
  'Chicago trains',
  nothing,
  '100,000 rows',
];

/** One trainer on one split: accuracy, or R². */
export interface Score {
  name: string;
  seconds: number;
  score: number;
  /** The same on the rows that it was trained on. */
  train?: number;
  /** Of a classifier with probabilities. */
  logLoss?: number;
  calibrationError?: number;
}

/** What rivals.py says of one split. */
interface SplitLine {
  classes: boolean;
  columns: number;
  precision: 'float64' | 'float32';
  results: Score[];
}

/** One split of a data set into rows to train on and rows to test, and what the rivals made of it. */
export interface Split {
  classes: boolean;
  X: Matrix;
  y: FloatArray;
  test: Matrix;
  truth: FloatArray;
  results: Score[];
}

/** A data set, as rivals.py is asked for it. */
export interface DataSet {
  name: string;
  args: string[];
}

/**
 * All data sets that there are here, or those of these names; what is missing is noted. None where there is no
 * scikit-learn.
 */
export async function dataSets(notes: string[], names?: readonly string[]): Promise<DataSet[]> {
  if (!(await hasModule('sklearn', 'python3-sklearn', notes))) return [];
  const images = [...imageSets(notes)].map(({ name, folder }) => ({ name, args: ['--images', folder] }));
  return named([...tables.map((name) => ({ name, args: [] })), ...images], names);
}

/** The problems of problems.py, or those of these names. */
export async function problemSets(notes: string[], names?: readonly string[]): Promise<DataSet[]> {
  if (!(await hasModule('sklearn', 'python3-sklearn', notes))) return [];
  const { peer, versions } = await Peer.start('problems.py', [], { openblas: 1, openmp: 1 });
  await peer.close();
  const sets = (versions.problems ?? []).map((name) => ({ name, args: [] }));
  return named(sets, names);
}

/** Those of these names, or all. */
export function named(sets: readonly DataSet[], names: readonly string[] = sets.map(({ name }) => name)): DataSet[] {
  const unknown = names.find((name) => !sets.some((set) => set.name === name));
  if (unknown !== undefined)
    throw new UsageError(
      `Expected --data to be one of ${sets.map(({ name }) => name).join(', ')} but received ${unknown}`,
    );
  return sets.filter(({ name }) => names.includes(name));
}

/** Visits a data set's splits, one for each seed; with `compete`, scikit-learn's trainers are trained on each. */
export async function onSplits(
  { name, args }: DataSet,
  { seeds, compete, notes }: { seeds: readonly number[]; compete: boolean; notes: string[] },
  visit: (split: Split, seed: number) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bpls-splits-'));
  try {
    const more = ['--units', String(units), ...(compete ? ['--compete'] : []), ...args];
    const threads = { openblas: defaultThreads(), openmp: 1 };
    const { peer, versions } = await Peer.start('rivals.py', [name, folder, ...more], threads);
    if (!notes.includes(versionsLine(versions))) notes.push(versionsLine(versions));
    try {
      for (const seed of seeds) await visit(read(folder, await peer.next<SplitLine>(seed)), seed);
    } finally {
      await peer.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(folder: string, { classes, columns, precision, results }: SplitLine): Split {
  const array = (name: string): FloatArray => {
    const { buffer } = new Uint8Array(readFileSync(join(folder, name)));
    return precision === 'float64' ? new Float64Array(buffer) : new Float32Array(buffer);
  };
  const rows = (name: string): Matrix => {
    const data = array(name);
    return matrix(data, data.length / columns, columns);
  };
  return { classes, X: rows('X'), y: array('y'), test: rows('X_test'), truth: array('y_test'), results };
}

/** Trains this package on a split and judges it by the rows held out, and by its own. */
export async function trainOn(
  { classes, X, y, test, truth }: Split,
  options: ClassifierOptions,
): Promise<{ score: Score; model: Classifier | Regressor }> {
  const column = (values: FloatArray) => matrix(values, values.length, 1);
  if (!classes) {
    const { value: model, seconds } = await timed(() => trainRegressor(X, column(y), options as object));
    const r2 = async (rows: Matrix, targets: FloatArray) => (await model.evaluate(rows, column(targets))).r2;
    return { model, score: { name: 'bpls', seconds, score: await r2(test, truth), train: await r2(X, y) } };
  }
  const { value: model, seconds } = await timed(() => trainClassifier(X, y, options));
  const { accuracy, logLoss, calibrationError } = await model.evaluate(test, truth);
  const train = (await model.evaluate(X, y)).accuracy;
  return { model, score: { name: 'bpls', seconds, score: accuracy, train, logLoss, calibrationError } };
}
