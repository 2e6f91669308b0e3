import { Peer, versionsLine, type PeerThreads } from './python.js';
import { median } from './statistics.js';

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

/** Trains until the target accuracy, or for so many training seconds. */
export async function traceAdam(
  folder: string,
  setting: AdamSetting,
  threads: PeerThreads,
  until: { target?: number; limit: number },
): Promise<Trace> {
  const options = { ...setting, ...until, threads: threads.openmp };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { peer, versions } = await Peer.start('adam.py', [folder, ...args], threads);
  const points: Trace['points'] = [];
  for await (const { seconds, accuracy = 0 } of peer.rest()) points.push({ seconds, accuracy });
  return { setting, points, versions: versionsLine(versions) };
}

/** Seconds until any of the trainings was at least as accurate; undefined where none ever was. */
export function timeTo(traces: readonly Trace[], accuracy: number): number | undefined {
  const times = traces.flatMap(({ points }) => points.find((point) => point.accuracy >= accuracy)?.seconds ?? []);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/**
 * The fastest way to share cores out between PyTorch's own loops, which are OpenMP's, and OpenBLAS, found by trying. Which
 * it is depends on the width of the network, and it matters: threads of the one that spin while the other wants their
 * cores can cost a factor of ten.
 */
export async function fastestThreads(folder: string, hidden: number, cores: number): Promise<PeerThreads> {
  const candidates: PeerThreads[] = [
    { openblas: cores, openmp: 1 },
    { openblas: cores, openmp: cores, sleep: true },
    { openblas: 1, openmp: cores },
  ];
  const paces: number[] = [];
  for (const threads of candidates) {
    const { points } = await traceAdam(folder, { hidden, batch: 128, rate: 1e-3 }, threads, { limit: 3 });
    // Points are equally many steps apart.
    paces.push(median(points.map(({ seconds }, i) => seconds - (points[i - 1]?.seconds ?? 0))));
  }
  return candidates[paces.indexOf(Math.min(...paces))]!;
}
