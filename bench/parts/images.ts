import type { ClassifierOptions } from '../../lib/index.js';
import { classify, imageRows, type Run } from '../classification.js';
import type { ImageSet } from '../data/mnist.js';
import { imageSets, type PartOptions, type PartResult } from '../part.js';
import { progress } from '../progress.js';
import { deviation, mean, median, range } from '../statistics.js';
import { inline, type Table } from '../table.js';

const image = { height: 28, width: 28 };

type Options = ClassifierOptions & { hidden: number[] };

/**
 * With the defaults and at most the image option; and with as many iterations as did best of 8, 12, 14, 16 and 24 on the
 * last 10,000 training rows of Fashion-MNIST.
 */
const usual: Options[] = [{ hidden: [1000], image }, { hidden: [1000], image, iterations: 16 }, { hidden: [1000] }, { hidden: [100] }]; // prettier-ignore

/** Digits stay what they are where they are turned or stretched a little; clothes are told apart by their proportions. */
const distorted: Options = { hidden: [1000], image, augment: { copies: 4 }, iterations: 7, memoryLimit: 2 ** 31 };

/** MNIST and Fashion-MNIST in full. */
export async function images({ seeds = 5 }: PartOptions): Promise<PartResult> {
  return measure((set) => (set.name === 'MNIST' ? [...usual, distorted] : usual), seeds);
}

/** The test rows are for the accuracy alone: no training sees them. */
async function measure(settingsOf: (set: ImageSet) => readonly Options[], seeds: number): Promise<PartResult> {
  const notes: string[] = [];
  const table: Table = {
    title: 'Test accuracy, and how many of the 60,000 training rows are misclassified on the way',
    settings: { seeds, precision: 'float32' },
    columns: {
      data: 'text',
      network: 'text',
      options: 'text',
      'test accuracy': 'percent',
      sd: 'percent',
      worst: 'percent',
      'seconds (median)': 'seconds',
      'misclassified at first': 'integer',
      best: 'integer',
      last: 'integer',
      iterations: 'decimal',
    },
    rows: [],
  };
  for (const set of imageSets(notes)) {
    const [train, test] = [imageRows(set.train), imageRows(set.test)];
    for (const options of settingsOf(set)) {
      const shown = inline(options);
      const runs: Run[] = [];
      for (const seed of range(seeds)) {
        progress(`images: ${set.name}, ${shown}, seed ${seed}${after(runs)}`);
        runs.push(await classify(train, test, { ...options, seed }));
      }
      const accuracies = runs.map((run) => run.accuracy);
      const misclassified = runs.map(({ report }) => report.iterations.map((iteration) => iteration.misclassified!));
      table.rows.push({
        data: set.name,
        network: [train.X.cols, ...options.hidden, set.classes.length].join('-'),
        options: shown,
        'test accuracy': mean(accuracies),
        sd: deviation(accuracies),
        worst: Math.min(...accuracies),
        'seconds (median)': median(runs.map((run) => run.seconds)),
        'misclassified at first': mean(misclassified.map((counts) => counts[0]!)),
        best: mean(misclassified.map((counts) => Math.min(...counts))),
        last: mean(misclassified.map((counts) => counts.at(-1)!)),
        iterations: mean(runs.map(({ report }) => report.iterations.at(-1)!.iteration)),
      });
    }
  }
  const description =
    'MNIST and Fashion-MNIST, 60,000 rows to train on and 10,000 to test, and with `augment` their distorted copies. The accuracy is that of the network returned; ' +
    'misclassified training rows are means over the seeds after the first, the best and the last iteration.';
  return { description, tables: [table], notes };
}

function after(runs: readonly Run[]): string {
  const last = runs.at(-1);
  return last ? ` (before: ${(100 * last.accuracy).toFixed(2)} % in ${last.seconds.toFixed(1)} s)` : '';
}
