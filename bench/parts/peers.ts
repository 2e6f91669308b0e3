import type { ClassifierOptions } from '../../lib/index.js';
import { defaultThreads } from '../../lib/threads.js';
import { classify, imageRows, type Run } from '../classification.js';
import type { ImageSet } from '../data/mnist.js';
import { best, soonest, type Curve } from '../paper/curve.js';
import { limits, TorchOnImages } from '../paper/torch-on-images.js';
import { imageSets, type PartOptions, type PartResult } from '../part.js';
import { progress } from '../progress.js';
import { hasModule, Peer, versionsLine } from '../python.js';
import { mean, median, range } from '../statistics.js';
import { inline, type Cell, type Table } from '../table.js';
import { atLeast, nothingWanted, wantedColumns, type Wanted } from '../wanted.js';

const threads = defaultThreads();
const image = { height: 28, width: 28 };

/** A test accuracy, and how many times sooner than Adam these options are to reach it. */
interface Goal {
  target: number;
  wanted: number;
  options: ClassifierOptions;
}

/**
 * The options were chosen on the last 10,000 training rows, after training on the others: 98.0 to 98.2 % and 88.5 to 88.8 %
 * there.
 */
const goals: Record<string, Goal> = {
  MNIST: { target: 0.98, wanted: 5, options: { hidden: [450], image, iterations: 1, ridge: 1e-4 } },
  'Fashion-MNIST': { target: 0.88, wanted: 3, options: { hidden: [250], image, iterations: 2, ridge: 1e-4 } },
};

const further: ClassifierOptions[] = [
  ...[1, 2, 4, 8].map((iterations) => ({ hidden: [1000], image, iterations })),
  // Told as little of the images as Adam is.
  ...[1, 8].map((iterations) => ({ hidden: [1000], iterations })),
];

/** Training time and test accuracy beside PyTorch's Adam and the same algorithm in NumPy. */
export async function peers({ seeds = 3 }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const table: Table = {
    title: 'Seconds of training, the test accuracy they give, and what Adam needs to be as accurate',
    settings: { seeds, threads, precision: 'float32' },
    columns: {
      data: 'text',
      trainer: 'text',
      seconds: 'seconds',
      'test accuracy': 'percent',
      'Adam to': 'percent',
      'constant rate, s': 'seconds',
      'falling rate, s': 'seconds',
      ratio: 'decimal',
      ...wantedColumns,
    },
    rows: [],
  };
  const pytorch = new TorchOnImages({ effort: 1 }, notes);
  for (const set of imageSets(notes)) {
    const goal = goals[set.name]!;
    const trainings = new Trainings(set, [goal.options, ...further], seeds);
    const adam = (await hasModule('torch', 'python3-torch', notes))
      ? await pytorch.adam(set, () => trainings.next())
      : undefined;
    await trainings.rest();
    trainings.runs.forEach((runs, k) => table.rows.push(trainingRow(set.name, runs, adam, k === 0 ? goal : undefined)));
    if (adam) table.rows.push(...adamRows(set.name, adam, goal.target));
    table.rows.push(...(await numpy(set, notes)));
  }
  const description =
    'bpls: median seconds and mean accuracy of runs taken between Adam’s; the first row of each set has the goal, and meets ' +
    'it where its mean accuracy reaches the target as well. Adam: cross-entropy, relu, evaluation not counted; whichever ' +
    `is there first of 100, 300 and 1,000 units and batches of 128 and 512, at a constant rate in ${limits.run} s, or with ` +
    `one that falls along a cosine over ${limits.cosine.join(', ')} s; rates chosen on validation rows, not counted either. ` +
    'The ratio is to the sooner of the two. NumPy: the same algorithm, 8 iterations, one run, its ridge given.';
  return { description, tables: [table], notes };
}

/** Its trainings at a constant rate, and with a falling one. */
type Adam = Record<'constant' | 'cosine', Curve[]>;

/** Trainings by several options and seeds, one at a time. */
class Trainings {
  readonly runs: { options: ClassifierOptions; runs: Run[] }[];
  readonly #due: (() => Promise<void>)[];

  constructor(set: ImageSet, options: readonly ClassifierOptions[], seeds: number) {
    const [train, test] = [imageRows(set.train), imageRows(set.test)];
    this.runs = options.map((one) => ({ options: one, runs: [] }));
    this.#due = range(seeds).flatMap((seed) =>
      this.runs.map(({ options, runs }) => async () => {
        progress(`peers: ${set.name}, bpls ${inline(options)}, seed ${seed}`);
        runs.push(await classify(train, test, { ...options, seed, threads }));
      }),
    );
  }

  /** One more, where any is left. */
  async next(): Promise<void> {
    await this.#due.shift()?.();
  }

  async rest(): Promise<void> {
    while (this.#due.length > 0) await this.next();
  }
}

/** Beside Adam to the goal's target, or to the same accuracy where there is no goal. */
export function trainingRow(
  data: string,
  { options, runs }: { options: ClassifierOptions; runs: readonly Pick<Run, 'seconds' | 'accuracy'>[] },
  adam: Adam | undefined,
  goal: Goal | undefined,
): Record<string, Cell> {
  const seconds = median(runs.map((run) => run.seconds));
  const accuracy = mean(runs.map((run) => run.accuracy));
  const row = { data, trainer: `bpls ${inline(options)}`, seconds, 'test accuracy': accuracy };
  if (!adam) return { ...row, ...notRaced };
  const to = goal?.target ?? accuracy;
  const [constant, falling] = [soonest(adam.constant, to)?.seconds, soonest(adam.cosine, to)?.seconds];
  const least = Math.min(constant ?? Infinity, falling ?? Infinity);
  const ratio = Math.min(least, limits.run) / seconds;
  return {
    ...row,
    'Adam to': to,
    'constant rate, s': constant ?? `not in ${limits.run}`,
    'falling rate, s': falling ?? `not in ${limits.run}`,
    ratio: least === Infinity ? `> ${ratio.toPrecision(3)}` : ratio,
    ...(goal ? sooner(ratio, accuracy, goal) : nothingWanted),
  };
}

function sooner(ratio: number, accuracy: number, { target, wanted }: Goal): Wanted {
  const beside = atLeast(ratio, wanted);
  return { ...beside, met: beside.met === true && accuracy >= target };
}

const notRaced = {
  'Adam to': undefined,
  'constant rate, s': undefined,
  'falling rate, s': undefined,
  ratio: undefined,
  ...nothingWanted,
};

/** Of both schedules, whichever came first to the target, and what came furthest. */
function adamRows(data: string, { constant, cosine }: Adam, target: number): Record<string, Cell>[] {
  return [constant, cosine].flatMap((curves) => {
    const moments = { 'at the target': soonest(curves, target), 'at its best': best(curves) };
    return Object.entries(moments).flatMap(([at, found]) =>
      found
        ? {
            data,
            trainer: `PyTorch's Adam, ${found.curve.units} units, ${found.curve.setting}, ${at}`,
            seconds: found.seconds,
            'test accuracy': found.value,
            ...notRaced,
          }
        : [],
    );
  });
}

async function numpy(set: ImageSet, notes: string[]): Promise<Table['rows']> {
  if (!(await hasModule('scipy', 'python3-scipy', notes))) return [];
  progress(`peers: ${set.name}, NumPy`);
  try {
    return [await numpyRow(set, notes)];
  } catch (error) {
    // The figures so far took a quarter of an hour.
    notes.push(`NumPy on ${set.name}: ${(error as Error).message}`);
    return [];
  }
}

async function numpyRow(set: ImageSet, notes: string[]): Promise<Table['rows'][number]> {
  const args = ['train', '--folder', set.folder];
  const { peer, versions } = await Peer.start('bpls_numpy.py', args, { openblas: threads, openmp: 1 });
  const { seconds, accuracy } = await peer.next(0);
  await peer.close();
  if (!notes.includes(versionsLine(versions))) notes.push(versionsLine(versions));
  return {
    data: set.name,
    trainer: 'the same algorithm in NumPy, 8 iterations',
    seconds,
    'test accuracy': accuracy,
    ...notRaced,
  };
}
