import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matrix, trainClassifier, trainRegressor, type FloatArray, type Matrix } from '../../lib/index.js';
import { defaultThreads } from '../../lib/threads.js';
import { imageSets, type PartOptions, type PartResult } from '../part.js';
import { progress } from '../progress.js';
import { hasModule, Peer, versionsLine } from '../python.js';
import { deviation, mean, range } from '../statistics.js';
import { timed } from '../stopwatch.js';
import type { Cell, Table } from '../table.js';

const threads = defaultThreads();
/** Hidden units on all sides: the default of this package. */
const units = 500;

/** The data set without a lesson: a trainer is to find nothing, and none is ahead. */
const nothing = 'noise';

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
  '100,000 rows',
  'diamonds',
  'binary inputs',
  nothing,
];

/** One trainer on one split: accuracy, or R². */
interface Score {
  name: string;
  seconds: number;
  score: number;
  /** The same on the rows that it was trained on. */
  train?: number;
}

/** What rivals.py says of one split. */
interface Split {
  classes: boolean;
  columns: number;
  precision: 'float64' | 'float32';
  results: Score[];
}

/** One data set: the scores of every trainer, split by split. */
export interface Contest {
  data: string;
  scores: Score[][];
}

/** The defaults beside scikit-learn's trainers, on splits of 80 and 20 %. */
export async function accuracy({ seeds = 5 }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const contests: Contest[] = [];
  if (await hasModule('sklearn', 'python3-sklearn', notes)) {
    const images = [...imageSets(notes)].map(({ name, folder }) => ({ name, args: ['--images', folder] }));
    const sets = [...tables.map((name) => ({ name, args: [] as string[] })), ...images];
    for (const { name, args } of sets) {
      try {
        contests.push(await contest(name, args, seeds, notes));
      } catch (error) {
        notes.push(`Left out: ${name}: ${(error as Error).message}`);
      }
    }
  }
  const description =
    'Means over random splits (the images keep their test rows) of the accuracy, or of R² for diabetes, Friedman and ' +
    `diamonds; one hidden layer of ${units} units on all sides. bpls has no options at all. scikit-learn gets standardised ` +
    'inputs and regression targets (images: pixels in [0, 1]); MLP is MLPClassifier or MLPRegressor, at most 200 epochs or ' +
    '500; ridge is RidgeClassifierCV or RidgeCV; random features are tanh units before it.';
  return { description, tables: [scoreTable(contests, seeds), verdictTable(contests)], notes };
}

async function contest(data: string, args: string[], seeds: number, notes: string[]): Promise<Contest> {
  const folder = mkdtempSync(join(tmpdir(), 'bpls-accuracy-'));
  const { peer, versions } = await Peer.start('rivals.py', [data, folder, '--units', String(units), ...args], {
    openblas: threads,
    openmp: 1,
  });
  if (!notes.includes(versionsLine(versions))) notes.push(versionsLine(versions));
  const scores: Score[][] = [];
  try {
    for (const seed of range(seeds)) {
      progress(`accuracy: ${data}, seed ${seed}`);
      const split = await peer.next<Split>(seed);
      scores.push([await ours(folder, split, seed), ...split.results]);
    }
  } finally {
    await peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { data, scores };
}

/** This package on the split that rivals.py left in the folder. */
async function ours(folder: string, { classes, columns, precision }: Split, seed: number): Promise<Score> {
  const read = (name: string): FloatArray => {
    const { buffer } = new Uint8Array(readFileSync(join(folder, name)));
    return precision === 'float64' ? new Float64Array(buffer) : new Float32Array(buffer);
  };
  const rowsOf = (name: string): Matrix => {
    const data = read(name);
    return matrix(data, data.length / columns, columns);
  };
  const [X, y, test, truth] = [rowsOf('X'), read('y'), rowsOf('X_test'), read('y_test')];
  if (classes) {
    const { value: model, seconds } = await timed(() => trainClassifier(X, y, { seed }));
    const score = async (rows: Matrix, labels: FloatArray) => (await model.evaluate(rows, labels)).accuracy;
    return { name: 'bpls', seconds, score: await score(test, truth), train: await score(X, y) };
  }
  const { value: model, seconds } = await timed(() => trainRegressor(X, matrix(y, y.length, 1), { seed }));
  const score = async (rows: Matrix, targets: FloatArray) =>
    (await model.evaluate(rows, matrix(targets, targets.length, 1))).r2;
  return { name: 'bpls', seconds, score: await score(test, truth), train: await score(X, y) };
}

const trainers = ['bpls', 'MLP', 'MLP, 500 epochs', 'ridge', 'random features'] as const;

function of({ scores }: Contest, name: string): { score: number[]; seconds: number } {
  const runs = scores.map((split) => split.find((run) => run.name === name)!);
  return { score: runs.map(({ score }) => score), seconds: mean(runs.map(({ seconds }) => seconds)) };
}

/** Beside the best of the rivals by its mean: how far ahead, and the standard error of that over the splits. */
export function beside(contest: Contest): { best: string; ahead: number; error: number } {
  const own = of(contest, 'bpls').score;
  const rivals = trainers.slice(1).map((name) => ({ name, score: of(contest, name).score }));
  const best = rivals.reduce((a, b) => (mean(b.score) > mean(a.score) ? b : a));
  const differences = own.map((score, i) => score - best.score[i]!);
  return {
    best: best.name,
    ahead: mean(differences),
    error: (deviation(differences) ?? 0) / Math.sqrt(differences.length),
  };
}

function scoreTable(contests: readonly Contest[], seeds: number): Table {
  const columns = trainers.flatMap((name) => [
    [name, 'text'],
    [`${name}, s`, 'seconds'],
  ]);
  return {
    title: 'Score on the rows held out, and seconds of training',
    settings: { seeds, units, threads },
    columns: {
      data: 'text',
      ...(Object.fromEntries(columns) as Record<string, 'text' | 'seconds'>),
      'bpls on its own rows': 'percent',
      'best rival': 'text',
      'points ahead': 'text',
      equal: 'text',
    },
    rows: contests.map((contest) => {
      const { best, ahead, error } = beside(contest);
      const cells = trainers.flatMap((name): [string, Cell][] => {
        const { score, seconds } = of(contest, name);
        return [
          [name, points(mean(score), deviation(score))],
          [`${name}, s`, seconds],
        ];
      });
      return {
        data: contest.data,
        ...Object.fromEntries(cells),
        'bpls on its own rows': mean(contest.scores.map(([own]) => own!.train!)),
        'best rival': best,
        'points ahead': points(ahead, error),
        equal: ahead >= -error,
      };
    }),
  };
}

function points(value: number, spread: number | undefined): string {
  return (100 * value).toFixed(2) + (spread === undefined ? '' : ` ± ${(100 * spread).toFixed(2)}`);
}

function verdictTable(all: readonly Contest[]): Table {
  const contests = all.filter(({ data }) => data !== nothing);
  const compared = contests.map((contest) => ({ ...beside(contest), data: contest.data }));
  const equal = compared.filter(({ ahead, error }) => ahead >= -error).length;
  const worst = compared.reduce((a, b) => (b.ahead < a.ahead ? b : a), compared[0] ?? { ahead: 0, data: 'none' });
  const ratios = contests.map((contest) => of(contest, 'bpls').seconds / of(contest, 'MLP').seconds);
  const ratio = Math.exp(mean(ratios.map(Math.log)));
  const row = (figure: string, value: string, wanted: string, met: boolean) => ({ figure, value, wanted, met });
  return {
    title: 'All of them but the noise',
    settings: {},
    columns: { figure: 'text', value: 'text', wanted: 'text', met: 'text' },
    rows: [
      row(
        'at least equal to the best rival, within one standard error',
        `${equal} of ${compared.length}`,
        '≥ 80 %',
        equal >= 0.8 * compared.length,
      ),
      row('furthest behind', `${points(worst.ahead, undefined)} (${worst.data})`, '≥ -1', worst.ahead >= -0.01),
      row('time over that of the MLP, geometric mean', ratio.toPrecision(3), '≤ 0.5', ratio <= 0.5),
    ],
  };
}
