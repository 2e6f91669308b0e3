import { progress } from './progress.js';
import type { PeerThreads } from './python.js';
import { fastestThreads, torch, type TorchSetting } from './torch.js';

/** One network, and one way to train it by PyTorch's Adam. */
export interface AdamSetting {
  hidden: number;
  batch: number;
  rate: number;
}

/** Training seconds and test accuracy as a training went on. */
export interface Trace {
  setting: AdamSetting;
  points: { seconds: number; accuracy: number }[];
  versions: string;
}

export function adamName({ hidden, batch, rate }: AdamSetting): string {
  return `PyTorch's Adam, 784-${hidden}-10, batch ${batch}, rate ${rate}`;
}

function torchSetting({ hidden, batch, rate }: AdamSetting): TorchSetting {
  return { optimizer: 'adam', hidden: [hidden], batch, rates: [rate] };
}

/** Trains until the target accuracy, or for so many training seconds. */
async function traceAdam(
  folder: string,
  setting: AdamSetting,
  threads: PeerThreads,
  until: { target?: number; limit: number },
): Promise<Trace> {
  const { points, versions } = await torch({ folder }, torchSetting(setting), threads, until);
  return { setting, points: points.map(({ seconds, accuracy = 0 }) => ({ seconds, accuracy })), versions };
}

/** Seconds until any of the trainings was at least as accurate; undefined where none ever was. */
export function timeTo(traces: readonly Pick<Trace, 'points'>[], accuracy: number): number | undefined {
  const times = traces.flatMap(({ points }) => points.find((point) => point.accuracy >= accuracy)?.seconds ?? []);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Most training seconds of one setting. */
export const adamLimit = 60;

const widths = [512, 256, 128, 1000, 64];
const batches = [256, 128, 512];
const rates = [2e-3, 1e-3, 4e-3];

/** All settings, those first that are likely to be fast: the best time so far is the limit of the next. */
export function adamGrid(): AdamSetting[] {
  return rates.flatMap((rate) => widths.flatMap((hidden) => batches.map((batch) => ({ hidden, batch, rate }))));
}

/** What of a setting is least or most in the grid, where a better one may lie beyond. */
export function atEnds({ hidden, batch, rate }: AdamSetting): string[] {
  const isEnd = (value: number, all: number[]) => value === Math.min(...all) || value === Math.max(...all);
  return [
    ...(isEnd(hidden, widths) ? [`${hidden} units`] : []),
    ...(isEnd(batch, batches) ? [`batch ${batch}`] : []),
    ...(isEnd(rate, rates) ? [`rate ${rate}`] : []),
  ];
}

/** The training that was first at the target, or the most accurate where none came to it. */
export function winner(traces: readonly Trace[], target: number): Trace {
  const time = (trace: Trace) => timeTo([trace], target) ?? Infinity;
  const best = (trace: Trace) => Math.max(0, ...trace.points.map(({ accuracy }) => accuracy));
  return traces.reduce((a, b) => (time(b) < time(a) || (time(a) === Infinity && best(b) > best(a)) ? b : a));
}

/** Threads for each width of the grid. */
export type Threads = ReadonlyMap<number, PeerThreads>;

export async function threadsOfWidths(folder: string, cores: number): Promise<Threads> {
  const threads = new Map<number, PeerThreads>();
  for (const hidden of widths) {
    progress(`peers: threads of PyTorch and OpenBLAS, 784-${hidden}-10`);
    const setting = torchSetting({ hidden, batch: 128, rate: 1e-3 });
    threads.set(hidden, await fastestThreads({ folder }, setting, cores));
  }
  return threads;
}

/**
 * Trains by every setting of the grid until it reaches the target accuracy, or until the time in which another has, and by
 * the best of each width once more to the limit, the winner's first: wider ones are later, but come further. `between`
 * runs after each.
 */
export async function race(
  folder: string,
  target: number,
  threads: Threads,
  between: () => Promise<void>,
): Promise<Trace[]> {
  const traces: Trace[] = [];
  const run = async (setting: AdamSetting, until: { target?: number; limit: number }) => {
    progress(`peers: ${adamName(setting)}, at most ${until.limit.toFixed(1)} s`);
    traces.push(await traceAdam(folder, setting, threads.get(setting.hidden)!, until));
    await between();
  };
  for (const setting of adamGrid()) await run(setting, { target, limit: timeTo(traces, target) ?? adamLimit });
  const first = winner(traces, target).setting.hidden;
  const bestOf = (hidden: number) =>
    winner(
      traces.filter(({ setting }) => setting.hidden === hidden),
      target,
    ).setting;
  const best = [first, ...widths.filter((hidden) => hidden !== first)].map(bestOf);
  for (const setting of best) await run(setting, { limit: adamLimit });
  return traces;
}
