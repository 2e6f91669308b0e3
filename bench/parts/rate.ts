import { matrix, NormalEquations, type ClassifierOptions, type Matrix } from '../../lib/index.js';
import type { Lane } from '../../lib/lane.js';
import { defaultThreads } from '../../lib/threads.js';
import { classify, imageRows, type Labelled } from '../classification.js';
import { zeros } from '../data/floats.js';
import type { Precision } from '../data/matrices.js';
import { loadMnist } from '../data/mnist.js';
import { GemmRate } from '../gemm-rate.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { mean, median, range } from '../statistics.js';
import { timed } from '../stopwatch.js';
import type { Table } from '../table.js';
import { atLeast, nothingWanted, wantedColumns, type Wanted } from '../wanted.js';

const bars = { float32: { training: 0.75, sums: 0.88 }, float64: { training: 0.8, sums: 0.88 } };
const options: ClassifierOptions = { hidden: [1000], image: { height: 28, width: 28 } };
/** Runs of the sums, which take parts of a second. */
const sumRepeats = 9;
const classes = 10;

const columns = {
  precision: 'text',
  work: 'text',
  '10⁹ operations': 'decimal',
  seconds: 'seconds',
  'GFLOP/s': 'decimal',
  'GEMM GFLOP/s': 'decimal',
  share: 'decimal',
  ...wantedColumns,
} as const;

type Row = Record<keyof typeof columns, string | number | boolean | undefined>;

/** Some counted work, and the rate of matrix products about the same time (operations a second). */
export interface Work {
  operations: number;
  seconds: number;
  rate: number;
}

/** How fast the package computes, as a share of the machine's rate of matrix products. */
export async function rate({ seeds = 3 }: PartOptions): Promise<PartResult> {
  const threads = defaultThreads();
  const set = loadMnist();
  const trainings: Table<keyof Row | 'test accuracy'> = {
    title: 'The whole training of 784-1000-10 on the 60,000 rows of MNIST',
    settings: { options, seeds, threads, ...GemmRate.settings },
    columns: { ...columns, 'test accuracy': 'percent' },
    rows: [],
  };
  const sums: Table<keyof Row> = {
    title: 'The sums [X, 1]ᵀ[X, 1] and [X, 1]ᵀB alone: X the 60,000 × 784 pixels of MNIST, B of ten columns of ±1',
    settings: { repeats: sumRepeats, threads, ...GemmRate.settings },
    columns,
    rows: [],
  };
  for (const precision of ['float32', 'float64'] as const) {
    const gemm = new GemmRate(precision, threads);
    const [train, test] = [imageRows(set.train, undefined, precision), imageRows(set.test, undefined, precision)];
    const works: Work[] = [];
    const accuracies: number[] = [];
    for (const seed of range(seeds)) {
      progress(`rate: training in ${precision}, seed ${seed}`);
      const { value: run, rate } = await gemm.around(() => classify(train, test, { ...options, threads, seed }));
      works.push({ operations: run.report.operations, seconds: run.seconds, rate });
      accuracies.push(run.accuracy);
    }
    const training = rateRow(precision, 'training', works, bars[precision].training);
    trainings.rows.push({ ...training, 'test accuracy': mean(accuracies) });
    sums.rows.push(...(await measureSums(precision, train, gemm, threads)));
  }
  const description =
    'Share is counted operations ÷ (seconds × the rate of matrix products of the same precision). The products run before ' +
    'and after each piece of work on the same threads; the share is the median over the runs, each with the products ' +
    'about it. `NormalEquations.add` also looks for NaN in what it is given; the row below it is its sums without that.';
  return { description, tables: [trainings, sums], notes: [] };
}

/** Medians over the runs. */
export function rateRow(precision: Precision, work: string, runs: readonly Work[], bar?: number): Row & Wanted {
  const share = median(runs.map(({ operations, seconds, rate }) => operations / seconds / rate));
  return {
    precision,
    work,
    '10⁹ operations': median(runs.map(({ operations }) => operations)) / 1e9,
    seconds: median(runs.map(({ seconds }) => seconds)),
    'GFLOP/s': median(runs.map(({ operations, seconds }) => operations / seconds)) / 1e9,
    'GEMM GFLOP/s': median(runs.map(({ rate }) => rate)) / 1e9,
    share,
    ...(bar === undefined ? nothingWanted : atLeast(share, bar)),
  };
}

async function measureSums(precision: Precision, train: Labelled, gemm: GemmRate, threads: number): Promise<Row[]> {
  const { X } = train;
  const B = oneHot(train, precision);
  const fresh = () => new NormalEquations(X.cols, B.cols, { precision });
  const pass = async (lane: Lane) => {
    const sums = fresh();
    await sums.pass(lane, X, B, { gram: sums.gram, rhs: sums.rhs, sign: 1 });
  };
  const [added, passed]: [Work[], Work[]] = [[], []];
  for (const repeat of range(sumRepeats)) {
    progress(`rate: sums in ${precision}, run ${repeat}`);
    const lane: Lane = { threads, operations: 0 };
    const { value: inner, rate } = await gemm.around(async () => ({
      add: await timed(() => fresh().add(X, B, { threads })),
      pass: await timed(() => pass(lane)),
    }));
    added.push({ operations: lane.operations, seconds: inner.add.seconds, rate });
    passed.push({ operations: lane.operations, seconds: inner.pass.seconds, rate });
  }
  return [
    rateRow(precision, '`NormalEquations.add`', added, bars[precision].sums),
    rateRow(precision, 'its sums alone', passed),
  ];
}

/** 1 in the column of a row's class, −1 in the others. */
function oneHot({ X, labels }: Labelled, precision: Precision): Matrix {
  const data = zeros(precision, X.rows * classes).fill(-1);
  labels.forEach((label, row) => (data[row * classes + label] = 1));
  return matrix(data, X.rows, classes);
}
