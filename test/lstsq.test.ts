import { describe, expect, it } from 'vitest';
import { cases } from '../bench/data/matrices.js';
import { mulberry32 } from '../bench/data/toy.js';
import { consistentRatio, leastSquaresRatio } from '../bench/ratios.js';
import {
  AbortedError,
  ArgumentError,
  lstsq,
  ridge,
  SingularError,
  type Matrix,
  type Solution,
  type Solver,
} from '../lib/index.js';
import { at, dense, denseOf, frobenius, multiply, rowsOf, solve, stack, subtract, transpose } from './support/dense.js';
import { expectBplsError, expectClose } from './support/expect.js';
import { precisions, rounded, typedMatrix, type Precision } from './support/precision.js';
import { source } from './support/random.js';

const notFullRank =
  "Expected A to have full column rank with solver 'cholesky' but it has not; 'auto' and 'svd' solve it";
const solvers: Solver[] = ['auto', 'cholesky', 'svd'];

/** Runs an action and expects that it leaves the matrices as they are, bit for bit. */
async function unchanged<R>(matrices: Matrix[], action: () => Promise<R>): Promise<R> {
  const before = matrices.map(({ data }) => data.slice());
  try {
    return await action();
  } finally {
    matrices.forEach(({ data }, i) => expect(data).toEqual(before[i]));
  }
}

function finite({ weights }: Solution): boolean {
  return weights.data.every((value) => Number.isFinite(value));
}

function drawn(precision: Precision, rows: number, cols: number, seed: number): Matrix {
  return typedMatrix(precision, source(seed).uniforms(rows, cols));
}

/** The matrix of a case, and right-hand sides: any, and those of a solution that is known to exist. */
function systems(precision: Precision, { a, rows, cols }: { a: Float64Array; rows: number; cols: number }) {
  const exact = rounded(precision, denseOf(a, rows, cols));
  const random = source(rows + cols);
  return {
    A: typedMatrix(precision, exact),
    any: typedMatrix(precision, random.uniforms(rows, 3)),
    reachable: typedMatrix(precision, multiply(exact, rounded(precision, random.uniforms(cols, 3)))),
  };
}

describe.each(precisions)('lstsq in $name', (precision) => {
  const all = cases(mulberry32(11), precision.name);
  const fullColumnRank = all.filter(({ rank, cols }) => rank === cols);
  const rankDeficient = all.filter(({ condition }) => condition === Infinity);
  const severalSolutions = all.filter(
    ({ rank, cols, condition, rows }) => rank < cols && (condition === Infinity || rank === rows),
  );

  it('is tried on every kind of matrix', () => {
    expect(all.length).toBe(9);
    expect(fullColumnRank.length).toBe(4);
    expect(rankDeficient.length).toBe(2);
    expect(severalSolutions.length).toBe(4);
  });

  describe.each(['svd', 'auto'] as const)('by %s', (solver) => {
    it.each(all)('solves with a matrix that is $name', async (given) => {
      const { A, any, reachable } = systems(precision, given);
      for (const B of [any, reachable]) {
        const solution = await unchanged([A, B], () => lstsq(A, B, { solver }));
        expect(solution.weights).toMatchObject({ rows: given.cols, cols: 3 });
        expect(finite(solution)).toBe(true);
        expect(solution.rank).toBe(given.rank);
        if (solver === 'svd') expect(solution.solver).toBe('svd');
        expect(leastSquaresRatio(A, solution.weights, B)).toBeLessThan(30);
        if (B === reachable) expect(consistentRatio(A, solution.weights, B)).toBeLessThan(30);
      }
    });

    it.each(severalSolutions)('takes the solution of least norm: $name', async ({ a, rows, cols, rank }) => {
      const A = rounded(precision, denseOf(a, rows, cols));
      // Rows that span all of A's: no other part of a vector does anything.
      const R = rowsOf(A, [...Array(rank).keys()]);
      const z = source(3).uniforms(cols, 1);
      const seen = multiply(transpose(R), solve(multiply(R, transpose(R)), multiply(R, z)));
      const direction = subtract(z, seen);
      expect(frobenius(multiply(A, direction))).toBeLessThan(1e-10 * frobenius(A) * frobenius(direction));
      const B = typedMatrix(precision, source(4).uniforms(rows, 1));
      const { weights } = await lstsq(typedMatrix(precision, A), B, { solver });
      const X = denseOf(weights.data, cols, 1);
      const unit = frobenius(X) / frobenius(direction);
      for (const step of [-1, -0.1, -0.01, 0.01, 0.1, 1]) {
        const other = dense(cols, 1, (i) => at(X, i, 0) + step * unit * at(direction, i, 0));
        // Pythagoras: what the null vector adds is orthogonal to the solution.
        expect(frobenius(other) / frobenius(X)).toBeGreaterThan(1);
        expectClose([frobenius(other) / frobenius(X)], [Math.hypot(1, step)], precision.epsilon, 30 * cols);
      }
    });
  });

  describe('by cholesky', () => {
    it.each(fullColumnRank)('solves with a matrix that is $name', async (given) => {
      const { A, any, reachable } = systems(precision, given);
      for (const B of [any, reachable]) {
        const solution = await unchanged([A, B], () => lstsq(A, B, { solver: 'cholesky' }));
        expect(solution).toMatchObject({ solver: 'cholesky', rank: given.cols });
        expect(solution.rcond).toBeGreaterThan(0);
        expect(leastSquaresRatio(A, solution.weights, B)).toBeLessThan(30);
        if (B === reachable) expect(consistentRatio(A, solution.weights, B)).toBeLessThan(30);
      }
    });

    it.each(severalSolutions)('refuses a matrix that is $name', async (given) => {
      const { A, any } = systems(precision, given);
      const solving = unchanged([A, any], () => lstsq(A, any, { solver: 'cholesky' }));
      await expectBplsError(solving, SingularError, 'SINGULAR', notFullRank);
    });

    it('refuses every matrix of deficient rank, whatever rounding makes of its last pivots', async () => {
      for (let seed = 0; seed < 40; seed++) {
        const half = source(seed).uniforms(12, 3);
        const twice = typedMatrix(
          precision,
          dense(12, 6, (i, j) => at(half, i, j % 3)),
        );
        const B = drawn(precision, 12, 1, seed);
        const solving = lstsq(twice, B, { solver: 'cholesky' });
        await expectBplsError(solving, SingularError, 'SINGULAR', notFullRank);
      }
    });
  });

  describe('by auto', () => {
    it('trusts Cholesky where the condition allows it', async () => {
      for (const given of all.filter(({ name }) => ['well-conditioned', 'tall', 'one column'].includes(name))) {
        const { A, any } = systems(precision, given);
        expect((await lstsq(A, any)).solver).toBe('cholesky');
      }
    });

    it.each(all.filter(({ condition, cols, rows }) => condition > 1e4 || cols > rows))(
      'falls to the SVD and says so: $name',
      async (given) => {
        const { A, any } = systems(precision, given);
        const solution = await lstsq(A, any, { solver: 'auto' });
        expect(solution.solver).toBe('svd');
        expect(finite(solution)).toBe(true);
        expect(solution.rank).toBe(given.rank);
        expect(solution.weights).toEqual((await lstsq(A, any, { solver: 'svd' })).weights);
      },
    );

    it('gives zero for a matrix of zeros', async () => {
      const A = { data: precision.zeros(15), rows: 5, cols: 3 };
      const solution = await lstsq(A, drawn(precision, 5, 2, 1));
      expect(solution).toMatchObject({ solver: 'svd', rank: 0, rcond: 0 });
      expect(solution.weights.data).toEqual(precision.zeros(6));
    });
  });

  it('keeps the precision', async () => {
    for (const solver of solvers) {
      const { weights } = await lstsq(drawn(precision, 9, 3, 1), drawn(precision, 9, 2, 2), { solver });
      expect(weights.data.constructor).toBe(precision.zeros(0).constructor);
    }
  });

  it('counts singular values up to rcond times the greatest as zero', async () => {
    const A = { data: precision.typed([1, 0, 0, 0, 1e-2, 0, 0, 0, 1e-4]), rows: 3, cols: 3 };
    const B = { data: precision.typed([1, 1, 1]), rows: 3, cols: 1 };
    const rank = async (rcond: number) => (await lstsq(A, B, { solver: 'svd', rcond })).rank;
    expect([await rank(0), await rank(1e-3), await rank(0.5)]).toEqual([3, 2, 1]);
    const { weights } = await lstsq(A, B, { solver: 'svd', rcond: 0.5 });
    expectClose(weights.data, [1, 0, 0], precision.epsilon);
  });

  it('is deterministic', async () => {
    const [A, B] = [drawn(precision, 200, 15, 1), drawn(precision, 200, 4, 2)];
    for (const solver of solvers) {
      const [first, second] = [await lstsq(A, B, { solver, threads: 2 }), await lstsq(A, B, { solver, threads: 2 })];
      expect(second).toEqual(first);
    }
  });

  it('adds up over more rows than a batch holds', async () => {
    const [rows, cols] = [40_000, 3];
    const A = drawn(precision, rows, cols, 5);
    const wanted = [1, -2, 3];
    const B = typedMatrix(
      precision,
      dense(rows, 1, (i) => wanted.reduce((sum, x, j) => sum + x * A.data[i * cols + j]!, 0)),
    );
    const { weights, solver } = await lstsq(A, B);
    expect(solver).toBe('cholesky');
    expectClose(weights.data, wanted, precision.epsilon);
  });
});

describe.each(precisions)('ridge in $name', (precision) => {
  const [rows, cols, penalty] = [60, 12, 0.03];
  const A = drawn(precision, rows, cols, 6);
  const B = drawn(precision, rows, 2, 7);
  const limit = 30 * rows;

  it.each(solvers)('minimises the penalised squares by %s', async (solver) => {
    const solution = await unchanged([A, B], () => ridge(A, B, { ridge: penalty, solver }));
    expect(solution.solver).toBe(solver === 'svd' ? 'svd' : 'cholesky');
    expect(solution.rank).toBe(cols);
    expect(leastSquaresRatio(A, solution.weights, B, rows * penalty)).toBeLessThan(30);
  });

  it.each(solvers)('is a penalty per sample: every row twice changes nothing, by %s', async (solver) => {
    const twice = ({ data, rows, cols }: Matrix): Matrix =>
      typedMatrix(precision, stack(denseOf(data, rows, cols), denseOf(data, rows, cols)));
    const once = await ridge(A, B, { ridge: penalty, solver });
    const doubled = await ridge(twice(A), twice(B), { ridge: penalty, solver });
    expectClose(doubled.weights.data, once.weights.data, precision.epsilon, limit);
  });

  it.each(solvers)('is least squares with √(rows · ridge) I below A, by %s', async (solver) => {
    const root = dense(cols, cols, (i, j) => (i === j ? Math.sqrt(rows * penalty) : 0));
    const below = typedMatrix(precision, stack(denseOf(A.data, rows, cols), root));
    const zeros = typedMatrix(
      precision,
      stack(
        denseOf(B.data, rows, 2),
        dense(cols, 2, () => 0),
      ),
    );
    const augmented = await lstsq(below, zeros, { solver });
    const { weights } = await ridge(A, B, { ridge: penalty, solver });
    expectClose(weights.data, augmented.weights.data, precision.epsilon, limit);
  });

  it.each(cases(mulberry32(13), precision.name))('both solvers agree: $name', async (given) => {
    const { A, any } = systems(precision, given);
    const [cholesky, svd] = [
      await ridge(A, any, { ridge: 1, solver: 'cholesky' }),
      await ridge(A, any, { ridge: 1, solver: 'svd' }),
    ];
    expect([cholesky.solver, svd.solver]).toEqual(['cholesky', 'svd']);
    expectClose(cholesky.weights.data, svd.weights.data, precision.epsilon, 30 * Math.max(given.rows, given.cols));
    for (const { weights } of [cholesky, svd]) expect(leastSquaresRatio(A, weights, any, given.rows)).toBeLessThan(30);
  });

  it('makes a wide problem solvable by Cholesky', async () => {
    const [W, b] = [drawn(precision, 5, 20, 1), drawn(precision, 5, 1, 2)];
    expect(await ridge(W, b, { ridge: 0.1 })).toMatchObject({ solver: 'cholesky', rank: 20 });
  });

  it.each(solvers)('without a penalty is lstsq, by %s', async (solver) => {
    expect(await ridge(A, B, { ridge: 0, solver })).toEqual(await lstsq(A, B, { solver }));
  });

  it('wants a penalty', async () => {
    const message = (what: string) => `Expected options.ridge to be a finite number not below 0 but received ${what}`;
    for (const [given, what] of [
      [undefined, 'undefined'],
      [-1, '-1'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      ['1', '"1"'],
    ])
      await expectBplsError(
        ridge(A, B, { ridge: given as number }),
        ArgumentError,
        'INVALID_ARGUMENT',
        message(what as string),
      );
  });
});

describe('an aborted signal', () => {
  const A = typedMatrix(precisions[0]!, source(1).uniforms(50, 5));
  const B = typedMatrix(precisions[0]!, source(2).uniforms(50, 1));

  it.each(solvers)('before the start rejects: %s', async (solver) => {
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    for (const solving of [lstsq(A, B, { solver, signal }), ridge(A, B, { ridge: 1, solver, signal })]) {
      const error = await expectBplsError(solving, AbortedError, 'ABORTED', 'The operation was aborted');
      expect(error.name).toBe('AbortError');
      expect(error.cause).toBe(reason);
    }
  });

  it.each(solvers)('between two steps rejects: %s', async (solver) => {
    const controller = new AbortController();
    const solving = unchanged([A, B], () => lstsq(A, B, { solver, signal: controller.signal }));
    controller.abort('enough');
    const error = await expectBplsError(solving, AbortedError, 'ABORTED', 'The operation was aborted');
    expect(error.cause).toBe('enough');
  });

  it('after the end changes nothing', async () => {
    const controller = new AbortController();
    const solution = await lstsq(A, B, { signal: controller.signal });
    const before = solution.weights.data.slice();
    controller.abort();
    expect(solution.weights.data).toEqual(before);
  });
});
