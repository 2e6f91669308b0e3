import { parseArgs } from 'node:util';
import { MultiBar } from 'cli-progress';
import { matrix, plan, trainClassifier, type Classifier, type IterationReport, type Matrix } from '../lib/index.js';
import { imageRows, type Labelled } from './classification.js';
import { count, runProgram } from './command-line.js';
import { loadFashionMnist, loadMnist } from './data/mnist.js';
import { draw } from './drawing.js';
import { range } from './statistics.js';
import { inline, markdown } from './table.js';

const usage = `npm run demo -- [--fashion] [--hidden N] [--seed N]

  --fashion   Fashion-MNIST instead of MNIST
  --hidden N  units of the hidden layer (1000)
  --seed N    another run (0)
`;

runProgram(async () => {
  const { values } = parseArgs({
    options: {
      fashion: { type: 'boolean' },
      hidden: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '0' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const set = values.fashion ? loadFashionMnist() : loadMnist();
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  const options = {
    hidden: [count('--hidden', values.hidden)],
    image: { height: set.height, width: set.width },
    seed: Number(values.seed),
  };
  const shape = { rows: train.X.rows, inputs: train.X.cols, outputs: set.classes.length };
  const { operations } = plan(shape, { ...options, precision: 'float32' });
  const thousands = (n: number) => n.toLocaleString('en');
  console.log(`${set.name}: ${thousands(shape.rows)} images to train on, ${thousands(test.X.rows)} to test, float32`);
  console.log(`trainClassifier(X, labels, ${inline(options)})\n`);

  const model = await trainVisibly(train, options);
  const { report } = model;
  const evaluation = await model.evaluate(test.X, test.labels);
  console.log(`\ntest accuracy     ${percent(evaluation.accuracy)}, ${evaluation.misclassified} wrong`);
  console.log(`training          ${report.seconds.toFixed(1)} s on ${report.threads} threads`);
  const planned = `${giga(operations)} planned at most`;
  console.log(`operations        ${giga(report.operations)} × 10⁹ counted, ${planned}`);
  console.log(`rate              ${giga(report.operations / report.seconds)} GFLOP/s\n`);
  console.log(layers(model));
  console.log(confusion(evaluation.confusion, set.classes));
  await showOne(model, test, set.classes);
});

/** Trains, telling of every iteration: as lines, and on a terminal with a bar below them. */
async function trainVisibly(
  { X, labels }: Labelled,
  options: { hidden: number[]; image: { height: number; width: number }; seed: number },
): Promise<Classifier<number>> {
  const iterations = 8;
  const bars = new MultiBar({ format: '{bar} {value} of {total} iterations', clearOnComplete: true, hideCursor: true });
  const bar = bars.create(iterations, 0);
  const print = (line: string) => (bars.isActive ? bars.log(`${line}\n`) : console.log(line));
  print('iteration  objective  misclassified  training accuracy  active share  accepted  seconds');
  const onIteration = (iteration: IterationReport) => {
    print(line(iteration, X.rows));
    bar.update(iteration.iteration);
  };
  try {
    return await trainClassifier(X, labels, { ...options, iterations, onIteration });
  } finally {
    if (bars.isActive) {
      bars.update(); // writes the lines that are still to come
      bars.stop();
    }
  }
}

function line(
  { iteration, objective, misclassified = 0, activeShare, accepted, seconds }: IterationReport,
  rows: number,
): string {
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

function layers({ report, network }: Classifier): string {
  return markdown({
    title: 'Layers as they were solved last',
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

function confusion(counts: number[][], classes: readonly string[]): string {
  return markdown({
    title: 'Confusion matrix: rows are the true class, columns the predicted one',
    settings: {},
    columns: { '': 'text', ...Object.fromEntries(classes.map((name) => [` ${name}`, 'integer' as const])) },
    rows: counts.map((row, i) => ({
      '': classes[i],
      ...Object.fromEntries(row.map((n, j) => [` ${classes[j]!}`, n])),
    })),
  });
}

/** What the network makes of the first test image. */
async function showOne(model: Classifier<number>, { X, labels }: Labelled, classes: readonly string[]): Promise<void> {
  const one: Matrix = matrix(X.data.subarray(0, X.cols), 1, X.cols);
  const [predicted] = model.predictSync(one);
  const { data: probabilities } = await model.probabilities(one);
  const side = Math.sqrt(X.cols);
  console.log(`**The first test image**, of class ${classes[labels[0]!]!}, is taken for ${classes[predicted!]!}:\n`);
  console.log(draw(one.data, side, side));
  for (const k of range(classes.length)) {
    const p = probabilities[k]!;
    console.log(`${classes[k]!.padStart(12)}  ${percent(p).padStart(8)}  ${'█'.repeat(Math.round(40 * p))}`);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** In units of 10⁹. */
function giga(operations: number): string {
  return (operations / 1e9).toFixed(1);
}
