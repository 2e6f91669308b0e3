import { batchRows, inBatches } from '../batches.js';
import { ArgumentError, NonFiniteError, ShapeError, SingularError, svdFailed } from '../errors.js';
import { checkFinite, checkSolution, sumsOverflowed } from '../finite.js';
import { call, callEach, type Lane } from '../lane.js';
import {
  allocate,
  checkEqual,
  checkMatrix,
  checkSamePrecision,
  describe,
  epsilon,
  type Arrays,
  type FloatArray,
  type Matrix,
} from '../matrix.js';
import { turns } from '../turns.js';
import { addTo, copyOf } from '../vectors.js';
import { integer, laneOf, nonNegative, oneOf, readOptions, runOf, type RunOptions, type Solver } from '../options.js';

/** A solution and how it was found. */
export interface Solution<T extends FloatArray = FloatArray> {
  /** W, of as many rows as the system has unknowns. */
  weights: Matrix<T>;
  solver: 'cholesky' | 'svd';
  /** Rank of A; full where Cholesky succeeded. */
  rank: number;
  /**
   * Reciprocal condition number: for `cholesky` of the Gram matrix (1-norm), scaled to a diagonal of ones, for `svd` of the
   * decomposed matrix. (With an `rcond` of the caller's own the Gram matrix is not scaled.)
   */
  rcond: number;
}

export interface SolveOptions extends RunOptions {
  /** Penalty per sample: ‖A W − B‖² / S + ridge ‖V‖²; the intercept is not penalised. @default 0 */
  ridge?: number | undefined;
  /** @default 'auto' */
  solver?: Solver | undefined;
}

/** Below this reciprocal condition number of a Gram matrix, `auto` does not trust its Cholesky solution. */
export function smallestRcond(data: FloatArray): number {
  return epsilon(data) ** 0.75;
}

/**
 * The normal equations AᵀA W = AᵀB of a linear least-squares problem, held as their sums so that rows can come and go:
 * what {@link lstsq} and {@link ridge} solve by Cholesky. The Gram matrix is p × p with its lower triangle filled, p = inputs + 1
 * with an intercept (a constant last column of A). `gram`, `rhs` and `count` are its state: set them in a
 * new one to restore it, which then knows nothing of rows that were removed before ({@link remove}).
 *
 * @example
 * ```ts
 * const sums = new NormalEquations(2, 1);
 * await sums.add(X, Y); // more rows at any time; `remove` takes some out, `merge` adds another's
 * const { weights, rank, rcond } = await sums.solve({ ridge: 1e-6 });
 * ```
 */
export class NormalEquations<P extends keyof Arrays = 'float64'> {
  readonly inputs: number;
  readonly outputs: number;
  readonly intercept: boolean;
  /** AᵀA (p×p, row-major, lower triangle). */
  readonly gram: Arrays[P];
  /** AᵀB (p×outputs, row-major). */
  readonly rhs: Arrays[P];
  /** Rows in the sums. */
  count = 0;
  /** Calls that have not settled; each waits for the one before. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** False once a pass was cut off: the sums have some of its rows. */
  #isWhole = true;
  /** The greatest of {@link sizes} before rows were removed: what the sums were rounded by. */
  readonly #peaks: Float64Array;

  /**
   * @param inputs columns of A
   * @param outputs columns of B
   * @param options `precision` of the data and of the sums: those of float32 lose digits where means are some hundred
   *   deviations from 0, so that they are best taken from the data first; `intercept`, a last column of ones, by default
   * @throws ArgumentError where an argument is out of its range
   */
  constructor(
    inputs: number,
    outputs: number,
    options: { precision?: P | undefined; intercept?: boolean | undefined } = {},
  ) {
    const given = readOptions(options, ['precision', 'intercept']);
    this.inputs = integer('inputs', inputs, 1, 2 ** 24);
    this.outputs = integer('outputs', outputs, 1, 2 ** 24);
    const precision = oneOf('options.precision', given.precision, ['float64', 'float32'], 'float64');
    if (given.intercept !== undefined && typeof given.intercept !== 'boolean')
      throw new ArgumentError(
        `Expected options.intercept to be true or false but received ${describe(given.intercept)}`,
      );
    this.intercept = given.intercept ?? true;
    const like = precision === 'float64' ? new Float64Array() : new Float32Array();
    this.gram = allocate(like, this.order ** 2) as Arrays[P];
    this.rhs = allocate(like, this.order * this.outputs) as Arrays[P];
    this.#peaks = new Float64Array(this.order + this.outputs);
  }

  /** Unknowns of each output: inputs, and the intercept. */
  get order(): number {
    return this.inputs + (this.intercept ? 1 : 0);
  }

  /**
   * Adds the rows of X (rows×inputs) and Y (rows×outputs), which are read until the promise settles. Calls on one object
   * take their turn. Refused rows (of another shape or precision, NaN, infinity) leave the sums as they were; a call that is
   * aborted under way leaves some of its rows in them, and calls after it are refused.
   */
  async add(X: Matrix<Arrays[P]>, Y: Matrix<Arrays[P]>, options: RunOptions = {}): Promise<void> {
    await this.#inTurn(() => this.#change(X, Y, options, 1));
  }

  /**
   * Takes rows out that were added before. The rounding of their sums stays: after rows of much larger numbers than those
   * that are left, sums have lost digits, and {@link solve} refuses them where they have next to none. A window that slides
   * for long is better made anew now and then.
   */
  async remove(X: Matrix<Arrays[P]>, Y: Matrix<Arrays[P]>, options: RunOptions = {}): Promise<void> {
    await this.#inTurn(() => this.#change(X, Y, options, -1));
  }

  async #inTurn<R>(work: () => Promise<R>): Promise<R> {
    this.#pending++;
    const before = this.#last;
    const own = before.then(work);
    this.#last = own.catch(() => undefined);
    try {
      return await own;
    } finally {
      this.#pending--;
    }
  }

  async #change(x: Matrix<Arrays[P]>, y: Matrix<Arrays[P]>, options: RunOptions, sign: number) {
    const [X, Y] = this.#check(x, y);
    this.#checkWhole();
    if (sign < 0 && X.rows > this.count)
      throw new ShapeError(`Expected X.rows to be at most the rows in the sums (${this.count}) but received ${X.rows}`);
    const lane = runOf(options);
    await checkFinite(lane, 'X', X);
    await checkFinite(lane, 'Y', Y);
    if (sign < 0) this.#notePeaks(await this.sizes());
    this.#isWhole = false;
    await this.pass(lane, X, Y, { gram: this.gram, rhs: this.rhs, sign });
    this.#isWhole = true;
    this.count += sign * X.rows;
  }

  #checkWhole(): void {
    if (!this.#isWhole)
      throw new ArgumentError('Expected whole sums but a call on these was cut off: make a new NormalEquations');
  }

  #notePeaks(sizes: Float64Array): void {
    sizes.forEach((size, j) => (this.#peaks[j] = Math.max(this.#peaks[j] as number, size)));
  }

  /** @internal The diagonal of AᵀA, and then of each column of AᵀB the greatest. */
  async sizes(): Promise<Float64Array> {
    const sizes = new Float64Array(this.#peaks.length);
    const [p, m] = [this.order, this.outputs];
    for (let j = 0; j < p; j++) sizes[j] = this.gram[j * (p + 1)] as number;
    for await (const [begin, end] of turns(p * m))
      for (let i = begin; i < end; i++) {
        const k = i % m;
        sizes[p + k] = Math.max(sizes[p + k] as number, Math.abs(this.rhs[i] as number));
      }
    return sizes;
  }

  #check(x: unknown, y: unknown): [Matrix, Matrix] {
    const X = checkMatrix('X', x);
    const Y = checkMatrix('Y', y);
    checkSamePrecision('X.data', X.data, 'the sums', this.gram);
    checkSamePrecision('Y.data', Y.data, 'X.data', X.data);
    checkEqual('X.cols', X.cols, 'inputs', this.inputs);
    checkEqual('Y.cols', Y.cols, 'outputs', this.outputs);
    checkEqual('Y.rows', Y.rows, 'X.rows', X.rows);
    return [X, Y];
  }

  /** @internal One pass over rows: gram += AᵀA, rhs += Aᵀ(B − A W). */
  async pass(
    lane: Lane,
    X: Matrix,
    Y: Matrix,
    into: { gram?: FloatArray; rhs: FloatArray; sign: number; weights?: FloatArray },
  ): Promise<void> {
    const batch = batchRows(Math.max(X.cols, Y.cols));
    const args = {
      inputs: X.data,
      samples: X.rows,
      columns: X.cols,
      targets: Y.data,
      targetColumns: Y.cols,
      intercept: this.intercept,
      ...into,
    };
    await callEach(lane, 'accumulate', inBatches(X.rows, batch, args));
  }

  /**
   * @internal Whether all rows were, as far as their squares do not overflow: NaN and infinity reach the diagonal of
   * AᵀA and AᵀB.
   */
  async isFinite(): Promise<boolean> {
    for (let i = 0; i < this.gram.length; i += this.order + 1) if (!Number.isFinite(this.gram[i])) return false;
    for await (const [begin, end] of turns(this.rhs.length))
      for (let i = begin; i < end; i++) if (!Number.isFinite(this.rhs[i])) return false;
    return true;
  }

  /**
   * Adds the sums of another, of the same shape: its rows as if they had been added here. Calls on either that are made
   * meanwhile take their turn after it.
   *
   * @throws ArgumentError while a call on either has not settled
   */
  async merge(other: NormalEquations<P>): Promise<void> {
    if (!(other instanceof NormalEquations))
      throw new ArgumentError(`Expected other to be a NormalEquations but received ${describe(other)}`);
    if (this.#pending > 0 || other.#pending > 0)
      throw new ArgumentError('Expected both NormalEquations to be at rest but a call on one has not settled');
    this.#checkWhole();
    other.#checkWhole();
    checkSamePrecision("other's sums", other.gram, 'these', this.gram);
    checkEqual('other.inputs', other.inputs, 'inputs', this.inputs);
    checkEqual('other.outputs', other.outputs, 'outputs', this.outputs);
    checkEqual('other.order', other.order, 'order', this.order);
    const work = async () => {
      this.#notePeaks(other.#peaks);
      await addTo(this.gram, 1, other.gram);
      await addTo(this.rhs, 1, other.rhs);
      this.count += other.count;
    };
    const merged = this.#inTurn(work);
    if (other !== this) other.#inTurn(() => merged).catch(() => undefined);
    await merged;
  }

  /**
   * W = argmin ‖A W − B‖² / S + ridge ‖V‖², by `dposv` on the Gram matrix; where that is singular or its reciprocal
   * condition number is below ε^¾, the minimum-norm solution by `dgelsd` on it (`solver: 'auto'`). Both are those of the
   * matrix scaled to a diagonal of ones, so that the units of the columns do not matter (the minimum norm is in units of
   * each column's root mean square, to powers of 2). A Gram matrix has the square of A's condition number: where that
   * matters, give the rows to {@link lstsq} instead.
   *
   * @throws ShapeError where no row has been added
   * @throws ArgumentError where an `add` or `remove` was aborted under way
   * @throws NonFiniteError where the sums or the solution left the range of the precision
   * @throws SingularError where `solver: 'cholesky'` meets a matrix that is not positive definite
   */
  async solve(options: SolveOptions = {}): Promise<Solution<Arrays[P]>> {
    return this.#inTurn(async () => checkSolution(await this.#solve(options)));
  }

  async #solve(options: SolveOptions): Promise<Solution<Arrays[P]>> {
    const given = readOptions(options, ['ridge', 'solver', 'threads', 'signal']);
    const ridge = nonNegative('options.ridge', given.ridge === undefined ? 0 : given.ridge);
    const solver = oneOf('options.solver', given.solver, ['auto', 'cholesky', 'svd'], 'auto');
    const lane = laneOf(given);
    this.#checkWhole();
    if (this.count === 0) throw new ShapeError('Expected at least one row in the sums but received none');
    if (!Number.isInteger(this.count) || this.count < 0)
      throw new ArgumentError(`Expected count to be the rows in the sums but received ${describe(this.count)}`);
    if (!(await this.isFinite())) throw sumsOverflowed();
    await this.#checkDigits();
    if (solver !== 'svd') {
      const solution = await this.cholesky(lane, ridge, { equilibrate: true });
      if (solution && (solver === 'cholesky' || solution.rcond >= smallestRcond(this.gram))) return solution;
      if (solver === 'cholesky')
        throw new SingularError(
          "Expected a positive definite Gram matrix with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it",
        );
    }
    return this.#svd(lane, ridge);
  }

  /**
   * @throws NonFiniteError where what is left of a column is near to the rounding of rows that were removed; 0 may be exact,
   * as it is of integers within the precision
   */
  async #checkDigits(): Promise<void> {
    const unit = epsilon(this.gram);
    const sizes = await this.sizes();
    this.#peaks.forEach((peak, j) => {
      const left = sizes[j] as number;
      if (left >= 2 ** 10 * unit * peak || (left === 0 && peak * unit < 1)) return;
      const column = j < this.order ? `column ${j}` : `output ${j - this.order}`;
      throw new NonFiniteError(
        `Expected sums with digits left but those of ${column} came to ${left} from ${peak} when rows were removed: add the rows that are left to a new NormalEquations`,
      );
    });
  }

  /**
   * @internal By dposv; undefined where the matrix is not positive definite. `factor` (p×p) keeps its factor; `equilibrate`
   * tells the condition number of the matrix scaled to a diagonal of ones.
   */
  async cholesky(
    lane: Lane,
    ridge: number,
    {
      factor = allocate(this.gram, this.order ** 2),
      equilibrate = false,
    }: { factor?: FloatArray; equilibrate?: boolean } = {},
  ): Promise<Solution<Arrays[P]> | undefined> {
    const solution = allocate(this.gram, this.rhs.length) as Arrays[P];
    const { info, rcond } = await call(lane, 'solveCholesky', {
      gram: this.gram,
      order: this.order,
      equilibrate,
      ridge: ridge * this.count,
      lastRidge: this.intercept ? 0 : ridge * this.count,
      rhs: this.rhs,
      rightHandSides: this.outputs,
      solution,
      factor,
    });
    if (info > 0 || !(rcond > 0) || this.#isDeficient(factor, ridge * this.count)) return undefined;
    return { weights: this.#weights(solution), solver: 'cholesky', rank: this.order, rcond };
  }

  /**
   * Rounding lets a singular matrix through the factorisation now and then. A column that depends on those before it has
   * next to nothing left of it: a squared pivot within p ε of the diagonal element that it came from, whatever the scale.
   */
  #isDeficient(factor: FloatArray, penalty: number): boolean {
    const p = this.order;
    const share = p * epsilon(this.gram);
    for (let j = 0; j < p; j++) {
      const diagonal = (this.gram[j * p + j] as number) + (j < this.inputs ? penalty : 0);
      if ((factor[j * p + j] as number) ** 2 <= share * diagonal) return true;
    }
    return false;
  }

  async #svd(lane: Lane, ridge: number): Promise<Solution<Arrays[P]>> {
    const [p, m] = [this.order, this.outputs];
    const full = await copyOf(this.gram);
    for (let i = 0; i < this.inputs; i++) (full[i * p + i] as number) += ridge * this.count;
    // Powers of 2: nothing is rounded.
    const scales = Float64Array.from({ length: p }, (_, i) => {
      const diagonal = full[i * p + i] as number;
      return diagonal > 0 ? 2 ** -Math.floor(Math.log2(diagonal) / 2) : 1;
    });
    const scaled = (value: number, i: number, j: number) => value * (scales[i] as number) * (scales[j] as number);
    for await (const [begin, end] of turns(p, p))
      for (let i = begin; i < end; i++)
        for (let j = 0; j <= i; j++) full[j * p + i] = full[i * p + j] = scaled(full[i * p + j] as number, i, j);
    const scaleRows = async (values: FloatArray) => {
      for await (const [begin, end] of turns(p, m))
        for (let i = begin; i < end; i++)
          for (let k = i * m; k < (i + 1) * m; k++) (values[k] as number) *= scales[i] as number;
      return values as Arrays[P];
    };
    const rhs = await scaleRows(await copyOf(this.rhs));
    const solution = allocate(this.gram, p * m);
    const { info, rank, rcond } = await call(lane, 'solveSvd', {
      a: full,
      rows: p,
      columns: p,
      b: rhs,
      rightHandSides: this.outputs,
      cut: p * epsilon(this.gram),
      solution,
    });
    if (info > 0) throw svdFailed('the Gram matrix');
    return { weights: this.#weights(await scaleRows(solution)), solver: 'svd', rank, rcond };
  }

  #weights(data: Arrays[P]): Matrix<Arrays[P]> {
    return { data, rows: this.order, cols: this.outputs };
  }
}
