import { matrix, plan, type ClassifierOptions } from '../../lib/index.js';
import { defaultThreads } from '../../lib/threads.js';
import { classify, imageRows, type Labelled, type Run } from '../classification.js';
import { clouds } from '../data/clouds.js';
import { loadMnist } from '../data/mnist.js';
import { mulberry32 } from '../data/toy.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { exponent, median, range } from '../statistics.js';
import type { Cell, Table } from '../table.js';

const synthetic = { cols: 50, classes: 5, hidden: [100] };
/** Runs of a row longer than this are not repeated. */
const longRun = 2;

/** Trainings of which one size grows. */
interface Series {
  growing: string;
  sizes: number[];
  of: (size: number) => { train: Labelled; classes: number; options: ClassifierOptions };
}

/** One size of a series, measured. */
export interface Point {
  growing: string;
  size: number;
  samples: 'all' | 'margin';
  runs: number;
  seconds: number;
  counted: number;
  planned: number;
}

/** How the time grows with the problem, beside the operations counted and planned. */
export async function growth({ seeds = 3 }: PartOptions): Promise<PartResult> {
  const points: Point[] = [];
  for (const series of allSeries())
    for (const samples of ['all', 'margin'] as const)
      for (const size of series.sizes) points.push(await measure(series, size, samples, seeds));
  return {
    description:
      'Rows: synthetic data of 50 columns and 5 classes, hidden [100], 8 iterations. Units: the first 10,000 rows of MNIST, ' +
      'one hidden layer, 2 iterations. Threads: the same with 1,000 units. float32, `ridge: 1e-4`. `plan` is exact for `samples: "all"` ' +
      'where no step was refused, and an upper bound for the default, `samples: "margin"`.',
    tables: [sizesTable(points, seeds), exponentsTable(points)],
    notes: [],
  };
}

/** One at a time: what a series holds is given up before the next. */
function* allSeries(): Generator<Series> {
  yield rowSeries();
  const set = loadMnist();
  const train = imageRows(set.train, 10_000);
  const shared = { train, classes: set.classes.length };
  yield {
    growing: 'units',
    sizes: [250, 500, 1000, 2000, 4000],
    of: (units) => ({ ...shared, options: { hidden: [units], iterations: 2 } }),
  };
  yield {
    growing: 'threads',
    sizes: [1, 2],
    of: (threads) => ({ ...shared, options: { hidden: [1000], iterations: 2, threads } }),
  };
}

function rowSeries(): Series {
  const { cols, classes, hidden } = synthetic;
  const sizes = [10_000, 30_000, 100_000, 300_000, 1_000_000];
  const { inputs, labels } = clouds(Math.max(...sizes), cols, classes, mulberry32(1));
  return {
    growing: 'rows',
    sizes,
    of: (rows) => ({
      train: { X: matrix(inputs.subarray(0, rows * cols), rows, cols), labels: labels.subarray(0, rows) },
      classes,
      options: { hidden },
    }),
  };
}

async function measure(series: Series, size: number, samples: Point['samples'], seeds: number): Promise<Point> {
  const { growing } = series;
  const { train, classes, options } = series.of(size);
  const asked: ClassifierOptions = { threads: defaultThreads(), ridge: 1e-4, ...options, samples };
  const first = {
    X: matrix(train.X.data.subarray(0, train.X.cols), 1, train.X.cols),
    labels: train.labels.subarray(0, 1),
  };
  const runs: Run[] = [];
  for (const seed of range(seeds)) {
    if ((runs[0]?.seconds ?? 0) > longRun) break;
    progress(`growth: ${size} ${growing}, samples ${samples}, seed ${seed}`);
    runs.push(await classify(train, first, { ...asked, seed }));
  }
  const shape = { rows: train.X.rows, inputs: train.X.cols, outputs: classes };
  return {
    growing,
    size,
    samples,
    runs: runs.length,
    seconds: median(runs.map((run) => run.seconds)),
    counted: median(runs.map(({ report }) => report.operations)),
    planned: plan(shape, { ...asked, precision: 'float32' }).operations,
  };
}

function sizesTable(points: readonly Point[], seeds: number): Table {
  return {
    title: 'Seconds and operations',
    settings: { seeds, threads: defaultThreads() },
    columns: {
      growing: 'text',
      size: 'integer',
      samples: 'text',
      runs: 'integer',
      seconds: 'seconds',
      '10⁹ counted': 'decimal',
      '10⁹ planned': 'decimal',
      'as planned': 'text',
      'GFLOP/s': 'decimal',
    },
    rows: points.map(({ growing, size, samples, runs, seconds, counted, planned }) => ({
      growing,
      size,
      samples,
      runs,
      seconds,
      '10⁹ counted': counted / 1e9,
      '10⁹ planned': planned / 1e9,
      'as planned': counted === planned,
      'GFLOP/s': counted / seconds / 1e9,
    })),
  };
}

/** The p of time ~ sizeᵖ, and the same of the operations, for each series. */
export function exponentsTable(points: readonly Point[]): Table {
  const series = [...new Set(points.map(({ growing, samples }) => `${growing} ${samples}`))];
  return {
    title: 'Fitted exponents p of c · sizeᵖ',
    settings: {},
    columns: {
      growing: 'text',
      sizes: 'text',
      samples: 'text',
      seconds: 'decimal',
      counted: 'decimal',
      planned: 'decimal',
    },
    rows: series.map((name): Record<string, Cell> => {
      const those = points.filter(({ growing, samples }) => `${growing} ${samples}` === name);
      const sizes = those.map(({ size }) => size);
      const fit = (figure: 'seconds' | 'counted' | 'planned') =>
        exponent(
          sizes,
          those.map((point) => point[figure]),
        );
      const { growing, samples } = those[0]!;
      return {
        growing,
        sizes: `${Math.min(...sizes).toLocaleString('en')} to ${Math.max(...sizes).toLocaleString('en')}`,
        samples,
        seconds: fit('seconds'),
        counted: fit('counted'),
        planned: fit('planned'),
      };
    }),
  };
}
