import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { cases } from '../../bench/data/matrices.js';
import { mulberry32 } from '../../bench/data/toy.js';
import { denseOf, identity, innerProduct, multiply, transpose, type Dense } from '../support/dense.js';
import { distance, expectClose } from '../support/expect.js';
import { precisions, rounded } from '../support/precision.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';
import { leastSquaresRatio, rowSpaceRatio } from '../support/ratios.js';

describe.each(precisions)('solveSvd in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;

  it.each(cases(mulberry32(7), precision.name))(
    'solves with a matrix that is $name',
    async ({ a, rows, cols, rank }) => {
      const A = rounded(precision, denseOf(a, rows, cols));
      const m = 3;
      const B = rounded(precision, source(2).uniforms(rows, m));
      const raw = { a: typed(A.data), b: typed(B.data) };
      const solution = zeros(cols * m).fill(NaN);
      const cut = Math.max(rows, cols) * epsilon;
      const outcome = await call(lane(2), 'solveSvd', {
        ...raw,
        rows,
        columns: cols,
        rightHandSides: m,
        cut,
        solution,
      });
      expect(outcome.info).toBe(0);
      expect(outcome.rank).toBe(rank);
      const X = denseOf(solution, cols, m);
      expect(leastSquaresRatio(A, X, B, epsilon)).toBeLessThan(30);
      if (rank === Math.min(rows, cols)) expect(outcome.rcond).toBeGreaterThan(cut);
      else expect(outcome.rcond).toBeLessThan(cut);
      // Minimum norm: X is a combination of A's rows.
      if (rank === rows) expect(rowSpaceRatio(A, X, epsilon)).toBeLessThan(30);
      // Borrowed matrices stay as they are, although LAPACK overwrites its own.
      expect(distance(raw.a, A.data, 1)).toBe(0);
      expect(distance(raw.b, B.data, 1)).toBe(0);
    },
  );

  it('counts singular values up to the cut as zero', async () => {
    const a = typed([1, 0, 0, 0, 1e-2, 0, 0, 0, 1e-4]);
    const b = typed([1, 1, 1]);
    const solve = async (cut: number) => {
      const solution = zeros(3);
      const { rank, rcond } = await call(lane(), 'solveSvd', {
        a,
        rows: 3,
        columns: 3,
        b,
        rightHandSides: 1,
        cut,
        solution,
      });
      expectClose([rcond], [1e-4], epsilon);
      return { rank, solution };
    };
    for (const [cut, rank, expected] of [
      [1e-6, 3, [1, 100, 10_000]],
      [1e-3, 2, [1, 100, 0]],
      [0.1, 1, [1, 0, 0]],
    ] as const) {
      const found = await solve(cut);
      expect(found.rank).toBe(rank);
      expectClose(found.solution, expected, epsilon);
    }
  });

  it.each([1, 2, 3])('solves where a product with a reflector overflows, with %d threads', async (threads) => {
    const rows = 400;
    const greatest = precision.name === 'float64' ? Number.MAX_VALUE : 2 ** 127;
    // The Householder vector of `a`, as long as √2: its product with b is twice b's first element.
    const a = typed(Array.from({ length: rows }, (_, i) => Number(i > 0)));
    const norm = Math.sqrt(rows - 1);
    const b = typed(Array.from(a, (value) => 0.6 * greatest * (value ? 1 / norm : 1)));
    const solution = zeros(1);
    const args = { a, rows, columns: 1, b, rightHandSides: 1, cut: rows * epsilon, solution };
    expect(await call(lane(threads), 'solveSvd', args)).toMatchObject({ info: 0, rank: 1, rcond: 1 });
    expectClose([solution[0]! / greatest], [0.6 / norm], epsilon);
  });

  it('has nothing but zeros for a zero matrix', async () => {
    const solution = zeros(2).fill(5);
    const args = { a: zeros(6), rows: 3, columns: 2, b: typed([1, 2, 3]), rightHandSides: 1, cut: epsilon, solution };
    expect(await call(lane(), 'solveSvd', args)).toMatchObject({ info: 0, rank: 0, rcond: 0 });
    expect([...solution]).toEqual([0, 0]);
  });
});

describe.each(precisions)('pseudoInverse in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;

  it.each([
    [7, 4],
    [4, 7],
    [5, 5],
    [1, 6],
    [6, 1],
    [1, 1],
    [70, 33],
    [33, 70],
  ])('has the four properties of Moore and Penrose: %i by %i', async (rows, cols) => {
    const A = rounded(precision, source(rows * 100 + cols).normals(rows, cols));
    const solution = zeros(rows * cols);
    const outcome = await call(lane(2), 'pseudoInverse', { a: typed(A.data), rows, columns: cols, solution });
    expect(outcome.info).toBe(0);
    const P = denseOf(solution, cols, rows);
    const [AP, PA] = [multiply(A, P), multiply(P, A)];
    // rcond is that of the Gram matrix, the square of A's.
    const limit = 30 / Math.sqrt(outcome.rcond);
    expectClose(multiply(AP, A).data, A.data, epsilon, limit);
    expectClose(multiply(PA, P).data, P.data, epsilon, limit);
    expectClose(transpose(AP).data, AP.data, epsilon, limit, 1);
    expectClose(transpose(PA).data, PA.data, epsilon, limit, 1);
  });

  it('is refined: an ill-conditioned matrix costs its condition, not the square', async () => {
    const small = precision.name === 'float64' ? 1e-5 : 2e-2;
    const [n, columns] = [4, 3];
    const A = rounded(precision, { ...source(3).normals(n, columns) });
    for (let i = 0; i < n; i++) A.data[i * columns + 2] = A.data[i * columns]! + small * A.data[i * columns + 2]!;
    const B = rounded(precision, A);
    const solution = zeros(n * columns);
    await call(lane(), 'pseudoInverse', { a: typed(B.data), rows: n, columns, solution });
    const P = denseOf(solution, columns, n);
    expectClose(multiply(P, B).data, identity(columns).data, epsilon, 100 / small);
  });

  it.each([
    [3, 2, [1, 1, 2, 2, 3, 3]],
    [2, 3, [1, 2, 3, 0, 0, 0]],
  ])('reports a matrix of deficient rank: %i by %i', async (rows, columns, values) => {
    const { info, rcond } = await call(lane(), 'pseudoInverse', {
      a: typed(values),
      rows,
      columns,
      solution: zeros(6),
    });
    if (info === 0) expect(rcond).toBeLessThan(4 * epsilon);
    else expect(info).toBe(2);
  });
});

describe.each(precisions)('orthonormalise in $name', (precision) => {
  const { typed, epsilon } = precision;

  it.each([
    [9, 4],
    [4, 9],
    [5, 5],
    [1, 3],
    [3, 1],
    [1, 1],
    [120, 70],
    [70, 120],
    [900, 200],
    [200, 900],
  ])('gives orthonormal columns or rows of the same span: %i by %i', async (rows, cols) => {
    const given = rounded(precision, source(rows + cols).normals(rows, cols));
    const data = typed(given.data);
    await call(lane(2), 'orthonormalise', { matrix: data, rows, columns: cols });
    const tall = (A: Dense) => (rows >= cols ? A : transpose(A));
    const Q = tall(denseOf(data, rows, cols));
    expectClose(innerProduct(Q, Q).data, identity(Q.cols).data, epsilon);
    // Q Qᵀ A = A
    const A = tall(given);
    expectClose(multiply(Q, innerProduct(Q, A)).data, A.data, epsilon, 100);
  });
});
