import { describe, expect, it } from 'vitest';
import { matrix, plan, trainClassifier, trainRegressor, type Matrix } from '../../lib/index.js';
import { expectClose } from '../support/expect.js';
import { float32, objectiveOf, parameters } from '../support/models.js';
import { source } from '../support/random.js';

const [rows, cols] = [60, 300];
const random = source(21);
/** Twenty directions in the columns, and noise: as spectra, or the words of texts. */
const directions = random.normals(20, cols);
const parts = random.normals(2 * rows, 20);
const data = Float64Array.from({ length: 2 * rows * cols }, (_, at) => {
  const [i, j] = [Math.floor(at / cols), at % cols];
  let sum = 0.1 * random.normal() + 5;
  for (let k = 0; k < 20; k++) sum += parts.data[20 * i + k]! * directions.data[cols * k + j]!;
  return sum;
});
const part = (from: number): Matrix<Float64Array> => matrix(data.slice(from * cols, (from + rows) * cols), rows, cols);
const wanted = Float64Array.from({ length: 4 * rows }, (_, at) => {
  const [a, b] = parts.data.subarray(20 * (at >> 1), 20 * (at >> 1) + 2);
  return at % 2 === 0 ? a! + b! : a! - b!;
});
const targets = (from: number) => matrix(wanted.slice(2 * from, 2 * (from + rows)), rows, 2);
const labels = (from: number) => Array.from({ length: rows }, (_, i) => (wanted[2 * (from + i)]! > 0 ? 'up' : 'down'));

describe('more columns than rows', () => {
  it.each([[[]], [[12]], [[10, 6]]])('are trained on to what the report says: %j', async (hidden) => {
    const ridge = { hidden: 1e-3, output: 2e-3 };
    const options = { hidden, ridge, iterations: 4, activation: 'tanh' } as const;
    for (const X of [part(0), float32(part(0)) as unknown as Matrix<Float64Array>]) {
      const single = X.data instanceof Float32Array;
      const Y = (single ? float32(targets(0)) : targets(0)) as Matrix<Float64Array>;
      const { network, report } = await trainRegressor(X, Y, options);
      expect(network.inputs).toBe(cols);
      const last = report.iterations.filter(({ accepted }) => accepted).at(-1)!;
      expectClose([last.objective], [objectiveOf(network, X, Y, ridge)], single ? 2 ** -23 : 2 ** -52, 1e5);
      const shape = { rows, inputs: cols, outputs: 2 };
      const planned = plan(shape, { ...options, task: 'regressor', precision: single ? 'float32' : 'float64' });
      if (report.iterations.every(({ accepted }) => accepted)) expect(report.operations).toBe(planned.operations);
      expect(report.standardized).toBe(true);
    }
  });

  it('are learnt from, by the defaults', async () => {
    const model = await trainRegressor(part(0), targets(0));
    expect((await model.evaluate(part(rows), targets(rows))).r2).toBeGreaterThan(0.9);
    const classifier = await trainClassifier(part(0), labels(0), { hidden: [30] });
    expect((await classifier.evaluate(part(rows), labels(rows))).accuracy).toBeGreaterThan(0.75);
  });

  it('are the same in any order', async () => {
    const reversed = ({ data: x }: Matrix) => matrix(x.map((_, at) => x[at - (at % cols) + (cols - 1 - (at % cols))]!), rows, cols); // prettier-ignore
    const options = { hidden: [15], iterations: 3, ridge: 1e-2 };
    const one = await trainRegressor(part(0), targets(0), options);
    const two = await trainRegressor(reversed(part(0)), targets(0), options);
    expectClose(two.predictSync(reversed(part(rows))).data, one.predictSync(part(rows)).data, 2 ** -52, 1e8);
  });

  it('are validated on, weighted and stopped as others are', async () => {
    const validation = { inputs: part(rows), labels: labels(rows) };
    const sampleWeights = Array.from({ length: rows }, (_, i) => (i < 10 ? 0 : 1));
    const options = { hidden: [20], validation, sampleWeights, iterations: 12, patience: 2, ridge: 1e-3 };
    const model = await trainClassifier(part(0), labels(0), options);
    const { accuracy } = await model.evaluate(part(rows), labels(rows));
    expect(model.report.iterations[model.report.bestIteration]!.validation).toBe(accuracy);
    expect(parameters(model.network).every(Number.isFinite)).toBe(true);
    expect(plan({ rows, inputs: cols, outputs: 2 }, options).operations).toBeGreaterThan(model.report.operations);
  });

  it('are the same beside rows of weight 0', async () => {
    const sampleWeights = Array.from({ length: 2 * rows }, (_, i) => Number(i < rows));
    const both = matrix(data, 2 * rows, cols);
    const one = await trainRegressor(part(0), targets(0), { hidden: [15], iterations: 3 });
    const options = { hidden: [15], iterations: 3, sampleWeights };
    const two = await trainRegressor(both, matrix(wanted, 2 * rows, 2), options);
    expect(two.report.layers[0]!.inputs).toBe(rows);
    expectClose(two.predictSync(both).data, one.predictSync(both).data, 2 ** -52, 1e8);
  });

  it('cost little more than they have rows', () => {
    const [few, many] = [5_000, 50_000].map((inputs) => plan({ rows: 200, inputs, outputs: 3 }));
    expect(many!.operations).toBeLessThan(5 * few!.operations);
    expect(many!.bytes).toBeLessThan(2e9);
  });
});
