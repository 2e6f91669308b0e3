import { describe, expect, it } from 'vitest';
import {
  AbortedError,
  ArgumentError,
  MemoryError,
  NonFiniteError,
  PrecisionError,
  ShapeError,
  SingularError,
} from '../../lib/errors.js';
import { lstsq, matrix, NormalEquations, ridge, type Matrix } from '../../lib/index.js';
import {
  add,
  at,
  dense,
  denseOf,
  innerProduct,
  lowerTriangle,
  map,
  multiply,
  rowsOf,
  solve,
  stack,
  subtract,
  withOnes,
  type Dense,
} from '../support/dense.js';
import { distance, expectBplsError, expectClose, failure } from '../support/expect.js';
import { float32, precisions, rounded, typedMatrix, type Precision } from '../support/precision.js';
import { source } from '../support/random.js';

const [inputs, outputs] = [4, 2];

function draw(precision: Precision, rows: number, seed = 1): { X: Dense; Y: Dense; x: Matrix; y: Matrix } {
  const random = source(seed);
  const X = rounded(precision, random.uniforms(rows, inputs));
  const Y = rounded(precision, random.uniforms(rows, outputs));
  return { X, Y, x: typedMatrix(precision, X), y: typedMatrix(precision, Y) };
}

const rowsFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe.each(precisions)('NormalEquations in $name', (precision) => {
  const { epsilon } = precision;
  const make = (options: object = {}) =>
    new NormalEquations(inputs, outputs, { precision: precision.name, ...options });

  it.each([true, false])('adds up AᵀA and AᵀB, intercept: %s', async (intercept) => {
    const { X, Y, x, y } = draw(precision, 50);
    const sums = make({ intercept });
    await sums.add(x, y);
    const A = intercept ? withOnes(X) : X;
    expect(sums.order).toBe(A.cols);
    expect(sums.count).toBe(50);
    expect(sums.intercept).toBe(intercept);
    const gram = denseOf(sums.gram, A.cols, A.cols);
    expectClose(lowerTriangle(gram), lowerTriangle(innerProduct(A, A)), epsilon);
    expectClose(sums.rhs, innerProduct(A, Y).data, epsilon);
  });

  it('is the same whether rows are added at once, in parts, or merged', async () => {
    const { X, Y, x, y } = draw(precision, 60);
    const part = (from: number, to: number): [Matrix, Matrix] => [
      typedMatrix(precision, rowsOf(X, rowsFrom(from, to))),
      typedMatrix(precision, rowsOf(Y, rowsFrom(from, to))),
    ];
    const [once, parts, first, second] = [make(), make(), make(), make()];
    await once.add(x, y);
    await parts.add(...part(0, 1));
    await parts.add(...part(1, 41));
    await parts.add(...part(41, 60));
    await first.add(...part(0, 30));
    await second.add(...part(30, 60));
    await first.merge(second);
    for (const sums of [parts, first]) {
      expect(sums.count).toBe(60);
      expectClose(sums.gram, once.gram, epsilon);
      expectClose(sums.rhs, once.rhs, epsilon);
      expectClose((await sums.solve()).weights.data, (await once.solve()).weights.data, epsilon, 200);
    }
    expect(second.count).toBe(30);
  });

  it('removes what it added', async () => {
    const { x, y } = draw(precision, 40);
    const other = draw(precision, 25, 2);
    const [sums, alone] = [make(), make()];
    await alone.add(x, y);
    await sums.add(other.x, other.y);
    await sums.add(x, y);
    await sums.remove(other.x, other.y);
    expect(sums.count).toBe(40);
    expectClose(sums.gram, alone.gram, epsilon);
    expectClose(sums.rhs, alone.rhs, epsilon);
    await sums.remove(x, y);
    expect(sums.count).toBe(0);
    expect(distance(sums.gram, alone.gram.map(() => 0), epsilon, 40)).toBeLessThan(30); // prettier-ignore
  });

  it('fits an intercept as centring does', async () => {
    const { X, Y, x, y } = draw(precision, 50);
    const sums = make();
    await sums.add(x, y);
    for (const penalty of [0, 0.1]) {
      const { weights, solver, rank } = await sums.solve({ ridge: penalty });
      const mean = (A: Dense) =>
        dense(1, A.cols, (_, j) => rowsFrom(0, A.rows).reduce((sum, i) => sum + at(A, i, j), 0) / A.rows);
      const centred = (A: Dense) => map(A, (value, _, j) => value - at(mean(A), 0, j));
      const [C, D] = [centred(X), centred(Y)];
      const penalised = add(
        innerProduct(C, C),
        dense(inputs, inputs, (i, j) => (i === j ? 50 * penalty : 0)),
      );
      const V = solve(penalised, innerProduct(C, D));
      const bias = subtract(mean(Y), multiply(mean(X), V));
      expectClose(weights.data, stack(V, bias).data, epsilon, 100);
      expect([solver, rank, weights.rows, weights.cols]).toEqual(['cholesky', inputs + 1, inputs + 1, outputs]);
      const svd = await sums.solve({ ridge: penalty, solver: 'svd' });
      expect(svd.solver).toBe('svd');
      expectClose(svd.weights.data, weights.data, epsilon, 100);
    }
  });

  it('without an intercept solves what lstsq and ridge solve', async () => {
    const { x, y } = draw(precision, 50);
    const sums = make({ intercept: false });
    await sums.add(x, y);
    expectClose((await sums.solve()).weights.data, (await lstsq(x, y)).weights.data, epsilon, 100);
    expectClose(
      (await sums.solve({ ridge: 0.2 })).weights.data,
      (await ridge(x, y, { ridge: 0.2 })).weights.data,
      epsilon,
      100,
    );
    expectClose((await sums.solve({ solver: 'svd' })).weights.data, (await sums.solve()).weights.data, epsilon, 200);
  });

  it('solves as often as wanted: the sums stay', async () => {
    const { x, y } = draw(precision, 50);
    const sums = make();
    await sums.add(x, y);
    const [gram, rhs] = [sums.gram.slice(), sums.rhs.slice()];
    const first = await sums.solve({ ridge: 0.5 });
    await sums.solve({ solver: 'svd', ridge: 0.5 });
    expect([sums.gram, sums.rhs]).toEqual([gram, rhs]);
    expect(await sums.solve({ ridge: 0.5 })).toEqual(first);
  });

  it('falls to the SVD on a singular Gram matrix, and gives the shortest solution', async () => {
    const { X, Y, y } = draw(precision, 50);
    // The last column is the first again: both get half of its weight.
    const twice = map(X, (value, i, j) => (j === inputs - 1 ? at(X, i, 0) : value));
    const sums = make({ intercept: false });
    await sums.add(typedMatrix(precision, twice), y);
    const { weights, solver, rank } = await sums.solve();
    expect([solver, rank]).toEqual(['svd', inputs - 1]);
    const three = dense(50, 3, (i, j) => at(X, i, j));
    const alone = solve(innerProduct(three, three), innerProduct(three, Y));
    const expected = dense(inputs, outputs, (i, j) => (i % 3 === 0 ? at(alone, 0, j) / 2 : at(alone, i, j)));
    expectClose(weights.data, expected.data, epsilon, 1000);
    await expectBplsError(
      sums.solve({ solver: 'cholesky' }),
      SingularError,
      'SINGULAR',
      "Expected a positive definite Gram matrix with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it",
    );
    // A ridge makes it regular.
    expect((await sums.solve({ ridge: 0.1 })).solver).toBe('cholesky');
    expect((await sums.solve({ ridge: 0.1, solver: 'cholesky' })).solver).toBe('cholesky');
  });

  it('does with fewer rows than unknowns', async () => {
    const { X, Y, x, y } = draw(precision, 2);
    const sums = make();
    await sums.add(x, y);
    const { weights, solver, rank } = await sums.solve();
    expect([solver, rank]).toEqual(['svd', 2]);
    const fitted = multiply(withOnes(X), denseOf(weights.data, inputs + 1, outputs));
    expectClose(fitted.data, Y.data, epsilon, 1000);
  });
});

describe('calls on one NormalEquations', () => {
  const draw = (seed: number, rows = 70_000) => {
    const random = source(seed);
    return [random.uniforms(rows, 3), random.uniforms(rows, 2)] as const;
  };

  it('take their turn', async () => {
    const [one, two] = [draw(1), draw(2)];
    const [sums, inTurn] = [new NormalEquations(3, 2), new NormalEquations(3, 2)];
    const asked = [sums.add(...one), sums.solve({ ridge: 1 }), sums.add(...two), sums.remove(...one)] as const;
    await inTurn.add(...one);
    expect((await asked[1]).weights.data).toEqual((await inTurn.solve({ ridge: 1 })).weights.data);
    await Promise.all(asked);
    await inTurn.add(...two);
    await inTurn.remove(...one);
    expect(sums.gram).toEqual(inTurn.gram);
    expect(sums.count).toBe(70_000);
  });

  it('do not take out the same rows twice', async () => {
    const rows = draw(3, 10);
    const sums = new NormalEquations(3, 2);
    await sums.add(...rows);
    const outcomes = await Promise.allSettled([sums.remove(...rows), sums.remove(...rows), sums.solve()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(sums.count).toBe(0);
    await sums.add(...rows);
    expect((await sums.solve()).rank).toBe(4);
  });

  it('are over before sums are merged', async () => {
    const [sums, other] = [new NormalEquations(3, 2), new NormalEquations(3, 2)];
    const adding = other.add(...draw(4));
    const message = 'Expected both NormalEquations to be at rest but a call on one has not settled';
    await expectBplsError(() => sums.merge(other), ArgumentError, 'INVALID_ARGUMENT', message);
    await expectBplsError(() => other.merge(sums), ArgumentError, 'INVALID_ARGUMENT', message);
    await adding;
    await sums.merge(other);
    expect(sums.count).toBe(70_000);
  });

  it('take their turn after sums are merged, on both', async () => {
    const message = 'Expected both NormalEquations to be at rest but a call on one has not settled';
    const order = 400; // Sums of so many numbers that merging takes turns of the event loop.
    const [sums, other] = [new NormalEquations(order, 1), new NormalEquations(order, 1)];
    const random = source(8);
    const rows = (): [Matrix<Float64Array>, Matrix<Float64Array>] => [
      matrix(random.uniforms(500, order).data, 500, order),
      matrix(random.uniforms(500, 1).data, 500, 1),
    ];
    const [first, second, third] = [rows(), rows(), rows()];
    await sums.add(...first);
    await other.add(...second);
    const expected = new NormalEquations(order, 1);
    for (const each of [first, second]) await expected.add(...each);
    const merging = sums.merge(other);
    // What comes in is not at rest either, whether or not anything else has been asked of it.
    await expectBplsError(() => other.merge(new NormalEquations(order, 1)), ArgumentError, 'INVALID_ARGUMENT', message);
    const removing = other.remove(...second);
    await expectBplsError(() => other.merge(sums), ArgumentError, 'INVALID_ARGUMENT', message);
    await Promise.all([merging, removing, sums.add(...third), expected.add(...third)]);
    expect([sums.count, other.count]).toEqual([1500, 0]);
    expectClose(sums.gram, expected.gram, 2 ** -52);
    await sums.merge(sums);
    expect(sums.count).toBe(3000);
  });
});

describe('what NormalEquations refuses', () => {
  const { x, y } = draw(precisions[0]!, 5);
  const sums = () => new NormalEquations<'float64' | 'float32'>(inputs, outputs);
  const refused = (action: Promise<unknown> | (() => unknown), message: string) =>
    expectBplsError(action, ArgumentError, 'INVALID_ARGUMENT', message);
  const misfit = (action: Promise<unknown> | (() => unknown), message: string) =>
    expectBplsError(action, ShapeError, 'SHAPE_MISMATCH', message);

  it('when it is made', async () => {
    const construct =
      (...args: unknown[]) =>
      () =>
        new NormalEquations(...(args as [number, number]));
    for (const size of [0, -1, 1.5, NaN, '3', 2 ** 24 + 1] as const) {
      const shown = typeof size === 'string' ? '"3"' : String(size);
      await refused(construct(size, 1), `Expected inputs to be an integer from 1 to 16777216 but received ${shown}`);
      await refused(construct(1, size), `Expected outputs to be an integer from 1 to 16777216 but received ${shown}`);
    }
    await refused(
      construct(undefined, 1),
      'Expected inputs to be an integer from 1 to 16777216 but received undefined',
    );
    await refused(
      construct(1, 1, { precision: 'float16' }),
      `Expected options.precision to be one of 'float64', 'float32' but received "float16"`,
    );
    await refused(construct(1, 1, { intercept: 1 }), 'Expected options.intercept to be true or false but received 1');
    await refused(
      construct(1, 1, { ridge: 1 }),
      'Expected the names in options to be among precision, intercept but received "ridge"',
    );
    await expectBplsError(
      construct(2 ** 24, 1),
      MemoryError,
      'OUT_OF_MEMORY',
      `Expected memory for ${(2 ** 24 + 1) ** 2} numbers but the system refused it`,
    );
  });

  it.each(['add', 'remove'] as const)('when rows do not fit: %s', async (name) => {
    const filled = sums();
    await filled.add(x, y);
    const change = (X: Matrix, Y: Matrix, options?: object) => filled[name](X, Y, options);
    const zeros = (rows: number, cols: number) => matrix(new Float64Array(rows * cols), rows, cols);
    await misfit(change(zeros(5, 3), y), 'Expected X.cols to equal inputs (4) but received 3');
    await misfit(change(x, zeros(5, 3)), 'Expected Y.cols to equal outputs (2) but received 3');
    await misfit(change(x, zeros(4, 2)), 'Expected Y.rows to equal X.rows (5) but received 4');
    const single = matrix(new Float32Array(20), 5, 4);
    await expectBplsError(
      change(single, y),
      PrecisionError,
      'MIXED_PRECISION',
      'Expected X.data to be a Float64Array like the sums but received a Float32Array',
    );
    await expectBplsError(
      change(x, matrix(new Float32Array(10), 5, 2)),
      PrecisionError,
      'MIXED_PRECISION',
      'Expected Y.data to be a Float64Array like X.data but received a Float32Array',
    );
    for (const [bad, X, Y] of [
      ['X', typedMatrix(precisions[0]!, { ...x, data: Float64Array.from(x.data).fill(NaN, 7, 8) }), y],
      ['Y', x, typedMatrix(precisions[0]!, { ...y, data: Float64Array.from(y.data).fill(-Infinity, 3, 4) })],
    ] as const)
      await expectBplsError(
        change(X, Y),
        NonFiniteError,
        'NON_FINITE',
        bad === 'X'
          ? 'Expected X to be finite but received NaN at row 1, column 3'
          : 'Expected Y to be finite but received -Infinity at row 1, column 1',
      );
    await refused(
      change(x, y, { ridge: 1 }),
      'Expected the names in options to be among threads, signal but received "ridge"',
    );
    const error = await expectBplsError(
      change(x, y, { signal: AbortSignal.abort() }),
      AbortedError,
      'ABORTED',
      'The operation was aborted',
    );
    expect(error.cause).toBeInstanceOf(DOMException);
    // None of it changed the sums.
    const fresh = sums();
    await fresh.add(x, y);
    expect([filled.gram, filled.rhs, filled.count]).toEqual([fresh.gram, fresh.rhs, 5]);
  });

  it('when more is to be removed than there is', async () => {
    await misfit(sums().remove(x, y), 'Expected X.rows to be at most the rows in the sums (0) but received 5');
    await refused(
      sums().remove(null as unknown as Matrix, y),
      'Expected X to be a matrix { data, rows, cols } but received null',
    );
  });

  it('when the other sums are of another kind', async () => {
    const merge = (other: unknown) => () => sums().merge(other as NormalEquations);
    await refused(merge({ gram: [] }), 'Expected other to be a NormalEquations but received a Object');
    await misfit(merge(new NormalEquations(3, 2)), 'Expected other.inputs to equal inputs (4) but received 3');
    await misfit(merge(new NormalEquations(4, 1)), 'Expected other.outputs to equal outputs (2) but received 1');
    await misfit(
      merge(new NormalEquations(4, 2, { intercept: false })),
      'Expected other.order to equal order (5) but received 4',
    );
    await expectBplsError(
      merge(new NormalEquations(4, 2, { precision: float32.name })),
      PrecisionError,
      'MIXED_PRECISION',
      "Expected other's sums to be a Float64Array like these but received a Float32Array",
    );
  });

  it('when there is nothing to solve, or with options that are none', async () => {
    await misfit(sums().solve(), 'Expected at least one row in the sums but received none');
    const filled = sums();
    await filled.add(x, y);
    for (const value of [-1, NaN, Infinity])
      await refused(
        filled.solve({ ridge: value }),
        `Expected options.ridge to be a finite number not below 0 but received ${value}`,
      );
    await refused(
      filled.solve({ solver: 'qr' as 'svd' }),
      `Expected options.solver to be one of 'auto', 'cholesky', 'svd' but received "qr"`,
    );
    await refused(
      filled.solve({ rcond: 1 } as object),
      'Expected the names in options to be among ridge, solver, threads, signal but received "rcond"',
    );
    await expectBplsError(
      filled.solve({ signal: AbortSignal.abort() }),
      AbortedError,
      'ABORTED',
      'The operation was aborted',
    );
  });
});

describe('columns in units of their own', () => {
  const count = 400;
  const phase = (i: number) => [Math.sin(i), Math.cos(1.7 * i)] as const;

  it.each([
    ['float64', 1e8],
    ['float64', 1e-8],
    ['float32', 1e4],
    ['float32', 1e-4],
  ] as const)('are solved as well as any, in %s times %f', async (precision, unit) => {
    const typed = (values: Float64Array) => (precision === 'float64' ? values : Float32Array.from(values));
    const x = Float64Array.from({ length: 2 * count }, (_, i) => phase(i >> 1)[i % 2]! * (i % 2 === 0 ? 1 : unit));
    const y = Float64Array.from({ length: count }, (_, i) => 3 * phase(i)[0] + phase(i)[1] + 10);
    const sums = new NormalEquations<'float64' | 'float32'>(2, 1, { precision });
    await sums.add(matrix(typed(x), count, 2), matrix(typed(y), count, 1));
    for (const solver of ['auto', 'cholesky', 'svd'] as const) {
      const { weights, rank, rcond } = await sums.solve({ solver });
      const [a, b, c] = weights.data;
      expect(rank).toBe(3);
      expect(rcond).toBeGreaterThan(0.1);
      expectClose([a!, b! * unit, c!], [3, 1, 10], precision === 'float64' ? 2 ** -52 : 2 ** -23, 200);
    }
  });

  it('leave the intercept alone under any ridge', async () => {
    const sums = new NormalEquations(2, 1);
    const x = Float64Array.from({ length: 2 * count }, (_, i) => phase(i >> 1)[i % 2]!);
    await sums.add(matrix(x, count, 2), matrix(new Float64Array(count).fill(10), count, 1));
    const { weights } = await sums.solve({ ridge: 1e16 });
    expectClose([weights.data[2]!], [10], 2 ** -52, 10);
  });
});

describe('restored sums', () => {
  it('solve as the ones they were copied from, and only with a count that is one', async () => {
    const random = source(8);
    const [x, y] = [matrix(random.uniforms(30, 2).data, 30, 2), matrix(random.uniforms(30, 1).data, 30, 1)];
    const sums = new NormalEquations(2, 1);
    await sums.add(x, y);
    const copy = new NormalEquations(2, 1);
    copy.gram.set(sums.gram);
    copy.rhs.set(sums.rhs);
    copy.count = sums.count;
    expect(await copy.solve()).toEqual(await sums.solve());
    for (const count of [NaN, -1, 1.5, '30' as never]) {
      copy.count = count;
      const error = await failure(copy.solve());
      expect(error).toBeInstanceOf(ArgumentError);
      expect((error as Error).message).toMatch(/^Expected count to be the rows in the sums but received/);
    }
  });
});

describe('sums that are no longer what they say', () => {
  it('are refused after a call that was cut off', async () => {
    const [rows, cols] = [150_000, 40];
    const random = source(4);
    const x = matrix(random.uniforms(rows, cols).data, rows, cols);
    const y = matrix(random.uniforms(rows, 1).data, rows, 1);
    const [sums, other] = [new NormalEquations(cols, 1), new NormalEquations(cols, 1)];
    const controller = new AbortController();
    const adding = sums.add(x, y, { signal: controller.signal });
    // Once the first batch is in the sums.
    while (sums.gram[0] === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expectBplsError(adding, AbortedError, 'ABORTED', 'The operation was aborted');
    const message = 'Expected whole sums but a call on these was cut off: make a new NormalEquations';
    for (const call of [() => sums.add(x, y), () => sums.remove(x, y), () => sums.solve()])
      await expectBplsError(call(), ArgumentError, 'INVALID_ARGUMENT', message);
    for (const call of [() => sums.merge(other), () => other.merge(sums)])
      await expectBplsError(call, ArgumentError, 'INVALID_ARGUMENT', message);
  });

  it('are refused where rows that are gone have left nothing but rounding', async () => {
    const random = source(5);
    const draw = (rows: number, size: number) => {
      const x = matrix(
        random.uniforms(rows, 2).data.map((value) => size * value),
        rows,
        2,
      );
      const y = Float64Array.from({ length: rows }, (_, i) => 2 * x.data[2 * i]! - x.data[2 * i + 1]!);
      return [x, matrix(y, rows, 1)] as const;
    };
    const sums = new NormalEquations(2, 1);
    const large = draw(10, 1e3);
    await sums.add(...draw(50, 1));
    await sums.add(...large);
    await sums.remove(...large);
    expectClose((await sums.solve()).weights.data, [2, -1, 0], 2 ** -52, 1e8);
    const huge = draw(10, 3e7);
    await sums.add(...huge);
    await sums.remove(...huge);
    const error = (await failure(sums.solve())) as Error;
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error.message).toMatch(
      /^Expected sums with digits left but those of column 0 came to \S+ from \d{16}\S* when/,
    );
    const column = (...values: number[]) => matrix(Float64Array.from(values), 3, 1);
    for (const size of [1e15, 1e20]) {
      const one = new NormalEquations(1, 1);
      await one.add(column(1, 2, 3), column(0.1, 0.2, 0.3));
      await one.add(column(1, 2, 3), column(size, size, size));
      await one.remove(column(1, 2, 3), column(size, size, size));
      const message = ((await failure(one.solve())) as Error).message;
      expect(message).toMatch(/^Expected sums with digits left but those of output 0 came to \S+ from \S+ when/);
    }
    // Nothing was removed: what is left of AᵀB is small since it is so.
    const odd = new NormalEquations(1, 1, { intercept: false });
    const x = column(1 / 3, 1 / 7, 1 / 11);
    await odd.add(x, column(0.1, 0.3, 0.7));
    await odd.add(x, column(-0.1, -0.3, -0.7 + 1e-16));
    expect(Math.abs((await odd.solve()).weights.data[0]!)).toBeLessThan(1e-15);
    // An indicator whose rows are gone.
    const ones = new NormalEquations(2, 1);
    await ones.add(matrix(Float64Array.of(1, 0, 2, 1), 2, 2), matrix(Float64Array.of(1, 5), 2, 1));
    await ones.remove(matrix(Float64Array.of(2, 1), 1, 2), matrix(Float64Array.of(5), 1, 1));
    expectClose((await ones.solve()).weights.data, [0.5, 0, 0.5], 2 ** -52, 100);
  });
});
