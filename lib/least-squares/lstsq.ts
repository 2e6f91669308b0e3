import { types } from 'node:util';
import { ArgumentError, SingularError, svdFailed } from '../errors.js';
import { checkFinite, checkSolution, sumsOverflowed } from '../finite.js';
import { call, type Lane } from '../lane.js';
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
import { laneOf, nonNegative, oneOf, readOptions, type RunOptions, type Solver } from '../options.js';
import { turns } from '../turns.js';
import { addTo, copyTo } from '../vectors.js';
import { NormalEquations, smallestRcond, type Solution } from './normal-equations.js';

export interface LstsqOptions extends RunOptions {
  /** `auto` tries Cholesky on AᵀA and falls to the SVD of A; `svd` is as accurate as can be. @default 'auto' */
  solver?: Solver | undefined;
  /**
   * Singular values up to `rcond` times the largest count as zero; with `solver: 'cholesky'` one that is given is a bound
   * below which A is refused. @default ε · max(rows, cols), at most 4 ε · min(rows, cols)
   */
  rcond?: number | undefined;
}

export interface RidgeOptions extends LstsqOptions {
  /** Penalty per sample. */
  ridge: number;
}

/**
 * Least squares W = argmin ‖A W − B‖², the one of minimum norm where there are several.
 *
 * Cholesky solves AᵀA W = AᵀB (`dposv`), scaled to a diagonal of ones, so that the units of the columns do not matter.
 * Where that has a reciprocal condition number below 0.01 the result is refined once with its residual; it is trusted down to
 * one of ε^¾ (condition of A up to 10⁶ in double). The SVD is `dgelsd` on the R-factor of a tall A (two rows a column and
 * more) or on a copy of any other.
 *
 * @param A rows×n
 * @param B rows×m
 * @returns `weights` W (n×m), the solver used, rank and reciprocal condition number
 * @throws ShapeError where B has not A's rows
 * @throws PrecisionError, NonFiniteError, BufferError, ArgumentError for the arguments themselves
 * @throws SingularError where `solver: 'cholesky'` meets a matrix without full column rank
 * @throws NonFiniteError where the products of `solver: 'cholesky'`, or the solution, leave the range of the precision
 * @throws AbortedError where the signal is aborted
 *
 * @example
 * ```ts
 * const A = matrix(new Float64Array([1, 0, 1, 1, 1, 2]), 3, 2);
 * const B = matrix(new Float64Array([1, 3, 5]), 3, 1);
 * const { weights } = await lstsq(A, B);
 * console.log(weights.data); // 1 and 2 to rounding: B = 1 + 2 x
 * ```
 */
export async function lstsq<T extends FloatArray>(
  A: Matrix<T>,
  B: Matrix<T>,
  options: LstsqOptions = {},
): Promise<Solution<T>> {
  return solve(A, B, readOptions(options, ['solver', 'rcond', 'threads', 'signal']), 0);
}

/**
 * Ridge regression W = argmin ‖A W − B‖² / rows + ridge ‖W‖², without an intercept.
 *
 * As {@link lstsq}; the SVD is that of A with √(rows · ridge) I below it.
 *
 * @param A rows×n
 * @param B rows×m
 * @returns `weights` W (n×m), the solver used, rank and reciprocal condition number
 * @throws as {@link lstsq}
 *
 * @example
 * ```ts
 * const { weights } = await ridge(A, B, { ridge: 1e-3 });
 * ```
 */
export async function ridge<T extends FloatArray>(
  A: Matrix<T>,
  B: Matrix<T>,
  options: RidgeOptions,
): Promise<Solution<T>> {
  const given = readOptions(options, ['ridge', 'solver', 'rcond', 'threads', 'signal']);
  return solve(A, B, given, nonNegative('options.ridge', given.ridge));
}

async function solve<T extends FloatArray>(
  a: Matrix<T>,
  b: Matrix<T>,
  options: { [Name in keyof LstsqOptions]?: unknown },
  penalty: number,
): Promise<Solution<T>> {
  const A = checkMatrix('A', a) as Matrix<T>;
  const B = checkMatrix('B', b) as Matrix<T>;
  checkSamePrecision('B.data', B.data, 'A.data', A.data);
  checkEqual('B.rows', B.rows, 'A.rows', A.rows);
  const solver = oneOf('options.solver', options.solver, ['auto', 'cholesky', 'svd'], 'auto');
  // A bound of the caller's own is one on A as it is.
  const isBounded = options.rcond !== undefined;
  const cut = isBounded
    ? nonNegative('options.rcond', options.rcond)
    : // Of very many rows no more: they are reduced to a triangle first, by blocks.
      epsilon(A.data) * Math.min(Math.max(A.rows, A.cols), 4 * Math.min(A.rows, A.cols));
  if (cut >= 1) throw new ArgumentError(`Expected options.rcond to be below 1 but received ${describe(options.rcond)}`);
  const lane = laneOf(options);
  // The squares of A's; the estimate of a Gram matrix's condition may be some times too good.
  const bound = isBounded ? 100 * cut ** 2 : 0;
  const least = Math.max(smallestRcond(A.data), bound);
  // A wide A has a singular Gram matrix unless a ridge fills it.
  if (solver === 'cholesky' || (solver === 'auto' && (A.rows >= A.cols || penalty > 0))) {
    // Cholesky alone takes whatever it can, down to a bound.
    const trusted = solver === 'cholesky' ? bound : least;
    const solution = await byCholesky(lane, A, B, penalty, { least: trusted, equilibrate: !isBounded });
    if (solution) return checkSolution(solution);
    if (solver === 'cholesky')
      throw new SingularError(
        `Expected A to have full column rank${isBounded ? ' by options.rcond' : ''} with solver 'cholesky' but it has not; 'auto' and 'svd' solve it`,
      );
  }
  return checkSolution(await bySvd(lane, A, B, penalty, cut));
}

/** From here on Cholesky without a refinement is found as exact as the SVD; a pass over A is a fifth of the time. */
const wellConditioned = 0.01;

/** Undefined where the reciprocal condition number of the Gram matrix is below `least`; 0 takes whatever there is. */
async function byCholesky<T extends FloatArray>(
  lane: Lane,
  A: Matrix<T>,
  B: Matrix<T>,
  penalty: number,
  { least, equilibrate }: { least: number; equilibrate: boolean },
): Promise<Solution<T> | undefined> {
  const always = least === 0;
  const precision: keyof Arrays = types.isFloat64Array(A.data) ? 'float64' : 'float32';
  const sums = new NormalEquations(A.cols, B.cols, { precision, intercept: false });
  await sums.pass(lane, A, B, { gram: sums.gram, rhs: sums.rhs, sign: 1 });
  const isFinite = await sums.isFinite();
  if (!isFinite) {
    await checkBoth(lane, A, B);
    if (always) throw sumsOverflowed();
  }
  // Products left the range of the precision; the SVD has none.
  if (!always && (!isFinite || (await haveLostDigits(sums, B)))) return undefined;
  sums.count = A.rows;
  const factor = allocate(A.data, A.cols ** 2);
  const solution = (await sums.cholesky(lane, penalty, { factor, equilibrate })) as Solution<T> | undefined;
  if (!solution || solution.rcond < least) return undefined;
  if (solution.rcond >= wellConditioned) return solution;
  // One refinement: the residual in the data, not in the Gram matrix, restores what squaring the condition cost.
  const X = solution.weights.data;
  const correction = { rhs: allocate(A.data, X.length), weights: X, sign: 1 };
  await sums.pass(lane, A, B, correction);
  await addTo(correction.rhs, -penalty * A.rows, X);
  await call(lane, 'solveFactored', {
    factor,
    order: A.cols,
    rhs: correction.rhs,
    rightHandSides: B.cols,
    solution: correction.rhs,
  });
  await addTo(X, 1, correction.rhs);
  return solution;
}

/** Whether sums of AᵀA or AᵀB are so small that they have lost digits, if not all. */
async function haveLostDigits(sums: NormalEquations<keyof Arrays>, { data, cols }: Matrix): Promise<boolean> {
  const least = (types.isFloat64Array(data) ? 2 ** -1022 : 2 ** -126) / epsilon(data);
  const isSmall = (value: number) => value !== 0 && Math.abs(value) < least;
  const sizes = await sums.sizes();
  if (sizes.some(isSmall)) return true;
  const greatest = sizes.subarray(sums.order);
  if (!greatest.includes(0)) return false;
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) if (greatest[i % cols] === 0 && data[i] !== 0) return true;
  return false;
}

/** Called where sums or solutions are not finite, so that data that are cost no pass of their own. */
async function checkBoth(lane: Lane, A: Matrix, B: Matrix): Promise<void> {
  await checkFinite(lane, 'A', A);
  await checkFinite(lane, 'B', B);
}

async function bySvd<T extends FloatArray>(
  lane: Lane,
  A: Matrix<T>,
  B: Matrix<T>,
  penalty: number,
  cut: number,
): Promise<Solution<T>> {
  const n = A.cols;
  const extra = penalty > 0 ? n : 0;
  let a = A.data;
  let b = B.data;
  if (extra > 0) {
    a = await copyTo(allocate(a, (A.rows + n) * n) as T, A.data);
    b = await copyTo(allocate(b, (A.rows + n) * B.cols) as T, B.data);
    for (let i = 0; i < n; i++) a[(A.rows + i) * n + i] = Math.sqrt(A.rows * penalty);
  }
  const solution = allocate(a, n * B.cols) as T;
  const { info, rank, rcond } = await call(lane, 'solveSvd', {
    a,
    rows: A.rows + extra,
    columns: n,
    b,
    rightHandSides: B.cols,
    cut,
    solution,
  });
  if (info > 0) {
    await checkBoth(lane, A, B);
    throw svdFailed('A');
  }
  return { weights: { data: solution, rows: n, cols: B.cols }, solver: 'svd', rank, rcond };
}
