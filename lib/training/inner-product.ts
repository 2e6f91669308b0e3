import type { FloatArray } from '../matrix.js';
import { turns } from '../turns.js';

/** Σ x_i y_i of the first `length` numbers. On this thread, which takes no longer than the lane: it is bound by memory. */
export async function innerProduct(x: FloatArray, y: FloatArray, length = x.length): Promise<number> {
  let sum = 0;
  for await (const [begin, end] of turns(length, 2))
    for (let i = begin; i < end; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}
