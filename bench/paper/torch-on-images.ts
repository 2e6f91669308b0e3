import { defaultThreads } from '../../lib/threads.js';
import type { ImageSet } from '../data/mnist.js';
import { progress } from '../progress.js';
import type { PeerThreads } from '../python.js';
import { fastestThreads, type Optimizer, type TorchSetting } from '../torch.js';
import type { Curve } from './curve.js';
import type { Effort } from './experiment.js';
import { torchCurves } from './torch-curve.js';

/** Last rows to train on, by which all sides choose their settings. */
export const validation = 10_000;

/**
 * Training seconds of a tuned run, of one with a rate that falls along a cosine to the end, where a shorter one is sooner,
 * and of each rate of a grid.
 */
export const limits = { run: 40, cosine: [2, 6, 15, 40], grid: 3 };

const rates: Record<Optimizer, number[]> = {
  adam: [5e-4, 1e-3, 2e-3, 4e-3],
  sgd: [0.1, 0.3, 1],
  nag: [0.03, 0.1, 0.3],
  adagrad: [0.003, 0.01, 0.03],
};

/** What Adam trains: the paper's sizes, one between them, which is soon at most levels, and larger batches. */
const adamNetworks = [
  { units: 100, batch: 128 },
  { units: 300, batch: 128 },
  { units: 300, batch: 512 },
  { units: 1000, batch: 128 },
  { units: 1000, batch: 512 },
];

/** Trainings of one hidden layer by PyTorch, each with its rate chosen beforehand. */
export class TorchOnImages {
  readonly #threads = new Map<number, PeerThreads>();
  readonly #effort: number;
  readonly #notes: string[];

  /** @param notes gets the versions, and the threads of each width */
  constructor({ effort }: Effort, notes: string[]) {
    this.#effort = effort;
    this.#notes = notes;
  }

  /** Adam at a constant rate, and with one that falls along a cosine. `between` runs after each. */
  async adam(
    set: ImageSet,
    between = (): Promise<void> => Promise.resolve(),
  ): Promise<Record<'constant' | 'cosine', Curve[]>> {
    const curves: Record<'constant' | 'cosine', Curve[]> = { constant: [], cosine: [] };
    for (const { units, batch } of adamNetworks)
      for (const schedule of ['constant', 'cosine'] as const) {
        curves[schedule].push(...(await this.curves(set, units, 'adam', { batch, schedule })));
        await between();
      }
    return curves;
  }

  async curves(
    { name, folder }: ImageSet,
    units: number,
    optimizer: Optimizer,
    { batch = 128, schedule = 'constant' }: Partial<Pick<TorchSetting, 'batch' | 'schedule'>> = {},
  ): Promise<Curve[]> {
    const setting: TorchSetting = { optimizer, hidden: [units], batch, rates: rates[optimizer], schedule };
    const threads = await this.#threadsOf(folder, units, setting);
    const runs = (schedule === 'cosine' ? limits.cosine : [limits.run]).map((limit) => limit * this.#effort);
    const seconds = { grid: limits.grid * this.#effort, runs };
    return torchCurves(name, { folder, validation }, setting, threads, seconds, this.#notes);
  }

  async #threadsOf(folder: string, units: number, setting: TorchSetting): Promise<PeerThreads> {
    const known = this.#threads.get(units);
    if (known) return known;
    progress(`threads of PyTorch and OpenBLAS, ${units} units`);
    const threads = await fastestThreads({ folder }, setting, defaultThreads(), 2 * this.#effort);
    this.#threads.set(units, threads);
    this.#notes.push(
      `PyTorch, ${units} units: ${threads.openblas} threads of OpenBLAS and ${threads.openmp} of its own` +
        `${threads.sleep ? ' that sleep while they wait' : ''}, which was the fastest of three ways.`,
    );
    return threads;
  }
}
