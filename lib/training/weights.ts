import { ArgumentError } from '../errors.js';
import { allocate, checkBuffer, checkEqual, describe, type FloatArray } from '../matrix.js';
import type { Label } from '../network/labels.js';
import { nonNegative, readOptions, type Settings } from '../options.js';

/** Classes of the samples: their names, and the index of each sample's own. */
interface Encoded {
  readonly classes: readonly Label[];
  readonly indices: Int32Array;
}

/** Sample weights times class weights, scaled to mean 1; undefined where neither is given. */
export function weightsOf(
  { sampleWeights, classWeights, targets }: Settings,
  rows: number,
  like: FloatArray,
  encoded?: Encoded,
): FloatArray | undefined {
  if (sampleWeights === undefined && classWeights === undefined) return undefined;
  if (targets !== 'gauss-newton')
    throw new ArgumentError(`Expected targets 'gauss-newton' with weights but received '${targets}'`);
  const weights = new Float64Array(rows).fill(1);
  if (sampleWeights !== undefined) weights.set(checkWeights(sampleWeights, rows));
  if (encoded && classWeights !== undefined) {
    const byClass = classWeightsOf(classWeights, encoded);
    encoded.indices.forEach((k, i) => ((weights[i] as number) *= byClass[k] as number));
  }
  const greatest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  if (!(greatest > 0 && greatest < Infinity))
    throw new ArgumentError(`Expected finite weights of which one is above 0 but the greatest is ${greatest}`);
  // Divided by the greatest first, so that no sum overflows.
  const mean = weights.reduce((sum, weight) => sum + weight / greatest, 0) / rows;
  const result = allocate(like, rows);
  weights.forEach((weight, i) => (result[i] = weight / greatest / mean));
  return result;
}

function checkWeights(value: unknown, rows: number): ArrayLike<number> {
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && !(value instanceof DataView)))
    throw new ArgumentError(
      `Expected options.sampleWeights to be a typed array or number[] but received ${describe(value)}`,
    );
  if (ArrayBuffer.isView(value)) checkBuffer('options.sampleWeights', value);
  const weights = value as unknown as ArrayLike<number>;
  checkEqual('options.sampleWeights.length', weights.length, 'X.rows', rows);
  for (let i = 0; i < rows; i++) nonNegative(`options.sampleWeights[${i}]`, weights[i]);
  return weights;
}

function classWeightsOf(value: unknown, { classes, indices }: Encoded): number[] {
  if (value === 'balanced') {
    const counts = classes.map(() => 0);
    indices.forEach((k) => ((counts[k] as number) += 1));
    return counts.map((count) => indices.length / (classes.length * count));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ArgumentError(
      `Expected options.classWeights to be 'balanced', a Map or an object but received ${describe(value)}`,
    );
  const given = value instanceof Map ? (value as Map<unknown, unknown>) : namedBy(value, classes);
  const result = classes.map(() => 1);
  for (const [label, weight] of given) {
    const k = classes.indexOf(label as Label);
    if (k < 0) throw new ArgumentError(`Expected options.classWeights to name classes but received ${describe(label)}`);
    result[k] = nonNegative(`options.classWeights of ${describe(label)}`, weight);
  }
  return result;
}

/** The keys of an object are strings, also those of numeric classes. */
function namedBy(value: object, classes: readonly Label[]): Map<unknown, unknown> {
  const entries = Object.entries(readOptions(value, Object.keys(value)));
  return new Map(entries.map(([key, weight]) => [classes.find((label) => String(label) === key) ?? key, weight]));
}
