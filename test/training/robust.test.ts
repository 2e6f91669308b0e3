import { describe, expect, it } from 'vitest';
import { medianDeviation, probeOf, quantiles } from '../../lib/training/robust.js';

describe('probeOf', () => {
  it('has all rows of few, and of many as many, spread evenly', async () => {
    expect([...(await probeOf(4))]).toEqual([0, 1, 2, 3]);
    const probe = await probeOf(10_000);
    expect(probe).toHaveLength(2500);
    expect([...probe]).toEqual(Array.from({ length: 2500 }, (_, i) => 4 * i));
  });

  it('leaves out rows without weight', async () => {
    expect([...(await probeOf(5, Float64Array.of(0, 1, 0, 2, 1)))]).toEqual([1, 3, 4]);
    const weights = new Float32Array(9000).map((_, row) => row % 3);
    const counted = Array.from({ length: 9000 }, (_, row) => row).filter((row) => row % 3 !== 0);
    const expected = Array.from({ length: 2500 }, (_, i) => counted[Math.floor((i * counted.length) / 2500)]!);
    expect([...(await probeOf(9000, weights))]).toEqual(expected);
    expect(await probeOf(3, new Float64Array(3))).toHaveLength(0);
  });
});

describe('medianDeviation', () => {
  it('is 1.4826 times the median of the sizes', () => {
    expect(medianDeviation(Float64Array.of(-3, 1, 2))).toBeCloseTo(2.9652, 12);
  });
});

describe('quantiles', () => {
  const quantile = (values: Float64Array, share: number, weights?: Float64Array) =>
    quantiles(values, [share], weights)[0];

  it('is the value at its share of the way, and 0 of none', () => {
    expect(quantile(Float64Array.of(3, 1, 2), 1 / 2)).toBe(2);
    expect(quantile(Float64Array.of(4, 3, 1, 2), 1 / 4)).toBe(1);
    expect(quantile(new Float64Array(), 1 / 2)).toBe(0);
    expect(quantile(new Float64Array(), 1 / 2, new Float64Array())).toBe(0);
  });

  it('heeds weights: equal ones change nothing, and one of next to nothing is none', () => {
    const values = Float64Array.of(5, 1, 4, 2, 3, 6);
    for (const share of [0, 1 / 4, 1 / 2, 3 / 4, 1])
      for (const weight of [1, 1e-300, 3]) {
        const weights = new Float64Array(6).fill(weight);
        expect(quantile(values, share, weights), `${share}`).toBe(quantile(values, share));
      }
    expect(quantile(values, 1 / 2, Float64Array.of(1e-9, 1, 1e-9, 1, 1, 1e-9))).toBe(2);
    expect(quantile(values, 1 / 2, Float64Array.of(0, 1, 0, 1, 8, 0))).toBe(3);
  });
});
