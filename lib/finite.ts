import { call, type Lane } from './lane.js';
import { NonFiniteError } from './errors.js';
import type { Matrix } from './matrix.js';
import { turns } from './turns.js';

/** The error for the element of `X` at `index`. */
export function nonFinite(name: string, X: Matrix, index: number): NonFiniteError {
  const value = String(X.data[index]);
  return new NonFiniteError(
    `Expected ${name} to be finite but received ${value} at row ${Math.floor(index / X.cols)}, column ${index % X.cols}`,
  );
}

/** @throws NonFiniteError where X holds NaN or infinity, naming the first by row and column */
export async function checkFinite(lane: Lane, name: string, X: Matrix): Promise<void> {
  await refuse(lane, X, (index) => nonFinite(name, X, index));
}

/** The same on the calling thread: for a few rows. */
export function checkFiniteNow(name: string, X: Matrix): void {
  refuseNow(X, (index) => nonFinite(name, X, index));
}

/** @throws NonFiniteError where an output left the range of the precision */
export async function checkOutputs<M extends Matrix>(lane: Lane, outputs: M): Promise<M> {
  await refuse(lane, outputs, (index) => outputLeftRange(outputs, index));
  return outputs;
}

/** The same on the calling thread: for a few rows. */
export function checkOutputsNow<M extends Matrix>(outputs: M): M {
  refuseNow(outputs, (index) => outputLeftRange(outputs, index));
  return outputs;
}

async function refuse(lane: Lane, { data }: Matrix, errorAt: (index: number) => NonFiniteError): Promise<void> {
  const { nonFinite: index } = await call(lane, 'findNonFinite', { values: data, length: data.length });
  if (index >= 0) throw errorAt(index);
}

function refuseNow({ data }: Matrix, errorAt: (index: number) => NonFiniteError): void {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) throw errorAt(i);
}

function outputLeftRange({ data, cols }: Matrix, index: number): NonFiniteError {
  return new NonFiniteError(
    `Expected finite outputs but that of column ${index % cols} came to ${data[index]} at row ${Math.floor(index / cols)}: X holds numbers there that are too large for this network`,
  );
}

/** @internal AᵀA or AᵀB left the range. */
export function sumsOverflowed(): NonFiniteError {
  return new NonFiniteError('Expected sums within the range of the precision but they overflowed');
}

/** @throws NonFiniteError where the weights of a solution left the range of the precision */
export async function checkSolution<S extends { readonly weights: Matrix }>(solution: S): Promise<S> {
  const { data } = solution.weights;
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++)
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
