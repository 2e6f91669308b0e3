import { AbortedError, paper, type Activation, type LayerReport } from '../../../lib/index.js';
import { activations } from '../../../lib/network/activation.js';
import { classify, imageRows, type Labelled, type Run } from '../../classification.js';
import { loadMnist } from '../../data/mnist.js';
import { progress } from '../../progress.js';
import { median } from '../../statistics.js';
import type { Table } from '../../table.js';
import { share, type Effort, type Measured } from '../experiment.js';
import type { Options } from '../task.js';

const units = 100;
const rows = 10_000;
const deepest = 300;
/** Most seconds of one training. */
const cap = 120;
/** The activations of 300 layers are kept in this. */
const memoryLimit = 2 ** 31;

/** A way to train that grows deeper. */
interface Method {
  name: string;
  options: Options;
  activation: Activation;
  precision: 'float32' | 'float64';
  depths: number[];
}

/** The paper asks for other activations than its own; those that the library has. */
const beyond = (activations as readonly string[]).filter((name) =>
  ['relu', 'leaky-relu', 'elu', 'gelu'].includes(name),
);

const methods: Method[] = [
  {
    name: 'paper, tanh',
    options: { ...paper, iterations: 1 },
    activation: 'tanh',
    precision: 'float64', // so that the condition numbers of Gram matrices without a ridge are theirs
    depths: [1, 3, 10, 30, 100],
  },
  {
    name: 'nearest, tanh',
    options: { targets: 'nearest', iterations: 1 },
    activation: 'tanh',
    precision: 'float32',
    depths: [1, 3, 10, 30],
  },
  ...['tanh', ...beyond].map((activation): Method => ({
    name: `gauss-newton, ${activation}`,
    options: { iterations: 8, ridge: 5e-4 },
    activation: activation as Activation,
    precision: 'float32',
    depths: [1, 3, 10, 30, ...(activation === 'tanh' ? [100, deepest] : activation === 'relu' ? [100] : [])],
  })),
];

/** The paper's open questions: the stability of A_lᵀA_l, other activations, hundreds of layers. */
export async function depth(effort: Effort): Promise<Measured> {
  const notes: string[] = [];
  const table: Table = {
    title: 'Depth: layers of 100 units on the first 10,000 rows of MNIST',
    settings: { train: rows, units, 'ridge of gauss-newton': 5e-4 },
    columns: {
      method: 'text',
      'hidden layers': 'integer',
      'test accuracy': 'percent',
      seconds: 'seconds',
      'least condition': 'scientific',
      'median condition': 'scientific',
      'greatest condition': 'scientific',
      'layers by SVD': 'integer',
    },
    rows: [],
  };
  const layers: Table = {
    title: 'Condition number of AᵀA (with its ridge) by layer',
    settings: {},
    columns: { method: 'text', 'hidden layers': 'integer', layer: 'integer', condition: 'scientific', solver: 'text' },
    rows: [],
  };
  const set = loadMnist();
  for (const { name, options, activation, precision, depths } of methods) {
    const train = imageRows(set.train, rows, precision);
    const test = imageRows(set.test, undefined, precision);
    for (const count of depths) {
      if (count > share(effort, deepest)) continue;
      progress(`paper: depth, ${name}, ${count} hidden layers`);
      const run = await within(cap, train, test, {
        ...options,
        memoryLimit,
        activation,
        hidden: Array<number>(count).fill(units),
      });
      if (run === undefined) {
        notes.push(`${name}: ${count} hidden layers took more than ${cap} s.`);
        break;
      }
      const conditions = run.report.layers.map(condition);
      table.rows.push({
        method: name,
        'hidden layers': count,
        'test accuracy': run.accuracy,
        seconds: run.seconds,
        'least condition': Math.min(...conditions),
        'median condition': median(conditions),
        'greatest condition': Math.max(...conditions),
        'layers by SVD': run.report.layers.filter(({ solver }) => solver === 'svd').length,
      });
      run.report.layers.forEach(({ layer, solver }, i) =>
        layers.rows.push({ method: name, 'hidden layers': count, layer, condition: conditions[i], solver }),
      );
    }
  }
  return { curves: [], tables: [table, layers], notes };
}

/** Of AᵀA: where the SVD took over, the reciprocal condition is that of A. Singular is 1e40, to stay on a plot. */
export function condition({ solver, rcond }: Pick<LayerReport, 'solver' | 'rcond'>): number {
  return Math.min(1e40, solver === 'svd' ? rcond ** -2 : 1 / rcond);
}

async function within(seconds: number, train: Labelled, test: Labelled, options: Options): Promise<Run | undefined> {
  try {
    return await classify(train, test, { ...options, signal: AbortSignal.timeout(1000 * seconds) });
  } catch (error) {
    if (error instanceof AbortedError) return undefined;
    throw error;
  }
}
