import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import {
  add,
  dense,
  denseOf,
  identity,
  innerProduct,
  lowerTriangle,
  map,
  multiply,
  norm1,
  rowsOf,
  solve,
  subtract,
  withOnes,
  type Dense,
} from '../support/dense.js';
import { distance, expectClose } from '../support/expect.js';
import { precisions, rounded } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';
import { source } from '../support/random.js';

describe.each(precisions)('accumulate in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;

  it.each([
    [3, true, 2],
    [3, false, 1],
    [70, true, 32],
    [70, false, 33],
    [1, true, 1],
  ])('adds AᵀA and Aᵀ(B − A W): %i columns, intercept %s, %i targets', async (columns, intercept, targetColumns) => {
    const samples = 150;
    for (const standardized of [false, true]) {
      const problem = drawProblem(precision, { samples, columns, hidden: [], outputs: 1, standardized });
      const { random } = problem;
      const rows = Array.from({ length: 131 }, (_, i) => i + 11);
      const A = rowsOf(intercept ? withOnes(problem.X) : problem.X, rows);
      const Y = rounded(precision, random.uniforms(samples, targetColumns));
      const W = rounded(precision, random.uniforms(A.cols, targetColumns));
      const B = rowsOf(Y, rows);
      const gram = zeros(A.cols ** 2);
      const rhs = zeros(A.cols * targetColumns);
      const common = { ...problem.samples, start: 11, count: 131, targets: typed(Y.data), targetColumns, intercept };
      await call(lane(2), 'accumulate', { ...common, gram, rhs, sign: 1 });
      const lower = () => lowerTriangle(denseOf(gram, A.cols, A.cols));
      expectClose(lower(), lowerTriangle(innerProduct(A, A)), epsilon);
      expectClose(rhs, innerProduct(A, B).data, epsilon);
      expect(
        distance(map(denseOf(gram, A.cols, A.cols), (g, i, j) => (j > i ? g : 0)).data, zeros(gram.length), 1),
      ).toBe(0);

      await call(lane(), 'accumulate', { ...common, rhs, weights: typed(W.data), sign: 1 });
      const residual = subtract(B, multiply(A, W));
      expectClose(rhs, add(innerProduct(A, B), innerProduct(A, residual)).data, epsilon, 60);

      await call(lane(), 'accumulate', { ...common, gram, rhs, sign: -1 });
      expectClose(lower(), lower().map(() => 0), epsilon, 60, 150 * 4); // prettier-ignore
      expectClose(rhs, innerProduct(A, residual).data, epsilon, 100);
    }
  });
});

describe.each(precisions)('solveCholesky in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;

  function lowerOnly(A: Dense): number[] {
    return [...map(A, (value, i, j) => (j <= i ? value : NaN)).data];
  }

  it.each([1, 2, 5, 40, 130])('solves systems of order %i, and again with its factor', async (order) => {
    const random = source(order);
    const A = random.uniforms(2 * order, order);
    const gram = rounded(precision, innerProduct(A, A));
    const [ridge, lastRidge, m] = [0.25, 0.125, 3];
    const diagonal = dense(order, order, (i, j) => (i !== j ? 0 : i + 1 < order ? ridge : lastRidge));
    const M = add(gram, diagonal);
    const B = rounded(precision, random.uniforms(order, m));
    const raw = { gram: typed(lowerOnly(gram)), rhs: typed(B.data) };
    const copies = [raw.gram.slice(), raw.rhs.slice()];
    const factor = zeros(order ** 2);
    const solution = zeros(order * m).fill(NaN);
    const common = { order, ridge, lastRidge, rightHandSides: m };
    const { info, rcond } = await call(lane(2), 'solveCholesky', { ...raw, ...common, factor, solution });
    expect(info).toBe(0);
    expect([raw.gram, raw.rhs]).toEqual(copies);
    const expected = solve(M, B);
    const condition = norm1(M) * norm1(solve(M, identity(order)));
    expectClose(solution, expected.data, epsilon, 30 * condition);
    expectClose(multiply(M, denseOf(solution, order, m)).data, B.data, epsilon, 30 * order);
    expect(rcond * condition).toBeGreaterThan(0.99);
    expect(rcond * condition).toBeLessThan(3);

    const other = rounded(precision, random.uniforms(order, 2));
    const system = { factor, order, rightHandSides: 2 };
    const inPlace = typed(other.data);
    const apart = zeros(order * 2);
    await call(lane(2), 'solveFactored', { ...system, rhs: inPlace, solution: apart });
    expectClose(multiply(M, denseOf(apart, order, 2)).data, other.data, epsilon, 30 * order);
    await call(lane(2), 'solveFactored', { ...system, rhs: inPlace, solution: inPlace });
    expect(inPlace).toEqual(apart);
  });

  it('returns the order of the first minor that is not positive definite, and solves nothing', async () => {
    const solution = zeros(3).fill(5);
    const gram = typed([2, 0, 0, 1, 3, 0, 0, 0, -1]);
    const common = {
      order: 3,
      ridge: 0,
      lastRidge: 0,
      rhs: typed([1, 2, 3]),
      rightHandSides: 1,
      factor: zeros(9),
      solution,
    };
    expect(await call(lane(), 'solveCholesky', { ...common, gram })).toMatchObject({ info: 3, rcond: 0 });
    expect([...solution]).toEqual([5, 5, 5]);
    // A ridge for the last unknown alone makes it definite.
    expect(await call(lane(), 'solveCholesky', { ...common, gram, lastRidge: 2 })).toMatchObject({ info: 0 });
  });
});
