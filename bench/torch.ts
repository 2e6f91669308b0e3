import { Peer, versionsLine, type PeerThreads } from './python.js';

export type Optimizer = 'adam' | 'sgd' | 'nag' | 'adagrad';

/** Rows that the script can read: a folder of IDX files, or of arrays (see arrays.ts). */
export interface TorchData {
  folder: string;
  /** Of the arrays: columns of the inputs, and of the targets; without `outputs` they are labels. */
  columns?: number;
  outputs?: number;
  /** Last rows to train on, by which a rate is chosen. */
  validation?: number;
}

/** One network, and one way to train it. */
export interface TorchSetting {
  hidden: readonly number[];
  optimizer: Optimizer;
  batch: number;
  /** Rising; the best of them on the validation rows is taken. The grid goes on where that is at an end. */
  rates: readonly number[];
  activation?: 'relu' | 'tanh' | 'identity';
  schedule?: 'constant' | 'cosine';
  precision?: 'float32' | 'float64';
}

/** A moment of a training: accuracy, or relative error, on the test rows. */
export interface TorchPoint {
  seconds: number;
  accuracy?: number;
  error?: number;
  seed: number;
}

/** A training as it went on. */
export interface TorchTrace {
  rate: number;
  /** What each rate of the grid took, and came to. */
  grid: { rate: number; seconds: number; validation: number | null }[];
  points: TorchPoint[];
  versions: string;
}

/** When a training ends, in training seconds; and those of each rate of the grid before it. */
export interface TorchLimits {
  limit: number;
  target?: number;
  gridLimit?: number;
  seeds?: number;
}

type TorchLine = TorchPoint & { rate: number; validation?: number | null };

/** The settings that the script takes, as its arguments. */
export function torchArguments(
  { folder, ...data }: TorchData,
  setting: TorchSetting,
  { gridLimit, ...limits }: TorchLimits,
  threads: PeerThreads,
): string[] {
  const options = { ...data, ...setting, ...limits, 'grid-limit': gridLimit, threads: threads.openmp };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return [folder, ...given.flatMap(([name, value]) => [`--${name}`, String(value)])];
}

/** Chooses the rate and trains, once for each seed. */
export async function torch(
  data: TorchData,
  setting: TorchSetting,
  threads: PeerThreads,
  limits: TorchLimits,
): Promise<TorchTrace> {
  const { peer, versions } = await Peer.start(
    'torch_train.py',
    torchArguments(data, setting, limits, threads),
    threads,
  );
  const trace: TorchTrace = { rate: setting.rates[0]!, grid: [], points: [], versions: versionsLine(versions) };
  for await (const { rate, validation, ...point } of peer.rest<TorchLine>()) {
    if (validation !== undefined) trace.grid.push({ rate, seconds: point.seconds, validation });
    else {
      trace.rate = rate;
      trace.points.push(point);
    }
  }
  return trace;
}

/**
 * The fastest way to share cores out between PyTorch's own loops, which are OpenMP's, and OpenBLAS, found by trying. Which
 * it is depends on the width of the network, and it matters: threads of the one that spin while the other wants their
 * cores can cost a factor of ten.
 *
 * @param seconds of each try
 */
export async function fastestThreads(
  data: TorchData,
  setting: TorchSetting,
  cores: number,
  seconds = 3,
): Promise<PeerThreads> {
  const candidates: PeerThreads[] = [
    { openblas: cores, openmp: 1 },
    { openblas: cores, openmp: cores, sleep: true },
    { openblas: 1, openmp: cores },
  ];
  const tries: TorchPoint[][] = [];
  for (const threads of candidates)
    tries.push(
      (await torch(data, { ...setting, rates: setting.rates.slice(0, 1) }, threads, { limit: seconds })).points,
    );
  // The last moment but the end, which comes by the time, is after equally many steps.
  const last = Math.max(0, Math.min(...tries.map((points) => points.length)) - 2);
  const times = tries.map((points) => points[last]?.seconds ?? Infinity);
  return candidates[times.indexOf(Math.min(...times))]!;
}
