import { matrix, paper, plan, trainClassifier, trainRegressor, type TrainReport } from '../../../lib/index.js';
import { defaultThreads } from '../../../lib/threads.js';
import { withArrays } from '../../arrays.js';
import { imageRows } from '../../classification.js';
import { linearMap, mulberry32, teacher } from '../../data/toy.js';
import { imageSets } from '../../part.js';
import { progress } from '../../progress.js';
import { hasModule } from '../../python.js';
import { deviation, mean, median, range } from '../../statistics.js';
import { timed } from '../../stopwatch.js';
import type { Table } from '../../table.js';
import { fastestThreads, torch, type TorchData, type TorchSetting } from '../../torch.js';
import { share, type Effort, type Measured } from '../experiment.js';
import { split, type Options } from '../task.js';

/** One training: its seconds, what it came to, and its operations. */
interface Run {
  seconds: number;
  value: number;
  operations?: number;
}

/** Both sides of a problem; Adam, where it has a part in it, is to come to what we came to. */
interface Contest {
  problem: string;
  planned: number;
  ours: (seed: number) => Promise<Run>;
  adam?: { data: TorchData; setting: TorchSetting };
}

/** Training seconds of each run of Adam. */
const limit = 10;

/** The claim of a deterministic time: operations planned and counted, and the spread of seconds over many runs. */
export async function time(effort: Effort): Promise<Measured> {
  const notes = [
    'Fewer operations than planned are steps refused or samples beyond their margin; more are a fall to the SVD, which no plan foresees.',
  ];
  const summary: Table = {
    title: 'Operations planned and counted, and the spread of the wall time',
    settings: { runs: share(effort, 20), threads: defaultThreads() },
    columns: {
      problem: 'text',
      trainer: 'text',
      'median, s': 'seconds',
      'least, s': 'seconds',
      'greatest, s': 'seconds',
      'deviation / mean': 'percent',
      '10⁹ planned': 'decimal',
      '10⁹ counted': 'decimal',
      'counted alike': 'text',
      'as planned': 'text',
    },
    rows: [],
  };
  const runs: Table = {
    title: 'Each run',
    settings: {},
    columns: { problem: 'text', trainer: 'text', run: 'integer', seconds: 'decimal' },
    rows: [],
  };
  const hasTorch = await hasModule('torch', 'python3-torch', notes);
  const record = (problem: string, trainer: string, found: readonly Run[], planned?: number) => {
    if (found.length === 0) return;
    summary.rows.push(summaryRow(problem, trainer, found, planned));
    found.forEach(({ seconds }, run) => runs.rows.push({ problem, trainer, run, seconds }));
  };
  const compete = async ({ problem, planned, ours, adam }: Contest) => {
    await ours(0); // the first call of a process takes longer
    const found: Run[] = [];
    for (const seed of range(share(effort, 20))) {
      progress(`paper: time, ${problem}, bpls, run ${seed}`);
      found.push(await ours(seed));
    }
    record(problem, 'bpls', found, planned);
    if (!hasTorch || !adam) return;
    const { data, setting } = adam;
    progress(`paper: time, ${problem}, Adam`);
    const target = median(found.map(({ value }) => value));
    const threads = await fastestThreads(data, setting, defaultThreads(), effort.effort);
    const limits = { gridLimit: 2 * effort.effort, limit: limit * effort.effort, target, seeds: share(effort, 20) };
    const { points } = await torch(data, setting, threads, limits);
    record(problem, 'Adam', arrivals(points, target));
    if (arrivals(points, target).length < limits.seeds)
      notes.push(
        `${problem}: Adam came to what bpls did within ${limits.limit} s in ${arrivals(points, target).length} of ${limits.seeds} runs.`,
      );
  };
  await compete(linear());
  await withTeacher(compete);
  for (const contest of imageContests(notes)) await compete(contest);
  return { curves: [], tables: [summary, runs], notes };
}

/** The moment at which each seed's training came to the target. */
export function arrivals(
  points: readonly { seed: number; seconds: number; accuracy?: number; error?: number }[],
  target: number,
): Run[] {
  const first = new Map<number, Run>();
  for (const { seed, seconds, accuracy, error } of points)
    if (!first.has(seed) && (accuracy === undefined ? error! <= target : accuracy >= target))
      first.set(seed, { seconds, value: accuracy ?? error! });
  return [...first.values()];
}

export function summaryRow(problem: string, trainer: string, runs: readonly Run[], planned?: number) {
  const seconds = runs.map((run) => run.seconds);
  const counted = runs.flatMap(({ operations }) => operations ?? []);
  const most = Math.max(...counted);
  return {
    problem,
    trainer,
    'median, s': median(seconds),
    'least, s': Math.min(...seconds),
    'greatest, s': Math.max(...seconds),
    'deviation / mean': (deviation(seconds) ?? 0) / mean(seconds),
    '10⁹ planned': planned === undefined ? undefined : planned / 1e9,
    '10⁹ counted': counted.length > 0 ? most / 1e9 : undefined,
    'counted alike': counted.length > 0 ? most === Math.min(...counted) : undefined,
    'as planned': planned === undefined ? undefined : counted.every((count) => count === planned),
  };
}

function ran(seconds: number, value: number, { operations }: TrainReport): Run {
  return { seconds, value, operations };
}

const rows = { train: 5000, test: 1000 };

/** The paper's one pass; `injective` has Adam, which in float64 comes nearer. */
function linear(): Contest {
  const [train, test] = split(linearMap(rows.train + rows.test, 64, 64, mulberry32(1000)), rows.train);
  const options = { ...paper, hidden: [64], activation: 'identity', iterations: 1 } as const;
  return {
    problem: 'linear map 64 → 64, the preset `paper`, one pass',
    planned: plan({ rows: rows.train, inputs: 64, outputs: 64 }, { ...options, precision: 'float64' }).operations,
    ours: async (seed) => {
      const { value: model, seconds } = await timed(() => trainRegressor(train.X, train.Y, { ...options, seed }));
      return ran(seconds, (await model.evaluate(test.X, test.Y)).relativeError, model.report);
    },
  };
}

async function withTeacher(compete: (contest: Contest) => Promise<void>): Promise<void> {
  const mapping = teacher(rows.train + rows.test, 64, 16, 8, mulberry32(2000));
  const [train, test] = split(mapping, rows.train);
  const options: Options = { hidden: [64], ridge: 0, iterations: 8 };
  const arrays = { X: train.X.data, Y: train.Y.data, X_test: test.X.data, Y_test: test.Y.data };
  await withArrays(arrays, (folder) =>
    compete({
      problem: 'teacher of 16 tanh units, 64 by 64, 8 iterations',
      planned: plan({ rows: rows.train, inputs: 64, outputs: 8 }, { ...options, precision: 'float64' }).operations,
      ours: async (seed) => {
        const { value: model, seconds } = await timed(() => trainRegressor(train.X, train.Y, { ...options, seed }));
        return ran(seconds, (await model.evaluate(test.X, test.Y)).relativeError, model.report);
      },
      adam: {
        data: { folder, columns: 64, outputs: 8, validation: 1000 },
        setting: { optimizer: 'adam', hidden: [64], activation: 'tanh', batch: 256, rates: [1e-3, 3e-3, 1e-2] },
      },
    }),
  );
}

function* imageContests(notes: string[]): Generator<Contest> {
  const [set] = imageSets(notes);
  if (!set) return;
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  const X = matrix(train.X.data, train.X.rows, train.X.cols);
  const shape = { rows: X.rows, inputs: X.cols, outputs: set.classes.length };
  for (const samples of ['all', 'margin'] as const) {
    const options = { hidden: [100], iterations: 2, ridge: 1e-4, samples };
    yield {
      problem: `${set.name}, 784-100-10, 2 iterations, samples: '${samples}'`,
      planned: plan(shape, { ...options, precision: 'float32' }).operations,
      ours: async (seed) => {
        const { value: model, seconds } = await timed(() => trainClassifier(X, train.labels, { ...options, seed }));
        return ran(seconds, (await model.evaluate(test.X, test.labels)).accuracy, model.report);
      },
      adam: {
        data: { folder: set.folder, validation: 10_000 },
        setting: { optimizer: 'adam', hidden: [100], batch: 128, rates: [1e-3, 2e-3, 4e-3] },
      },
    };
  }
}
