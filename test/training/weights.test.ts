import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  matrix,
  NonFiniteError,
  ShapeError,
  trainClassifier,
  trainRegressor,
  type ClassifierOptions,
  type Matrix,
  type RegressorOptions,
} from '../../lib/index.js';
import { settingsOf } from '../../lib/options.js';
import { scaleTargets } from '../../lib/training/targets.js';
import { expectBplsError, expectClose } from '../support/expect.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';

const random = source(1);
const X = matrix(random.uniforms(60, 3).data, 60, 3);
const Y = matrix(
  Float64Array.from({ length: 60 }, (_, i) => X.data[3 * i]! * X.data[3 * i + 1]!),
  60,
  1,
);
const labels = Array.from(Y.data, (y) => (y > 0.1 ? 'rare' : 'common'));
const times = Array.from({ length: 60 }, (_, i) => i % 3);

/** Every row as often as its weight says. */
function repeated({ data, cols }: Matrix<Float64Array>): Matrix<Float64Array> {
  const rows = times.flatMap((count, row) =>
    Array<number[]>(count).fill([...data.subarray(row * cols, (row + 1) * cols)]),
  );
  return matrix(Float64Array.from(rows.flat()), rows.length, cols);
}

describe('samples of weight 0', () => {
  it('have no say in the search and in the rows held out', async () => {
    const [rows, idle] = [400, 30_000];
    const all = matrix(random.normals(rows + idle, 3).data, rows + idle, 3);
    const side = Array.from({ length: rows + idle }, (_, i) => Number(all.data[3 * i]! * all.data[3 * i + 1]! > 0));
    const sampleWeights = side.map((_, i) => Number(i >= idle));
    const options = { hidden: [10], activation: 'tanh', standardize: false } as const;
    const { network, report } = await trainClassifier(all, side, { ...options, sampleWeights });
    const alone = await trainClassifier(matrix(all.data.subarray(3 * idle), rows, 3), side.slice(idle), options);
    expect(report.heldOut).toBe(0);
    const { rows: used, folds, scale, trials } = report.ridgeSearch!;
    expect([used, folds]).toEqual([rows, 3]);
    // As if those rows were not there.
    const { ridgeSearch } = alone.report;
    expectClose([scale], [ridgeSearch!.scale], 2 ** -52, 1e5);
    expectClose(trials.map(({ loss }) => loss), ridgeSearch!.trials.map(({ loss }) => loss), 2 ** -52, 1e5); // prettier-ignore
    const probe = matrix(all.data.subarray(0, 300), 100, 3);
    expectClose((await network.forward(probe)).data, (await alone.network.forward(probe)).data, 2 ** -52, 1e6);
  });

  it.each(['inputs', 'targets'] as const)('may hold the largest of %s', async (which) => {
    const far = (data: Float64Array) => data.map((value, i) => (i === 0 ? 1e300 : value));
    const [inputs, targets] = [X.data.slice(), Y.data.slice()];
    const given = which === 'inputs' ? [far(inputs), targets] : [inputs, far(targets)];
    const options = { hidden: [5], activation: 'elu', iterations: 3, ridge: 1e-3 } as const;
    const sampleWeights = Array.from({ length: X.rows }, (_, i) => Number(i > 0));
    const { network } = await trainRegressor(matrix(given[0]!, X.rows, X.cols), matrix(given[1]!, Y.rows, 1), { ...options, sampleWeights }); // prettier-ignore
    for (const { weights } of network.layers) expect(weights.every(Number.isFinite)).toBe(true);
    const plain = await trainRegressor(X, Y, { ...options, sampleWeights });
    const rest = matrix(X.data.subarray(X.cols), X.rows - 1, X.cols);
    expectClose((await network.forward(rest)).data, (await plain.network.forward(rest)).data, 2 ** -52, 1e9);
  });

  it('have none in the first weights', async () => {
    const [rows, idle] = [20, 5000];
    const all = random.normals(rows + idle, 3).data;
    const changed = all.map((value, i) => (i < 3 * idle ? 2 * value : value));
    const side = Array.from({ length: rows + idle }, (_, i) => i % 2);
    const sampleWeights = side.map((_, i) => Number(i >= idle));
    const options = { hidden: [10], iterations: 0, ridge: 1e-3, standardize: false, sampleWeights } as const;
    // Where all that count are of one class, no two of different classes are found.
    for (const labels of [side, side.map((label, i) => (i >= idle ? 0 : label))]) {
      const [one, other] = await Promise.all(
        [all, changed].map((data) => trainClassifier(matrix(data, rows + idle, 3), labels, options)),
      );
      expect(other!.network.layers).toEqual(one!.network.layers);
    }
  });
});

describe('sampleWeights', () => {
  // First weights that the data do not decide.
  const drawn = { hidden: [10, 6], init: 'orthogonal', ridge: 1e-4, standardize: false } as const;

  it.each([0, 1, 4])('count a row as often as they say, %i iterations', async (iterations) => {
    const options = { ...drawn, iterations };
    const weighted = await trainRegressor(X, Y, { ...options, sampleWeights: times });
    const plain = await trainRegressor(repeated(X), repeated(Y), options);
    expectClose((await weighted.predict(X)).data, (await plain.predict(X)).data, 2 ** -52, 1e5);
    const classes = await trainClassifier(X, labels, { ...options, sampleWeights: times });
    const twice = times.flatMap((count, row) => Array<string>(count).fill(labels[row]!));
    const other = await trainClassifier(repeated(X), twice, options);
    expectClose(classes.network.layers[2]!.weights, other.network.layers[2]!.weights, 2 ** -52, 1e6);
  });

  it('matter by their ratios only', async () => {
    const train = (factor: number) =>
      trainRegressor(X, Y, { hidden: [10], iterations: 3, ridge: 1e-4, sampleWeights: times.map((t) => factor * t) });
    expect((await train(2 ** 500)).network.layers).toEqual((await train(1)).network.layers);
  });

  it('go through the hidden layers’ steps, so that the weighted objective falls', async () => {
    const sampleWeights = Float32Array.from(times, (t) => t ** 4);
    const { report } = await trainRegressor(X, Y, { hidden: [5, 5], iterations: 10, ridge: 1e-6, sampleWeights });
    const objectives = report.iterations.filter(({ accepted }) => accepted).map(({ objective }) => objective);
    expect(objectives.length).toBeGreaterThan(5);
    objectives.slice(1).forEach((objective, i) => expect(objective).toBeLessThanOrEqual(objectives[i]!));
    expect(report.iterations[0]!.activeShare).toBeCloseTo(2 / 3);
  });

  it('let the search judge by them', async () => {
    // A third of the rows is noise that counts for nothing.
    const noisy = matrix(Y.data.map((y, i) => (times[i] === 0 ? 50 * random.uniforms(1, 1).data[0]! : y)), 60, 1); // prettier-ignore
    const model = await trainRegressor(X, noisy, { hidden: [20], sampleWeights: times.map((t) => Math.min(t, 1)) });
    expect((await model.evaluate(X, Y)).r2).toBeGreaterThan(0.8);
    expect((await (await trainRegressor(X, noisy, { hidden: [20] })).evaluate(X, Y)).r2).toBeLessThan(0.5);
  });

  it.each([
    [
      5,
      ArgumentError,
      'INVALID_ARGUMENT',
      'Expected options.sampleWeights to be a typed array or number[] but received 5',
    ],
    [[1, 2], ShapeError, 'SHAPE_MISMATCH', 'Expected options.sampleWeights.length to equal X.rows (60) but received 2'],
    [[...times.slice(1), -1], ArgumentError, 'INVALID_ARGUMENT', 'Expected options.sampleWeights[59] to be a finite number not below 0 but received -1'], // prettier-ignore
    [times.map(() => 0), ArgumentError, 'INVALID_ARGUMENT', 'Expected sampleWeights times classWeights to be finite and one above 0 but the greatest is 0'], // prettier-ignore
  ] as const)('refuses %#', async (sampleWeights, Class, code, message) => {
    const options = { sampleWeights: sampleWeights as never };
    await expectBplsError(
      trainRegressor(X, Y, options),
      Class as typeof ArgumentError,
      code as 'INVALID_ARGUMENT',
      message,
    );
  });

  it('needs the rule that has weights', async () => {
    await expectBplsError(
      trainRegressor(X, Y, { targets: 'nearest', sampleWeights: times }),
      ArgumentError,
      'INVALID_ARGUMENT',
      "Expected options.targets to be 'gauss-newton' with sampleWeights or classWeights but received 'nearest'",
    );
  });
});

describe('classWeights', () => {
  const rare = source(2);
  const truth = Int32Array.from(rare.uniforms(2000, 1).data, (u) => Number(u > 0.9));
  const inputs = matrix(rare.normals(2000, 2).data.map((x, i) => x + 1.2 * truth[i >> 1]!), 2000, 2); // prettier-ignore
  const recall = async (options: ClassifierOptions) => {
    const { confusion } = await (
      await trainClassifier(inputs, truth, { hidden: [20], ...options })
    ).evaluate(inputs, truth);
    return confusion.map((row, k) => row[k]! / (row[0]! + row[1]!)) as [number, number];
  };

  it("of 'balanced' take the samples' own into account: those of weight 0 are as good as gone", async () => {
    const random = source(9);
    const rows = 200;
    const x = random.normals(rows, 3).data;
    const y = Array.from({ length: rows }, (_, i) => (x[3 * i]! > 0.3 ? 'a' : x[3 * i + 1]! > 0 ? 'b' : 'c'));
    const sampleWeights = y.map((label, i) => (label === 'b' && i % 4 > 0 ? 0 : 1));
    const left = [...y.keys()].filter((i) => sampleWeights[i]! > 0);
    const options = { hidden: [], ridge: 1e-3, standardize: false, classWeights: 'balanced' } as const;
    const X = matrix(x, rows, 3);
    const some = matrix(Float64Array.from(left.flatMap((i) => [...x.subarray(3 * i, 3 * i + 3)])), left.length, 3);
    const weighted = await trainClassifier(X, y, { ...options, sampleWeights });
    const without = await trainClassifier(
      some,
      left.map((i) => y[i]!),
      options,
    );
    const [given, expected] = [await weighted.probabilities(X), await without.probabilities(X)];
    given.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i]!, 6));
    const tiny = await trainClassifier(X, y, { ...options, sampleWeights: sampleWeights.map((w) => w * 2 ** -1015) });
    expect((await tiny.probabilities(X)).data).toEqual(given.data);
  });

  it("of 'balanced' give a rare class its due", async () => {
    const [plain, balanced] = [await recall({}), await recall({ classWeights: 'balanced' })];
    expect(plain[1]).toBeLessThan(0.35);
    expect(balanced[1]).toBeGreaterThan(0.7);
    expect(balanced[0]).toBeGreaterThan(0.7);
  });

  it('are the same however they are given', async () => {
    const train = (options: ClassifierOptions) =>
      trainClassifier(inputs, truth, { hidden: [5], ridge: 1e-4, ...options });
    const expected = (await train({ classWeights: { 1: 3 } })).network.layers;
    for (const more of [
      { classWeights: new Map([[1, 3]]) },
      { classWeights: { 0: 2, 1: 6 } },
      { sampleWeights: truth.map((k) => 1 + 2 * k) },
    ])
      expect((await train(more)).network.layers).toEqual(expected);
    const words = await trainClassifier(X, labels, { hidden: [5], ridge: 1e-4, classWeights: { rare: 2 } });
    const byRow = labels.map((label) => (label === 'rare' ? 2 : 1));
    const other = await trainClassifier(X, labels, { hidden: [5], ridge: 1e-4, sampleWeights: byRow });
    expect(words.network.layers).toEqual(other.network.layers);
  });

  it.each([
    ['even', 'Expected options.classWeights to be \'balanced\', a Map or an object but received "even"'],
    [{ rarest: 2 }, 'Expected options.classWeights to name classes but received "rarest"'],
    [{ rare: -1 }, 'Expected options.classWeights of "rare" to be a finite number not below 0 but received -1'],
  ])('refuses %o', async (classWeights, message) => {
    await expectBplsError(
      trainClassifier(X, labels, { classWeights: classWeights as never }),
      ArgumentError,
      'INVALID_ARGUMENT',
      message,
    );
  });

  it('is no option of a regressor', async () => {
    await expect(trainRegressor(X, Y, { classWeights: 'balanced' } as RegressorOptions)).rejects.toThrow(
      'but received "classWeights"',
    );
  });
});

describe("loss: 'huber'", () => {
  const noise = source(3);
  const inputs = matrix(noise.uniforms(1000, 2).data, 1000, 2);
  const clean = Float64Array.from({ length: 2000 }, (_, i) => {
    const [a, b] = [inputs.data[2 * (i >> 1)]!, inputs.data[2 * (i >> 1) + 1]!];
    return i % 2 === 0 ? Math.sin(3 * a) + b : 1000 * a * b;
  });
  /** A tenth of the rows says something else, in both outputs, of which one is a thousand times the other. */
  const spoilt = clean.map((y, i) => ((i >> 1) % 10 === 0 ? y + (i % 2 === 0 ? 30 : 3e4) : y));
  const r2 = async (options: RegressorOptions, targets: Float64Array) =>
    (await (await trainRegressor(inputs, matrix(targets, 1000, 2), { hidden: [50], ...options })).evaluate(inputs, matrix(clean, 1000, 2))).r2; // prettier-ignore

  it('does not follow outliers', async () => {
    expect(await r2({}, spoilt)).toBeLessThan(0.5);
    for (const seed of [0, 1, 2, 3]) expect(await r2({ loss: 'huber', seed }, spoilt)).toBeGreaterThan(0.98);
  });

  it('costs little where there are none', async () => {
    expect(await r2({ loss: 'huber' }, clean)).toBeGreaterThan(0.98);
  });

  it('fits what is exact', async () => {
    const line = matrix(inputs.data.map((_, i) => (i % 2 === 0 ? 0 : 5)), 1000, 2); // prettier-ignore
    const model = await trainRegressor(inputs, line, { hidden: [5], loss: 'huber' });
    expectClose((await model.predict(inputs)).data, line.data, 1e-9, 1);
  });

  it('takes its bounds from the rows that weigh, whatever the others hold', async () => {
    const random = source(4);
    const [good, junk] = [200, 300];
    const rows = good + junk;
    const x = matrix(random.normals(rows, 2).data, rows, 2);
    const noise = random.normals(rows, 1).data;
    const truth = noise.map((_, i) => x.data[2 * i]! + 2 * x.data[2 * i + 1]!);
    const y = noise.map((n, i) => (i < good ? truth[i]! + 0.1 * n + (i % 10 === 0 ? 50 : 0) : 1000 * n));
    const options = { hidden: [], ridge: 1e-6, loss: 'huber' } as const;
    const errorOf = async (sampleWeights: number[]) => {
      const model = await trainRegressor(x, matrix(y, rows, 1), { ...options, sampleWeights });
      return (await model.evaluate(x, matrix(truth, rows, 1))).rmse;
    };
    const weights = (weight: number) => Array.from({ length: rows }, (_, i) => (i < good ? 1 : weight));
    expect(await errorOf(weights(0))).toBeLessThan(0.05);
    for (const weight of [1e-9, 1e-3]) expect(await errorOf(weights(weight)), `${weight}`).toBeLessThan(0.05);
  });

  it('has the unit of the rows that weigh', async () => {
    const [good, junk] = [200, 300];
    const noise = source(5).normals(good + junk, 1).data;
    const T = matrix(
      noise.map((value, i) => (i < good ? value : 1000 * value)),
      good + junk,
      1,
    );
    const settings = settingsOf({ loss: 'huber' }, false);
    const varianceOf = async (weight: number) => {
      const weights = Float64Array.from({ length: good + junk }, (_, i) => (i < good ? 1 : weight));
      return (await scaleTargets(lane(), T, settings, weights)).variance;
    };
    expect(await varianceOf(1e-9)).toBeCloseTo(await varianceOf(0), 1);
    expect(await varianceOf(1)).toBeGreaterThan(1000);
  });

  it('is that of rows repeated where they weigh as much', async () => {
    const random = source(6);
    const rows = 60;
    const x = random.normals(rows, 2).data;
    const noise = random.normals(rows, 1).data;
    const y = noise.map((n, i) => x[2 * i]! - x[2 * i + 1]! + n + (i % 7 === 0 ? 20 : 0));
    const times = Array.from({ length: rows }, (_, i) => 1 + (i % 3));
    const again = times.flatMap((count, i) => new Array<number>(count).fill(i));
    const options = { hidden: [], ridge: 1e-6, loss: 'huber' } as const;
    const weighted = await trainRegressor(matrix(x, rows, 2), matrix(y, rows, 1), { ...options, sampleWeights: times });
    const repeated = await trainRegressor(
      matrix(Float64Array.from(again.flatMap((i) => [x[2 * i]!, x[2 * i + 1]!])), again.length, 2),
      matrix(
        Float64Array.from(again, (i) => y[i]!),
        again.length,
        1,
      ),
      options,
    );
    const weightsOf = ({ network }: typeof weighted) => [...network.layers[0]!.weights];
    weightsOf(weighted).forEach((weight, i) => expect(weight).toBeCloseTo(weightsOf(repeated)[i]!, 2));
  });

  it('refuses targets that are not finite, and the paper’s rules', async () => {
    await expect(r2({ loss: 'huber' }, spoilt.slice().fill(NaN, 3, 4))).rejects.toThrow(NonFiniteError);
    await expect(r2({ loss: 'huber', targets: 'inverse' }, clean)).rejects.toThrow("with loss 'huber'");
    await expect(r2({ loss: 'absolute' as 'huber' }, clean)).rejects.toThrow("one of 'squared', 'huber'");
  });
});
