import { describe, expect, it } from 'vitest';
import { cases } from '../../bench/data/matrices.js';
import { mulberry32 } from '../../bench/data/toy.js';
import { AbortedError, ArgumentError, SingularError } from '../../lib/errors.js';
import { lstsq, matrix, ridge, type Matrix, type Solution } from '../../lib/index.js';
import { call } from '../../lib/lane.js';
import type { Solver } from '../../lib/options.js';
import {
  at,
  dense,
  denseOf,
  frobenius,
  identity,
  map,
  multiply,
  scale,
  solve,
  stack,
  subtract,
  transpose,
  type Dense,
} from '../support/dense.js';
import { distance, expectBplsError, expectClose, failure } from '../support/expect.js';
import { precisions, rounded, typedMatrix } from '../support/precision.js';
import { lane } from '../support/problem.js';
import { source, type Source } from '../support/random.js';
import { leastSquaresRatio, residualRatio, rowSpaceRatio } from '../support/ratios.js';

const X = ({ weights }: Solution): Dense => denseOf(weights.data, weights.rows, weights.cols);

describe.each(precisions)('in $name', (precision) => {
  const { epsilon } = precision;
  const columns = 3;

  /** A, a B with an exact solution, and one without. */
  const systems = cases(mulberry32(11), precision.name).map((drawn) => {
    const A = rounded(precision, denseOf(drawn.a, drawn.rows, drawn.cols));
    const random = source(12);
    const consistent = rounded(precision, multiply(A, random.uniforms(A.cols, columns)));
    return { ...drawn, A, consistent, B: rounded(precision, random.uniforms(A.rows, columns)) };
  });

  /** Beyond this, the Gram matrix does not carry the solution; the scales of the columns are taken out of it. */
  const isWell = ({ rank, A, condition, name }: (typeof systems)[number]) =>
    rank === A.cols && (condition < epsilon ** -0.375 / 10 || name.startsWith('columns scaled'));

  const methods = systems.flatMap((system) =>
    (['auto', 'svd', 'cholesky'] as const)
      .filter((solver) => solver !== 'cholesky' || isWell(system))
      .map((solver) => ({ ...system, solver, expected: solver === 'auto' && !isWell(system) ? 'svd' : solver })),
  );

  it.each(methods)('lstsq of a matrix that is $name is as accurate as can be by $solver', async (system) => {
    const { A, B, consistent, rank, solver, expected } = system;
    const solution = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B), { solver });
    expect(leastSquaresRatio(A, X(solution), B, epsilon)).toBeLessThan(30);
    const exact = await lstsq(typedMatrix(precision, A), typedMatrix(precision, consistent), { solver });
    expect(residualRatio(A, X(exact), consistent, epsilon)).toBeLessThan(30);
    for (const { solver: used, rank: found, rcond, weights } of [solution, exact]) {
      expect(used).toBe(expected === 'auto' ? 'cholesky' : expected);
      expect(found).toBe(rank);
      expect([weights.rows, weights.cols]).toEqual([A.cols, columns]);
      expect(rcond).toBeGreaterThanOrEqual(0);
      expect(rcond).toBeLessThanOrEqual(1 + 4 * epsilon);
    }
    // A wide system has many solutions, of which this is the shortest.
    if (rank === A.rows) expect(rowSpaceRatio(A, X(solution), epsilon)).toBeLessThan(30);
  });

  const deficient = systems.filter(
    ({ rank, A, condition }) => rank < A.cols && (condition === Infinity || rank === A.rows),
  );

  it.each(deficient)('lstsq of a matrix that is $name is the shortest of the solutions', async ({ A, B }) => {
    const auto = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B));
    expect(auto).toEqual(await lstsq(typedMatrix(precision, A), typedMatrix(precision, B), { solver: 'svd' }));
    // It has no part that A does not see: what is left of any matrix when A's own solution for it is taken away.
    const draw = source(13).uniforms(A.cols, columns);
    const seen = X(await lstsq(typedMatrix(precision, A), typedMatrix(precision, multiply(A, draw))));
    const unseen = subtract(draw, seen);
    expect(frobenius(unseen)).toBeGreaterThan(0.1);
    const product = unseen.data.reduce((sum, value, i) => sum + value * X(auto).data[i]!, 0);
    expect(Math.abs(product)).toBeLessThan(1e4 * epsilon * frobenius(unseen) * frobenius(X(auto)));
  });

  it.each(deficient)('lstsq of a matrix that is $name is refused by Cholesky', async ({ A, B }) => {
    await expectBplsError(
      lstsq(typedMatrix(precision, A), typedMatrix(precision, B), { solver: 'cholesky' }),
      SingularError,
      'SINGULAR',
      "Expected A to have full column rank with solver 'cholesky' but it has not; 'auto' and 'svd' solve it",
    );
  });

  describe.each(systems)('ridge of a matrix that is $name', ({ A, B }) => {
    const penalty = 0.01;
    // The least squares of [A; √(S ridge) I] and [B; 0].
    const below = scale(identity(A.cols), Math.sqrt(A.rows * penalty));
    const augmented = stack(A, below);
    const target = stack(B, scale(denseOf(new Float64Array(A.cols * columns), A.cols, columns), 0));

    it.each(['auto', 'svd', 'cholesky'] as const)('is the augmented least squares by %s', async (solver) => {
      const solution = await ridge(typedMatrix(precision, A), typedMatrix(precision, B), { ridge: penalty, solver });
      expect(leastSquaresRatio(augmented, X(solution), target, epsilon)).toBeLessThan(30);
      expect(solution.rank).toBe(A.cols);
      if (solver !== 'auto') expect(solution.solver).toBe(solver);
    });

    it.each(['cholesky', 'svd'] as const)('of every row twice is the same by %s', async (solver) => {
      const once = await ridge(typedMatrix(precision, A), typedMatrix(precision, B), { ridge: penalty, solver });
      const [AA, BB] = [typedMatrix(precision, stack(A, A)), typedMatrix(precision, stack(B, B))];
      const twice = await ridge(AA, BB, { ridge: penalty, solver });
      // ‖A‖² / (S ridge) bounds the condition of the penalised Gram matrix.
      const amplification = 1 + frobenius(A) ** 2 / (A.rows * penalty);
      expectClose(X(twice).data, X(once).data, epsilon, 30 * amplification);
    });
  });

  it('without a ridge is lstsq', async () => {
    const { A, B } = systems[0]!;
    const args = [typedMatrix(precision, A), typedMatrix(precision, B)] as const;
    for (const solver of ['cholesky', 'svd'] as const)
      expect(await ridge(...args, { ridge: 0, solver })).toEqual(await lstsq(...args, { solver }));
  });

  it('solves a wide system with a ridge by Cholesky', async () => {
    const { A, B } = systems.find(({ name }) => name === 'wide')!;
    const { solver, weights } = await ridge(typedMatrix(precision, A), typedMatrix(precision, B), { ridge: 1 });
    expect(solver).toBe('cholesky');
    // Aᵀ(AAᵀ + S ridge I)⁻¹B
    const At = transpose(A);
    const inner = multiply(A, At);
    const shifted = denseOf(
      inner.data.map((value, i) => (i % (A.rows + 1) === 0 ? value + A.rows : value)),
      A.rows,
      A.rows,
    );
    expectClose(weights.data, multiply(At, solve(shifted, B)).data, epsilon, 1000);
  });

  it('tells rank and solution of very many rows as of few', async () => {
    const rows = 200_000;
    const size = precision.name === 'float64' ? 1e5 : 1e3;
    // Two columns of very different size; and a third, the sum of both.
    const { data } = rounded(
      precision,
      map(source(21).normals(rows, 2), (x, _, j) => x * size ** j),
    );
    const two = typedMatrix(precision, { data, rows, cols: 2 });
    const three = typedMatrix(precision, dense(rows, 3, (i, j) => (j < 2 ? data[2 * i + j]! : data[2 * i]! + data[2 * i + 1]!))); // prettier-ignore
    const B = typedMatrix(
      precision,
      dense(rows, 1, (i) => data[2 * i]! + data[2 * i + 1]! / size),
    );
    for (const solver of ['auto', 'svd'] as const) {
      const { rank, weights } = await lstsq(two, B, { solver, threads: 1 });
      expect(rank).toBe(2);
      expectClose([weights.data[0]!, weights.data[1]! * size], [1, 1], epsilon, 1000);
      expect((await lstsq(three, B, { solver, threads: 2 })).rank).toBe(2);
    }
  });

  it('leaves A and B as they are, and reads views of them in place', async () => {
    const { A, B } = systems[0]!;
    const around = (D: Dense) => precision.typed([NaN, ...D.data, NaN]).subarray(1, -1);
    for (const solver of ['cholesky', 'svd'] as const) {
      const [a, b] = [around(A), around(B)];
      const viewed = await lstsq(matrix(a, A.rows, A.cols), matrix(b, B.rows, B.cols), { solver });
      const plain = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B), { solver });
      expect(viewed).toEqual(plain);
      expect(distance(a, A.data, 1)).toBe(0);
      expect(distance(b, B.data, 1)).toBe(0);
    }
  });

  it.each(['svd', 'auto'] as const)('counts singular values up to rcond as zero, %s', async (solver) => {
    const A = matrix(precision.typed([1, 0, 0, 1e-3]), 2, 2);
    const B = matrix(precision.typed([1, 1]), 2, 1);
    const solutions = [1e-2, 1e-4].map((rcond) => lstsq(A, B, { solver, rcond }));
    const [one, two] = await Promise.all(solutions);
    expect([one!.rank, two!.rank]).toEqual([1, 2]);
    expectClose(one!.weights.data, [1, 0], epsilon);
    expectClose(two!.weights.data, [1, 1000], epsilon);
  });

  it('refuses with Cholesky alone what a bound of the caller’s own rules out', async () => {
    const A = matrix(precision.typed([1, 0, 0, 1e-3]), 2, 2);
    const B = matrix(precision.typed([1, 1]), 2, 1);
    expect((await lstsq(A, B, { solver: 'cholesky' })).rank).toBe(2);
    expect((await lstsq(A, B, { solver: 'cholesky', rcond: 1e-5 })).rank).toBe(2);
    const near = matrix(precision.typed([1, 1, 0, 0, precision.epsilon ** 0.45, 0]), 3, 2);
    const sides = matrix(precision.typed([1, 1, 1]), 3, 1);
    for (const rcond of [0, precision.epsilon ** 0.8])
      expect((await lstsq(near, sides, { solver: 'cholesky', rcond })).solver).toBe('cholesky');
    await expectBplsError(
      lstsq(A, B, { solver: 'cholesky', rcond: 0.1 }),
      SingularError,
      'SINGULAR',
      "Expected A to have full column rank by options.rcond with solver 'cholesky' but it has not; 'auto' and 'svd' solve it",
    );
  });

  it('solves columns in any units by Cholesky', async () => {
    const size = precision.name === 'float64' ? 1e8 : 1e5;
    const units = [size, 1 / size, 1];
    const plain = rounded(precision, source(61).uniforms(50, 3));
    const W = [1, -2, 3];
    const A = rounded(
      precision,
      map(plain, (x, _, j) => x * units[j]!),
    );
    const B = rounded(
      precision,
      dense(50, 1, (i) => W.reduce((sum, w, j) => sum + w * at(plain, i, j), 0)),
    );
    for (const solve of [lstsq, (a: Matrix, b: Matrix) => ridge(a, b, { ridge: 0 })]) {
      const { solver, rank, weights } = await solve(typedMatrix(precision, A), typedMatrix(precision, B));
      expect([solver, rank]).toEqual(['cholesky', 3]);
      expectClose(
        Float64Array.from(weights.data, (w, j) => w * units[j]!),
        W,
        epsilon,
        1e3,
      );
    }
  });

  it.each([
    ['overflow', 1e15, 1e25, 1e150, 1e160],
    ['underflow', 1e-15, 1e-30, 1e-150, 1e-165],
    ['vanish', 1e-15, 1e-32, 1e-150, 1e-180],
  ] as const)('by the SVD where products %s', async (_, a32, b32, a64, b64) => {
    const [a, b] = precision.name === 'float64' ? [a64, b64] : [a32, b32];
    const A = rounded(
      precision,
      map(source(41).uniforms(40, 2), (x) => x * a),
    );
    const B = rounded(
      precision,
      dense(40, 1, (i) => ((at(A, i, 0) + 2 * at(A, i, 1)) / a) * b),
    );
    const { solver, weights } = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B));
    expect(solver).toBe('svd');
    expectClose(Array.from(weights.data, (w) => (w / b) * a), [1, 2], epsilon, 100); // prettier-ignore
  });

  it('refuses a solution beyond the range of the precision', async () => {
    const [tiny, huge] = precision.name === 'float64' ? [1e-200, 1e200] : [1e-30, 1e30];
    const [A, B] = [
      typedMatrix(
        precision,
        dense(3, 1, () => tiny),
      ),
      typedMatrix(
        precision,
        dense(3, 1, () => huge),
      ),
    ];
    for (const solver of ['auto', 'cholesky', 'svd'] as const)
      expect(await failure(lstsq(A, B, { solver }))).toMatchObject({
        code: expect.stringMatching('NON_FINITE|SINGULAR') as string,
      });
  });

  it('of a matrix with one column twice is shared out by the SVD, and refused by Cholesky', async () => {
    const random = source(21);
    const once = rounded(precision, random.uniforms(50, 4));
    const A = dense(50, 5, (i, j) => at(once, i, j % 4));
    const [a, b] = [typedMatrix(precision, A), typedMatrix(precision, random.uniforms(50, 1))];
    const { weights, solver, rank } = await lstsq(a, b);
    expect([solver, rank]).toEqual(['svd', 4]);
    expectClose([weights.data[4]!], [weights.data[0]!], epsilon, 300);
    await expectBplsError(
      lstsq(a, b, { solver: 'cholesky' }),
      SingularError,
      'SINGULAR',
      "Expected A to have full column rank with solver 'cholesky' but it has not; 'auto' and 'svd' solve it",
    );
  });

  it('is refined: Cholesky is as accurate as the SVD as far as it is trusted', async () => {
    // Singular values from 1 down to the edge of what the Gram matrix carries.
    const [rows, cols] = [60, 6];
    const least = precision.name === 'float64' ? 1e-5 : 5e-3;
    const columnsOf = async (random: Source, order: number) => {
      const data = random.normals(order, cols).data;
      await call(lane(), 'orthonormalise', { matrix: data, rows: order, columns: cols });
      return denseOf(data, order, cols);
    };
    const random = source(31);
    const [U, V] = [await columnsOf(random, rows), await columnsOf(random, cols)];
    const graded = map(U, (u, _, j) => u * least ** (j / (cols - 1)));
    const A = rounded(precision, multiply(graded, transpose(V)));
    const B = rounded(precision, multiply(A, random.normals(cols, columns)));
    const solution = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B));
    expect(solution.solver).toBe('cholesky');
    expect(residualRatio(A, X(solution), B, epsilon)).toBeLessThan(30);
    expect(leastSquaresRatio(A, X(solution), B, epsilon)).toBeLessThan(30);
  });

  it('takes numbers whose squares leave the range', async () => {
    const size = precision.name === 'float64' ? 1e200 : 1e30;
    for (const factor of [size, 1 / size]) {
      const A = denseOf([1, 2, 3, -1, 1, 5], 3, 2);
      const B = denseOf([1, 2, 3], 3, 1);
      const reference = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B), { solver: 'svd' });
      for (const solver of ['auto', 'svd'] as const) {
        const found = await lstsq(typedMatrix(precision, scale(A, factor)), typedMatrix(precision, B), { solver });
        expect(found.rank).toBe(2);
        expect(found.solver).toBe('svd');
        expectClose(scale(X(found), factor).data, X(reference).data, epsilon, 60);
      }
    }
  });
});

describe('the options of lstsq and ridge', () => {
  const A: Matrix = matrix(new Float64Array([1, 0, 0, 1]), 2, 2);

  it.each([
    ['a solver that is none', { solver: 'lu' }, `Expected options.solver to be one of 'auto', 'cholesky', 'svd' but received "lu"`], // prettier-ignore
    ['an rcond below zero', { rcond: -1 }, 'Expected options.rcond to be a finite number not below 0 but received -1'],
    ['an rcond of one', { rcond: 1 }, 'Expected options.rcond to be below 1 but received 1'],
    [
      'threads that are none',
      { threads: 0 },
      'Expected options.threads to be an integer from 1 to 1024 but received 0',
    ],
    ['a signal that is none', { signal: {} }, 'Expected options.signal to be an AbortSignal but received a Object'],
    [
      'an unknown option',
      { seed: 1 },
      `Expected the names in options to be among solver, rcond, threads, signal but received "seed"`,
    ],
    ['no object', 5, 'Expected options to be an object but received 5'],
  ])('are refused for %s', async (_, options, message) => {
    await expectBplsError(lstsq(A, A, options as object), ArgumentError, 'INVALID_ARGUMENT', message);
  });

  it.each([
    [{}, 'Expected options.ridge to be a finite number not below 0 but received undefined'],
    [{ ridge: -1 }, 'Expected options.ridge to be a finite number not below 0 but received -1'],
    [{ ridge: NaN }, 'Expected options.ridge to be a finite number not below 0 but received NaN'],
    [{ ridge: Infinity }, 'Expected options.ridge to be a finite number not below 0 but received Infinity'],
    [{ ridge: '1' }, 'Expected options.ridge to be a finite number not below 0 but received "1"'],
    [
      { ridge: 1, alpha: 1 },
      'Expected the names in options to be among ridge, solver, rcond, threads, signal but received "alpha"',
    ],
  ])('are refused by ridge: %j', async (options, message) => {
    await expectBplsError(ridge(A, A, options as { ridge: number }), ArgumentError, 'INVALID_ARGUMENT', message);
  });

  it.each(['cholesky', 'svd'] satisfies Solver[])('stop %s with a signal', async (solver) => {
    const signal = AbortSignal.abort('enough');
    const error = await expectBplsError(
      lstsq(A, A, { signal, solver }),
      AbortedError,
      'ABORTED',
      'The operation was aborted',
    );
    expect(error.cause).toBe('enough');
  });
});
