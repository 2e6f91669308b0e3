import { allocate, type FloatArray } from '../matrix.js';

/** The lasting arrays of a training and of the trials before it, which have the same sizes: one set serves all in turn. */
export class Memory {
  readonly #like: FloatArray;
  readonly #arrays = new Map<number, FloatArray[]>();
  #taken = new Map<number, number>();

  /** @param like of the precision wanted */
  constructor(like: FloatArray) {
    this.#like = like;
  }

  /** Zeros, until they are given back. */
  take(length: number): FloatArray {
    const arrays = this.#arrays.get(length) ?? [];
    this.#arrays.set(length, arrays);
    const taken = this.#taken.get(length) ?? 0;
    this.#taken.set(length, taken + 1);
    return arrays[taken]?.fill(0) ?? (arrays[taken] = allocate(this.#like, length));
  }

  /** All that `use` takes is given back when it is over. */
  async lend<T>(use: () => Promise<T>): Promise<T> {
    const before = new Map(this.#taken);
    try {
      return await use();
    } finally {
      this.#taken = before;
    }
  }
}
