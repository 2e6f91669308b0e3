import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import {
  at,
  dense,
  innerProduct,
  map,
  solve,
  norm1,
  identity,
  transpose,
  withOnes,
  type Dense,
} from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { precisions, rounded } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';
import { source } from '../support/random.js';
import { curvature, dampedFactors, sweep, twoSidedStep } from '../support/reference.js';

/** What lies above the diagonal is not to be read. */
function lowerOnly(A: Dense): Dense {
  return map(A, (value, i, j) => (j <= i ? value : NaN));
}

describe.each(precisions)('curvature in $name', (precision) => {
  const { typed, epsilon } = precision;

  it.each([
    ['one layer', [[6, 'tanh']]],
    ['three layers', [[6, 'tanh'], [70, 'sigmoid'], [4, 'elu']]], // prettier-ignore
  ] as const)('follows the recursion down: %s', async (_, hidden) => {
    const problem = drawProblem(precision, { samples: 40, columns: 5, hidden, outputs: 3 });
    const labels = problem.random.labels(40, 3);
    const sums = sweep(problem.hidden, problem.output, problem.X, 'margin', { labels });
    const [samples, weight, share] = [50, 31.5, [7, 30, 12]];
    const slopes = sums.slopes.map((slope) => typed(lowerOnly(slope).data));
    await call(lane(2), 'curvature', {
      ...problem.raw,
      columns: 5,
      slopes,
      share: typed(share),
      samples,
      weight,
    });
    const expected = curvature(problem.hidden, problem.output, sums.slopes, share, samples, weight);
    expected.forEach((C, l) => expectClose(slopes[l]!, C.data, epsilon));
  });
});

describe.each(precisions)('step in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;

  function draw(n: number, units: number) {
    const random = source(5);
    const samples = 30;
    const H = withOnes(random.uniforms(samples, n, 2));
    const V = random.uniforms(units + 2, units);
    const factor = (A: Dense) => rounded(precision, innerProduct(A, A));
    return {
      samples,
      gram: factor(H),
      C: factor(V),
      rhs: rounded(precision, random.uniforms(n + 1, units, 10)),
      weights: rounded(precision, random.uniforms(n + 1, units)),
    };
  }

  it.each([
    [4, 3, 0, 0.1],
    [4, 3, 0.02, 0.5],
    [1, 6, 0.3, 1e-3],
    [6, 1, 0.02, 4],
    [1, 1, 0, 0],
  ])(
    'solves the dense Kronecker system: %i inputs, %i units, ridge %f, damping %f',
    async (n, units, ridge, damping) => {
      const { gram, C, rhs, weights, samples } = draw(n, units);
      const change = zeros((n + 1) * units).fill(NaN);
      const raw = {
        gram: typed(lowerOnly(gram).data),
        curvature: typed(C.data),
        rhs: typed(rhs.data),
        weights: typed(weights.data),
      };
      const copies = Object.values(raw).map((array) => array.slice());
      const outcome = await call(lane(2), 'step', { ...raw, columns: n, units, samples, ridge, damping, change });
      expect(outcome.info).toBe(0);
      expect(Object.values(raw)).toEqual(copies);
      const expected = twoSidedStep(gram, C, rhs, weights, { samples, ridge, damping });
      expectClose(change, expected.data, epsilon, 30 / Math.min(outcome.rcond * outcome.rcondCurvature, 1));

      // LAPACK's estimate of a condition number is never too great, and seldom more than three times too small.
      const rcond = (A: Dense) => 1 / (norm1(A) * norm1(solve(A, identity(A.rows))));
      const [left, right] = dampedFactors(gram, C, { samples, ridge, damping });
      for (const [estimate, exact] of [
        [outcome.rcond, rcond(left)],
        [outcome.rcondCurvature, rcond(right)],
      ] as const) {
        expect(estimate / exact).toBeGreaterThan(0.999);
        expect(estimate / exact).toBeLessThan(3);
      }
    },
  );

  it('agrees with LAPACK-sized layers too', async () => {
    const [n, units] = [90, 70];
    const { gram, C, rhs, weights, samples } = draw(n, units);
    const [ridge, damping] = [0.01, 0.3];
    const change = zeros((n + 1) * units);
    const raw = {
      gram: typed(gram.data),
      curvature: typed(C.data),
      rhs: typed(rhs.data),
      weights: typed(weights.data),
    };
    await call(lane(2), 'step', { ...raw, columns: n, units, samples, ridge, damping, change });
    // (G + aI) ΔW (C + bI) back to the gradient.
    const [left, right] = dampedFactors(gram, C, { samples, ridge, damping });
    const g = dense(n + 1, units, (i, j) => at(rhs, i, j) / samples - (i < n ? ridge * at(weights, i, j) : 0));
    const expected = solve(right, transpose(solve(left, g)));
    expectClose(change, transpose(expected).data, epsilon, 300);
  });

  it('returns the order of the minor that is not positive definite, on either side', async () => {
    const indefinite = [1, 0, 0, 0, -1, 0, 0, 0, 1];
    const args = {
      columns: 2,
      units: 3,
      samples: 1,
      ridge: 0,
      damping: 0,
      rhs: zeros(9),
      weights: zeros(9),
      change: zeros(9),
    };
    const definite = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const left = await call(lane(), 'step', { ...args, gram: typed(indefinite), curvature: typed(definite) });
    expect(left).toMatchObject({ info: 2, rcond: 0, rcondCurvature: 0 });
    const right = await call(lane(), 'step', { ...args, gram: typed(definite), curvature: typed(indefinite) });
    expect(right).toMatchObject({ info: 2, rcond: 1, rcondCurvature: 0 });
    const infinite = await call(lane(), 'step', {
      ...{ ...args, gram: typed(definite) },
      curvature: typed([Infinity, ...definite.slice(1)]),
    });
    expect(infinite.info).toBeGreaterThan(0);
    expect([...args.change]).toEqual(new Array(9).fill(0));
  });
});

describe.each(precisions)('combine in $name', ({ typed, zeros, epsilon }) => {
  it('goes along two directions, the second of which it overwrites', async () => {
    const [weights, change, moved] = [typed([1, 2, 3, 9]), typed([4, 5, 6, 9]), typed([-2, 4, 8, 9])];
    const next = zeros(4);
    const args = { weights, change, moved, alpha: 0.5, beta: 0.25, length: 3, next };
    await call(lane(), 'combine', args);
    expect([...moved]).toEqual([1.5, 3.5, 5, 9]);
    expect([...next]).toEqual([2.5, 5.5, 8, 0]);
    expect([...weights, ...change]).toEqual([1, 2, 3, 9, 4, 5, 6, 9]);
  });

  it('does so for more elements than one thread takes', async () => {
    const random = source(2);
    const length = 100_003;
    const draw = () => typed(random.uniforms(1, length).data);
    const [weights, change, moved] = [draw(), draw(), draw()];
    const before = moved.slice();
    const next = zeros(length);
    await call(lane(2), 'combine', { weights, change, moved, alpha: 2, beta: -1, length, next });
    const expected = change.map((value, i) => 2 * value - before[i]!);
    expectClose(moved, expected, epsilon, 2);
    expectClose(
      next,
      expected.map((value, i) => value + weights[i]!),
      epsilon,
      2,
    );
  });
});
