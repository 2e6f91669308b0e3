import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ArgumentError, BufferError, ShapeError } from '../lib/errors.js';
import { fromRows, matrix, type FloatArray } from '../lib/index.js';
import { describe as describeValue } from '../lib/matrix.js';
import { expectBplsError } from './support/expect.js';
import { run } from './support/processes.js';

describe('matrix', () => {
  it.each([new Float64Array([1, 2, 3, 4, 5, 6]), new Float32Array([1, 2, 3, 4, 5, 6])])('is a view of %s', (data) => {
    const X = matrix<FloatArray>(data, 3, 2);
    expect(X).toEqual({ data, rows: 3, cols: 2 });
    expect(X.data).toBe(data);
  });

  it('takes a part of a buffer', () => {
    const data = new Float64Array(10).subarray(3, 9);
    expect(matrix(data, 2, 3).data).toBe(data);
  });

  it.each([
    [[1, 2], 'an Array'],
    [new Int32Array(2), 'a Int32Array'],
    [new ArrayBuffer(16), 'a ArrayBuffer'],
    [new DataView(new ArrayBuffer(16)), 'a DataView'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['12', '"12"'],
    [{ length: 2 }, 'a Object'],
  ])('refuses %s as data', async (data, shown) => {
    await expectBplsError(
      () => matrix(data as never, 1, 2),
      ArgumentError,
      'INVALID_ARGUMENT',
      `Expected matrix.data to be a Float64Array or Float32Array but received ${shown}`,
    );
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 31, '2', undefined, null, 2n])('refuses %s as a dimension', async (size) => {
    const shown = typeof size === 'string' ? `"${size}"` : typeof size === 'bigint' ? '2n' : String(size);
    for (const [name, args] of [
      ['rows', [size, 1]],
      ['cols', [2, size]],
    ] as const)
      await expectBplsError(
        () => matrix(new Float64Array(2), ...(args as unknown as [number, number])),
        ArgumentError,
        'INVALID_ARGUMENT',
        `Expected matrix.${name} to be an integer from 1 to 2147483647 but received ${shown}`,
      );
  });

  it.each([
    [5, 3, 2],
    [7, 3, 2],
    [0, 1, 1],
    [1, 2 ** 31 - 1, 2 ** 31 - 1],
  ])('refuses %i numbers as %i × %i', async (length, rows, cols) => {
    await expectBplsError(
      () => matrix(new Float64Array(length), rows, cols),
      ShapeError,
      'SHAPE_MISMATCH',
      `Expected matrix.data.length to equal rows * cols (${rows} * ${cols} = ${rows * cols}) but received ${length}`,
    );
  });

  it('refuses memory that other threads may write to', async () => {
    await expectBplsError(
      () => matrix(new Float64Array(new SharedArrayBuffer(16)), 1, 2),
      BufferError,
      'UNSUPPORTED_BUFFER',
      'Expected matrix.data not to be backed by a SharedArrayBuffer: another thread may write to it',
    );
  });

  it('refuses memory that may change its size', async () => {
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
    await expectBplsError(
      () => matrix(new Float64Array(new Resizable(8, { maxByteLength: 16 })), 1, 1),
      BufferError,
      'UNSUPPORTED_BUFFER',
      'Expected matrix.data not to be backed by a resizable ArrayBuffer',
    );
  });

  it('refuses memory that is gone', async () => {
    const data = new Float32Array(4);
    structuredClone(data, { transfer: [data.buffer] });
    await expectBplsError(
      () => matrix(data, 2, 2),
      BufferError,
      'UNSUPPORTED_BUFFER',
      'Expected matrix.data not to be backed by a detached ArrayBuffer',
    );
  });
});

describe('describe', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [-0.5, '-0.5'],
    [12n, '12n'],
    ['a "b"', '"a \\"b\\""'],
    ['x'.repeat(41), `"${'x'.repeat(40)}…"`],
    ['x'.repeat(40), `"${'x'.repeat(40)}"`],
    [[1], 'an Array'],
    [new Map(), 'a Map'],
    [Object.create(null), 'a Object'],
    [() => 1, 'a function'],
    [Symbol('s'), 'a symbol'],
  ])('says what %s is', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });
});

describe('fromRows', () => {
  it('copies arrays and typed arrays, in either precision', () => {
    const rows = [[1, 2.1], Float64Array.of(3, NaN), Int8Array.of(-5, 6)];
    expect(fromRows(rows)).toEqual(matrix(Float64Array.of(1, 2.1, 3, NaN, -5, 6), 3, 2));
    expect(fromRows(rows, 'float32')).toEqual(matrix(Float32Array.of(1, 2.1, 3, NaN, -5, 6), 3, 2));
  });

  it.each([
    [[], 'Expected at least one row but received none'],
    ['ab', 'Expected rows to be an array of rows but received "ab"'],
    [[[1], 2], 'Expected rows[1] to be an array or typed array but received 2'],
    [['ab'], 'Expected rows[0] to be an array or typed array but received "ab"'],
    [[[1, null]], 'Expected rows[0][1] to be a number but received null'],
    [[[1], ['2']], 'Expected rows[1][0] to be a number but received "2"'],
    [[new Array(2)], 'Expected rows[0][0] to be a number but received undefined'],
    [[[]], 'Expected matrix.cols to be an integer from 1 to 2147483647 but received 0'],
  ])('refuses %j', async (rows, message) => {
    await expectBplsError(() => fromRows(rows as number[][]), ArgumentError, 'INVALID_ARGUMENT', message);
  });

  it('refuses rows of different lengths, and another precision', async () => {
    const message = 'Expected rows[1].length to equal rows[0].length (2) but received 1';
    await expectBplsError(() => fromRows([[1, 2], [3]]), ShapeError, 'SHAPE_MISMATCH', message);
    expect(() => fromRows([[1]], 'float16' as 'float32')).toThrow(
      `Expected precision to be 'float64' or 'float32' but received "float16"`,
    );
  });
});

describe('another realm', () => {
  it('has arrays that are taken for what they are', () => {
    for (const type of ['Float64Array', 'Float32Array']) {
      const data = runInNewContext(`new ${type}(4)`) as Float64Array;
      expect(matrix(data, 2, 2).data).toBe(data);
    }
    const shared = runInNewContext('new Float64Array(new SharedArrayBuffer(32))') as Float64Array;
    expect(() => matrix(shared, 2, 2)).toThrow(BufferError);
  });

  it('runs the whole package, as Jest does', async () => {
    const { output, errors } = await run('other-realm.mjs');
    const each = (type: string) => `${type},true,true,true,true,3`;
    expect({ output, errors }).toEqual({
      output: `${each('Float64Array')},${each('Float32Array')},MODEL_FILE,NON_FINITE`,
      errors: '',
    });
  });
});
