import { types } from 'node:util';
import { ArgumentError } from '../errors.js';
import { allocate, checkBuffer, checkEqual, describe, isArrayLike, type FloatArray } from '../matrix.js';
import type { Label } from '../network/labels.js';
import { isNonNegative, nonNegative, readOptions, type Settings } from '../options.js';
import { turns } from '../turns.js';

/** Classes of the samples: their names, and the index of each sample's own. */
interface Encoded {
  readonly classes: readonly Label[];
  readonly indices: Int32Array;
}

/** Sample weights times class weights, scaled to mean 1; undefined where neither is given. */
export async function weightsOf(
  { sampleWeights, classWeights, targets }: Settings,
  rows: number,
  like: FloatArray,
  encoded?: Encoded,
): Promise<FloatArray | undefined> {
  if (sampleWeights === undefined && classWeights === undefined) return undefined;
  if (targets !== 'gauss-newton')
    throw new ArgumentError(
      `Expected options.targets to be 'gauss-newton' with sampleWeights or classWeights but received '${targets}'`,
    );
  const given = sampleWeights === undefined ? undefined : checkWeights(sampleWeights, rows);
  const weights = new Float64Array(rows);
  let greatest = 0;
  for await (const [begin, end] of turns(rows))
    for (let i = begin; i < end; i++) {
      const value = given ? given[i] : 1;
      // Its name only where it is needed: of a million rows that takes a while.
      weights[i] = isNonNegative(value) ? value : nonNegative(`options.sampleWeights[${i}]`, value);
      greatest = Math.max(greatest, weights[i] as number);
    }
  const byClass =
    encoded && classWeights !== undefined ? await classWeightsOf(classWeights, encoded, weights, greatest) : [];
  greatest = 0;
  for await (const [begin, end] of turns(rows))
    for (let i = begin; i < end; i++) {
      (weights[i] as number) *= byClass[encoded?.indices[i] as number] ?? 1;
      greatest = Math.max(greatest, weights[i] as number);
    }
  if (!(greatest > 0 && greatest < Infinity))
    throw new ArgumentError(
      `Expected sampleWeights times classWeights to be finite and one above 0 but the greatest is ${greatest}`,
    );
  // Divided by the greatest first, so that no sum overflows.
  let sum = 0;
  for await (const [begin, end] of turns(rows))
    for (let i = begin; i < end; i++) sum += (weights[i] as number) / greatest;
  const mean = sum / rows;
  const result = allocate(like, rows);
  for await (const [begin, end] of turns(rows))
    for (let i = begin; i < end; i++) result[i] = (weights[i] as number) / greatest / mean;
  return result;
}

/** Weights of some of the samples, which have any, scaled to mean 1 again. */
export function toMeanOne<T extends FloatArray>(weights: T): T {
  let sum = 0;
  for (const weight of weights) sum += weight;
  for (let i = 0; i < weights.length; i++) weights[i] = ((weights[i] as number) / sum) * weights.length;
  return weights;
}

function checkWeights(value: unknown, rows: number): ArrayLike<unknown> {
  if (!isArrayLike(value))
    throw new ArgumentError(
      `Expected options.sampleWeights to be a typed array or number[] but received ${describe(value)}`,
    );
  if (ArrayBuffer.isView(value)) checkBuffer('options.sampleWeights', value);
  checkEqual('options.sampleWeights.length', value.length, 'X.rows', rows);
  return value;
}

async function classWeightsOf(
  value: unknown,
  { classes, indices }: Encoded,
  weights: Float64Array,
  greatest: number,
): Promise<number[]> {
  if (value === 'balanced') {
    const sums = classes.map(() => 0);
    for await (const [begin, end] of turns(indices.length))
      // Shares of the greatest, so that no sum overflows or vanishes.
      for (let i = begin; i < end; i++) (sums[indices[i] as number] as number) += (weights[i] as number) / greatest;
    const total = sums.reduce((all, sum) => all + sum / classes.length, 0);
    return sums.map((sum) => (sum > 0 ? total / sum : 0));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ArgumentError(
      `Expected options.classWeights to be 'balanced', a Map or an object but received ${describe(value)}`,
    );
  const given = types.isMap(value) ? value : namedBy(value, classes);
  const result = classes.map(() => 1);
  const places = new Map<unknown, number>(classes.map((label, k) => [label, k]));
  for (const [label, weight] of given) {
    const k = places.get(label);
    if (k === undefined)
      throw new ArgumentError(`Expected options.classWeights to name classes but received ${describe(label)}`);
    result[k] = nonNegative(`options.classWeights of ${describe(label)}`, weight);
  }
  return result;
}

/** The keys of an object are strings, also those of numeric classes. */
function namedBy(value: object, classes: readonly Label[]): Map<unknown, unknown> {
  const entries = Object.entries(readOptions(value, Object.keys(value), 'options.classWeights'));
  const named = new Map<string, Label>(classes.map((label) => [String(label), label]));
  return new Map(entries.map(([key, weight]) => [named.get(key) ?? key, weight]));
}

/** The rows that have a weight, where some have none. */
export async function weightedRows(weights: FloatArray | undefined): Promise<Int32Array | undefined> {
  if (!weights) return undefined;
  const rows = new Int32Array(weights.length);
  let count = 0;
  for await (const [begin, end] of turns(weights.length))
    for (let row = begin; row < end; row++) if ((weights[row] as number) > 0) rows[count++] = row;
  return count < rows.length ? rows.subarray(0, count) : undefined;
}

/** Weights of some of the rows. */
export function weightsAt(rows: Int32Array, weights: FloatArray | undefined): Float64Array | undefined {
  return weights && Float64Array.from(rows, (row) => weights[row] as number);
}
