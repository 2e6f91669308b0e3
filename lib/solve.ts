import { call } from './lane.js';
import { SingularError } from './errors.js';
import { epsilon, type FloatArray } from './matrix.js';
import type { Training } from './training.js';

export function notPositiveDefinite(layer: string): SingularError {
  return new SingularError(
    `Expected a positive definite Gram matrix of ${layer} with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it`,
  );
}

/**
 * A solver of the normal equations (AᵀA + S ridge) X = B of a layer that never forms AᵀA, so that A's condition number
 * counts and not its square: R of a QR factorisation of A, which `accumulate` takes in batch by batch, its pseudo-inverse
 * by `dgelsd`, and X = R⁺ R⁺ᵀ B.
 *
 * @param order columns of A, the last of them the constant, which is not penalised
 */
export async function solveBySvd(
  training: Training,
  order: number,
  ridge: number,
  accumulate: (triangle: FloatArray) => Promise<unknown>,
): Promise<{ rank: number; rcond: number; solve: (rhs: FloatArray) => Promise<FloatArray> }> {
  const triangle = training.zeros(order ** 2);
  // R starts as √(S ridge) I: rows that stand above those of A.
  for (let i = 0; i < order - 1; i++) triangle[i * order + i] = Math.sqrt(ridge * training.rows);
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
    cut: order * epsilon(triangle),
    solution: inverse,
  });
  if (info > 0) throw new SingularError('Expected the SVD of a layer to converge but dgelsd gave up');
  const solve = async (rhs: FloatArray): Promise<FloatArray> => {
    const shape = { rows: order, inner: order, columns: rhs.length / order, a: inverse };
    const inner = training.zeros(rhs.length);
    const solution = training.zeros(rhs.length);
    await call(training, 'multiply', { ...shape, b: rhs, transposed: true, solution: inner });
    await call(training, 'multiply', { ...shape, b: inner, transposed: false, solution });
    return solution;
  };
  return { rank, rcond, solve };
}
