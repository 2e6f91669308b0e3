import type { Settings } from '../options.js';

/** Iterations of `auto`: as many as are always made, and at most, while that pays. */
export const leastIterations = 8;
const mostIterations = 64;
/**
 * Iterations without progress that are the end: in the loss on the training rows, or on held-out ones, which is less
 * regular.
 */
const [ownWaits, heldOutWaits] = [2, 4];
/** Iterations in which it shows whether a change pays. */
const changeWaits = 2;
/** The share by which a loss that goes on falling falls; so many iterations in a row without it are enough. */
const share = 0.01;

/** Rows that are many: a training can spare some. */
export const manyRows = 25_000;

/** Whether a training holds rows out to find its end by them; only where it is left to it, and rows are many. */
export function holdsOut({ iterations, targets, hidden, validation }: Settings, rows: number): boolean {
  const isFree = iterations === 'auto' && validation === undefined;
  return isFree && targets === 'gauss-newton' && hidden.length > 0 && rows >= manyRows;
}

/** The number of iterations, or at most. */
export function iterationsOf({ iterations, targets }: Settings): number {
  if (iterations !== 'auto') return iterations;
  return targets === 'gauss-newton' ? mostIterations : leastIterations;
}

/** What finds the end of a training whose number of iterations is left to it; `hasHeldOut`: by the loss on held-out rows. */
export function progressOf({ iterations }: Settings, hasHeldOut: boolean): Progress | undefined {
  if (iterations !== 'auto') return undefined;
  // That on the training rows first rises where the first weights fit them too closely.
  return hasHeldOut ? new Progress(heldOutWaits, false) : new Progress(ownWaits, true);
}

/** Says when a loss has stopped falling. */
export class Progress {
  readonly #waits: number;
  readonly #follows: boolean;
  /** The loss from which a fall is measured. */
  #mark = Infinity;
  #waited = 0;
  /** The loss that it began with. */
  #first = Infinity;

  /** `follows`: a fall is measured from where the loss has risen to, instead of from the least. */
  constructor(waits: number, follows: boolean) {
    this.#waits = waits;
    this.#follows = follows;
  }

  /** Takes note of the loss after an iteration; true where it has not fallen by the share for long enough. */
  isOver(loss: number): boolean {
    if (loss < this.#mark * (1 - share)) [this.#mark, this.#waited] = [loss, 0];
    else {
      this.#waited++;
      if (this.#follows) this.#mark = Math.max(this.#mark, loss);
    }
    return this.#waited >= this.#waits;
  }

  /** Whether it has fallen by the share since it began. */
  get hasFallen(): boolean {
    return this.#mark < this.#first;
  }

  /** Anew from the least loss so far, for the fewer iterations that tell whether a change pays. */
  begin(): void {
    [this.#first, this.#waited] = [this.#mark, Math.max(0, this.#waits - changeWaits)];
  }

  state(): [mark: number | null, waited: number, first: number | null] {
    const orNull = (loss: number) => (Number.isFinite(loss) ? loss : null);
    return [orNull(this.#mark), this.#waited, orNull(this.#first)];
  }

  resume([mark, waited, first]: ReturnType<Progress['state']>): void {
    [this.#mark, this.#waited, this.#first] = [mark ?? Infinity, waited, first ?? Infinity];
  }
}
