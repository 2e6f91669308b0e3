import { call, type Lane } from './lane.js';
import { NonFiniteError } from './errors.js';
import type { Matrix } from './matrix.js';

/** The error for the element of `X` at `index`. */
export function nonFinite(name: string, X: Matrix, index: number): NonFiniteError {
  const value = String(X.data[index]);
  return new NonFiniteError(
    `Expected ${name} to be finite but received ${value} at row ${Math.floor(index / X.cols)}, column ${index % X.cols}`,
  );
}

/** @throws NonFiniteError where X holds NaN or infinity, naming the first by row and column */
export async function checkFinite(lane: Lane, name: string, X: Matrix): Promise<void> {
  const { nonFinite: index } = await call(lane, 'findNonFinite', { values: X.data, length: X.data.length });
  if (index >= 0) throw nonFinite(name, X, index);
}

/** The same on the calling thread: for a few rows. */
export function checkFiniteNow(name: string, X: Matrix): void {
  const { data } = X;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) throw nonFinite(name, X, i);
}

/** @internal AᵀA or AᵀB left the range. */
export function sumsOverflowed(): NonFiniteError {
  return new NonFiniteError('Expected sums within the range of the precision but they overflowed');
}

/** @throws NonFiniteError where the weights of a solution left the range of the precision */
export function checkSolution<S extends { readonly weights: Matrix }>(solution: S): S {
  const { data } = solution.weights;
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]))
      throw new NonFiniteError(
        `Expected a solution within the range of the precision but a weight came to ${data[i]}: scale the data, or use Float64Array`,
      );
  return solution;
}

/** @throws NonFiniteError where the first objective of a training is not finite: its sums left the range of the precision */
export function checkObjective(objective: number): void {
  if (!Number.isFinite(objective))
    throw new NonFiniteError(
      `Expected sums within the range of the precision but the objective came to ${objective}: scale the data, or use Float64Array`,
    );
}
