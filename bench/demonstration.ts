import { parseArgs } from 'node:util';
import { MultiBar } from 'cli-progress';
import {
  matrix,
  plan,
  trainClassifier,
  type Classifier,
  type ClassifierOptions,
  type IterationReport,
  type Matrix,
} from '../lib/index.js';
import { imageRows, type Labelled } from './classification.js';
import { count } from './command-line.js';
import { loadFashionMnist, loadMnist, type ImageSet } from './data/mnist.js';
import { draw } from './drawing.js';
import { inline, markdown } from './table.js';

const usage = `npm run demo -- [--fashion] [--hidden N] [--seed N]

  --fashion   Fashion-MNIST instead of MNIST
  --hidden N  units of the hidden layer (1000)
  --seed N    another run (0)
`;

type Print = (text: string) => void;

/** Trains on images in view of the user and shows what came of it. */
export async function demonstrate(args: string[], print: Print = console.log): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      fashion: { type: 'boolean' },
      hidden: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '0' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    print(usage);
    return;
  }
  const hidden = [count('--hidden', values.hidden)];
  const set = values.fashion ? loadFashionMnist() : loadMnist();
  const { height, width, classes } = set;
  const options = { hidden, image: { height, width }, iterations: 8, seed: Number(values.seed) };
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  print(`${set.name}: ${train.X.rows} images to train on, ${test.X.rows} to test, float32`);
  print(`trainClassifier(X, labels, ${inline(options)})\n`);

  const shape = { rows: train.X.rows, inputs: train.X.cols, outputs: classes.length };
  const planned = plan(shape, { ...options, precision: 'float32' });
  const model = await trainVisibly(train, options, print);
  const { accuracy, misclassified, confusion } = await model.evaluate(test.X, test.labels);
  const { seconds, threads, operations, ridgeSearch } = model.report;
  const trials = ridgeSearch?.trials ?? [];
  // Some are longer than those that are planned.
  const shortest = Math.min(...trials.map(({ iterations }) => iterations));
  const longer = trials.reduce((sum, { iterations }) => sum + Math.max(1, iterations / Math.max(1, shortest)), 0);
  const most = planned.operations + longer * planned.trial;
  print(`\ntest accuracy  ${percent(accuracy)}, ${misclassified} of ${test.X.rows} misclassified`);
  print(`training       ${seconds.toFixed(1)} s, ${threads} threads`);
  print(`operations     ${giga(operations)} × 10⁹ counted, at most ${giga(most)} × 10⁹ planned`);
  print(`ridge          chosen by ${trials.length} trials in ${(ridgeSearch?.seconds ?? 0).toFixed(1)} s of these`);
  print(`rate           ${giga(operations / seconds)} GFLOP/s\n`);
  print(layerTable(model));
  print(confusionTable(confusion, classes));
  await showFirst(model, test, set, print);
}

/** Trains, telling of every iteration: a line each, and on a terminal a bar below them. */
async function trainVisibly(
  { X, labels }: Labelled,
  options: ClassifierOptions & { iterations: number },
  print: Print,
): Promise<Classifier<number>> {
  const format = '{bar} {value} of {total} iterations, {duration_formatted}';
  const bars = new MultiBar({ format, clearOnComplete: true, hideCursor: true, stream: process.stdout });
  const bar = bars.create(options.iterations, 0);
  const printAbove = bars.isActive ? (text: string) => bars.log(`${text}\n`) : print;
  printAbove('iteration  objective  misclassified  training accuracy  active share  accepted  seconds');
  const onIteration = (iteration: IterationReport) => {
    printAbove(iterationLine(iteration, X.rows));
    bar.update(iteration.iteration);
  };
  try {
    return await trainClassifier(X, labels, { ...options, onIteration });
  } finally {
    if (bars.isActive) {
      bars.update(); // writes the last lines
      bars.stop();
    }
  }
}

function iterationLine(report: IterationReport, rows: number): string {
  const { iteration, objective, misclassified = 0, activeShare, accepted, seconds } = report;
  const cells = [
    String(iteration).padStart(9),
    objective.toFixed(5).padStart(9),
    String(misclassified).padStart(13),
    percent(1 - misclassified / rows).padStart(17),
    percent(activeShare).padStart(12),
    (accepted ? 'yes' : 'no').padStart(8),
    seconds.toFixed(1).padStart(7),
  ];
  return cells.join('  ');
}

function layerTable({ report, network }: Classifier): string {
  return markdown({
    title: 'The layers as they were solved last',
    settings: {},
    columns: {
      layer: 'integer',
      shape: 'text',
      activation: 'text',
      solver: 'text',
      rank: 'integer',
      rcond: 'scientific',
      'condition number': 'scientific',
      ridge: 'scientific',
    },
    rows: report.layers.map(({ layer, inputs, units, solver, rank, rcond, ridge }) => ({
      layer,
      shape: `${inputs} → ${units}`,
      activation: network.layers[layer - 1]!.activation,
      solver,
      rank,
      rcond,
      'condition number': 1 / rcond,
      ridge,
    })),
  });
}

function confusionTable(counts: number[][], classes: readonly string[]): string {
  // The keys begin with letters: an object would bring bare digits to the front.
  const column = (k: number) => `as ${classes[k]!}`;
  return markdown({
    title: 'Test images by class, and the class that they were taken for',
    settings: {},
    columns: { class: 'text', ...Object.fromEntries(classes.map((_, k) => [column(k), 'integer' as const])) },
    rows: counts.map((row, i) => ({
      class: classes[i],
      ...Object.fromEntries(row.map((n, k) => [column(k), n])),
    })),
  });
}

/** What the network makes of the first test image. */
async function showFirst(
  model: Classifier<number>,
  { X, labels }: Labelled,
  { height, width, classes }: ImageSet,
  print: Print,
): Promise<void> {
  const first: Matrix = matrix(X.data.subarray(0, X.cols), 1, X.cols);
  const predicted = classes[model.predictSync(first)[0]!]!;
  const probabilities = (await model.probabilities(first)).data;
  print(`The first test image is of class ${classes[labels[0]!]!}, taken for ${predicted}:\n`);
  print(draw(first.data, height, width));
  const longest = Math.max(...classes.map((name) => name.length));
  classes.forEach((name, k) => {
    const p = probabilities[k]!;
    print(`${name.padStart(longest)}  ${percent(p).padStart(8)}  ${'█'.repeat(Math.round(40 * p))}`.trimEnd());
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** In units of 10⁹. */
function giga(value: number): string {
  return (value / 1e9).toFixed(1);
}
