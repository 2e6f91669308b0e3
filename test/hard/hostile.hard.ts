import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AbortedError,
  BplsError,
  BufferError,
  Classifier,
  fromRows,
  loadClassifier,
  loadRegressor,
  lstsq,
  matrix,
  Network,
  NormalEquations,
  plan,
  ridge,
  trainClassifier,
  trainRegressor,
  type Regressor,
} from '../../lib/index.js';
import { call } from '../../lib/lane.js';
import { failure } from '../support/expect.js';
import { bits } from '../support/models.js';
import { source } from '../support/random.js';
import { valid, type Name } from '../support/raw-arguments.js';

const folder = mkdtempSync(join(tmpdir(), 'bpls-hostile-'));
const before = process.cwd();
// Some of the calls save a model to '3', or wherever a string may be taken for a path.
beforeAll(() => {
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** What a caller's own code throws; it may come through as it is. */
class Own extends Error {}
const throws = () => {
  throw new Own('the caller’s own');
};

function detached(array: Float64Array): Float64Array {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

function resizable(length: number, kind: typeof ArrayBuffer | typeof SharedArrayBuffer = ArrayBuffer): Float64Array {
  const options = kind === ArrayBuffer ? { maxByteLength: 16 * length } : undefined;
  return new Float64Array(new (kind as new (length: number, options?: object) => ArrayBuffer)(8 * length, options));
}

/** What stands in a value's place; made anew for every call, from the value that it replaces. */
const hostile: readonly ((old: unknown) => unknown)[] = [
  ...[undefined, null, true, NaN, Infinity, -Infinity, -0, -1, 0.5, 0, 1, 2, 3, 5e-324, 1e308, 2 ** 31, 2 ** 32 + 1, 2 ** 53, -(2 ** 31)].map((value) => () => value), // prettier-ignore
  ...['', '3', 'auto', 'tanh', '__proto__', 10n, Symbol('s')].map((value) => () => value),
  () => ({}),
  () => [],
  () => [[]],
  () => Object.create(null) as object,
  () => ({ length: 2 ** 32 }),
  () => throws,
  () => () => undefined,
  () => new Date(NaN),
  () => new Map([[1, 2]]),
  () => Promise.resolve(1),
  () => new Float64Array(0),
  () => new Float64Array(12).fill(NaN),
  () => new Float64Array(12).fill(5e-324),
  () => new Float64Array(12).fill(1e308),
  () => new Float32Array(12),
  () => new Int32Array(12).fill(-1),
  () => new Int32Array(12).fill(2 ** 31 - 1),
  () => new Uint8Array(12),
  () => new BigInt64Array(12),
  () => new DataView(new ArrayBuffer(96)),
  () => new ArrayBuffer(96),
  () => detached(new Float64Array(12)),
  () => resizable(12),
  () => resizable(12, SharedArrayBuffer),
  () => new Float64Array(new ArrayBuffer(104), 8, 12),
  // Views on one memory, so that what is read is also written.
  () => aliased.subarray(0, 12),
  () => aliased.subarray(3, 15),
  () => new Float32Array(aliased.buffer, 4, 12),
  (old) => (typeof old === 'object' && old !== null ? Object.create(old) : old) as unknown,
  (old) => (typeof old === 'object' && old !== null ? new Proxy(old, { get: throws }) : old),
  (old) => (typeof old === 'object' && old !== null ? new Proxy(old, { ownKeys: throws, has: throws }) : old),
  (old) => getters(old, throws),
  (old) => (ArrayBuffer.isView(old) && 'subarray' in old ? (old as Float64Array).subarray(1) : old),
  (old) => (typeof old === 'number' ? old + 1 : old),
  (old) => (typeof old === 'number' ? String(old) : old),
  (old) => (Array.isArray(old) ? [...(old as unknown[]), old[0]] : old),
  (old) => (Array.isArray(old) ? Object.assign([...(old as unknown[])], { 0: undefined }) : old),
];
const aliased = new Float64Array(64);

function getters(old: unknown, get: () => unknown): unknown {
  if (typeof old !== 'object' || old === null || ArrayBuffer.isView(old)) return old;
  const result = {};
  for (const key of Object.keys(old)) Object.defineProperty(result, key, { get, enumerable: true });
  return result;
}

/** Paths to all that is inside a value. */
function paths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const isTree = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof AbortSignal) && !(value instanceof Map); // prettier-ignore
  if (!isTree) return [path];
  const inner = Object.entries(value).slice(0, 40).flatMap(([key, part]) => paths(part, [...path, key])); // prettier-ignore
  return path.length === 0 ? inner : [path, ...inner];
}

function replace(value: unknown, [key, ...rest]: readonly string[], by: (old: unknown) => unknown): unknown {
  if (key === undefined) return by(value);
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = replace(copy[key], rest, by);
  return copy;
}

function arraysIn(value: unknown): Uint8Array[] {
  if (ArrayBuffer.isView(value)) return [new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(arraysIn) : [];
}

const random = source(1);
const X = () => matrix(Float64Array.from(random.normals(12, 3).data), 12, 3);
const Y = () => matrix(Float64Array.from(random.normals(12, 2).data), 12, 2);
const labels = () => Array.from({ length: 12 }, (_, i) => i % 3);
const options = () => ({
  hidden: [{ units: 4, activation: 'tanh', init: 'orthogonal' }, 3],
  activation: 'elu',
  targets: 'gauss-newton',
  samples: 'all',
  iterations: 2,
  ridge: { hidden: 1e-3, output: 1e-3 },
  solver: 'auto',
  standardize: true,
  patience: 2,
  seed: 1,
  threads: 1,
  memoryLimit: 2 ** 20,
  sampleWeights: Float64Array.from({ length: 12 }, (_, i) => 1 + (i % 2)),
  signal: AbortSignal.timeout(3000),
  onIteration: () => undefined,
});

let classifier: Classifier;
let regressor: Regressor;
let bytes: Uint8Array;
beforeAll(async () => {
  classifier = await trainClassifier(X(), labels(), { hidden: [4], ridge: 1e-3 });
  regressor = await trainRegressor(X(), Y(), { hidden: [4], ridge: 1e-3 });
  bytes = await classifier.toBytes();
});

type Call = readonly [name: string, args: () => unknown[], run: (...args: never[]) => unknown];
const publicCalls: readonly Call[] = [
  ['matrix', () => [new Float64Array(6), 2, 3], matrix],
  ['fromRows', () => [[[1, 2], Float64Array.of(3, 4)], 'float32'], fromRows],
  ['trainClassifier', () => [X(), labels(), { ...options(), classWeights: 'balanced', validation: { inputs: X(), labels: labels() } }], trainClassifier],
  ['trainClassifier, by class', () => [X(), labels().map(String), { hidden: [3], iterations: 1, classWeights: { 0: 1, 2: 3 }, image: { height: 1, width: 3 }, augment: { copies: 2, rotation: 5, flip: true } }], trainClassifier],
  ['trainRegressor', () => [X(), Y(), { ...options(), loss: 'huber', validation: { inputs: X(), targets: Y() } }], trainRegressor],
  ['lstsq', () => [X(), Y(), { intercept: true, rcond: 1e-9, solver: 'auto', threads: 1 }], lstsq],
  ['ridge', () => [X(), Y(), { ridge: 1e-3, intercept: true, threads: 1 }], ridge],
  ['plan', () => [{ rows: 12, inputs: 3, outputs: 2, precision: 'float64' }, { hidden: [4], iterations: 2 }], plan],
  ['NormalEquations', () => [3, 2, { precision: 'float64' }], (...args: never[]) => new NormalEquations(...(args as unknown as [number, number]))],
  ['add', () => [X(), Y()], (...args: never[]) => new NormalEquations(3, 2).add(...(args as unknown as [never, never]))],
  ['solve', () => [{ ridge: 1e-3, solver: 'auto' }], async (...args: never[]) => { const sums = new NormalEquations(3, 2); await sums.add(X(), Y()); return sums.solve(...(args as unknown as [never])); }],
  ['predict', () => [X(), { threads: 1 }], (...args: never[]) => classifier.predict(...(args as unknown as [never]))],
  ['predictSync', () => [X()], (...args: never[]) => classifier.predictSync(...(args as unknown as [never]))],
  ['probabilities', () => [X(), { threads: 1 }], (...args: never[]) => classifier.probabilities(...(args as unknown as [never]))],
  ['evaluate', () => [X(), labels()], (...args: never[]) => classifier.evaluate(...(args as unknown as [never, never]))],
  ['regressor.predict', () => [X(), { threads: 1 }], (...args: never[]) => regressor.predict(...(args as unknown as [never]))],
  ['regressor.evaluate', () => [X(), Y()], (...args: never[]) => regressor.evaluate(...(args as unknown as [never, never]))],
  ['network.forward', () => [X(), { threads: 1 }], (...args: never[]) => classifier.network.forward(...(args as unknown as [never]))],
  ['network.forwardSync', () => [X()], (...args: never[]) => classifier.network.forwardSync(...(args as unknown as [never]))],
  ['save', () => [join(folder, 'model')], (...args: never[]) => classifier.save(...(args as unknown as [never]))],
  ['loadClassifier', () => [join(folder, 'model')], loadClassifier],
  ['loadRegressor', () => [join(folder, 'model')], loadRegressor],
  ['loadClassifier, of bytes', () => [bytes.slice()], loadClassifier],
  ['Network', () => [[{ weights: new Float64Array(8), inputs: 3, units: 2, activation: 'tanh' }], { shift: new Float64Array(3), scale: new Float64Array(3), asinh: new Float64Array(3) }], (...args: never[]) => new Network(...(args as unknown as [never, never])).forwardSync(X())],
  ['Classifier', () => [classifier.network, ['a', 'b'], {}], (...args: never[]) => new Classifier(...(args as unknown as [never, never, never])).predictSync(X())],
]; // prettier-ignore

const rawCalls: readonly Call[] = (Object.keys(valid) as Name[]).map((name) => [
  name,
  () => [valid[name]()],
  (args: never) => call({ threads: 1, operations: 0 }, name, args),
]);

/** One or two spoilt places in the arguments of a call. */
const spoilt = fc.record({
  call: fc.nat(),
  places: fc.array(fc.record({ path: fc.nat(), value: fc.nat({ max: hostile.length - 1 }) }), {
    minLength: 1,
    maxLength: 2,
  }),
});

/** Calls, several at a time; counts what came of them. */
async function attack(calls: readonly Call[], runs: number) {
  const counts = { calls: 0, refused: 0, own: 0 };
  const one = async ({ call: which, places }: { call: number; places: { path: number; value: number }[] }) => {
    const [name, makeArgs, run] = calls[which % calls.length]!;
    let args: unknown = makeArgs();
    const all = paths(args);
    for (const { path, value } of places) {
      try {
        args = replace(args, all[path % all.length]!, hostile[value]!);
      } catch {
        // The second place is inside what stands in the first, which does not let it.
      }
    }
    const inputs = safely(() => arraysIn(args));
    const before = inputs.map((bytes) => bytes.slice());
    counts.calls++;
    try {
      await run(...(args as never[]));
      // A raw call writes to what it is given to write to.
      if (calls === rawCalls) return;
    } catch (error) {
      counts.refused++;
      if (error instanceof Own || (error as Error).cause instanceof Own) counts.own++;
      else if (!(error instanceof BplsError) || error.code.length === 0)
        throw new Error(`${name}: ${String(error)}`, { cause: error });
    }
    inputs.forEach((bytes, i) => {
      // Another of the raw calls under way may write to the memory that they share.
      if (calls === rawCalls && bytes.buffer === aliased.buffer) return;
      if (bytes.length === before[i]!.length && Buffer.compare(bytes, before[i]!) !== 0) throw new Error(`${name} wrote to its input`); // prettier-ignore
    });
  };
  const group = fc.array(spoilt, { minLength: 8, maxLength: 8 });
  const property = fc.asyncProperty(group, async (several) => {
    aliased.forEach((_, i) => (aliased[i] = Math.sin(i)));
    await Promise.all(several.map(one));
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 8), seed: 1, endOnFailure: false, interruptAfterTimeLimit: 850_000, markInterruptAsFailure: true }); // prettier-ignore
  return counts;
}

function safely<T>(get: () => T[]): T[] {
  try {
    return get();
  } catch {
    return [];
  }
}

describe('a hostile caller', () => {
  it('of the public API is refused by a BplsError, and nothing is written', async () => {
    await classifier.save(join(folder, 'model'));
    const counts = await attack(publicCalls, 30_000);
    console.log(counts);
    expect(counts.calls).toBeGreaterThanOrEqual(30_000);
    expect(counts.refused).toBeGreaterThan(10_000);
  });

  it('of the raw addon is refused by a BplsError, and nothing is written', async () => {
    const counts = await attack(rawCalls, 30_000);

    console.log(counts);
    expect(counts.calls).toBeGreaterThanOrEqual(30_000);
    expect(counts.refused).toBeGreaterThan(15_000);
  });
});

describe('an array that goes away while a call reads it', () => {
  it('ends a training with a BufferError, and no model comes of it', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const X = matrix(random.normals(6000, 8).data, 6000, 8);
      const training = trainClassifier(X, random.labels(6000, 2), { hidden: [50], ridge: 1e-3, iterations: 3 });
      const outcome = failure(training);
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      // The receiver keeps it: what the system takes back in the middle of a call cannot be guarded against.
      const kept = structuredClone(X.data.buffer, { transfer: [X.data.buffer as ArrayBuffer] });
      expect(await outcome).toMatchObject({ code: 'UNSUPPORTED_BUFFER' });
      expect(kept.byteLength).toBe(6000 * 8 * 8);
    }
  });

  it('is refused by the raw addon when its call comes back', async () => {
    const args = valid.multiply() as Parameters<typeof call<'multiply'>>[2];
    const running = failure(call({ threads: 1, operations: 0 }, 'multiply', args));
    const kept = structuredClone(args.b.buffer, { transfer: [args.b.buffer as ArrayBuffer] });
    expect(await running).toBeInstanceOf(BufferError);
    expect(kept.byteLength).toBe(64);
  });

  it('is refused by the raw addon where it could be resized', async () => {
    const args = valid.multiply() as Parameters<typeof call<'multiply'>>[2];
    const error = await failure(call({ threads: 1, operations: 0 }, 'multiply', { ...args, a: resizable(6) }));
    expect((error as Error).message).toMatch(/of fixed size/);
  });

  it('is kept even where Array.prototype has setters', async () => {
    const args = valid.multiply() as Parameters<typeof call<'multiply'>>[2];
    let error;
    try {
      Object.defineProperty(Array.prototype, '0', { set: () => undefined, configurable: true });
      error = await failure(call({ threads: 1, operations: 0 }, 'multiply', args));
    } finally {
      Reflect.deleteProperty(Array.prototype, '0');
    }
    expect((error as Error).message).toMatch(/Array.prototype/);
  });
});

describe('calls during calls', () => {
  it('from onIteration do what they do elsewhere, and disturb nothing', async () => {
    const train = (onIteration?: () => unknown) =>
      trainClassifier(X(), labels(), {
        hidden: [6],
        iterations: 4,
        ridge: 1e-3,
        onIteration: onIteration as () => void,
      });
    const inputs = X();
    const inner: Promise<unknown>[] = [];
    const fixed = matrix(inputs.data, 12, 3);
    const quiet = await trainClassifier(fixed, labels(), { hidden: [6], iterations: 4, ridge: 1e-3 });
    const busy = await trainClassifier(fixed, labels(), {
      hidden: [6],
      iterations: 4,
      ridge: 1e-3,
      onIteration: () => {
        inner.push(train(), lstsq(X(), Y()), classifier.predict(X()), classifier.evaluate(X(), labels()));
        classifier.predictSync(X());
      },
    });
    await Promise.all(inner);
    expect(inner.length).toBeGreaterThan(4);
    expect(bits(busy.network)).toBe(bits(quiet.network));
  });

  it('from a getter of the options work, and one that aborts there aborts', async () => {
    const controller = new AbortController();
    const options = {
      hidden: [4],
      signal: controller.signal,
      get ridge() {
        expect(classifier.predictSync(X())).toHaveLength(12);
        controller.abort(new Own('enough'));
        return 1e-3;
      },
    };
    expect(await failure(trainClassifier(X(), labels(), options))).toBeInstanceOf(AbortedError);
  });
});
