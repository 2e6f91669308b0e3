/** The literal codes of every error that this package throws or rejects with. */
export type BplsErrorCode =
  | 'INVALID_ARGUMENT'
  | 'SHAPE_MISMATCH'
  | 'MIXED_PRECISION'
  | 'NON_FINITE'
  | 'UNSUPPORTED_BUFFER'
  | 'SINGULAR'
  | 'ABORTED'
  | 'MODEL_FILE'
  | 'OUT_OF_MEMORY'
  | 'ADDON';

/** Of an error: `ErrorOptions`, which libraries before ES2022 lack. */
interface Reason {
  cause?: unknown;
}

/**
 * Base of every error of this package. Test `code`, not the message: messages say what was expected and what
 * came, and may become clearer between versions.
 *
 * @example
 * ```ts
 * import { BplsError, lstsq, matrix } from 'bpls';
 * try {
 *   await lstsq(matrix(new Float64Array(6), 3, 2), matrix(new Float64Array(4), 4, 1));
 * } catch (error) {
 *   if (error instanceof BplsError) console.log(error.code); // SHAPE_MISMATCH
 * }
 * ```
 */
export class BplsError extends Error {
  readonly code: BplsErrorCode;

  constructor(code: BplsErrorCode, message: string, options?: Reason) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument or option of the wrong type or out of its range. */
export class ArgumentError extends BplsError {
  declare readonly code: 'INVALID_ARGUMENT';
  constructor(message: string, options?: Reason) {
    super('INVALID_ARGUMENT', message, options);
  }
}

/** Two arguments whose shapes do not fit each other. */
export class ShapeError extends BplsError {
  declare readonly code: 'SHAPE_MISMATCH';
  constructor(message: string) {
    super('SHAPE_MISMATCH', message);
  }
}

/** Float32Array and Float64Array in one call. */
export class PrecisionError extends BplsError {
  declare readonly code: 'MIXED_PRECISION';
  constructor(message: string) {
    super('MIXED_PRECISION', message);
  }
}

/** NaN or infinity in the data (named by row and column), or a result beyond the range or the digits of the precision. */
export class NonFiniteError extends BplsError {
  declare readonly code: 'NON_FINITE';
  constructor(message: string) {
    super('NON_FINITE', message);
  }
}

/** A typed array over memory that may move or change during the call: detached, resizable or shared. */
export class BufferError extends BplsError {
  declare readonly code: 'UNSUPPORTED_BUFFER';
  constructor(message: string) {
    super('UNSUPPORTED_BUFFER', message);
  }
}

/**
 * A singular system met by `solver: 'cholesky'`, which has no other way to solve it, or an SVD that did not come to an
 * end.
 */
export class SingularError extends BplsError {
  declare readonly code: 'SINGULAR';
  constructor(message: string) {
    super('SINGULAR', message);
  }
}

/** @internal dgelsd gave up, or was not called because its matrices were not finite. */
export function svdFailed(matrix: string): SingularError {
  return new SingularError(`Expected the SVD of ${matrix} to converge but its sums overflowed or dgelsd gave up`);
}

/** The AbortSignal of the call was aborted; `cause` is its reason. */
export class AbortedError extends BplsError {
  declare readonly code: 'ABORTED';
  constructor(reason: unknown) {
    super('ABORTED', 'The operation was aborted', { cause: reason });
    this.name = 'AbortError';
  }
}

/** @throws AbortedError where the signal is aborted */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError(signal.reason);
}

/** A model file that is not one, is damaged, or cannot be read or written; `cause` is the system's error. */
export class ModelFileError extends BplsError {
  declare readonly code: 'MODEL_FILE';
  constructor(message: string, options?: Reason) {
    super('MODEL_FILE', message, options);
  }
}

/** Memory that the system would not give. */
export class MemoryError extends BplsError {
  declare readonly code: 'OUT_OF_MEMORY';
  constructor(message: string, options?: Reason) {
    super('OUT_OF_MEMORY', message, options);
  }
}

/** @internal What V8 says where the system gives no memory for an array, as an error of this package. */
export async function withinMemory<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const isRefused = error instanceof RangeError && error.message === 'Array buffer allocation failed';
    throw isRefused ? new MemoryError('The system would not give memory for an array', { cause: error }) : error;
  }
}

/** The native addon could not be loaded, or failed in a way that is this package's fault. */
export class AddonError extends BplsError {
  declare readonly code: 'ADDON';
  constructor(message: string, options?: Reason) {
    super('ADDON', message, options);
  }
}
