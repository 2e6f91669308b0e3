import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as bpls from '../lib/index.js';
import {
  AbortedError,
  AddonError,
  ArgumentError,
  BplsError,
  BufferError,
  lstsq,
  matrix,
  MemoryError,
  ModelFileError,
  NonFiniteError,
  PrecisionError,
  ShapeError,
  SingularError,
  trainClassifier,
  trainRegressor,
  type Matrix,
  type TrainReport,
} from '../lib/index.js';
import { call } from '../lib/lane.js';
import { expectBplsError, failure } from './support/expect.js';
import { lane } from './support/problem.js';

describe('every error', () => {
  it.each([
    [ArgumentError, 'INVALID_ARGUMENT'],
    [ShapeError, 'SHAPE_MISMATCH'],
    [PrecisionError, 'MIXED_PRECISION'],
    [NonFiniteError, 'NON_FINITE'],
    [BufferError, 'UNSUPPORTED_BUFFER'],
    [SingularError, 'SINGULAR'],
    [ModelFileError, 'MODEL_FILE'],
    [MemoryError, 'OUT_OF_MEMORY'],
    [AddonError, 'ADDON'],
  ] as const)('%o has its code and its name', (Class, code) => {
    const error = new Class('message');
    expect(error).toBeInstanceOf(BplsError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code, message: 'message', name: Class.name });
    expect(Object.values(bpls)).toContain(Class);
    expect(String(error)).toBe(`${Class.name}: message`);
  });

  it('of an abort is named as the platform names it, with the reason', () => {
    const error = new AbortedError('reason');
    expect(error).toBeInstanceOf(BplsError);
    expect(error).toMatchObject({ code: 'ABORTED', name: 'AbortError', cause: 'reason' });
  });
});

const zeros = (rows: number, cols: number): Matrix<Float64Array> =>
  matrix(
    Float64Array.from({ length: rows * cols }, (_, i) => Math.sin(i)),
    rows,
    cols,
  );

describe('numbers whose sums leave the range of the precision', () => {
  const X = zeros(40, 3);
  const huge = matrix(
    X.data.map((value) => value * 1e200),
    40,
    3,
  );
  const classes = Array.from({ length: 40 }, (_, i) => i % 2);

  it.each([
    ['gauss-newton', 'tanh'],
    ['gauss-newton', 'relu'],
    ['nearest', 'identity'],
    ['inverse', 'identity'],
  ] as const)('are refused or learnt by %s through %s, and never lost', async (targets, activation) => {
    for (const standardize of ['auto', false] as const) {
      const options = { hidden: [4], activation, init: 'uniform', targets, iterations: 2, standardize } as const;
      for (const run of [() => trainClassifier(huge, classes, options), () => trainRegressor(X, huge, options)]) {
        const outcome: unknown = await run().catch((error: unknown) => error);
        if (outcome instanceof SingularError) continue;
        if (outcome instanceof NonFiniteError) {
          expect(outcome.message).toMatch(
            /^Expected sums within the range of the precision but the objective came to (NaN|Infinity): scale the data, or use Float64Array$/,
          );
        } else {
          const { iterations } = (outcome as { report: TrainReport }).report;
          const accepted = iterations.filter((iteration) => iteration.accepted);
          expect(accepted.length).toBeGreaterThan(0);
          expect(accepted.every(({ objective }) => Number.isFinite(objective))).toBe(true);
        }
      }
    }
  });
});

describe('memory that the system refuses', () => {
  it('is an error of its own, after which the lane goes on', async () => {
    // A batch whose scratch would not fit into the address space.
    const [rows, units] = [11e6, 3.4e6];
    const layers = [
      { weights: new Float32Array(2 * units), inputs: 1, units, activation: 0 },
      { weights: new Float32Array(units + 1), inputs: units, units: 1, activation: 0 },
    ];
    const args = { inputs: new Float32Array(1), samples: 1, columns: 1, start: 0, count: rows };
    const error = await expectBplsError(
      call(lane(), 'predict', { ...args, indices: new Int32Array(rows), layers, outputs: new Float32Array(rows) }),
      MemoryError,
      'OUT_OF_MEMORY',
      'Expected enough memory for this call but the system refused an allocation',
    );
    expect(error.cause).toBeInstanceOf(Error);
    expect((await lstsq(zeros(4, 2), zeros(4, 1))).rank).toBe(2);
  });
});

describe('an addon that does not load', () => {
  afterEach(() => {
    vi.doUnmock('../binding/index.js');
    vi.resetModules();
  });

  it('is an error at the first call, not at the import, and names a script that is there', async () => {
    const reason = new Error('no such file');
    vi.resetModules();
    vi.doMock('../binding/index.js', () => ({
      load: () => {
        throw reason;
      },
    }));
    const fresh = await import('../lib/index.js');
    const error = (await failure(fresh.lstsq(zeros(2, 1), zeros(2, 1)))) as AddonError;
    expect(error).toBeInstanceOf(fresh.AddonError);
    expect(error).toMatchObject({
      code: 'ADDON',
      cause: reason,
      message: `Expected a native addon for ${process.platform}-${process.arch} but found none that loads (no such file); the package has one for linux-x64 with glibc 2.35 or later, a checkout builds its own, by \`npm run compile\``,
    });
    const { scripts } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { scripts: object };
    expect(scripts).toHaveProperty('compile');
  });
});
