import { matrix } from '../../lib/index.js';
import { classify, imageRows, type Labelled, type Run } from '../classification.js';
import { loadIris, type Iris } from '../data/iris.js';
import { mulberry32, type Random } from '../data/toy.js';
import { imageSets, type PartOptions, type PartResult } from '../part.js';
import { progress } from '../progress.js';
import { mean, median, range } from '../statistics.js';
import type { Table } from '../table.js';

/** The defaults on very different data. */
export async function tabular({ seeds = 10 }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const table: Table = {
    title: 'The same defaults for four columns and for 784',
    settings: { options: {} },
    columns: {
      data: 'text',
      precision: 'text',
      train: 'integer',
      'held out': 'integer',
      runs: 'integer',
      'accuracy, mean': 'percent',
      worst: 'percent',
      'seconds (median)': 'seconds',
    },
    rows: [],
  };
  const add = (data: string, train: Labelled, heldOut: Labelled, runs: readonly Run[]) => {
    const accuracies = runs.map((run) => run.accuracy);
    table.rows.push({
      data,
      precision: train.X.data instanceof Float64Array ? 'float64' : 'float32',
      train: train.X.rows,
      'held out': heldOut.X.rows,
      runs: runs.length,
      'accuracy, mean': mean(accuracies),
      worst: Math.min(...accuracies),
      'seconds (median)': median(runs.map((run) => run.seconds)),
    });
  };

  const iris = loadIris();
  const splits = range(seeds).map((seed) => split(iris, 0.8, mulberry32(1000 + seed)));
  const runs: Run[] = [];
  for (const [seed, [train, heldOut]] of splits.entries()) {
    progress(`tabular: iris, seed ${seed}`);
    runs.push(await classify(train, heldOut, { seed }));
  }
  add('iris', ...splits[0]!, runs);

  for (const set of imageSets(notes)) {
    if (set.name !== 'Fashion-MNIST') continue;
    progress(`tabular: ${set.name}`);
    const [train, test] = [imageRows(set.train), imageRows(set.test)];
    add(set.name, train, test, [await classify(train, test, {})]);
  }
  return { description: 'Iris in random splits of 80 and 20 %, and Fashion-MNIST.', tables: [table], notes };
}

/** A random `share` of the flowers, and the others. */
function split({ inputs, labels, rows, cols }: Iris, share: number, random: Random): [Labelled, Labelled] {
  const order = range(rows);
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const take = (chosen: number[]): Labelled => ({
    X: matrix(
      Float64Array.from(chosen.flatMap((row) => [...inputs.subarray(row * cols, (row + 1) * cols)])),
      chosen.length,
      cols,
    ),
    labels: Int32Array.from(chosen, (row) => labels[row]!),
  });
  const train = Math.round(share * rows);
  return [take(order.slice(0, train)), take(order.slice(train))];
}
