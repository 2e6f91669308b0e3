import { SingularError, svdFailed } from '../errors.js';
import { call } from '../lane.js';
import { epsilon, type FloatArray } from '../matrix.js';
import type { LayerReport } from '../report.js';
import type { Training } from './training.js';

export function notPositiveDefinite(layer: string): SingularError {
  return new SingularError(
    `Expected a positive definite Gram matrix of ${layer} with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it`,
  );
}

/** The normal equations (AᵀA + count · ridge) W = rhs of one layer; A's last column is the constant, without a penalty. */
export interface LayerSystem {
  /** For messages. */
  name: string;
  /** Takes note of the solver, rank and reciprocal condition number. */
  report: LayerReport;
  gram: FloatArray;
  /** Room for the Cholesky factor, order × order. */
  factor: FloatArray;
  rhs: FloatArray;
  /** Penalty per sample, and the samples in the sums. */
  ridge: number;
  count: number;
  /** Least reciprocal condition number at which `auto` trusts Cholesky. */
  leastRcond: number;
  /** One pass over the rows of A into the R of its QR factorisation. */
  accumulate: (triangle: FloatArray) => Promise<unknown>;
}

/** W for the present right-hand side, and what solves the same system with others. */
export interface LayerSolution {
  weights: FloatArray;
  solve: (rhs: FloatArray) => Promise<FloatArray>;
}

/** By dposv; where `solver` or the condition number says so, by dgelsd on A's own R-factor. The report says which. */
export async function solveLayer(training: Training, system: LayerSystem): Promise<LayerSolution> {
  const { solver } = training.settings;
  system.report.ridge = system.ridge;
  if (solver !== 'svd') {
    const solution = await byCholesky(training, system, solver === 'cholesky');
    if (solution) return solution;
    if (solver === 'cholesky') throw notPositiveDefinite(system.name);
  }
  const solve = await bySvd(training, system);
  return { weights: await solve(system.rhs), solve };
}

export async function byCholesky(
  training: Training,
  { report, gram, factor, rhs, ridge, count, leastRcond }: LayerSystem,
  always: boolean,
): Promise<LayerSolution | undefined> {
  const order = Math.sqrt(gram.length);
  const shape = { order, rightHandSides: rhs.length / order };
  const weights = training.zeros(rhs.length);
  const { info, rcond } = await call(training, 'solveCholesky', {
    ...shape,
    gram,
    ridge: ridge * count,
    lastRidge: 0,
    rhs,
    factor,
    solution: weights,
  });
  if (info > 0 || (rcond < leastRcond && !always)) return undefined;
  Object.assign(report, { solver: 'cholesky', rank: order, rcond });
  const solve = async (other: FloatArray) => {
    const solution = training.zeros(other.length);
    await call(training, 'solveFactored', { ...shape, factor, rhs: other, solution });
    return solution;
  };
  return { weights, solve };
}

/**
 * R of a QR factorisation of A instead of AᵀA, so that the rank is told by A's condition number and not by its square; its
 * pseudo-inverse by `dgelsd`, and W = R⁺ R⁺ᵀ rhs. The rounding of rhs = AᵀB is still amplified by the square.
 */
async function bySvd(
  training: Training,
  { name, report, gram, ridge, count, accumulate }: LayerSystem,
): Promise<LayerSolution['solve']> {
  const order = Math.sqrt(gram.length);
  const triangle = training.zeros(order ** 2);
  // R starts as √(count · ridge) I: rows that stand above those of A.
  for (let i = 0; i < order - 1; i++) triangle[i * order + i] = Math.sqrt(ridge * count);
  await accumulate(triangle);
  const identity = training.zeros(order ** 2);
  for (let i = 0; i < order; i++) identity[i * order + i] = 1;
  const inverse = training.zeros(order ** 2);
  const { info, rank, rcond } = await call(training, 'solveSvd', {
    a: triangle,
    rows: order,
    columns: order,
    b: identity,
    rightHandSides: order,
    cut: 4 * order * epsilon(triangle),
    solution: inverse,
  });
  if (info > 0) throw svdFailed(name);
  Object.assign(report, { solver: 'svd', rank, rcond });
  return async (rhs) => {
    const shape = { rows: order, inner: order, columns: rhs.length / order, a: inverse };
    const inner = training.zeros(rhs.length);
    const solution = training.zeros(rhs.length);
    await call(training, 'multiply', { ...shape, b: rhs, transposed: true, solution: inner });
    await call(training, 'multiply', { ...shape, b: inner, transposed: false, solution });
    return solution;
  };
}
