import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { expectClose } from '../support/expect.js';
import { precisions } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';

const shape = { samples: 40, columns: 5, hidden: [[6, 'tanh'], [4, 'sigmoid']], outputs: 3 } as const; // prettier-ignore
const rows = { start: 0, count: 40 };
/** How often each row counts. */
const times = Array.from({ length: 40 }, (_, i) => (i * 7) % 4);
/** Every row as often as it counts. */
const repeated = Int32Array.from(times.flatMap((count, row) => Array<number>(count).fill(row)));

describe.each(precisions)('weights of samples in $name', (precision) => {
  const { epsilon, typed, zeros } = precision;

  function setting(outputs: number, weighted: boolean) {
    const problem = drawProblem(precision, { ...shape, outputs, standardized: true });
    const labels = problem.random.labels(40, outputs);
    const targets = typed(problem.random.uniforms(40, outputs).data.map((y) => 3 * y));
    const batch = weighted
      ? { ...rows, sampleWeights: typed(times) }
      : { start: 0, count: repeated.length, indices: repeated };
    const top = problem.output.weights.rows;
    const sums = {
      grams: [zeros(36), zeros(49), zeros(25)],
      triangle: zeros(top ** 2),
      outputRhs: zeros(top * outputs),
      hiddenRhs: problem.raw.hidden.map(({ weights }) => zeros(weights.length)),
      slopes: problem.raw.hidden.map(({ units }) => zeros(units ** 2)),
      share: zeros(outputs),
    };
    const args = { ...problem.samples, ...problem.raw, ...batch };
    return { problem, labels, targets, args, sums };
  }

  // Few outputs, and more than a narrow product has.
  it.each([3, 40])('count as so many rows in a sweep, %i outputs', async (outputs) => {
    const run = async (weighted: boolean) => {
      const { args, sums, labels } = setting(outputs, weighted);
      const demand = { labels, demand: 2, positive: 0.25, negative: -0.25 };
      const outcome = await call(lane(2), 'sweep', { ...args, ...sums, ...demand, cached: false, clear: true });
      const { grams, triangle, outputRhs, hiddenRhs, slopes, share } = sums;
      // An R-factor is one but for the signs of its rows.
      const totals = [outcome.squares, outcome.weight];
      return { totals, rest: [...grams, outputRhs, ...hiddenRhs, ...slopes, share], triangle, sums };
    };
    const [weighted, plain] = [await run(true), await run(false)];
    expectClose(weighted.totals, plain.totals, epsilon);
    plain.rest.forEach((expected, i) => expectClose(weighted.rest[i]!, expected, epsilon));
    expectClose(weighted.triangle.map(Math.abs), plain.triangle.map(Math.abs), epsilon, 300);
    expect(Math.max(...plain.sums.share)).toBeGreaterThan(1);
  });

  it.each([3, 40])('count as so many rows along a change, %i outputs', async (outputs) => {
    const run = async (weighted: boolean) => {
      const { args, problem, targets } = setting(outputs, weighted);
      const draw = () => problem.hidden.map(({ weights }) => typed(problem.random.uniforms(weights.rows, weights.cols).data)); // prettier-ignore
      const size = problem.output.weights.data.length;
      const outputRhs = [zeros(size), zeros(size)] as const;
      const more = { targets, demand: 0, change: draw(), momentum: draw(), outputRhs, clear: true };
      const { operations: _, seconds: __, ...sums } = await call(lane(2), 'tangent', { ...args, ...more });
      return [Object.values(sums), ...outputRhs];
    };
    const [weighted, plain] = [await run(true), await run(false)];
    plain.forEach((expected, i) => expectClose(weighted[i]!, expected, epsilon, 100));
  });

  it('of zero leave a row without a mark', async () => {
    const { args, labels, sums } = setting(3, true);
    const marks = new Uint8Array(40).fill(99);
    const demand = { labels, demand: 0, positive: 1, negative: -1 };
    const { active } = await call(lane(), 'sweep', { ...args, ...sums, ...demand, marks, cached: false, clear: true });
    expect(active).toBe(30);
    expect([...marks].map((mark) => mark & 1)).toEqual(times.map((count) => Math.min(count, 1)));
  });

  it('bounds let a residual pull no harder than they say', async () => {
    const { args, targets, sums, problem } = setting(3, false);
    const run = async (residualBounds: number[] | undefined) => {
      const outputRhs = sums.outputRhs.slice();
      const more = { targets, demand: 0, outputRhs, cached: false, clear: true };
      const bounds = residualBounds && { residualBounds: typed(residualBounds) };
      const { squares } = await call(lane(), 'sweep', { ...args, ...rows, indices: undefined, ...more, ...bounds });
      return { squares, outputRhs };
    };
    const outputs = zeros(120);
    const layers = [...problem.raw.hidden, problem.raw.output];
    await call(lane(), 'predict', { ...problem.samples, ...rows, layers, outputs });
    const delta = [0.5, 1, Infinity];
    const huber = (r: number, d: number) => (Math.abs(r) <= d ? r ** 2 : d * (2 * Math.abs(r) - d));
    const residuals = [...targets].map((y, i) => y - outputs[i]!);
    const expected = residuals.reduce((sum, r, i) => sum + huber(r, delta[i % 3]!), 0);
    const bounded = await run(delta);
    const free = await run(undefined);
    expectClose([bounded.squares], [expected], epsilon);
    expect(free.squares).toBeGreaterThan(1.1 * bounded.squares);
    // The intercept's row: sums of the clipped residuals.
    const clipped = [0, 1, 2].map((k) =>
      residuals.reduce((sum, r, i) => sum + (i % 3 === k ? Math.max(-delta[k]!, Math.min(r, delta[k]!)) : 0), 0),
    );
    expectClose(bounded.outputRhs.slice(-3), clipped, epsilon, 100);
  });
});
