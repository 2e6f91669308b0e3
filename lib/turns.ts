import { setImmediate as nextTurn } from 'node:timers/promises';
import { refuseAborted } from './errors.js';

/** So many numbers hold the event loop up for a few milliseconds. */
const atOnce = 2 ** 16;

/** An exponential takes as long as so many numbers that are only touched. */
export const costOfExponential = 8;

/**
 * Indices from 0 to `count`, run after run, with a turn of the event loop between two; `each` numbers are touched at
 * one.
 *
 * @throws AbortedError after the turn in which the signal aborted
 */
export async function* turns(
  count: number,
  each = 1,
  signal?: AbortSignal,
): AsyncGenerator<[begin: number, end: number]> {
  const size = Math.max(1, Math.floor(atOnce / each));
  for (let begin = 0; begin < count; begin += size) {
    if (begin > 0) await nextTurn();
    refuseAborted(signal);
    yield [begin, Math.min(begin + size, count)];
  }
}
