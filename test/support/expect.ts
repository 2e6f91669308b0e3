import { expect } from 'vitest';
import { BplsError, type BplsErrorCode } from '../../lib/errors.js';

type ErrorClass<E extends BplsError> = abstract new (...args: never[]) => E;

/** Expects an error of exactly this class, code and message, thrown or rejected with, and returns it. */
export async function expectBplsError<E extends BplsError>(
  action: Promise<unknown> | (() => unknown),
  Class: ErrorClass<E>,
  code: BplsErrorCode,
  message: string,
): Promise<E> {
  const error = await failure(action);
  expect(error).toBeInstanceOf(BplsError);
  expect({ message: (error as Error).message }).toEqual({ message });
  expect(error).toBeInstanceOf(Class);
  expect((error as BplsError).code).toBe(code);
  return error as E;
}

/** What an action throws or rejects with. */
export async function failure(action: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    return error;
  }
  return expect.fail('Expected an error but none came');
}

/** max |actual − expected| in units of ε · `size`; infinite where an element is missing or not a number. */
export function distance(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  epsilon: number,
  size = greatest(expected),
): number {
  if (actual.length !== expected.length) return Infinity;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference;
  }
  return most === 0 ? 0 : most / (epsilon * size);
}

/** Expects the elements to agree to `limit` units of ε · max |expected|. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  epsilon: number,
  limit = 30,
  size?: number,
): void {
  expect(distance(actual, expected, epsilon, size)).toBeLessThan(limit);
}

function greatest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
