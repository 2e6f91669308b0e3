import type { ClassifierOptions } from '../../lib/index.js';
import { classify, imageRows, type Run } from '../classification.js';
import { loadMnist } from '../data/mnist.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { mean, median, range } from '../statistics.js';
import type { Table } from '../table.js';

const units = 100;
const rows = 10_000;

const networks = [
  { layers: 3, activation: 'tanh', runs: 3 },
  { layers: 10, activation: 'tanh', runs: 3 },
  { layers: 30, activation: 'tanh', runs: 3 },
  { layers: 100, activation: 'tanh', runs: 1 },
  { layers: 10, activation: 'relu', runs: 3 },
] as const;

/** Many layers of few units. */
export async function depth({ seeds }: PartOptions): Promise<PartResult> {
  const shared = { iterations: 8 };
  const table: Table = {
    title: 'Deep networks',
    settings: { train: rows, precision: 'float32', options: shared },
    columns: {
      'hidden layers': 'text',
      seeds: 'integer',
      'test accuracy': 'percent',
      worst: 'percent',
      objective: 'scientific',
      'seconds (median)': 'seconds',
      'least rcond': 'scientific',
      'greatest rcond': 'scientific',
    },
    rows: [],
  };
  const set = loadMnist();
  const [train, test] = [imageRows(set.train, rows), imageRows(set.test)];
  for (const { layers, activation, runs: usual } of networks) {
    const name = `${layers} × ${units} ${activation}`;
    const options: ClassifierOptions = { ...shared, hidden: Array<number>(layers).fill(units), activation };
    const runs: Run[] = [];
    for (const seed of range(seeds ?? usual)) {
      progress(`depth: ${name}, seed ${seed}`);
      runs.push(await classify(train, test, { ...options, seed }));
    }
    const accuracies = runs.map((run) => run.accuracy);
    const rconds = runs.flatMap(({ report }) => report.layers.map((layer) => layer.rcond));
    table.rows.push({
      'hidden layers': name,
      seeds: runs.length,
      'test accuracy': mean(accuracies),
      worst: Math.min(...accuracies),
      objective: mean(runs.map(({ report }) => report.iterations[report.bestIteration]!.objective)),
      'seconds (median)': median(runs.map((run) => run.seconds)),
      'least rcond': Math.min(...rconds),
      'greatest rcond': Math.max(...rconds),
    });
  }
  const description =
    'The first 10,000 rows of MNIST, tested on all 10,000 test rows. Reciprocal condition numbers are those of the ' +
    'matrices that the layers were last solved with.';
  return { description, tables: [table], notes: [] };
}
