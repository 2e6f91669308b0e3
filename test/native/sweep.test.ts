import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { activations } from '../../lib/network/activation.js';
import type { FloatArray } from '../../lib/matrix.js';
import type { SampleRule } from '../../lib/options.js';
import {
  add,
  dense,
  denseOf,
  innerProduct,
  lowerTriangle,
  multiply,
  rowsOf,
  scale,
  subtract,
  transpose,
  withOnes,
  type Dense,
} from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { precisions, rounded, type Precision } from '../support/precision.js';
import { drawProblem, lane, type DrawnProblem, type ProblemShape } from '../support/problem.js';
import { forward, sweep, type Sweep, type Wanted } from '../support/reference.js';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

const shape: ProblemShape = {
  samples: 29,
  columns: 5,
  hidden: [
    [6, 'tanh'],
    [4, 'sigmoid'],
  ],
  outputs: 3,
};
const demands: Record<SampleRule, number> = { all: 0, misclassified: 1, margin: 2 };

/** Arrays for everything that a sweep can add to, holding `filling` to begin with. */
function accumulators({ zeros }: Precision, { raw, samples }: DrawnProblem, filling = 0) {
  const like = (length: number) => zeros(length).fill(filling);
  const top = raw.output.inputs + 1;
  return {
    grams: [like((samples.columns + 1) ** 2), ...raw.hidden.map(({ units }) => like((units + 1) ** 2))],
    triangle: zeros(top ** 2),
    outputRhs: like(top * raw.output.units),
    hiddenRhs: raw.hidden.map(({ inputs, units }) => like((inputs + 1) * units)),
    slopes: raw.hidden.map(({ units }) => like(units ** 2)),
    marks: new Uint8Array(samples.samples).fill(99),
    share: like(raw.output.units),
  };
}

type Sums = ReturnType<typeof accumulators>;

function lower(sums: FloatArray): number[] {
  const order = Math.sqrt(sums.length);
  return lowerTriangle(denseOf(sums, order, order));
}

/** RᵀR of an upper triangle. */
function squared(triangle: FloatArray): number[] {
  const order = Math.sqrt(triangle.length);
  const R = denseOf(
    triangle.map((r, i) => (i % order >= Math.floor(i / order) ? r : 0)),
    order,
    order,
  );
  return lowerTriangle(innerProduct(R, R));
}

function expectSums(sums: Sums, expected: Sweep, epsilon: number): void {
  expected.grams.forEach((gram, l) => expectClose(lower(sums.grams[l]!), lowerTriangle(gram), epsilon));
  expectClose(squared(sums.triangle), lowerTriangle(expected.grams.at(-1)!), epsilon);
  expectClose(sums.outputRhs, expected.outputRhs.data, epsilon);
  expected.hiddenRhs.forEach((rhs, l) => expectClose(sums.hiddenRhs[l]!, rhs.data, epsilon));
  expected.slopes.forEach((slopes, l) => expectClose(lower(sums.slopes[l]!), lowerTriangle(slopes), epsilon));
  expect([...sums.share]).toEqual(expected.share);
}

describe.each(precisions)('sweep in $name', (precision) => {
  const { epsilon, zeros, typed } = precision;
  const everything = Array.from({ length: shape.samples }, (_, i) => i);
  const some = everything.slice(3, 20);
  const scattered = [27, 2, 11, 3, 28, 0, 19];

  /** Targets of every kind. */
  function wants(problem: DrawnProblem): [rule: SampleRule, desired: Wanted, args: object][] {
    const labels = problem.random.labels(shape.samples, shape.outputs);
    const targets = rounded(precision, problem.random.uniforms(shape.samples, shape.outputs));
    const sides = { positive: 0.25, negative: 0 };
    return [
      ['all', { labels, ...sides }, { labels, ...sides }],
      ['misclassified', { labels, ...sides }, { labels, ...sides }],
      ['margin', { labels, ...sides }, { labels, ...sides }],
      ['all', { targets }, { targets: typed(targets.data) }],
      ['misclassified', { targets, labels }, { targets: typed(targets.data), labels }],
    ];
  }

  function choose(desired: Wanted, rows: readonly number[]): Wanted {
    return {
      ...desired,
      ...(desired.labels && { labels: rows.map((row) => desired.labels![row]!) }),
      ...(desired.targets && { targets: rowsOf(desired.targets, rows) }),
    };
  }

  it.each([
    ['all rows', everything, {}],
    ['rows from the middle', some, {}],
    ['rows by index', scattered, {}],
    ['rows from the middle, standardised', some, { standardized: true }],
    ['rows by index, standardised', scattered, { standardized: true }],
  ] as const)('adds up what the reference adds up: %s', async (_, rows, more) => {
    const problem = drawProblem(precision, { ...shape, ...more });
    const batch =
      rows === scattered
        ? { start: 2, count: rows.length, indices: Int32Array.of(0, 0, ...rows) }
        : { start: rows[0]!, count: rows.length };
    for (const [rule, desired, args] of wants(problem)) {
      const sums = accumulators(precision, problem, 7);
      const { raw, samples, X, hidden, output } = problem;
      const outcome = await call(lane(2), 'sweep', {
        ...samples,
        ...raw,
        ...args,
        ...sums,
        ...batch,
        demand: demands[rule],
        cached: false,
        clear: true,
      });
      const expected = sweep(hidden, output, rowsOf(X, rows), rule, choose(desired, rows));
      expectSums(sums, expected, epsilon);
      expectClose([outcome.squares], [expected.squares], epsilon);
      expect([outcome.active, outcome.weight]).toEqual([expected.active, expected.active]);
      expect(outcome.misclassified).toBe(expected.misclassified);
      const marks = new Uint8Array(shape.samples).fill(99);
      rows.forEach((row, i) => (marks[row] = expected.marks[i]!));
      expect([...sums.marks]).toEqual([...marks]);
      // Without an output that asks for nothing, the rules would be one.
      if (rule !== 'all') expect(Math.min(...expected.share)).toBeLessThan(rows.length);
    }
  });

  it.each(activations)('goes through %s and its derivative', async (activation) => {
    const hidden = [[7, activation] as const, [5, activation] as const];
    const problem = drawProblem(precision, { ...shape, hidden, seed: 3 });
    const [, , [rule, desired, args]] = wants(problem) as [unknown, unknown, [SampleRule, Wanted, object]];
    const sums = accumulators(precision, problem);
    const rows = { start: 0, count: shape.samples };
    await call(lane(), 'sweep', {
      ...problem.samples,
      ...problem.raw,
      ...args,
      ...sums,
      ...rows,
      demand: demands[rule],
      cached: false,
    });
    expectSums(sums, sweep(problem.hidden, problem.output, problem.X, rule, desired), epsilon);
  });

  it.each([3, 32, 33, 70])('adds up wide layers and many rows, to %i outputs', async (outputs) => {
    const wide: ProblemShape = {
      samples: 203,
      columns: 81,
      hidden: [
        [75, 'tanh'],
        [37, 'softplus'],
      ],
      outputs,
    };
    const problem = drawProblem(precision, wide);
    const labels = problem.random.labels(wide.samples, outputs);
    const sums = accumulators(precision, problem);
    const pass = { ...problem.samples, ...problem.raw, ...sums, start: 1, count: 201, cached: false };
    await call(lane(2), 'sweep', { ...pass, labels, positive: 1, negative: -1, demand: 2 });
    const rows = Array.from({ length: 201 }, (_, i) => i + 1);
    const chosen = { labels: rows.map((row) => labels[row]!) };
    expectSums(sums, sweep(problem.hidden, problem.output, rowsOf(problem.X, rows), 'margin', chosen), epsilon);
  });

  it('takes a network without hidden layers', async () => {
    const problem = drawProblem(precision, { ...shape, hidden: [] });
    const labels = problem.random.labels(shape.samples, shape.outputs);
    const { grams, triangle, outputRhs, marks, share } = accumulators(precision, problem);
    const sums = { grams, triangle, outputRhs, marks, share };
    const rows = { start: 0, count: shape.samples };
    const demand = { demand: 2, labels, positive: 1, negative: -1 };
    await call(lane(), 'sweep', { ...problem.samples, ...problem.raw, ...sums, ...demand, ...rows, cached: false });
    const expected = sweep([], problem.output, problem.X, 'margin', { labels });
    expectSums({ ...sums, hiddenRhs: [], slopes: [] }, expected, epsilon);
  });

  it('adds batch to batch, and starts from zero with `clear`', async () => {
    const problem = drawProblem(precision, shape);
    const [[rule, desired, args]] = wants(problem) as [[SampleRule, Wanted, object]];
    const sums = accumulators(precision, problem, 5);
    for (const [start, count] of [
      [0, 11],
      [11, 18],
    ] as const)
      await call(lane(), 'sweep', {
        ...problem.samples,
        ...problem.raw,
        ...args,
        ...sums,
        start,
        count,
        demand: demands[rule],
        cached: false,
        clear: start === 0,
      });
    expectSums(sums, sweep(problem.hidden, problem.output, problem.X, rule, desired), epsilon);
  });

  it('leaves out what is not asked for', async () => {
    const problem = drawProblem(precision, shape);
    const gram = zeros((shape.hidden[0]![0] + 1) ** 2);
    const rows = { start: 0, count: shape.samples };
    const outcome = await call(lane(), 'sweep', {
      ...problem.samples,
      ...problem.raw,
      ...rows,
      grams: [null, gram, null],
      cached: false,
    });
    const { grams } = sweep(problem.hidden, problem.output, problem.X, 'all', { labels: everything.map(() => 0) });
    expectClose(lower(gram), lowerTriangle(grams[1]!), epsilon);
    expect(outcome).toMatchObject({ squares: 0, active: 0, weight: 0, misclassified: 0 });
  });

  it("moves the output layer's weights before the first batch, by a change or by what a factor solves for", async () => {
    const problem = drawProblem(precision, { ...shape, hidden: [] });
    const [{ random, raw, samples }, order, outputs] = [problem, shape.columns + 1, shape.outputs];
    const [stride, ahead] = [0.5, 0.25];
    const [change, previous] = [0, 1].map(() => rounded(precision, random.uniforms(order, outputs))) as [Dense, Dense];
    const next = add(problem.output.weights, scale(change, stride));
    const expected = add(next, scale(subtract(next, previous), ahead));
    // UᵀU change = rhs, and U by columns.
    const U = dense(order, order, (i, j) => (i === j ? 2 : i < j ? 1 : 0));
    const system = { factor: typed(transpose(U).data), rhs: typed(multiply(innerProduct(U, U), change).data) };
    for (const step of [{ change: typed(change.data) }, system]) {
      const output = { ...raw.output, weights: raw.output.weights.slice() };
      const held = typed(previous.data);
      const common = { ...samples, hidden: [], output, cached: false, previous: held, stride, ahead, ...step };
      await call(lane(2), 'sweep', { ...common, start: 0, count: 11, clear: true });
      await call(lane(2), 'sweep', { ...common, start: 11, count: 18 });
      expectClose(output.weights, expected.data, epsilon, 100);
      expectClose(held, next.data, epsilon, 100);
    }
  });

  describe('with a cache', () => {
    const width = shape.hidden.reduce((sum, [units]) => sum + units, 0);

    /** H_1 of the first rows, then H_2: how a cache lies in memory. */
    function activations({ hidden, X }: DrawnProblem, rows: number): number[] {
      const values = forward(hidden, X).slice(1);
      return values.flatMap((H) => [...H.data.subarray(0, rows * H.cols)]);
    }

    it('keeps the activations of the rows that it covers', async () => {
      const problem = drawProblem(precision, shape);
      const cacheRows = 20;
      const cache = zeros(cacheRows * width).fill(9);
      const pass = { ...problem.samples, ...problem.raw, cache, cacheRows, cached: false };
      const byIndex = { indices: Int32Array.of(0, 1, 2), slots: Int32Array.of(0, 1, 2) };
      await call(lane(), 'sweep', { ...pass, start: 0, count: 3, ...byIndex });
      expect(cache.every((value) => value === 9)).toBe(true);
      await call(lane(), 'sweep', { ...pass, start: 5, count: 8, slot: 0 });
      await call(lane(), 'sweep', { ...pass, start: 13, count: 12, slot: 8 });
      expectClose(cache, activations({ ...problem, X: rowsOf(problem.X, range(5, 25)) }, cacheRows), epsilon);
    });

    it.each([
      ['contiguous', some, { slot: 20 - some.length }],
      ['by index', [7, 2, 19, 3], { slots: Int32Array.of(7, 2, 19, 3) }],
    ])('reads it back for rows %s', async (name, rows, where) => {
      const cacheRows = 20;
      const problem = drawProblem(precision, shape);
      // Other activations than the network has show where the sums come from.
      const other = drawProblem(precision, { ...shape, seed: 8 });
      const cache = typed(activations({ ...problem, hidden: other.hidden }, cacheRows));
      const sums = accumulators(precision, problem);
      const batch = name.startsWith('by index')
        ? { start: 0, count: rows.length, indices: Int32Array.from(rows) }
        : { start: rows[0]!, count: rows.length };
      const pass = { ...problem.samples, ...problem.raw, ...batch, ...where, cache, cacheRows, cached: true };
      await call(lane(), 'sweep', { ...pass, grams: sums.grams });
      const kept = 'slot' in where ? range(where.slot, where.slot + rows.length) : rows;
      const values = forward(other.hidden, rowsOf(problem.X, kept));
      values
        .slice(1)
        .forEach((H, l) =>
          expectClose(lower(sums.grams[l + 1]!), lowerTriangle(innerProduct(withOnes(H), withOnes(H))), epsilon),
        );
    });
  });
});
