import { describe, expect, it } from 'vitest';
import { outputActivations } from '../../lib/network/activation.js';
import { matrix, trainClassifier } from '../../lib/index.js';
import { calibrationOf, logSumExp, toProbabilities } from '../../lib/network/metrics.js';
import { calibration, type HeldScores } from '../../lib/network/temperature.js';
import { source } from '../support/random.js';

const { log } = Math;

describe('calibrationOf', () => {
  it('is the log-loss and the calibration error of probabilities known by hand', async () => {
    // p of the first class: 0.9, 0.9, 0.9, 0.8; right, right, wrong, right.
    const p = [0.9, 0.9, 0.9, 0.8];
    const scores = matrix(Float64Array.from(p.flatMap((x) => [log(x), log(1 - x)])), 4, 2);
    const { logLoss, calibrationError } = await calibrationOf(
      scores,
      Int32Array.of(0, 0, 1, 0),
      new Int32Array(4),
      'softmax',
    );
    expect(logLoss).toBeCloseTo(-(2 * log(0.9) + log(0.1) + log(0.8)) / 4, 12);
    expect(calibrationError).toBeCloseTo(0.75 * (0.9 - 2 / 3) + 0.25 * (1 - 0.8), 12);
  });

  it('stays finite for scores however large', async () => {
    const scores = matrix(Float64Array.of(1e300, -1e300, 800, 0), 2, 2);
    const { logLoss } = await calibrationOf(scores, Int32Array.of(0, 0), Int32Array.of(0, 0), 'softmax');
    expect(logLoss).toBe(0);
    expect(logSumExp(Float64Array.of(-1e4, -1e4))).toBeCloseTo(-1e4 + log(2), 9);
  });
});

describe('toProbabilities', () => {
  it('is the sigmoids over their sum, also where they are too small for the precision', async () => {
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const scores = matrix(Float64Array.of(1, -2, -1000, -1001, 900, -900), 3, 2);
    await toProbabilities(scores);
    const [first, second] = [sigmoid(1), sigmoid(-2)];
    const expected = [first / (first + second), second / (first + second), sigmoid(1), sigmoid(-1), 1, 0];
    expected.forEach((p, i) => expect(scores.data[i]).toBeCloseTo(p, 12));
  });
});

describe('evaluate', () => {
  const random = source(1);
  const labels = random.labels(400, 3);
  const X = matrix(
    random.normals(400, 2).data.map((x, i) => x + (labels[i >> 1]! === (i & 1) ? 1.5 : 0)),
    400,
    2,
  );

  it.each(outputActivations)('measures what probabilities gives, output %s', async (output) => {
    const model = await trainClassifier(X, labels, { hidden: [20], output, iterations: 2 });
    const { data } = await model.probabilities(X);
    const { logLoss, calibrationError, accuracy } = await model.evaluate(X, labels);
    const own = labels.reduce((sum, label, i) => sum - log(data[i * 3 + label]!), 0) / 400;
    expect(logLoss).toBeCloseTo(own, 9);
    expect(calibrationError).toBeGreaterThan(0);
    expect(calibrationError).toBeLessThan(1);
    expect(accuracy).toBeGreaterThan(0.6);
  });
});

describe('temperature', () => {
  const inverseTemperature = async (held: readonly HeldScores[]) => (await calibration(held))?.inverseTemperature;

  it('is found from scores that were multiplied', async () => {
    const random = source(2);
    const z = random.normals(4000, 3);
    const uniform = random.uniforms(4000, 1).data;
    const truth = Int32Array.from(uniform, (u, i) => {
      const row = [0, 1, 2].map((k) => Math.exp(2 * z.data[3 * i + k]!));
      let rest = ((u + 1) / 2) * row.reduce((a, b) => a + b, 0);
      return Math.min(
        row.findIndex((e) => (rest -= e) < 0),
        2,
      );
    });
    const part = (data: Float64Array) => [{ scores: { data, rows: 4000, cols: 3 }, truth, weights: undefined }];
    const beta = (await inverseTemperature(part(Float64Array.from(z.data))))!;
    expect(beta).toBeGreaterThan(1.85);
    expect(beta).toBeLessThan(2.15);
    const scaled = await inverseTemperature(part(Float64Array.from(z.data, (value) => 100 * value)));
    expect(scaled! / beta).toBeCloseTo(0.01, 4);
    const weighted = await inverseTemperature([{ ...part(Float64Array.from(z.data))[0]!, weights: Array<number>(4000).fill(3) }]); // prettier-ignore
    expect(weighted).toBeCloseTo(beta, 2);
    const nobody = [{ ...part(Float64Array.from(z.data))[0]!, weights: Array<number>(4000).fill(0) }];
    expect(await inverseTemperature(nobody)).toBeUndefined();
    // A row that does not count, or does, and went out of range.
    const far = Float64Array.from(z.data).fill(Infinity, 0, 1);
    const but = Array.from(truth, (_, i) => Number(i > 0));
    expect(await inverseTemperature(part(far))).toBeUndefined();
    expect(await inverseTemperature([{ ...part(far)[0]!, weights: but }])).toBeCloseTo(beta, 2);
  });

  it('is not certain because all rows are classified right', async () => {
    const right = (rows: number) => ({
      scores: { data: new Float64Array(2 * rows).map((_, i) => (i % 2 ? -1 : 1)), rows, cols: 2 },
      truth: new Int32Array(rows),
      weights: undefined,
    });
    for (const rows of [10, 1000]) {
      const beta = (await inverseTemperature([right(rows)]))!;
      const sure = 1 / (1 + Math.exp(-2 * beta));
      // Half a row of each class beside them, and what draws β to 1.
      expect((1 - sure) * (rows + 1)).toBeGreaterThan(0.5);
      expect((1 - sure) * (rows + 1)).toBeLessThan(0.65);
    }
  });

  it('does not blow up scores next to zero that are right by chance', async () => {
    const scores = (size: number) => ({
      scores: { data: new Float64Array(200).map((_, i) => (i % 2 ? -size : size)), rows: 100, cols: 2 },
      truth: Int32Array.from({ length: 100 }, (_, i) => Number(i >= 60)),
      weights: undefined,
    });
    expect(await inverseTemperature([scores(0.001)])).toBeLessThan(1.1);
    // 60 of 100, and 40 of 100 whose scores have a size.
    expect(await inverseTemperature([scores(1)])).toBeCloseTo(Math.log(60 / 40) / 2, 1);
    const { inverseTemperature: beta, logLoss } = (await calibration([scores(1)]))!;
    const right = 1 / (1 + Math.exp(-2 * beta));
    expect(logLoss).toBeCloseTo(-0.6 * Math.log(right) - 0.4 * Math.log(1 - right), 2);
  });

  it('makes a classifier as sure as it may be', async () => {
    const draw = (seed: number) => {
      const random = source(seed);
      const labels = random.labels(1000, 2);
      return {
        X: matrix(
          random.normals(1000, 2).data.map((x, i) => x + 3 * labels[i >> 1]!),
          1000,
          2,
        ),
        labels,
      };
    };
    const [fit, held] = [draw(3), draw(4)];
    const model = await trainClassifier(fit.X, fit.labels, { hidden: [20] });
    const found = await model.evaluate(held.X, held.labels);
    expect(model.report.temperature).toBeGreaterThan(0);
    expect(found.calibrationError).toBeLessThan(0.05);
    const scores = await model.network.withOutput('identity').forward(held.X, { threads: 1 });
    const raw = { ...scores, data: scores.data.map((z) => z * model.report.temperature!) };
    const truth = Int32Array.from(held.labels);
    const before = await calibrationOf(raw, truth, Int32Array.from(await model.predict(held.X)), 'softmax');
    expect(before.logLoss).toBeGreaterThan(found.logLoss);
    expect((await trainClassifier(fit.X, fit.labels, { ridge: 1e-3 })).report.temperature).toBeUndefined();
  });
});
