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
  ridge,
  ShapeError,
  SingularError,
  trainClassifier,
  trainRegressor,
  type Classifier,
  type FloatArray,
  type Matrix,
  type Regressor,
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
  matrix(Float64Array.from({ length: rows * cols }, (_, i) => Math.sin(i)), rows, cols);
const single = (rows: number, cols: number): Matrix => matrix(new Float32Array(rows * cols).fill(0.5), rows, cols);
const labels = [0, 1, 0, 1];
const quick = { hidden: [3], iterations: 1 };
const spoil = (X: Matrix<Float64Array>, index: number, value: number) =>
  matrix(Float64Array.from(X.data, (old, i) => (i === index ? value : old)), X.rows, X.cols);

/** Every public function that takes a matrix, called with one in each place. */
interface Taker {
  name: string;
  /** The name of the matrix in messages. */
  argument: string;
  take: (X: Matrix) => Promise<unknown>;
  /** A matrix that is right. */
  right: Matrix<Float64Array>;
}

async function takers(): Promise<Taker[]> {
  const [X, Y] = [zeros(4, 3), zeros(4, 2)];
  const classifier: Classifier = await trainClassifier<number, FloatArray>(X, labels, quick);
  const regressor: Regressor = await trainRegressor<FloatArray>(X, Y, quick);
  const validation = (inputs: Matrix) => ({ ...quick, validation: { inputs, labels } });
  const pair = (inputs: Matrix, targets: Matrix) => ({ ...quick, validation: { inputs, targets } });
  const general = (Z: Matrix) => Z as Matrix<Float64Array>;
  return [
    { name: 'trainClassifier', argument: 'X', right: X, take: (Z) => trainClassifier(Z, labels, quick) },
    { name: 'its validation', argument: 'validation.inputs', right: X, take: (Z) => trainClassifier(X, labels, validation(Z)) }, // prettier-ignore
    { name: 'trainRegressor', argument: 'X', right: X, take: (Z) => trainRegressor(general(Z), Y, quick) },
    { name: 'trainRegressor', argument: 'Y', right: Y, take: (Z) => trainRegressor(X, general(Z), quick) },
    { name: 'its validation', argument: 'validation.inputs', right: X, take: (Z) => trainRegressor(X, Y, pair(Z, Y)) },
    { name: 'its validation', argument: 'validation.targets', right: Y, take: (Z) => trainRegressor(X, Y, pair(X, Z)) }, // prettier-ignore
    { name: 'lstsq', argument: 'A', right: X, take: (Z) => lstsq(general(Z), Y) },
    { name: 'lstsq', argument: 'B', right: Y, take: (Z) => lstsq(X, general(Z)) },
    { name: 'ridge', argument: 'A', right: X, take: (Z) => ridge(general(Z), Y, { ridge: 1 }) },
    { name: 'ridge', argument: 'B', right: Y, take: (Z) => ridge(X, general(Z), { ridge: 1 }) },
    { name: 'predict', argument: 'X', right: X, take: (Z) => classifier.predict(Z) },
    { name: 'probabilities', argument: 'X', right: X, take: (Z) => classifier.probabilities(Z) },
    { name: 'evaluate', argument: 'X', right: X, take: (Z) => classifier.evaluate(Z, labels) },
    { name: 'predict of a regressor', argument: 'X', right: X, take: (Z) => regressor.predict(Z) },
    { name: 'evaluate of a regressor', argument: 'X', right: X, take: (Z) => regressor.evaluate(Z, Y) },
    { name: 'evaluate of a regressor', argument: 'Y', right: Y, take: (Z) => regressor.evaluate(X, Z) },
  ];
}

describe('every function that takes a matrix', async () => {
  describe.each(await takers())('$name, argument $argument', ({ argument, take, right }) => {
    it('takes the right one', async () => {
      await expect(take(right)).resolves.toBeDefined();
    });

    it('refuses what is no matrix', async () => {
      for (const [value, shown] of [
        [undefined, 'undefined'],
        [null, 'null'],
        [7, '7'],
      ] as const)
        await expectBplsError(
          take(value as unknown as Matrix),
          ArgumentError,
          'INVALID_ARGUMENT',
          `Expected ${argument} to be a matrix { data, rows, cols } but received ${shown}`,
        );
      await expectBplsError(
        take([[1, 2]] as unknown as Matrix),
        ArgumentError,
        'INVALID_ARGUMENT',
        `Expected ${argument}.data to be a Float64Array or Float32Array but received undefined`,
      );
      await expectBplsError(
        take({ ...right, data: [...right.data] } as unknown as Matrix),
        ArgumentError,
        'INVALID_ARGUMENT',
        `Expected ${argument}.data to be a Float64Array or Float32Array but received an Array`,
      );
    });

    it('refuses dimensions that are none, or not those of the data', async () => {
      for (const rows of [0, -4, 1.5, '4'])
        await expectBplsError(
          take({ ...right, rows } as Matrix),
          ArgumentError,
          'INVALID_ARGUMENT',
          `Expected ${argument}.rows to be an integer from 1 to 2147483647 but received ${JSON.stringify(rows)}`,
        );
      await expectBplsError(
        take({ ...right, cols: NaN }),
        ArgumentError,
        'INVALID_ARGUMENT',
        `Expected ${argument}.cols to be an integer from 1 to 2147483647 but received NaN`,
      );
      await expectBplsError(
        take({ ...right, data: right.data.slice(1) }),
        ShapeError,
        'SHAPE_MISMATCH',
        `Expected ${argument}.data.length to equal rows * cols (4 * ${right.cols} = ${4 * right.cols}) but received ${4 * right.cols - 1}`,
      );
    });

    it('refuses memory that moves or changes', async () => {
      const detached = right.data.slice();
      structuredClone(detached, { transfer: [detached.buffer] });
      const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
      const bytes = right.data.byteLength;
      for (const [data, what] of [
        [detached, 'a detached ArrayBuffer'],
        [new Float64Array(new Resizable(bytes, { maxByteLength: 2 * bytes })), 'a resizable ArrayBuffer'],
        [new Float64Array(new SharedArrayBuffer(bytes)), 'a SharedArrayBuffer: another thread may write to it'],
      ] as const)
        await expectBplsError(
          take({ ...right, data: data as Float64Array<ArrayBuffer> }),
          BufferError,
          'UNSUPPORTED_BUFFER',
          `Expected ${argument}.data not to be backed by ${what}`,
        );
    });

    it('refuses the other precision', async () => {
      const error = await failure(take(single(4, right.cols)));
      // A first argument decides the precision; it is the second that then does not fit it.
      if (error === undefined) return;
      expect(error).toBeInstanceOf(PrecisionError);
      expect((error as PrecisionError).message).toMatch(
        /^Expected [\w.]+ to be a Float(64|32)Array like (.+) but received a Float(32|64)Array$/,
      );
    });

    it('refuses the wrong number of rows or columns', async () => {
      if (argument !== 'A' && !(argument === 'X' && /train/.test('')))
        for (const [rows, cols] of [
          [5, right.cols],
          [4, right.cols + 1],
        ] as const) {
          const outcome = await take(zeros(rows, cols)).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (outcome === undefined) continue;
          expect(outcome).toBeInstanceOf(ShapeError);
        }
    });

    it('refuses numbers that are none, by row and column', async () => {
      for (const value of [NaN, Infinity, -Infinity]) {
        const index = 2 * right.cols + 1;
        await expectBplsError(
          take(spoil(right, index, value)),
          NonFiniteError,
          'NON_FINITE',
          `Expected ${argument} to be finite but received ${value} at row 2, column 1`,
        );
      }
    });
  });
});
