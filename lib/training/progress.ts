/** The share by which a loss that goes on falling falls; so many iterations in a row without it are enough. */
const share = 0.01;

/** Says when a loss has stopped falling. */
export class Progress {
  readonly #waits: number;
  /** The loss from which a fall is measured. */
  #mark = Infinity;
  #waited = 0;

  constructor(waits: number) {
    this.#waits = waits;
  }

  /** Takes note of the loss after an iteration; true where it has not fallen by the share for long enough. */
  isOver(loss: number): boolean {
    if (loss < this.#mark * (1 - share)) [this.#mark, this.#waited] = [loss, 0];
    else this.#waited++;
    return this.#waited >= this.#waits;
  }

  state(): [mark: number | null, waited: number] {
    return [Number.isFinite(this.#mark) ? this.#mark : null, this.#waited];
  }

  resume([mark, waited]: [number | null, number]): void {
    [this.#mark, this.#waited] = [mark ?? Infinity, waited];
  }
}
