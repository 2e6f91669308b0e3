import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { denseOf, innerProduct, lowerTriangle, multiply, transpose, withOnes } from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { precisions, rounded } from '../support/precision.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';

// Products from about a million operations on are shared out over the threads, by parts of the result.
describe.each(precisions)('products over several threads in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;

  describe.each([
    [5, 7, 3],
    [151, 203, 97],
    [1, 1500, 800],
    [800, 1500, 1],
  ])('%i×%i times %i columns', (m, k, n) => {
    const random = source(m + k + n);
    const A = rounded(precision, random.uniforms(m, k));
    const B = rounded(precision, random.uniforms(k, n));
    const expected = multiply(A, B).data;

    it.each([1, 2, 3, 8])('are right with %i threads, and the same bits again', async (threads) => {
      for (const transposed of [false, true]) {
        const a = typed((transposed ? transpose(A) : A).data);
        const args = { a, b: typed(B.data), rows: m, inner: k, columns: n, transposed };
        const [first, second] = [zeros(m * n).fill(NaN), zeros(m * n).fill(NaN)];
        await call(lane(threads), 'multiply', { ...args, solution: first });
        await call(lane(threads), 'multiply', { ...args, solution: second });
        expectClose(first, expected, epsilon);
        expect(second).toEqual(first);
      }
    });
  });

  it.each([1, 2, 3, 8])('sum a Gram matrix with %i threads, in the lower triangle alone', async (threads) => {
    for (const columns of [1, 2, 40, 181]) {
      const samples = 1000;
      const X = rounded(precision, source(columns).uniforms(samples, columns));
      const p = columns + 1;
      const gram = zeros(p * p).fill(3);
      const args = { inputs: typed(X.data), samples, columns, start: 0, count: samples, targetColumns: 1, sign: 1 };
      await call(lane(threads), 'accumulate', {
        ...args,
        targets: zeros(samples),
        rhs: zeros(p),
        intercept: true,
        gram,
      });
      const A = withOnes(X);
      const expected = innerProduct(A, A).data.map((value) => value + 3);
      expectClose(lowerTriangle(denseOf(gram, p, p)), lowerTriangle(denseOf(expected, p, p)), epsilon);
      expect(gram.every((value, i) => i % p <= Math.floor(i / p) || value === 3)).toBe(true);
    }
  });

  it.each([1, 2, 3, 8])('solve for many right-hand sides with %i threads', async (threads) => {
    const [order, m] = [130, 301];
    const random = source(9);
    const M = rounded(precision, innerProduct(random.uniforms(400, order), random.uniforms(400, order)));
    // Diagonally dominant, so that the solution is as exact as the arithmetic.
    const gram = rounded(precision, {
      ...M,
      data: M.data.map((_, i) => {
        const [row, col] = [Math.floor(i / order), i % order];
        return row === col ? 300 : M.data[Math.min(row, col) * order + Math.max(row, col)]! / 40;
      }),
    });
    const B = rounded(precision, random.uniforms(order, m));
    const solution = zeros(order * m);
    const factor = zeros(order * order);
    const system = { order, rightHandSides: m, rhs: typed(B.data) };
    const weights = { gram: typed(gram.data), ridge: 0, lastRidge: 0, factor };
    const { info } = await call(lane(threads), 'solveCholesky', { ...system, ...weights, solution });
    expect(info).toBe(0);
    expectClose(multiply(gram, denseOf(solution, order, m)).data, B.data, epsilon, 60);
    const again = zeros(order * m);
    await call(lane(threads), 'solveFactored', { ...system, factor, solution: again });
    expectClose(again, solution, epsilon);
  });
});
