import { lstsq, matrix, ridge, trainClassifier, type ClassifierOptions } from '../../lib/index.js';
import { defaultThreads } from '../../lib/threads.js';
import { alternate } from '../alternation.js';
import { classify, imageRows } from '../classification.js';
import { uniforms } from '../data/floats.js';
import type { Precision } from '../data/matrices.js';
import { loadMnist, type ImageSet } from '../data/mnist.js';
import { mulberry32 } from '../data/toy.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { hasModule, Peer, versionsLine } from '../python.js';
import { mean, median } from '../statistics.js';
import { timed } from '../stopwatch.js';
import type { Cell, Table } from '../table.js';
import { atLeast, wantedColumns } from '../wanted.js';

const threads = defaultThreads();
const hidden = [1000];
const image = { height: 28, width: 28 };
/** Given on both sides, so that both do the same: `auto` would search. */
const given = { hidden: 1e-4, output: 2e-4 };
const uniform: ClassifierOptions = { hidden, init: 'uniform', iterations: 0, ridge: given };
const penalty = 1e-3;

/** One run of either side. */
export interface Run {
  seconds: number;
  accuracy?: number;
}

/** The same work on both sides. */
interface Duel {
  task: string;
  precision: Precision;
  /** NumPy's seconds ÷ this package's. */
  wanted: number;
  /** Runs that count; short ones come after one that does not. */
  repeats: number;
  short: boolean;
  /** Arguments of bench/peers/bpls_numpy.py. */
  peer: string[];
  run: (seed: number) => Promise<Run>;
}

/** The same algorithms in NumPy and SciPy, on the same threads. */
export async function numpy({ seeds }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const table: Table = {
    title: 'Median seconds of the same work',
    settings: { threads },
    columns: {
      task: 'text',
      precision: 'text',
      runs: 'integer',
      'bpls, s': 'decimal',
      'NumPy, s': 'decimal',
      ratio: 'decimal',
      ...wantedColumns,
      'bpls accuracy': 'percent',
      'NumPy accuracy': 'percent',
    },
    rows: [],
  };
  const description =
    'NumPy and SciPy: bench/peers/bpls_numpy.py, written for speed: symmetric products by `syrk`, one Cholesky factor for ' +
    'many right-hand sides, hidden-layer work on active rows only. Its runs alternate with this package’s in one process ' +
    'each; loading data counts on neither side. Accuracies are means on the 10,000 test rows of MNIST.';
  if (await hasModule('scipy', 'python3-scipy', notes))
    for await (const duel of duels(loadMnist())) {
      const { row, versions } = await fight({ ...duel, repeats: seeds ?? duel.repeats });
      table.rows.push(row);
      if (!notes.includes(versions)) notes.push(versions);
    }
  return { description, tables: [table], notes };
}

async function* duels(set: ImageSet): AsyncGenerator<Duel> {
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  const images = {
    precision: 'float32',
    peer: ['--folder', set.folder, '--ridge', String(given.hidden), String(given.output)],
  } as const;
  const training = (options: ClassifierOptions) => (seed: number) =>
    classify(train, test, { ...options, seed, threads });
  yield {
    ...images,
    task: 'U[−1, 1] features and the output solve, 784-1000-10',
    peer: ['random', ...images.peer],
    wanted: 1.4,
    repeats: 5,
    short: true,
    run: training(uniform),
  };
  yield {
    ...images,
    task: '8 iterations, the ridge given, on image windows, 784-1000-10',
    peer: ['train', ...images.peer],
    wanted: 3,
    repeats: 3,
    short: false,
    run: training({ hidden, image, iterations: 8, ridge: given }),
  };
  const model = await trainClassifier(train.X, train.labels, { ...uniform, threads });
  yield {
    ...images,
    task: 'the classes of 10,000 rows, 784-1000-10',
    peer: ['predict', ...images.peer],
    wanted: 1.5,
    repeats: 21,
    short: true,
    run: () => timed(() => model.predict(test.X, { threads })),
  };
  for (const precision of ['float32', 'float64'] as const) yield* solving(precision);
}

/** Least squares and ridge on numbers from U[−1, 1]. */
function* solving(precision: Precision): Generator<Duel> {
  const random = mulberry32(1);
  const draw = (rows: number, cols: number) => matrix(uniforms(precision, rows * cols, random), rows, cols);
  const [A, B] = [draw(20_000, 500), draw(20_000, 10)];
  const shared = { precision, wanted: 1, short: true };
  yield {
    ...shared,
    task: 'lstsq by the SVD (gelsd), 20,000 × 500, ten right-hand sides',
    peer: ['lstsq', '--precision', precision],
    repeats: 5,
    run: () => timed(() => lstsq(A, B, { solver: 'svd', threads })),
  };
  yield {
    ...shared,
    task: 'ridge by Cholesky, 20,000 × 500, ten right-hand sides',
    peer: ['ridge', '--precision', precision],
    repeats: 21,
    run: () => timed(() => ridge(A, B, { solver: 'cholesky', ridge: penalty, threads })),
  };
}

async function fight(duel: Duel): Promise<{ row: Record<string, Cell>; versions: string }> {
  const { task, precision, repeats, short } = duel;
  const { peer, versions } = await Peer.start('bpls_numpy.py', duel.peer, { openblas: threads, openmp: 1 });
  try {
    const watched = (name: string, run: (seed: number) => Promise<Run>) => (seed: number) => {
      progress(`numpy: ${task}, ${precision}, ${name}, run ${seed}`);
      return run(seed);
    };
    const all = await alternate(repeats + (short ? 1 : 0), [
      watched('bpls', duel.run),
      watched('NumPy', (seed) => peer.next(seed)),
    ]);
    const [ours, theirs] = all.map((runs) => runs.slice(-repeats)) as [Run[], Run[]];
    return { row: duelRow(duel, ours, theirs), versions: versionsLine(versions) };
  } finally {
    await peer.close();
  }
}

export function duelRow(
  { task, precision, wanted }: Pick<Duel, 'task' | 'precision' | 'wanted'>,
  ours: readonly Run[],
  theirs: readonly Run[],
): Record<string, Cell> {
  const seconds = (runs: readonly Run[]) => median(runs.map((run) => run.seconds));
  const accuracy = (runs: readonly Run[]) => {
    const known = runs.flatMap((run) => run.accuracy ?? []);
    return known.length > 0 ? mean(known) : undefined;
  };
  const ratio = seconds(theirs) / seconds(ours);
  return {
    task,
    precision,
    runs: ours.length,
    'bpls, s': seconds(ours),
    'NumPy, s': seconds(theirs),
    ratio,
    ...atLeast(ratio, wanted),
    'bpls accuracy': accuracy(ours),
    'NumPy accuracy': accuracy(theirs),
  };
}
