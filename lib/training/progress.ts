/** The share by which a loss that goes on falling falls; so many iterations in a row without it are enough. */
const share = 0.01;

/** Says when a loss has stopped falling. */
export class Progress {
  readonly #waits: number;
  readonly #follows: boolean;
  /** The loss from which a fall is measured. */
  #mark = Infinity;
  #waited = 0;

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

  state(): [mark: number | null, waited: number] {
    return [Number.isFinite(this.#mark) ? this.#mark : null, this.#waited];
  }

  resume([mark, waited]: [number | null, number]): void {
    [this.#mark, this.#waited] = [mark ?? Infinity, waited];
  }
}
