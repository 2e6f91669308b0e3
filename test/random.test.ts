import { describe, expect, it } from 'vitest';
import { createRandom, drawRows } from '../lib/random.js';

/** sfc32 in whole numbers: Doty-Humphrey's generator as PractRand has it, after the same fifteen draws. */
function reference(c: number): () => number {
  let [a, b, s, counter] = [0x9e3779b9n, 0x243f6a88n, BigInt(c), 1n];
  const word = (value: bigint) => value & 0xffffffffn;
  const next = () => {
    const t = word(a + b + counter);
    counter = word(counter + 1n);
    a = b ^ (b >> 9n);
    b = word(s + (s << 3n));
    s = word(word((s << 21n) | (s >> 11n)) + t);
    return Number(t);
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

describe('createRandom', () => {
  it.each([0, 1, 12345, 2 ** 32 - 1])('is sfc32 from seed %i', (seed) => {
    const next = reference(seed);
    const random = createRandom(seed);
    for (let i = 0; i < 200; i++) {
      const [high, low] = [next(), next()];
      expect(random.uniform()).toBe((high * 2 ** 21 + Math.floor(low / 2 ** 11)) / 2 ** 53);
    }
  });

  it('differs for every seed, the greatest ones too', () => {
    const seeds = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 3 * 2 ** 32, 4 * 2 ** 32, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]; // prettier-ignore
    const starts = seeds.map((seed) => createRandom(seed).uniform());
    expect(new Set(starts).size).toBe(seeds.length);
  });

  it('is uniform in [0, 1)', () => {
    const random = createRandom(5);
    const counts = new Int32Array(10);
    for (let i = 0; i < 20_000; i++) {
      const value = random.uniform();
      expect(value >= 0 && value < 1).toBe(true);
      counts[Math.floor(value * 10)]!++;
    }
    // Five standard deviations of a binomial count.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(1800));
  });

  it('gives whole numbers below the limit, each as often', () => {
    const random = createRandom(6);
    const counts = new Int32Array(7);
    for (let i = 0; i < 14_000; i++) counts[random.integer(7)]!++;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(5 * Math.sqrt(1714));
    expect(random.integer(1)).toBe(0);
  });

  it('gives normal numbers, the spare one of each pair too', () => {
    const random = createRandom(7);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(moment(3)).toBeCloseTo(0, 0);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.3);
    const lag = values.slice(1).reduce((sum, value, i) => sum + value * values[i]!, 0) / values.length;
    expect(Math.abs(lag)).toBeLessThan(0.05);
  });
});

describe('drawRows', () => {
  it.each([
    [10, 10],
    [1000, 37],
    [5, 0],
  ])('of %i rows, %i: the start of a shuffle', (rows, count) => {
    const random = createRandom(8);
    const order = Array.from({ length: rows }, (_, row) => row);
    for (let i = 0; i < count; i++) {
      const j = i + random.integer(rows - i);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    expect([...drawRows(rows, count, createRandom(8))]).toEqual(order.slice(0, count));
  });
});
