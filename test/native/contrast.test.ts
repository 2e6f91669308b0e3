import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { at, denseOf, multiply, rowsOf, withOnes, type Dense } from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { precisions } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';

describe.each(precisions)('contrast in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;
  const [samples, columns, units] = [60, 5, 9];
  const probe = Int32Array.from({ length: 40 }, (_, i) => (7 * i) % samples);

  function draw(standardized = false) {
    const problem = drawProblem(precision, { samples, columns, hidden: [], outputs: 1, standardized });
    const { random } = problem;
    const pairs = Int32Array.from({ length: units * 2 * 2 }, () => random.integer(samples));
    for (let i = 0; i < pairs.length; i += 2) pairs[i + 1] = (pairs[i]! + 1 + random.integer(samples - 1)) % samples;
    return { ...problem, pairs };
  }

  const args = { start: 0, count: probe.length, indices: probe, candidates: 2, first: 0, units, total: units };

  /** Half-way between the two samples of a pair. */
  function middle(X: Dense, i: number, j: number): number[] {
    return Array.from({ length: columns }, (_, k) => (at(X, i, k) + at(X, j, k)) / 2);
  }

  it.each([false, true])(
    'gives units of deviation 1 that are zero half-way, standardised: %s',
    async (standardized) => {
      const { samples: given, X, pairs } = draw(standardized);
      const weights = zeros((columns + 1) * units).fill(NaN);
      await call(lane(2), 'contrast', { ...given, ...args, pairs, weights });
      const W = denseOf(weights, columns + 1, units);
      const Z = multiply(withOnes(rowsOf(X, probe)), W);
      for (let unit = 0; unit < units; unit++) {
        const [i, j] = [pairs[unit * 4]!, pairs[unit * 4 + 1]!];
        const z = Array.from({ length: probe.length }, (_, row) => at(Z, row, unit));
        const mean = z.reduce((sum, value) => sum + value) / z.length;
        const deviation = Math.sqrt(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length);
        expectClose([deviation], [1], epsilon);
        const halfWay = multiply(withOnes(denseOf(middle(X, i, j), 1, columns)), W);
        expectClose([at(halfWay, 0, unit)], [0], epsilon, 30, 1);
        // The weights point from the second sample to the first.
        const ends = multiply(withOnes(rowsOf(X, [i, j])), W);
        expect(at(ends, 0, unit)).toBeGreaterThan(0);
        expect(at(ends, 1, unit)).toBeLessThan(0);
        const difference = Array.from({ length: columns }, (_, k) => at(X, i, k) - at(X, j, k));
        const factor = at(W, 0, unit) / difference[0]!;
        expectClose(
          Array.from({ length: columns }, (_, k) => at(W, k, unit)),
          difference.map((d) => d * factor),
          epsilon,
        );
      }
    },
  );

  it('sees only the columns of the mask, more of those that weigh more', async () => {
    const { samples: given, X, pairs, random } = draw();
    const masks = typed(random.uniforms(units, columns).data.map((value) => (value < 0 ? 0 : value)));
    masks.set([1, 0, 0, 0, 0]);
    const weights = zeros((columns + 1) * units);
    await call(lane(), 'contrast', { ...given, ...args, pairs, masks, weights });
    for (let unit = 0; unit < units; unit++) {
      const [i, j] = [pairs[unit * 4]!, pairs[unit * 4 + 1]!];
      const own = Array.from({ length: columns }, (_, k) => weights[k * units + unit]!);
      const masked = own.map((_, k) => (at(X, i, k) - at(X, j, k)) * masks[unit * columns + k]!);
      const factor = own[0]! / masked[0]!;
      if (masked[0] === 0) continue;
      expectClose(own, masked.map((value) => value * factor), epsilon); // prettier-ignore
      const bias = -middle(X, i, j).reduce((sum, value, k) => sum + value * own[k]!, 0);
      expectClose([weights[columns * units + unit]!], [bias], epsilon, 30, 1 + Math.abs(bias));
    }
    expect([1, 2, 3, 4].every((k) => weights[k * units] === 0)).toBe(true);
  });

  it('takes the next candidate where two samples do not differ, and leaves a unit at zero where none do', async () => {
    const inputs = typed([1, 2, 1, 2, 3, 5]);
    const common = { inputs, samples: 3, columns: 2, start: 0, count: 3, candidates: 2 };
    const weights = zeros(6);
    const pairs = Int32Array.of(0, 1, 2, 0, 1, 1, 0, 0);
    await call(lane(), 'contrast', { ...common, pairs, first: 0, units: 2, total: 2, weights });
    const [w, v] = [weights[0]!, weights[2]!];
    expect(v / w).toBeCloseTo(1.5, 6);
    expectClose([weights[4]!], [-(2 * w + 3.5 * v)], epsilon);
    expect([1, 3, 5].every((i) => weights[i] === 0)).toBe(true);
  });

  it('does not blow up what rounding leaves of a column that is constant over the probe', async () => {
    // A third of the rows differ; of those none is in the probe.
    const inputs = typed(Array.from({ length: 60 }, (_, i) => (i < 40 ? 1 / 3 : 2)));
    const weights = zeros(2);
    const probe = Int32Array.from({ length: 37 }, (_, i) => i);
    const pairs = Int32Array.of(0, 50);
    const one = { inputs, samples: 60, columns: 1, start: 0, count: 37, indices: probe, candidates: 1 };
    await call(lane(), 'contrast', { ...one, pairs, first: 0, units: 1, total: 1, weights });
    expect(Math.abs(weights[0]!)).toBeCloseTo(1, 5);
  });

  it('writes its own columns of the weights alone', async () => {
    const { samples: given, pairs } = draw();
    const [total, first] = [units + 5, 3];
    const alone = zeros((columns + 1) * units);
    await call(lane(), 'contrast', { ...given, ...args, pairs, weights: alone });
    const weights = zeros((columns + 1) * total).fill(7);
    await call(lane(), 'contrast', { ...given, ...args, pairs, first, total, weights });
    const expected = zeros(weights.length).fill(7);
    for (let k = 0; k <= columns; k++) expected.set(alone.subarray(k * units, (k + 1) * units), k * total + first);
    expect(weights).toEqual(expected);
  });
});
