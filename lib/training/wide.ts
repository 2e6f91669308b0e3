import { inBatches, batchRows } from '../batches.js';
import { call, callEach, type Lane } from '../lane.js';
import { allocate, type FloatArray, type Matrix } from '../matrix.js';
import { activationCode } from '../network/activation.js';
import { Network, type Layer, type Standardization } from '../network/network.js';
import type { Settings } from '../options.js';
import { turns } from '../turns.js';
import type { Problem } from './problem.js';

/** From so many times as many columns as rows on. */
const wide = 2;

/**
 * Whether rows (those that have a weight) are so few beside their columns that a training is on their coordinates in
 * the space that they span.
 */
export function isWide({ hidden, image, mask, targets }: Settings, rows: number, cols: number, times = wide): boolean {
  const asked = image ?? mask ?? (hidden[0] !== undefined && hidden[0].init !== 'contrast');
  return cols >= times * rows && targets === 'gauss-newton' && !asked;
}

/** A problem in fewer columns, and the network of the given columns from that of those. */
export interface Narrowed {
  readonly problem: Problem;
  readonly lift: (lane: Lane, network: Network) => Promise<Network>;
}

/**
 * X = L Qᵀ for standardised X (S×n) of more columns than rows: Q (n×S) of orthonormal columns that span the rows, L
 * (S×S); or, where some rows have no weight, Q (n×R) that spans the R others, and L (S×R) the part of X in that. First
 * weights of contrasts lie in that space, and so does every step; the penalty of Q V is that of V. So a training on L
 * is one on X, and its weights are Q V.
 *
 * @source the representer theorem (Kimeldorf and Wahba 1971)
 */
export async function narrow(
  lane: Lane,
  problem: Problem,
  standardization: Standardization | undefined,
): Promise<Narrowed> {
  const { data, cols } = problem.inputs;
  const { basis, inputs } = await coordinates(lane, problem.inputs, standardization, problem.weighted, undefined);
  const rank = inputs.cols;
  const lift: Narrowed['lift'] = async (own, network) => {
    const [first, ...rest] = network.layers as [Layer, ...Layer[]];
    const { units } = first;
    const lifted = allocate(data, (cols + 1) * units);
    const product = { rows: cols, inner: rank, columns: units, transposed: false };
    const b = first.weights.subarray(0, rank * units);
    await call(own, 'multiply', { ...product, a: basis, b, solution: lifted.subarray(0, cols * units) });
    lifted.set(first.weights.subarray(rank * units), cols * units);
    return new Network<FloatArray>([{ ...first, weights: lifted, inputs: cols }, ...rest], standardization);
  };
  const { validate } = problem;
  return {
    problem: {
      ...problem,
      inputs,
      ...(validate && { validate: async (network, own) => validate(await lift(own, network), own) }),
    },
    lift,
  };
}

/**
 * Q (n×R), with room for a row more, of the R rows that span the space; and L of those wanted in it. All rows where not
 * given.
 */
export async function coordinates(
  lane: Lane,
  { data, rows, cols }: Matrix,
  standardization: Standardization | undefined,
  spanning: Int32Array | undefined,
  wanted: Int32Array | undefined,
): Promise<{ basis: FloatArray; inputs: Matrix }> {
  const rank = spanning?.length ?? rows;
  const weights = allocate(data, (cols + 1) * rank);
  const basis = weights.subarray(0, cols * rank);
  for await (const [begin, end] of turns(cols, rank))
    for (let j = begin; j < end; j++) {
      const [shift, scale] = [standardization?.shift[j] ?? 0, standardization?.scale[j] ?? 1];
      for (let i = 0; i < rank; i++) {
        const row = spanning?.[i] ?? i;
        basis[j * rank + i] = ((data[row * cols + j] as number) - shift) * scale;
      }
    }
  await call(lane, 'orthonormalise', { matrix: basis, rows: cols, columns: rank });
  const count = wanted?.length ?? rows;
  const outputs = allocate(data, count * rank);
  const layer = { weights, inputs: cols, units: rank, activation: activationCode('identity') };
  const args = {
    inputs: data,
    samples: rows,
    columns: cols,
    ...standardization,
    indices: wanted,
    layers: [layer],
    outputs,
  };
  await callEach(lane, 'predict', inBatches(count, batchRows(cols), args));
  return { basis, inputs: { data: outputs, rows: count, cols: rank } };
}
