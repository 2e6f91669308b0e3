import type { IterationReport } from '../report.js';
import { arraysOf, snapshotOf, type State } from './checkpoint.js';
import { copyOfSnapshot, type Snapshot, type Training } from './training.js';

/** Early stop: remembers the best weights on the validation data and says when to give up. */
export class Patience {
  readonly #training: Training;
  #best: Snapshot | undefined;
  #bestScore = -Infinity;
  #waited = 0;

  constructor(training: Training) {
    this.#training = training;
  }

  /** Takes note of an accepted iteration, at its weights; true when no better one came for long enough. */
  async spent(report: IterationReport): Promise<boolean> {
    const score = report.validation;
    if (score === undefined) {
      this.#training.bestIteration = report.iteration;
      return false;
    }
    if (score > this.#bestScore) {
      this.#bestScore = score;
      this.#best = await copyOfSnapshot(this.#training.present());
      this.#training.bestIteration = report.iteration;
      this.#waited = 0;
    } else {
      this.#waited++;
    }
    return this.#waited >= this.#training.settings.patience;
  }

  state(): State {
    const values = { bestScore: this.#bestScore, waited: this.#waited };
    return { values, arrays: this.#best ? arraysOf('best', this.#best) : {} };
  }

  async resume(state: State): Promise<void> {
    const { bestScore, waited } = state.values as { bestScore: number | null; waited: number };
    this.#waited = waited;
    if (bestScore === null) return; // JSON's −Infinity: none was better yet.
    this.#bestScore = bestScore;
    this.#best = await copyOfSnapshot(snapshotOf('best', state, this.#training.present()));
  }

  /** Leaves the best weights in the training: on validation data where given, else those last accepted. */
  restore(accepted: Snapshot): void {
    this.#training.restore(this.#best ?? accepted);
  }
}
