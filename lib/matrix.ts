import { types } from 'node:util';
import { ArgumentError, BufferError, MemoryError, PrecisionError, ShapeError } from './errors.js';

/** The two precisions: double (Float64Array) and single (Float32Array). */
export type FloatArray = Float64Array | Float32Array;

/** Bytes of memory of their own: with TypeScript 5.7 and later a Uint8Array<ArrayBuffer>, a Uint8Array before. */
export type Bytes = ReturnType<Uint8Array['slice']>;

/** The precision of an array, whatever buffer it views. */
export type Precision<T extends FloatArray> = T extends Float64Array ? Float64Array : Float32Array;

/** What takes a Matrix<T>: any of that precision. */
export type Inputs<T extends FloatArray> = Matrix<T> | Matrix<Precision<T>>;

/** The arrays of a precision by its name. */
export interface Arrays {
  float64: Float64Array;
  float32: Float32Array;
}

/** A row-major matrix over memory that it borrows: element (i, j) is `data[i * cols + j]`. */
export interface Matrix<T extends FloatArray = FloatArray> {
  readonly data: T;
  readonly rows: number;
  readonly cols: number;
}

/**
 * A row-major view of `data` as a `rows` × `cols` matrix; never a copy. The memory stays the caller's: do not write to
 * it while a call that reads it is under way.
 *
 * @throws ArgumentError where data is no Float64Array or Float32Array or a dimension is no positive integer
 * @throws BufferError where data is detached, resizable or shared between threads
 * @throws ShapeError where data has not rows · cols elements
 *
 * @example
 * ```ts
 * const X = matrix(new Float64Array([1, 2, 3, 4, 5, 6]), 3, 2); // [[1, 2], [3, 4], [5, 6]]
 * ```
 */
export function matrix<T extends FloatArray>(data: T, rows: number, cols: number): Matrix<T> {
  const result = { data, rows, cols };
  checkMatrix('matrix', result);
  return result;
}

/**
 * A copy of rows as a matrix.
 *
 * @param precision of the copy
 * @throws ArgumentError where a row is no array, there is none, or an element is no number (NaN and infinity are: training
 *   refuses them)
 * @throws ShapeError where rows differ in length
 *
 * @example
 * ```ts
 * const X = fromRows([[1, 2], [3, 4], [5, 6]]); // as matrix(new Float64Array([1, 2, 3, 4, 5, 6]), 3, 2)
 * ```
 */
export function fromRows(rows: readonly ArrayLike<number>[]): Matrix<Float64Array>;
export function fromRows<P extends keyof Arrays | undefined>(
  rows: readonly ArrayLike<number>[],
  precision: P,
): Matrix<P extends keyof Arrays ? Arrays[P] : Float64Array>;
export function fromRows(rows: readonly ArrayLike<number>[], precision?: unknown): Matrix {
  if (!Array.isArray(rows))
    throw new ArgumentError(`Expected rows to be an array of rows but received ${describe(rows)}`);
  if (rows.length === 0) throw new ArgumentError('Expected at least one row but received none');
  if (precision !== undefined && precision !== 'float64' && precision !== 'float32')
    throw new ArgumentError(`Expected precision to be 'float64' or 'float32' but received ${describe(precision)}`);
  const given: readonly unknown[] = rows;
  const rowAt = (i: number): ArrayLike<unknown> => {
    const row = given[i];
    if (isArrayLike(row)) return row;
    throw new ArgumentError(`Expected rows[${i}] to be an array or typed array but received ${describe(row)}`);
  };
  const cols = rowAt(0).length;
  const data = allocate(precision === 'float32' ? new Float32Array() : new Float64Array(), rows.length * cols);
  for (let i = 0; i < rows.length; i++) {
    const row = rowAt(i);
    checkEqual(`rows[${i}].length`, row.length, 'rows[0].length', cols);
    for (let j = 0; j < cols; j++) {
      const value = row[j];
      if (typeof value !== 'number')
        throw new ArgumentError(`Expected rows[${i}][${j}] to be a number but received ${describe(value)}`);
      data[i * cols + j] = value;
    }
  }
  return matrix(data, rows.length, cols);
}

/** Array or typed array, of any realm. */
export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || types.isTypedArray(value);
}

/** What a value is, for messages. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'undefined') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  return Array.isArray(value) ? 'an Array' : `a ${Object.prototype.toString.call(value).slice(8, -1)}`;
}

/** Of any realm: test runners and `vm` have constructors of their own. */
export function isFloatArray(value: unknown): value is FloatArray {
  return types.isFloat64Array(value) || types.isFloat32Array(value);
}

function isDetached(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Memory that may move or change under a running call is refused. */
export function checkBuffer(name: string, data: ArrayBufferView): void {
  const buffer: ArrayBufferLike = data.buffer;
  if (!types.isArrayBuffer(buffer))
    throw new BufferError(`Expected ${name} not to be backed by a SharedArrayBuffer: another thread may write to it`);
  if ((buffer as { resizable?: boolean }).resizable)
    throw new BufferError(`Expected ${name} not to be backed by a resizable ArrayBuffer`);
  if (isDetached(buffer)) throw new BufferError(`Expected ${name} not to be backed by a detached ArrayBuffer`);
}

function isDimension(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 31 - 1;
}

/** `value` as a matrix whose properties are read once. */
export function checkMatrix(name: string, value: unknown): Matrix {
  if (typeof value !== 'object' || value === null)
    throw new ArgumentError(`Expected ${name} to be a matrix { data, rows, cols } but received ${describe(value)}`);
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    throw new ArgumentError(
      `Expected ${name} to be a matrix, as matrix(data, rows, cols) makes one, but received ${describe(value)}`,
    );
  const { data, rows, cols } = value as Partial<Matrix>;
  if (!isFloatArray(data))
    throw new ArgumentError(
      `Expected ${name}.data to be a Float64Array or Float32Array but received ${describe(data)}`,
    );
  checkBuffer(`${name}.data`, data);
  if (!isDimension(rows))
    throw new ArgumentError(
      `Expected ${name}.rows to be an integer from 1 to 2147483647 but received ${describe(rows)}`,
    );
  if (!isDimension(cols))
    throw new ArgumentError(
      `Expected ${name}.cols to be an integer from 1 to 2147483647 but received ${describe(cols)}`,
    );
  if (data.length !== rows * cols)
    throw new ShapeError(
      `Expected ${name}.data.length to equal rows * cols (${rows} * ${cols} = ${rows * cols}) but received ${data.length}`,
    );
  return { data, rows, cols };
}

export function precisionName(data: FloatArray): 'Float64Array' | 'Float32Array' {
  return types.isFloat64Array(data) ? 'Float64Array' : 'Float32Array';
}

export function checkSamePrecision(name: string, data: FloatArray, otherName: string, other: FloatArray): void {
  if (precisionName(data) !== precisionName(other))
    throw new PrecisionError(
      `Expected ${name} to be a ${precisionName(other)} like ${otherName} but received a ${precisionName(data)}`,
    );
}

export function checkEqual(name: string, value: number, otherName: string, other: number): void {
  if (value !== other) throw new ShapeError(`Expected ${name} to equal ${otherName} (${other}) but received ${value}`);
}

/** Zeros in the precision of `like`. */
export function allocate(like: FloatArray, length: number): FloatArray {
  try {
    return types.isFloat64Array(like) ? new Float64Array(length) : new Float32Array(length);
  } catch (error) {
    throw new MemoryError(`Expected memory for ${length} numbers but the system refused it`, { cause: error });
  }
}

/** Rounding unit ε (distance from 1 to the next number) of the precision of `data`. */
export function epsilon(data: FloatArray): number {
  return types.isFloat64Array(data) ? 2 ** -52 : 2 ** -23;
}
