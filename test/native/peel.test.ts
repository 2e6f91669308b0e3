import { describe, expect, it } from 'vitest';
import { activations, isInjective, type Activation } from '../../lib/network/activation.js';
import { call } from '../../lib/lane.js';
import {
  innerProduct,
  denseOf,
  lowerTriangle,
  multiply,
  rowsOf,
  subtract,
  transpose,
  withOnes,
  withoutLastRow,
  solve,
  type Dense,
} from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { precisions, rounded, type Precision } from '../support/precision.js';
import { drawLayer, drawProblem, lane, rawLayer } from '../support/problem.js';
import { forward, inverse, peel, preActivations, value, wanted } from '../support/reference.js';

const injective = activations.filter(isInjective);

/** (VᵀV)⁻¹Vᵀ or Vᵀ(VVᵀ)⁻¹ */
function pseudoInverse(V: Dense): Dense {
  const Vt = transpose(V);
  return V.rows >= V.cols ? solve(multiply(Vt, V), Vt) : transpose(solve(multiply(V, Vt), V));
}

describe.each(precisions)('peel in $name', (precision: Precision) => {
  const { typed, zeros, epsilon } = precision;
  const samples = 33;

  it.each(injective.flatMap((activation) => [[activation, 'inverse'] as const, [activation, 'nearest'] as const]))(
    'takes the desired outputs down through %s by the rule %s',
    async (activation: Activation, rule) => {
      // Widening layers determine the desired values of the layer below, which keeps those of the rule `inverse` inside
      // an open range. Narrowing ones do not, and tell the rules apart.
      const isOpen = !['identity', 'leaky-relu'].includes(activation);
      const widths = rule === 'inverse' && isOpen ? [3, 4, 5, 6] : [6, 6, 5, 3];
      const hidden = widths.slice(0, 3).map((units) => [units, activation] as const);
      const problem = drawProblem(precision, { samples, columns: 4, hidden, outputs: widths[3]!, standardized: true });
      const { random } = problem;
      const above = [...problem.hidden, problem.output];
      const solved = above.map(({ weights, activation: f }) => {
        const near = rounded(precision, { ...weights, data: weights.data.map((w) => w + random.uniform(0.01)) });
        return { weights: near, activation: f, pseudoInverse: rounded(precision, pseudoInverse(withoutLastRow(near))) };
      });
      const Z = preActivations(solved[3]!, forward(solved.slice(0, 3), problem.X).at(-1)!);
      const T = rounded(precision, { ...Z, data: Z.data.map((z) => z + random.uniform(0.001)) });
      const indices = Int32Array.of(3, 30, 7, 8, 9, 20, 21, 22, 1, 0);
      const batch = { start: 2, count: 8, indices };
      const rows = [...indices.subarray(2)];
      const X = rowsOf(problem.X, rows);

      for (const depth of [0, 1, 2, 3]) {
        const l = above.length - 1 - depth;
        const layersAbove = solved.slice(l + 1).reverse();
        const order = above[l]!.weights.rows;
        const units = above[l]!.weights.cols;
        const gram = zeros(order ** 2).fill(9);
        const rhs = zeros(order * units).fill(9);
        const args = {
          ...problem.samples,
          ...problem.raw,
          ...batch,
          targets: typed(T.data),
          demand: 0,
          rule: rule === 'inverse' ? 0 : 1,
          solved: layersAbove.map((layer) => ({
            ...rawLayer(precision, layer),
            pseudoInverse: typed(layer.pseudoInverse.data),
          })),
        };
        await call(lane(2), 'peel', { ...args, gram, rhs, clear: true });
        const desired = peel(problem.hidden, X, rowsOf(T, rows), rule, layersAbove);
        const H = withOnes(forward(problem.hidden, X)[l]!);
        // The pseudo-inverses and inverses multiply rounding errors.
        const limit = 30 * 10 ** depth;
        expectClose(rhs, innerProduct(H, desired).data, epsilon, limit);
        expectClose(lowerTriangle(denseOf(gram, order, order)), lowerTriangle(innerProduct(H, H)), epsilon);

        // The residual of given weights, and the triangle instead of the Gram matrix.
        const weights = drawLayer(precision, random, order - 1, units, 'identity').weights;
        const triangle = zeros(order ** 2);
        await call(lane(), 'peel', { ...args, rhs, triangle, weights: typed(weights.data), clear: true });
        expectClose(rhs, innerProduct(H, subtract(desired, multiply(H, weights))).data, epsilon, limit);
        const R = denseOf(triangle, order, order);
        expectClose(innerProduct(R, R).data, innerProduct(H, H).data, epsilon);
      }
    },
  );

  it.each(['all', 'misclassified', 'margin'] as const)('wants by classes what the rule %s says', async (rule) => {
    const problem = drawProblem(precision, { samples, columns: 4, hidden: [[5, 'tanh']], outputs: 3 });
    const labels = problem.random.labels(samples, 3);
    const sides = { labels, positive: 0.5, negative: -0.25 };
    const rhs = zeros(6 * 3);
    const rows = { start: 0, count: samples };
    const demand = { all: 0, misclassified: 1, margin: 2 }[rule];
    await call(lane(), 'peel', {
      ...problem.samples,
      ...problem.raw,
      ...rows,
      ...sides,
      demand,
      rule: 0,
      solved: [],
      rhs,
    });
    const H = forward(problem.hidden, problem.X)[1]!;
    const T = wanted(rule, preActivations(problem.output, H), sides);
    expectClose(rhs, innerProduct(withOnes(H), T).data, epsilon);
  });

  it('adds batch to batch, and reads the cache', async () => {
    const problem = drawProblem(precision, { samples, columns: 4, hidden: [[5, 'tanh']], outputs: 3 });
    const targets = typed(problem.random.uniforms(samples, 3).data);
    const cache = zeros(samples * 5);
    const rhs = zeros(6 * 3);
    const args = {
      ...problem.samples,
      ...problem.raw,
      cache,
      cacheRows: samples,
      targets,
      demand: 0,
      rule: 0,
      solved: [],
    };
    await call(lane(), 'peel', { ...args, start: 0, count: 10, slot: 0, rhs });
    await call(lane(), 'peel', { ...args, start: 10, count: 23, slot: 10, rhs });
    // With H = 0 only the constant's row is left: the sums of the targets.
    const sums = [0, 1, 2].map((k) => Array.from(targets).reduce((sum, t, i) => (i % 3 === k ? sum + t : sum), 0));
    expect([...rhs.subarray(0, 15)]).toEqual(Array(15).fill(0));
    expectClose(rhs.subarray(15), sums, epsilon);
  });

  it('stays inside the open range of f', async () => {
    const problem = drawProblem(precision, { samples: 1, columns: 1, hidden: [[1, 'tanh']], outputs: 1 });
    const solved = [{ ...problem.raw.output, weights: typed([1, 0]), pseudoInverse: typed([1]) }];
    const rhs = zeros(2);
    const args = {
      ...problem.samples,
      ...problem.raw,
      start: 0,
      count: 1,
      demand: 0,
      rule: 0,
      solved,
      rhs,
      clear: true,
    };
    for (const y of [-1, 1, 7, -1e30]) {
      await call(lane(), 'peel', { ...args, targets: typed([y]) });
      // In float32 the edge lies between two numbers whose inverses differ by percents.
      const tolerance = precision.name === 'float64' ? 1e-9 : 0.02;
      expect(Math.abs(rhs[1]! / inverse('tanh', y) - 1)).toBeLessThan(tolerance);
      expect(Math.abs(value('tanh', rhs[1]!))).toBeLessThan(1);
    }
  });
});
