import { describe, expect, it } from 'vitest';
import { matrix } from '../../lib/index.js';
import { calibration } from '../../lib/network/temperature.js';

/** Of two rows of two classes the first is right, by so much, and the second as `isRight` says. */
async function found(size: number, isRight: boolean) {
  const scores = matrix(Float64Array.of(size, -size, size, -size), 2, 2);
  const truth = Int32Array.of(0, isRight ? 0 : 1);
  return (await calibration([{ scores, truth, weights: undefined }]))!.inverseTemperature;
}

describe('calibration', () => {
  it.each([1e-3, 0.1, 1, 30])('finds the least to 1e-5, for scores of ±%d', async (size) => {
    for (const isRight of [true, false]) {
      const beta = await found(size, isRight);
      // Σ −log p_own + (β − 1 − log β)/4, a row's worth of the labels any class alike.
      const slope = (at: number) =>
        [true, isRight].reduce(
          (sum, right) => {
            const own = (1 - 1 / 3) * (right ? size : -size);
            return sum + size * Math.tanh(at * size) - own;
          },
          (1 - 1 / at) / 4,
        );
      expect(slope(beta * (1 - 1e-5))).toBeLessThan(0);
      expect(slope(beta * (1 + 1e-5))).toBeGreaterThan(0);
    }
  });

  it('goes no further than a thousandth', async () => {
    expect(await found(1e9, false)).toBeCloseTo(2 ** -10, 12);
  });
});
