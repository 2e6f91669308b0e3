import { adamName, fastestThreads, timeTo, traceAdam, type AdamSetting, type Trace } from './adam.js';
import { progress } from './progress.js';
import type { PeerThreads } from './python.js';

/** Most training seconds of one setting. */
export const adamLimit = 60;

const widths = [512, 256, 128];

/** All settings, those first that are likely to be fast: the best time so far is the limit of the next. */
export function adamGrid(): AdamSetting[] {
  return [1e-3, 2e-3, 5e-4].flatMap((rate) =>
    widths.flatMap((hidden) => [128, 256, 64].map((batch) => ({ hidden, batch, rate }))),
  );
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
    threads.set(hidden, await fastestThreads(folder, hidden, cores));
  }
  return threads;
}

/**
 * Trains by every setting of the grid until it reaches the target accuracy, or until the time in which another has, and by
 * the winner once more to the limit. `between` runs after each.
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
  await run(winner(traces, target).setting, { limit: adamLimit });
  return traces;
}
