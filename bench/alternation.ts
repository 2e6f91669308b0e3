import { setTimeout as sleep } from 'node:timers/promises';
import { range } from './statistics.js';

/** Threads that wait for more work keep a core for some milliseconds after a run (OpenBLAS's for about 30). */
const pause = 150;

/**
 * Runs rivals in turn, `repeats` times over, every second time in the opposite order: whatever slows the machine for a
 * while, or favours the first, falls on all of them. Between two runs there is a pause, so that the threads of one are
 * asleep when the next begins.
 *
 * @returns what each rival gave, in the order of `rivals`
 */
export async function alternate<T>(
  repeats: number,
  rivals: readonly ((repeat: number) => Promise<T>)[],
): Promise<T[][]> {
  const results = rivals.map((): T[] => []);
  for (const repeat of range(repeats)) {
    const order = range(rivals.length);
    for (const k of repeat % 2 === 0 ? order : order.reverse()) {
      await sleep(pause);
      results[k]!.push(await rivals[k]!(repeat));
    }
  }
  return results;
}
