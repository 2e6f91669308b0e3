import { allocate, type FloatArray } from './matrix.js';
import { turns } from './turns.js';

/** Σ x_i y_i of the first `length` numbers. On this thread, which takes no longer than the lane: it is bound by memory. */
export async function innerProduct(x: FloatArray, y: FloatArray, length = x.length): Promise<number> {
  let sum = 0;
  for await (const [begin, end] of turns(length, 2)) sum = plusProducts(sum, x, y, begin, end);
  return sum;
}

/** By itself: a sum that lives across turns is an object of the heap each time it changes. */
function plusProducts(sum: number, x: FloatArray, y: FloatArray, begin: number, end: number): number {
  for (let i = begin; i < end; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}

/** Copies numbers to the first of another array; that takes a quarter of what it takes to look at each. */
export async function copyTo<T extends FloatArray>(to: T, from: FloatArray): Promise<T> {
  for await (const [begin, end] of turns(from.length, 1 / 4)) to.set(from.subarray(begin, end), begin);
  return to;
}

export async function copyOf<T extends FloatArray>(from: T): Promise<T> {
  return (await copyTo(allocate(from, from.length), from)) as T;
}

/** to += factor · from */
export async function addTo(to: FloatArray, factor: number, from: FloatArray): Promise<void> {
  for await (const [begin, end] of turns(from.length))
    for (let i = begin; i < end; i++) (to[i] as number) += factor * (from[i] as number);
}

/** values *= factor */
export async function scale(values: FloatArray, factor: number): Promise<void> {
  for await (const [begin, end] of turns(values.length))
    for (let i = begin; i < end; i++) (values[i] as number) *= factor;
}
