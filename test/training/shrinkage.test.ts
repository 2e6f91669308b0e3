import { describe, expect, it } from 'vitest';
import { loadRegressor, matrix, trainRegressor } from '../../lib/index.js';
import { outputSums, shrinkageOf, shrunkSquares } from '../../lib/training/shrinkage.js';
import { source } from '../support/random.js';

describe('shrinkage', () => {
  /** Of predictions a·y + noise, where y has mean 3. */
  async function sumsOf(factor: number, noise: number, weights?: Float64Array) {
    const random = source(1);
    const y = Float64Array.from({ length: 400 }, () => 3 + random.normal());
    const predicted = y.map((value) => 3 + factor * (value - 3) + noise * random.normal());
    const problem = { inputs: matrix(new Float64Array(400), 400, 1), outputs: 1, targets: y, bias: Float64Array.of(3) };
    return { y, predicted, sums: await outputSums({ ...problem, weights }, predicted) };
  }

  it('is the least-squares factor about the mean, within 0 and 1', async () => {
    const { y, predicted, sums } = await sumsOf(1, 1);
    const [share] = shrinkageOf([sums], 400, 400) as [number];
    const at = (s: number) => y.reduce((sum, value, i) => sum + (3 + s * (predicted[i]! - 3) - value) ** 2, 0);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
    expect(at(share) / shrunkSquares(sums)).toBeCloseTo(1, 1);
    for (const s of [share - 0.05, share + 0.05]) expect(at(s)).toBeGreaterThan(at(share));

    const short = await sumsOf(0.5, 0);
    expect(shrinkageOf([short.sums], 400, 400)).toEqual([1]);
    expect(shrunkSquares(short.sums)).toBe(short.sums.left[0]);
    const opposed = await sumsOf(-1, 0);
    expect(shrinkageOf([opposed.sums], 400, 400)).toEqual([0]);
    expect(shrunkSquares(opposed.sums)).toBe(opposed.sums.own[0]);
  });

  it('is less where there are more rows than in a trial, since there is less noise', async () => {
    const { sums } = await sumsOf(1, 1);
    const [few, many] = [shrinkageOf([sums], 400, 400)[0]!, shrinkageOf([sums], 400, 4000)[0]!];
    // Signal s and noise 1 − s, a tenth of it with ten times the rows.
    expect(many).toBeCloseTo(few / (few + (1 - few) / 10), 12);
  });

  it('takes nothing for excess that may be chance, and less of few rows', async () => {
    const { sums } = await sumsOf(1, 1);
    const few = { ...sums, rows: 1 };
    expect(shrinkageOf([few], 400, 400)).toEqual([1]);
    expect(shrunkSquares(few)).toBe(sums.left[0]);
    // As many rows once more make it surer.
    expect(shrinkageOf([sums, sums], 400, 400)[0]).toBeLessThan(shrinkageOf([sums], 400, 400)[0]!);
  });

  it('counts a row as often as its weight says', async () => {
    const weights = Float64Array.from({ length: 400 }, (_, i) => i % 3);
    const { y, predicted, sums } = await sumsOf(1, 1, weights);
    const left = y.reduce((sum, value, i) => sum + (i % 3) * (predicted[i]! - value) ** 2, 0);
    expect(sums.left[0]).toBeCloseTo(left, 8);
  });

  it.each(['float64', 'float32'] as const)(
    'lets an output be learnt beside nine that cannot, in %s, and is in the weights',
    async (precision) => {
      const random = source(2);
      const [rows, cols, outputs] = [1500, 6, 10];
      const inputs = random.normals(2 * rows, cols).data;
      const targets = Float64Array.from({ length: 2 * rows * outputs }, (_, i) =>
        i % outputs > 0
          ? 100 + random.normal()
          : 5 + Math.sin(3 * inputs[(i / outputs) * cols]!) * inputs[(i / outputs) * cols + 1]!,
      );
      const of = (data: Float64Array, width: number, from: number) => {
        const part = data.slice(from * width, (from + rows) * width);
        return matrix(precision === 'float32' ? Float32Array.from(part) : part, rows, width);
      };
      const model = await trainRegressor(of(inputs, cols, 0), of(targets, outputs, 0));
      const { perOutput } = await model.evaluate(of(inputs, cols, rows), of(targets, outputs, rows));
      // 0 where one ridge had to be right for all.
      expect(perOutput[0]!.r2).toBeGreaterThan(0.5);
      for (const { r2 } of perOutput.slice(1)) expect(r2).toBeGreaterThan(-0.15);
      const { shrinkage } = model.report.ridgeSearch!;
      expect(shrinkage).toHaveLength(outputs);
      expect(shrinkage![0]).toBeGreaterThan(0.7);
      for (const share of shrinkage!.slice(1)) expect(share).toBeLessThan(0.5);
      const loaded = await loadRegressor(await model.toBytes());
      expect(await loaded.predict(of(inputs, cols, 0))).toEqual(await model.predict(of(inputs, cols, 0)));
    },
  );

  it('is none of one output, by a ridge that is given, or with Huber’s loss', async () => {
    const random = source(3);
    const [X, one, two] = [random.normals(200, 3), random.normals(200, 1), random.normals(200, 2)];
    const searches = [
      await trainRegressor(X, one),
      await trainRegressor(X, two, { loss: 'huber' }),
      await trainRegressor(X, two, { ridge: 1e-3 }),
    ].map(({ report }) => report.ridgeSearch);
    expect(searches.map((search) => search?.shrinkage)).toEqual([undefined, undefined, undefined]);
    expect((await trainRegressor(X, two)).report.ridgeSearch!.shrinkage).toHaveLength(2);
  });
});
