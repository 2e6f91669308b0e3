import { describe, expect, it } from 'vitest';
import { checkerboard3, linearMap, mulberry32 } from '../../bench/data/toy.js';
import { matrix, paper, trainClassifier, trainRegressor } from '../../lib/index.js';
import {
  at,
  dense,
  denseOf,
  frobenius,
  innerProduct,
  map,
  multiply,
  solve,
  subtract,
  transpose,
  withOnes,
  withoutLastRow,
  type Dense,
} from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { plainLayers } from '../support/models.js';
import { activate, forward, inverse, preActivations, type PlainLayer } from '../support/reference.js';
import { createRandom } from '../../lib/random.js';

/** argmin ‖[H, 1] W − T‖² */
function leastSquares(H: Dense, T: Dense): Dense {
  const A = withOnes(H);
  return solve(innerProduct(A, A), innerProduct(A, T));
}

/** The minimum-norm solutions x of Vᵀx = t − b, a row for each sample. */
function below({ weights }: PlainLayer, T: Dense): Dense {
  const V = withoutLastRow(weights);
  const Vt = transpose(V);
  const P = V.rows >= V.cols ? solve(multiply(Vt, V), Vt) : transpose(solve(multiply(V, Vt), V));
  return multiply(map(T, (t, _, k) => t - at(weights, V.rows, k)), P); // prettier-ignore
}

/** One pass, from first weights U[−1, 1] in the order of the layers. */
function paperPass(
  X: Dense,
  T: Dense,
  widths: readonly number[],
  activation: 'tanh' | 'identity',
  seed: number,
): PlainLayer[] {
  const random = createRandom(seed);
  let inputs = X.cols;
  const first = widths.map((units): PlainLayer => {
    const weights = dense(inputs + 1, units, () => 2 * random.uniform() - 1);
    inputs = units;
    return { weights, activation };
  });
  const values = forward(first, X);
  const layers: PlainLayer[] = [];
  let desired = T;
  for (let l = widths.length; l >= 0; l--) {
    layers[l] = {
      weights: leastSquares(values[l]!, desired),
      activation: l === widths.length ? 'identity' : activation,
    };
    if (l > 0) desired = map(below(layers[l]!, desired), (y) => inverse(activation, y));
  }
  return layers;
}

describe('paper', () => {
  it('is the options of the method', () => {
    expect(paper).toMatchObject({
      init: 'uniform',
      targets: 'inverse',
      samples: 'misclassified',
      ridge: 0,
      standardize: false,
    });
  });

  it.each([
    ['identity', [3], 1e6],
    ['identity', [4, 4], 1e6],
    ['tanh', [5], 1e8],
    ['tanh', [9, 7], 1e9],
  ] as const)('is the pass written out, through %s %j', async (activation, hidden, limit) => {
    // As many outputs as the narrowest layer of a linear network, which would have deficient weights with fewer.
    const outputs = activation === 'identity' ? 4 : 2;
    const { inputs, targets } = linearMap(80, 4, outputs, mulberry32(3));
    const [X, Y] = [denseOf(inputs, 80, 4), map(denseOf(targets, 80, outputs), (y, i) => y / 4 + Math.sin(i) / 10)];
    const options = { ...paper, hidden, activation, iterations: 1, seed: 6 };
    const { network } = await trainRegressor(matrix(X.data, 80, 4), matrix(Y.data, 80, outputs), options);
    const expected = paperPass(X, Y, hidden, activation, 6);
    plainLayers(network).forEach(({ weights }, l) => {
      const close = frobenius(subtract(weights, expected[l]!.weights)) / frobenius(expected[l]!.weights);
      expect(close).toBeLessThan(limit * 2 ** -52);
    });
    const predicted = activate('identity', preActivations(expected.at(-1)!, forward(expected.slice(0, -1), X).at(-1)!));
    expectClose(network.forwardSync(matrix(X.data, 80, 4)).data, predicted.data, 2 ** -52, limit);
  });

  it('repeats the pass on misclassified samples alone, and keeps the best', async () => {
    const { inputs, labels, rows } = checkerboard3(200, mulberry32(4));
    const X = matrix(inputs, rows, 2);
    const model = await trainClassifier(X, labels, { ...paper, hidden: [30], activation: 'tanh' });
    const { iterations, bestIteration } = model.report;
    expect(iterations[0]!.activeShare).toBe(1);
    iterations.slice(1).forEach(({ activeShare }, i) => {
      expect(activeShare).toBeCloseTo(iterations[i]!.misclassified! / rows, 12);
    });
    const misclassified = iterations.map((iteration) => iteration.misclassified!);
    const best = iterations.find(({ iteration }) => iteration === bestIteration)!;
    expect(best.misclassified).toBe(Math.min(...misclassified));
    expect((await model.evaluate(X, labels)).misclassified).toBe(best.misclassified);
  });

  it('has no ridge and leaves the inputs alone', async () => {
    const { inputs, targets } = linearMap(80, 4, 2, mulberry32(5));
    const X = matrix(inputs.map((x) => 10 * x + 5), 80, 4); // prettier-ignore
    const { network, report } = await trainRegressor(X, matrix(targets, 80, 2), { ...paper, hidden: [4], activation: 'identity' }); // prettier-ignore
    expect(network.standardization).toBeUndefined();
    expect(report.standardized).toBe(false);
    expect(report.layers.map(({ ridge }) => ridge)).toEqual([0, 0]);
  });
});
