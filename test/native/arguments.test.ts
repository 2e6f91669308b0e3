import { describe, expect, it } from 'vitest';
import type { RawAddon } from '../../binding/index.js';
import { AddonError } from '../../lib/errors.js';
import { call, native } from '../../lib/lane.js';
import { expectBplsError, failure } from '../support/expect.js';
import { lane } from '../support/problem.js';
import { f64, layer, rows, valid, type Args, type Name } from '../support/raw-arguments.js';

/** What may be left out. */
const optional: Partial<Record<Name, string[]>> = {
  sweep: 'indices scale cache grams triangle outputRhs marks share demand previous'.split(' '),
  tangent: ['change', 'momentum'],
  peel: 'gram rhs triangle weights'.split(' '),
  accumulate: ['gram', 'weights'],
  contrast: ['masks'],
  columnStatistics: ['sampleWeights'],
  solveCholesky: ['equilibrate'],
};
/** Without these, others beside them do not matter; with them, they do. */
const unread: Partial<Record<Name, string[]>> = { tangent: ['cached'], peel: ['cached'], sweep: ['cached'] };
/** Numbers that are not sizes. */
const anyNumber = 'positive negative alpha beta ridge lastRidge cut damping sign weight stride ahead'.split(' ');
/** Float64Array whatever the precision, or the array that decides it when there is no other. */
const eitherPrecision: Partial<Record<Name, string[]>> = {
  columnStatistics: ['inputs'],
  findNonFinite: ['values'],
  orthonormalise: ['matrix'],
};

/** Detaches the memory of an array. */
function take(array: Float64Array): Float64Array {
  if (array.length > 0) structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

function detached(array: Float64Array): Float64Array {
  return take(array.slice());
}

/** Values that a property must refuse, by what it is when right. */
function junkFor(name: Name, key: string, value: unknown): [description: string, junk: unknown][] {
  const missing: [string, unknown][] = optional[name]?.includes(key) ? [] : [['undefined', undefined], ['null', null]]; // prettier-ignore
  if (ArrayBuffer.isView(value)) {
    const array = value as Float64Array;
    const junk: [string, unknown][] = [
      ...missing,
      ['a number', 7],
      ['a string', 'data'],
      ['an Array', Array.from(array)],
      ['an object', { length: 1000 }],
      ['an ArrayBuffer', array.buffer],
      ['a DataView', new DataView(new ArrayBuffer(1000))],
      ['an array one too short', array.slice(0, -1)],
      ['an empty array', array.slice(0, 0)],
      ['a detached array', detached(array)],
      ['another kind of array', new Int16Array(1000)],
      ['a BigInt64Array', new BigInt64Array(1000)],
    ];
    if (array instanceof Float64Array && !eitherPrecision[name]?.includes(key))
      junk.push(['the other precision', new Float32Array(1000)]);
    return junk;
  }
  if (typeof value === 'number') {
    const junk: [string, unknown][] = [
      ...missing,
      ['a string', '1'],
      ['a bigint', 1n],
      ['an object', {}],
      ['a boolean', true],
    ];
    if (anyNumber.includes(key)) return junk;
    return [
      ...junk,
      ...[-1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 53, -(2 ** 31)].map((n): [string, unknown] => [String(n), n]),
    ];
  }
  if (Array.isArray(value))
    return [
      ...missing,
      ['a number', 1],
      ['an object', { length: value.length }],
      ['one too few', value.slice(0, -1)],
      ['one too many', [...(value as unknown[]), value[0]]],
      ['junk inside', value.map(() => 5)],
    ];
  if (typeof value === 'object') return [...missing, ['a number', 1], ['an empty object', {}]];
  return [];
}

/** Every way to spoil one property, at any depth. */
function spoiled(name: Name): [description: string, args: Args][] {
  const found: [string, Args][] = [];
  const visit = (path: string, value: unknown, put: (junk: unknown) => Args) => {
    const key = path.split('.').at(-1)!;
    if (unread[name]?.includes(key)) return;
    for (const [description, junk] of junkFor(name, key, value)) found.push([`${path}: ${description}`, put(junk)]);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    for (const [inner, part] of Object.entries(value))
      visit(`${path}.${inner}`, part, (junk) =>
        put(
          Array.isArray(value)
            ? value.map((old: unknown, i) => (String(i) === inner ? junk : old))
            : { ...value, [inner]: junk },
        ),
      );
  };
  for (const [key, value] of Object.entries(valid[name]()))
    visit(key, value, (junk) => ({ ...valid[name](), [key]: junk }));
  return found;
}

const names = Object.keys(valid) as Name[];

/** What may be missing inside a list: entries that are null are left out. */
function mayBeNull(name: Name, description: string): boolean {
  return name === 'sweep' && /^grams\.\d: (undefined|null)$/.test(description);
}

/** The list that says how many layers there are. */
function isFree(name: Name, description: string): boolean {
  return name === 'predict' && /^layers: one too (few|many)$/.test(description);
}

function attempt(name: Name, args: unknown): Promise<unknown> {
  const functions = native() as unknown as Record<string, (args: unknown) => Promise<unknown>>;
  return functions[name]!(args);
}

describe.each(names)('%s', (name) => {
  it('takes arguments that are just right', async () => {
    await expect(attempt(name, { ...valid[name](), threads: 1 })).resolves.toMatchObject({
      operations: expect.any(Number) as number,
      seconds: expect.any(Number) as number,
    });
  });

  it('refuses anything else, property by property', async () => {
    const accepted: string[] = [];
    for (const [description, args] of spoiled(name)) {
      if (mayBeNull(name, description) || isFree(name, description)) continue;
      try {
        await attempt(name, { ...args, threads: 1 });
        accepted.push(description);
      } catch (error) {
        expect(error, description).toBeInstanceOf(TypeError);
        expect((error as Error).message, description).toMatch(/^Expected argument \w+ to be /);
      }
    }
    expect(accepted).toEqual([]);
  });

  it('refuses sizes that the arrays do not have', async () => {
    const args = valid[name]();
    const sizes = Object.entries(args).filter(
      ([key, value]) => typeof value === 'number' && !['start', 'first', 'demand', 'rule', ...anyNumber].includes(key),
    );
    for (const [key, value] of sizes) {
      // Products and the sizes that only scale a result need no array of that size.
      if (['curvature', 'step'].includes(name) && key === 'samples') continue;
      for (const size of [(value as number) + 1, 2 ** 31 - 1]) {
        const error = await failure(() => attempt(name, { ...args, [key]: size, threads: 1 }));
        expect(error, `${key} = ${size}`).toBeInstanceOf(TypeError);
      }
    }
  });

  it('refuses to be called without an object, or without threads', async () => {
    for (const args of [undefined, null, 1, 'x', true])
      expect((await failure(() => attempt(name, args))) as Error).toMatchObject({
        name: 'TypeError',
        message: 'Expected one object of arguments',
      });
    for (const threads of [undefined, -1, 1.5, 1025, '2'])
      expect(await failure(() => attempt(name, { ...valid[name](), threads }))).toMatchObject({
        message:
          'Expected argument threads to be ' + (typeof threads === 'number' ? 'an integer from 0 to 1024' : 'a number'),
      });
  });

  it('refuses arrays that a getter takes away while arguments are read', async () => {
    const given: Args = { ...valid[name](), threads: 1 };
    const [key, array] = Object.entries(given).find(([, value]) => value instanceof Float64Array) ?? [];
    if (!(array instanceof Float64Array)) return;
    const args = { ...given };
    for (const other of Object.keys(given).filter((other) => other !== key && other !== 'threads'))
      Object.defineProperty(args, other, { get: () => (take(array), given[other]) });
    expect(await failure(() => attempt(name, args))).toBeInstanceOf(TypeError);
  });
});

describe('what the addon checks besides', () => {
  const refused = async (name: Name, args: Args, message: string) =>
    expect(await failure(() => attempt(name, { ...valid[name](), ...args, threads: 1 }))).toMatchObject({
      name: 'TypeError',
      message: `Expected argument ${message}`,
    });

  it('indices of rows', async () => {
    for (const indices of [Int32Array.of(0, 1, 2, 4), Int32Array.of(-1, 1, 2, 3)])
      await refused('sweep', { indices }, 'indices to be indices from 0 to 3');
    await refused('sweep', { start: 1, indices: Int32Array.of(0, 1, 2, 3) }, 'indices to be an Int32Array of at least 5 elements'); // prettier-ignore
    await refused('sweep', { start: 1, indices: undefined }, 'count to be rows within the samples');
    await refused('accumulate', { indices: Int32Array.of(0, 1, 2, 3) }, 'indices to be absent');
    await refused('contrast', { pairs: Int32Array.of(0, 1, 1, 2, 2, 3, 3, 4) }, 'pairs to be indices from 0 to 3');
  });

  it('labels of the rows in hand', async () => {
    for (const name of ['sweep', 'tangent'] as const)
      for (const label of [-1, 2, -(2 ** 31)])
        await refused(name, { labels: Int32Array.of(0, 1, label, 0) }, "labels to be classes of the network's outputs");
    const labels = Int32Array.of(0, 1, 99, 0);
    await expect(attempt('sweep', { ...valid.sweep(), labels, indices: Int32Array.of(0, 1, 3), count: 3, threads: 1 })).resolves.toBeDefined(); // prettier-ignore
  });

  it('what is wanted', async () => {
    await refused('sweep', { demand: 3 }, 'demand to be an integer from 0 to 2');
    await refused('sweep', { labels: undefined }, 'labels to be given where targets are not');
    await refused('peel', { demand: 2 }, 'demand to be 0 where targets are values');
    await refused('peel', { rule: 2 }, 'rule to be an integer from 0 to 1');
  });

  it('layers that follow each other', async () => {
    await refused(
      'sweep',
      { hidden: [layer(2, 2), layer(2, 3)] },
      'hidden to be layers whose inputs are the units below',
    );
    await refused('sweep', { output: layer(2, 2) }, 'output to be a layer whose inputs are the units below');
    await refused('predict', { layers: [] }, 'layers to be at least one layer');
    await refused('tangent', { hidden: [], output: layer(3, 2) }, 'hidden to be at least one layer');
    await refused('curvature', { hidden: [] }, 'output to be a layer on top of the hidden ones');
    await refused('curvature', { slopes: undefined }, 'slopes to be one for each hidden layer');
    await refused('peel', { solved: [{ ...layer(2, 3), pseudoInverse: f64(6) }] }, 'solved to be the layers from the output down'); // prettier-ignore
    await refused('peel', { solved: new Array(2 ** 32 - 1) }, 'solved to be an array of length 2 at most');
    for (const activation of [-1, 10, 1.5, NaN, '2'])
      await refused('sweep', { output: { ...layer(3, 2), activation } }, 'activation to be an activation');
  });

  it('that what belongs together is there', async () => {
    await refused('sweep', { change: f64(7) }, 'change to be a Float64Array of at least 8 elements');
    await refused('sweep', { factor: undefined }, 'factor to be a Float64Array');
    await refused('sweep', { slopes: undefined }, 'slopes to be given with hiddenRhs');
    await refused('sweep', { hiddenRhs: [f64(8), null] }, 'hiddenRhs to be complete');
    await refused('tangent', { outputRhs: [f64(8), null] }, 'outputRhs to be given with change');
    await refused('tangent', { change: undefined, momentum: undefined }, 'outputRhs to be given with change');
    await refused('contrast', { first: 2 }, 'first to be a column of the weights');
  });

  it('indices once: what happens to them afterwards does not matter', async () => {
    const before = attempt('multiply', {
      ...{ rows: 400, inner: 400, columns: 400, transposed: false, threads: 1 },
      ...{ a: f64(160_000), b: f64(160_000), solution: f64(160_000) },
    });
    const [indices, outputs] = [Int32Array.of(9, 3, 0), f64(9)];
    const valued = { ...valid.predict(), inputs: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i)), threads: 1 };
    const args = { ...valued, start: 1, count: 2, indices, outputs };
    const predicted = attempt('predict', args);
    indices.fill(2 ** 30);
    await Promise.all([before, predicted]);
    const expected = f64(12);
    await attempt('predict', { ...valued, outputs: expected });
    expect([...outputs.subarray(3)]).toEqual([...expected.subarray(9), ...expected.subarray(0, 3)]);
    expect(expected[0]).not.toBe(expected[9]);
  });

  it('that arrays stay in place while it reads what comes after them', async () => {
    const weights = f64(5);
    const args = { ...valid.combine(), weights, threads: 1, get change() { return take(weights), f64(5); } }; // prettier-ignore
    expect(await failure(() => attempt('combine', args))).toMatchObject({
      name: 'TypeError',
      message: 'Expected typed arrays that stay in place while arguments are read',
    });
  });

  it('predictSync as predict', () => {
    const args = { ...rows(), layers: [layer(3, 2), layer(2, 3)], outputs: f64(12) };
    const { predictSync } = native() as unknown as { predictSync: (args: unknown) => void };
    expect(() => predictSync(args)).not.toThrow();
    for (const spoil of [
      { inputs: f64(11) },
      { outputs: f64(11) },
      { inputs: new Float32Array(12) },
      { layers: [] },
      { layers: [layer(2, 2)] },
      { samples: 5 },
      { samples: -1 },
      { columns: 0 },
      { inputs: detached(f64(12)) },
    ])
      expect(() => predictSync({ ...args, ...spoil })).toThrow(TypeError);
    expect(() => predictSync(undefined)).toThrow('Expected one object of arguments');
  });
});

describe('call', () => {
  it('makes a refusal an error of this package', async () => {
    const args = { values: f64(3), length: 4 };
    const message = 'Expected argument values to be a Float64Array of at least 4 elements';
    const error = await expectBplsError(call(lane(), 'findNonFinite', args), AddonError, 'ADDON', message);
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});

describe('blas', () => {
  it('says which BLAS there is', () => {
    const addon: RawAddon = native();
    expect(addon.blas()).toMatch(/^OpenBLAS /);
  });
});
