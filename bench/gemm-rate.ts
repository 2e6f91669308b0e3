import type { FloatArray } from '../lib/index.js';
import { call } from '../lib/lane.js';
import { uniforms, zeros } from './data/floats.js';
import type { Precision } from './data/matrices.js';
import { mulberry32 } from './data/toy.js';
import { median, range } from './statistics.js';

const order = 2048;
const products = 5;

/** The machine's rate of matrix products: what no training can exceed, and what its own rate is a share of. */
export class GemmRate {
  /** How it is measured, for a table's settings. */
  static readonly settings = { gemm: `${order} × ${order} × ${order}`, products };

  readonly #threads: number;
  readonly #a: FloatArray;
  readonly #b: FloatArray;
  readonly #solution: FloatArray;

  constructor(precision: Precision, threads: number) {
    const random = mulberry32(1);
    this.#threads = threads;
    this.#a = uniforms(precision, order ** 2, random);
    this.#b = uniforms(precision, order ** 2, random);
    this.#solution = zeros(precision, order ** 2);
  }

  /** Operations a second of each of five products, after one that wakes the threads. */
  async measure(): Promise<number[]> {
    await this.#product();
    const rates: number[] = [];
    for (const _ of range(products)) rates.push(await this.#product());
    return rates;
  }

  /** What `run` gives, and the median rate of products before and after it. */
  async around<T>(run: () => Promise<T>): Promise<{ value: T; rate: number }> {
    const before = await this.measure();
    const value = await run();
    return { value, rate: median([...before, ...(await this.measure())]) };
  }

  async #product(): Promise<number> {
    const { operations, seconds } = await call({ threads: this.#threads, operations: 0 }, 'multiply', {
      a: this.#a,
      b: this.#b,
      rows: order,
      inner: order,
      columns: order,
      transposed: false,
      solution: this.#solution,
    });
    return operations / seconds;
  }
}
