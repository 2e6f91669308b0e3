import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { expectClose } from '../support/expect.js';
import { float64, precisions } from '../support/precision.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';

function columns(cols: number) {
  const column = () => new Float64Array(cols).fill(9);
  return { mean: column(), deviation: column(), least: column(), greatest: column() };
}

describe.each(precisions)('columnStatistics in $name', ({ typed }) => {
  it.each([
    [1, 3],
    [7, 1],
    [15, 4],
    [16, 33],
    [1009, 5],
  ])('measures every column of %i rows and %i columns', async (samples, cols) => {
    const random = source(samples);
    const inputs = typed(random.uniforms(samples, cols, 3).data);
    const found = columns(cols);
    const outcome = await call(lane(2), 'columnStatistics', { inputs, samples, columns: cols, ...found });
    expect(outcome.nonFinite).toBe(-1);
    const expected = columns(cols);
    for (let j = 0; j < cols; j++) {
      const column = Array.from(inputs).filter((_, i) => i % cols === j);
      const mean = column.reduce((sum, x) => sum + x) / samples;
      expected.mean[j] = mean;
      expected.deviation[j] = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / samples);
      expected.least[j] = Math.min(...column);
      expected.greatest[j] = Math.max(...column);
    }
    expectClose(found.mean, expected.mean, float64.epsilon, 30, 3);
    expectClose(found.deviation, expected.deviation, float64.epsilon, 200, 3);
    expect(found.least).toEqual(expected.least);
    expect(found.greatest).toEqual(expected.greatest);
  });

  it('keeps the deviation of a column far from zero', async () => {
    const samples = 1000;
    const far = 2 ** 20;
    const inputs = typed(Array.from({ length: samples }, (_, i) => far + (i % 2)));
    const found = columns(1);
    await call(lane(), 'columnStatistics', { inputs, samples, columns: 1, ...found });
    expect(found.mean[0]).toBe(far + 0.5);
    expect(found.deviation[0]).toBe(0.5);
  });

  it('names the first element that is not finite', async () => {
    const inputs = typed(source(1).uniforms(50, 4).data);
    inputs[131] = Infinity;
    inputs[77] = NaN;
    const outcome = await call(lane(2), 'columnStatistics', { inputs, samples: 50, columns: 4, ...columns(4) });
    expect(outcome.nonFinite).toBe(77);
  });
});

describe.each(precisions)('findNonFinite in $name', ({ zeros }) => {
  it('finds none among numbers of every size', async () => {
    const values = zeros(6);
    values.set([0, -0, 1e-45, -1e-45, 3e38, -3e38]);
    expect(await call(lane(), 'findNonFinite', { values, length: 6 })).toMatchObject({ nonFinite: -1 });
    expect(await call(lane(), 'findNonFinite', { values, length: 0 })).toMatchObject({ nonFinite: -1 });
  });

  it.each([NaN, Infinity, -Infinity])('finds %f wherever it is', async (value) => {
    const length = 10_007;
    for (const index of [0, 1, 4095, 4096, 8191, 10_006]) {
      const values = zeros(length);
      values[index] = value;
      values[length - 1] = value;
      expect(await call(lane(), 'findNonFinite', { values, length })).toMatchObject({ nonFinite: index });
    }
  });

  it('finds the first, whichever thread comes upon one first', async () => {
    const length = 2 ** 21;
    const values = zeros(length);
    for (const index of [length - 1, length / 2 + 5, length / 2 - 5, 3]) {
      values[index] = NaN;
      expect(await call(lane(2), 'findNonFinite', { values, length })).toMatchObject({ nonFinite: index });
    }
    expect(await call(lane(2), 'findNonFinite', { values, length: 3 })).toMatchObject({ nonFinite: -1 });
  });
});
