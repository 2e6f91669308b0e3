import { describe, expect, it } from 'vitest';
import { median, medianDeviation, probeOf } from '../../lib/training/robust.js';

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
    expect(median(Float64Array.of(3, 1, 2))).toBe(2);
    expect(medianDeviation(Float64Array.of(-3, 1, 2))).toBeCloseTo(2.9652, 12);
  });
});
