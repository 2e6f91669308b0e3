import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FloatArray } from './matrix.js';

/** So many numbers hold the event loop up for a few milliseconds. */
const atOnce = 2 ** 16;

/** An exponential takes as long as so many numbers that are only touched. */
export const costOfExponential = 8;

/**
 * Indices from 0 to `count`, run after run, with a turn of the event loop between two; `each` numbers are touched at
 * one.
 */
export async function* turns(count: number, each = 1): AsyncGenerator<[begin: number, end: number]> {
  const size = Math.max(1, Math.floor(atOnce / each));
  for (let begin = 0; begin < count; begin += size) {
    if (begin > 0) await nextTurn();
    yield [begin, Math.min(begin + size, count)];
  }
}

/** Copies numbers to the first of another array; that takes a quarter of what it takes to look at each. */
export async function copyTo<T extends FloatArray>(to: T, from: FloatArray): Promise<T> {
  for await (const [begin, end] of turns(from.length, 1 / 4)) to.set(from.subarray(begin, end), begin);
  return to;
}

/** to += factor · from */
export async function addTo(to: FloatArray, factor: number, from: FloatArray): Promise<void> {
  for await (const [begin, end] of turns(from.length))
    for (let i = begin; i < end; i++) (to[i] as number) += factor * (from[i] as number);
}

export async function scale(values: FloatArray, factor: number): Promise<void> {
  for await (const [begin, end] of turns(values.length))
    for (let i = begin; i < end; i++) (values[i] as number) *= factor;
}
