import { beforeAll, describe, expect, it } from 'vitest';
import { linearMap, mulberry32, teacher } from '../bench/data/toy.js';
import {
  ArgumentError,
  lstsq,
  matrix,
  NonFiniteError,
  paper,
  plan,
  SingularError,
  trainRegressor,
  type Matrix,
  type Regressor,
  type RegressorOptions,
  type TrainReport,
} from '../lib/index.js';
import { denseOf, map } from './support/dense.js';
import { expectBplsError, expectClose, failure } from './support/expect.js';
import { bits, float32, objectiveOf, parameters, plainLayers, plainSamples } from './support/models.js';
import { source } from './support/random.js';
import { forward, value } from './support/reference.js';

const part = (data: Float64Array, from: number, to: number, cols: number): Matrix<Float64Array> =>
  matrix(data.subarray(from * cols, to * cols), to - from, cols);

/** Y = [X, 1] W with 6 inputs and 3 outputs, and 100 rows held out. */
const linear = linearMap(400, 6, 3, mulberry32(1));
const [X, Y] = [part(linear.inputs, 0, 300, 6), part(linear.targets, 0, 300, 3)];

/** 5,000 rows of a network of 10 tanh units, and 1,000 held out. */
const lesson = teacher(6000, 20, 10, 2, mulberry32(5));
const [L, T] = [part(lesson.inputs, 0, 5000, 20), part(lesson.targets, 0, 5000, 2)];
const [held, heldTargets] = [part(lesson.inputs, 5000, 6000, 20), part(lesson.targets, 5000, 6000, 2)];

/** The curve sin(3x), and a second one. */
const curve = matrix(Float64Array.from({ length: 200 }, (_, i) => i / 100 - 1), 200, 1); // prettier-ignore
const curves = matrix(
  Float64Array.from({ length: 400 }, (_, i) => {
    const x = curve.data[Math.floor(i / 2)]!;
    return i % 2 === 0 ? Math.sin(3 * x) : x * x;
  }),
  200,
  2,
);

function accepted({ iterations }: TrainReport) {
  return iterations.filter((iteration) => iteration.accepted);
}

describe('Huber’s loss in float32 with hardly a ridge', () => {
  const rows = 2000;
  /** A curve of the first column, a product of the next two, and columns beside them that hardly differ from each other. */
  const data = (seed: number, alike: number) => {
    const random = source(seed);
    const columns = 3 + alike;
    const { data } = random.uniforms(rows, columns, 0.5);
    const y = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * columns, (i + 1) * columns);
      y[i] = Math.sin(9 * row[0]!) + 5 * row[1]! * row[2]!;
      for (let j = 4; j < columns; j++) row[j] = row[3]! + 3e-4 * row[j]!;
    }
    return { data, y, columns };
  };
  const rmse = async (
    Float: typeof Float32Array | typeof Float64Array,
    of: ReturnType<typeof data>,
    options: RegressorOptions,
  ) => {
    const [X, Y] = [matrix(Float.from(of.data), rows, of.columns), matrix(Float.from(of.y), rows, 1)];
    const model = await trainRegressor(X, Y, { loss: 'huber', iterations: 4, ...options });
    return (await model.evaluate(X, Y)).rmse;
  };

  it.each([1, 2, 3, 4, 5, 6])('finds bounds and a fit: seed %i', async (seed) => {
    for (const [units, ridge] of [[150, 1e-8], [100, 1e-8], [300, 1e-6]] as const) // prettier-ignore
      expect(await rmse(Float32Array, data(seed, 0), { hidden: [units], activation: 'tanh', ridge, seed })).toBeLessThan(0.1); // prettier-ignore
  });

  it.each([1, 2, 3])('fits columns that hardly differ as float64 does: seed %i', async (seed) => {
    const of = data(seed, 27);
    const exact = await rmse(Float64Array, of, { hidden: [], ridge: 1e-6 });
    expect(await rmse(Float32Array, of, { hidden: [], ridge: 1e-6 })).toBeLessThan(1.01 * exact);
  });
});

describe('Huber’s loss where memory keeps a part of the activations', () => {
  it('finds bounds by all rows: the outliers among those not kept do not pull either', async () => {
    const rows = 20_000;
    const random = source(3);
    const inputs = matrix(Float32Array.from(random.uniforms(rows, 8, 0.5).data), rows, 8);
    const wanted = Float32Array.from({ length: rows }, (_, i) => Math.sin(4 * inputs.data[8 * i]!));
    const outlying = matrix(wanted.map((y, i) => (i % 50 === 0 ? 30 : y)), rows, 1); // prettier-ignore
    const options = { hidden: [200], loss: 'huber', ridge: 1e-3, memoryLimit: 16 << 20 } as const;
    const rmse: number[] = [];
    for (const iterations of [0, 2]) {
      const model = await trainRegressor(inputs, outlying, { ...options, iterations });
      const planned = plan(
        { rows, inputs: 8, outputs: 1 },
        { ...options, iterations, task: 'regressor', precision: 'float32' },
      );
      expect(model.report.cachedShare).toBeGreaterThan(0.1);
      expect(model.report.cachedShare).toBeLessThan(0.9);
      expect(model.report.operations).toBe(planned.operations);
      rmse.push((await model.evaluate(inputs, matrix(wanted, rows, 1))).rmse);
    }
    expect(rmse[0]).toBeLessThan(0.2);
  });
});

describe('inputs at the end of the range', () => {
  const random = source(4);
  const of = (size: number) =>
    matrix(
      Float32Array.from(random.uniforms(200, 3, 1).data, (x) => size * x),
      200,
      3,
    );
  const y = matrix(
    Float32Array.from({ length: 200 }, (_, i) => Math.sin(i)),
    200,
    1,
  );
  const options = { hidden: [20, 20], activation: 'relu', standardize: false, init: 'uniform', iterations: 3 } as const;

  it('steps that leave it are taken back', async () => {
    const { report } = await trainRegressor(of(3.2e18), y, {
      ...options,
      hidden: [20],
      activation: 'softplus',
      init: 'contrast',
      ridge: 0,
    });
    expect(report.iterations[0]!.accepted).toBe(true);
    expect(report.iterations.some(({ accepted, objective }) => !accepted && Number.isNaN(objective))).toBe(true);
  });

  it('are learnt from, though the ridge’s share of a step would leave it', async () => {
    const { report } = await trainRegressor(of(1e14), y, { ...options, hidden: [20] });
    expect(report.iterations.at(-1)!.objective).toBeLessThan(1e-9 * report.iterations[0]!.objective);
  });

  it('first weights that leave it are an error', async () => {
    for (const ridge of ['auto', 1e-3] as const)
      await expectBplsError(
        trainRegressor(of(1e19), y, { ...options, ridge }),
        NonFiniteError,
        'NON_FINITE',
        'Expected sums within the range of the precision but the objective came to NaN: scale the data, or use Float64Array',
      );
  });
});

describe('without a ridge', () => {
  it('two columns that hardly differ are solved as well as lstsq solves them', async () => {
    const random = source(17);
    const rows = 4000;
    const data = new Float32Array(3 * rows);
    const y = new Float32Array(rows);
    for (let i = 0; i < rows; i++) {
      const [one, little] = [random.normal(), random.normal()];
      data.set([one, one + 1e-3 * little, 1], 3 * i);
      y[i] = little;
    }
    const A = matrix(data, rows, 3);
    const Y = matrix(y, rows, 1);
    const X = matrix(data.filter((_, i) => i % 3 < 2), rows, 2); // prettier-ignore
    const model = await trainRegressor(X, Y, { hidden: [], ridge: 0, standardize: false });
    const { weights } = await lstsq(A, Y);
    const best = y.reduce((sum, value, i) => {
      const fit = [0, 1, 2].reduce((total, j) => total + data[3 * i + j]! * weights.data[j]!, 0);
      return sum + (value - fit) ** 2;
    }, 0);
    const { rmse } = await model.evaluate(X, Y);
    // Weights of 1,000 times inputs of 1: what is left of them is rounded by so much.
    expect(rmse).toBeLessThan(1.1 * Math.sqrt(best / rows) + 1000 * 2 ** -23);
  });
});

describe('the paper’s pass through identity layers', () => {
  it.each([[[]], [[6]], [[9]], [[8, 7, 6]], [[20, 20, 20]]])('finds a linear map to rounding: %j', async (hidden) => {
    const model = await trainRegressor(X, Y, { ...paper, hidden, activation: 'identity' });
    expect((await model.evaluate(X, Y)).relativeError).toBeLessThan(1e-12);
    const others = [part(linear.inputs, 300, 400, 6), part(linear.targets, 300, 400, 3)] as const;
    expect((await model.evaluate(...others)).relativeError).toBeLessThan(1e-12);
    // Exact after one pass: further ones gain at most the last digits.
    expect(model.report.iterations.length).toBeLessThanOrEqual(6);
    expect(model.report.iterations[0]!.objective).toBeLessThan(1e-22);
  });

  it('does in float32 as well as it can', async () => {
    for (const hidden of [[6], [8, 7, 6]]) {
      const model = await trainRegressor(float32(X), float32(Y), { ...paper, hidden, activation: 'identity' });
      expect((await model.evaluate(float32(X), float32(Y))).relativeError).toBeLessThan(1e-5);
    }
  });

  it('loses what a layer too narrow cannot carry', async () => {
    const model = await trainRegressor(X, Y, { ...paper, hidden: [2], activation: 'identity' });
    const { relativeError } = await model.evaluate(X, Y);
    expect(relativeError).toBeGreaterThan(0.05);
    expect(relativeError).toBeLessThan(0.9);
  });
});

describe('trainRegressor', () => {
  it('learns a teacher network', async () => {
    const model = await trainRegressor(L, T, { hidden: [40], ridge: 0, iterations: 30 });
    const { relativeError, r2, rows } = await model.evaluate(held, heldTargets);
    expect(relativeError).toBeLessThan(1e-3);
    expect(r2).toBeGreaterThan(0.99999);
    expect(rows).toBe(1000);
    expect(model.report.iterations.length).toBeLessThanOrEqual(31);
  });

  it.each([
    ['float64', 'tanh', []],
    ['float64', 'tanh', [30]],
    ['float64', 'softplus', [30, 20]],
    ['float64', 'sigmoid', [30, 20, 10]],
    ['float64', 'relu', [60]],
    ['float64', 'gelu', [60]],
    ['float32', 'tanh', [30]],
    ['float32', 'elu', [30, 20]],
  ] as const)('fits curves in %s through %s %j', async (precision, activation, hidden) => {
    const cast = (A: Matrix<Float64Array>): Matrix => (precision === 'float64' ? A : float32(A));
    const model = await trainRegressor(cast(curve), cast(curves), { hidden, activation, iterations: 20 });
    expect(model.network.layers.every(({ weights }) => weights.constructor === cast(X).data.constructor)).toBe(true);
    const { r2 } = await model.evaluate(cast(curve), cast(curves));
    if (hidden.length === 0) expect(r2).toBeLessThan(0.9);
    else expect(r2).toBeGreaterThan(0.995);
    expect(model.report.iterations[0]!.misclassified).toBeUndefined();
  });

  it('is least squares where there are no hidden layers', async () => {
    const noisy = map(denseOf(Y.data, 300, 3), (y, i) => y + Math.sin(i * i));
    const model = await trainRegressor(X, matrix(noisy.data, 300, 3), { hidden: [], ridge: 0 });
    const predicted = model.predictSync(X).data;
    const residual = noisy.data.map((y, i) => y - predicted[i]!);
    // Orthogonal to every input and to the constant.
    for (let j = 0; j <= 6; j++)
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let i = 0; i < 300; i++) sum += (j < 6 ? X.data[6 * i + j]! : 1) * residual[3 * i + k]!;
        expectClose([sum], [0], 2 ** -52, 30, 300);
      }
  });

  it.each(['all', 'misclassified', 'margin'] as const)(
    'has no classes and uses all samples, asked for %s',
    async (samples) => {
      const options = { hidden: [10], iterations: 3 };
      const plain = await trainRegressor(curve, curves, options);
      const asked = await trainRegressor(curve, curves, { ...options, samples });
      expect(bits(asked.network)).toBe(bits(plain.network));
    },
  );

  it('predicts what the network says, the same at once and later', async () => {
    const model = await trainRegressor(curve, curves, { hidden: [10, 5], iterations: 3, standardize: true });
    const expected = forward(plainLayers(model.network), plainSamples(model.network, curve)).at(-1)!;
    const predicted = await model.predict(curve);
    expect([predicted.rows, predicted.cols]).toEqual([200, 2]);
    expectClose(predicted.data, expected.data, 2 ** -52);
    expectClose(model.predictSync(curve).data, expected.data, 2 ** -52);
  });

  it('gives the same bits for the same seed, whatever memory views it reads', async () => {
    const train = (A: Matrix<Float64Array>, B: Matrix<Float64Array>, seed: number) =>
      trainRegressor(A, B, { hidden: [12], iterations: 3, seed });
    const around = ({ data, rows, cols }: Matrix<Float64Array>) =>
      matrix(Float64Array.of(NaN, ...data, NaN).subarray(1, -1), rows, cols);
    const [one, two, other] = [
      await train(curve, curves, 5),
      await train(around(curve), around(curves), 5),
      await train(curve, curves, 6),
    ];
    expect(bits(two.network)).toBe(bits(one.network));
    expect(bits(other.network)).not.toBe(bits(one.network));
  });
});

describe('the objective', () => {
  it.each([[[12]], [[10, 8, 6]]])('never rises, and is that of the network: %j', async (hidden) => {
    const ridge = { hidden: 1e-4, output: 2e-4 };
    const { network, report } = await trainRegressor(curve, curves, { hidden, ridge, iterations: 25 });
    const objectives = accepted(report).map(({ objective }) => objective);
    expect(objectives.length).toBeGreaterThan(10);
    objectives.slice(1).forEach((objective, i) => expect(objective).toBeLessThanOrEqual(objectives[i]!));
    expectClose([objectives.at(-1)!], [objectiveOf(network, curve, curves, ridge)], 2 ** -52, 1e4);
    expect(report.bestIteration).toBe(accepted(report).at(-1)!.iteration);
  });
});

describe('outputs', () => {
  it.each(['identity', 'sigmoid', 'tanh', 'elu', 'softplus', 'leaky-relu'] as const)(
    '%s takes targets of its own range',
    async (output) => {
      const random = source(3);
      const scores = denseOf(curves.data, 200, 2);
      const targets = map(scores, (z) => value(output, 2 * z - 0.5));
      const before = targets.data.slice();
      const B = matrix(targets.data, 200, 2);
      const model = await trainRegressor(curve, B, { hidden: [25], output, iterations: 10, ridge: 1e-7 });
      expect((await model.evaluate(curve, B)).r2).toBeGreaterThan(0.999);
      expect(model.network.layers.at(-1)!.activation).toBe(output);
      expect(targets.data).toEqual(before);
      // Outputs stay in the range for any inputs.
      const far = matrix(random.uniforms(50, 1, 100).data, 50, 1);
      const ranges = { sigmoid: [0, 1], tanh: [-1, 1], elu: [-1, Infinity], softplus: [0, Infinity] };
      const [low, high] = output in ranges ? ranges[output as keyof typeof ranges] : [-Infinity, Infinity];
      for (const y of model.predictSync(far).data) {
        expect(y).toBeGreaterThanOrEqual(low!);
        expect(y).toBeLessThanOrEqual(high!);
      }
    },
  );

  it.each([
    ['sigmoid', -0.5],
    ['tanh', 1.5],
    ['elu', -2],
    ['softplus', -1],
  ] as const)('refuses targets that %s never has: %d', async (output, value) => {
    const targets = matrix(
      Float64Array.from({ length: 400 }, (_, i) => (i === 7 ? value : 0.5)),
      200,
      2,
    );
    const ranges = { sigmoid: '0 to 1', tanh: '-1 to 1', elu: '-1 to Infinity', softplus: '0 to Infinity' };
    const message = `Expected Y from ${ranges[output]} with output '${output}' but received ${value} at row 3, column 1`;
    await expectBplsError(trainRegressor(curve, targets, { output }), ArgumentError, 'INVALID_ARGUMENT', message);
  });

  it('refuses targets whose pre-activation is beyond the range of the precision', async () => {
    const targets = matrix(new Float64Array(200).fill(-1e308), 200, 1);
    const message = "Expected Y whose inverse under output 'leaky-relu' is within the range of the precision but received -1e+308 at row 0, column 0"; // prettier-ignore
    await expectBplsError(
      trainRegressor(curve, targets, { output: 'leaky-relu' }),
      NonFiniteError,
      'NON_FINITE',
      message,
    );
  });

  it('refuses to predict what is beyond the range of the precision', async () => {
    const model = await trainRegressor(X, Y, { hidden: [], ridge: 0, standardize: false });
    const huge = matrix(new Float64Array(6).fill(Number.MAX_VALUE), 1, 6);
    const message = /^Expected finite outputs but that of column [012] came to (NaN|-?Infinity) at row 0: X holds/;
    for (const action of [() => model.predict(huge), () => model.predictSync(huge)])
      expect(((await failure(action)) as Error).message).toMatch(message);
  });

  it('takes targets on the edge of an open range as just inside it', async () => {
    const steps = matrix(Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? 0 : 1)), 200, 1); // prettier-ignore
    const model = await trainRegressor(curve, steps, { hidden: [30], output: 'sigmoid', iterations: 10 });
    expect(parameters(model.network).every(Number.isFinite)).toBe(true);
    const { data } = model.predictSync(curve);
    expect(Math.max(...data.subarray(0, 90))).toBeLessThan(0.05);
    expect(Math.min(...data.subarray(110))).toBeGreaterThan(0.95);
  });
});

describe('the rule nearest', () => {
  it('improves over passes, and keeps the best', async () => {
    const model = await trainRegressor(L, T, { hidden: [30], targets: 'nearest', iterations: 12, ridge: 0 });
    const { iterations, bestIteration } = model.report;
    const objectives = iterations.map(({ objective }) => objective);
    expect(iterations.length).toBeGreaterThan(2);
    expect(Math.min(...objectives)).toBeLessThan(objectives[0]! / 2);
    const best = iterations.find(({ iteration }) => iteration === bestIteration)!;
    expect(best.objective).toBe(Math.min(...objectives));
    const { rmse } = await model.evaluate(L, T);
    expectClose([rmse ** 2], [best.objective], 2 ** -52, 1e6);
    expect(iterations.map(({ iteration }) => iteration)).toEqual(iterations.map((_, i) => i + 1));
  });

  it('penalises with the ridge that it is given', async () => {
    const norm = async (ridge: number) => {
      const model = await trainRegressor(X, Y, { hidden: [], targets: 'nearest', ridge, standardize: false });
      return Math.hypot(...model.network.layers[0]!.weights.subarray(0, 18));
    };
    const [free, little, much] = [await norm(0), await norm(0.1), await norm(10)];
    expect(little).toBeLessThan(free * 0.95);
    expect(much).toBeLessThan(little / 3);
  });
});

describe('evaluate', () => {
  const model = { current: undefined as unknown as Regressor<Float64Array> };
  beforeAll(async () => {
    model.current = await trainRegressor(curve, curves, { hidden: [3], iterations: 2 });
  });

  it('gives the errors as their formulas say', async () => {
    const predicted = model.current.predictSync(curve).data;
    const mean = [0, 1].map((k) => curves.data.reduce((sum, y, i) => (i % 2 === k ? sum + y / 200 : sum), 0));
    const squares = curves.data.reduce((sum, y, i) => sum + (y - predicted[i]!) ** 2, 0);
    const own = [0, 1].map((k) => {
      const squaresOf = (from: (i: number) => number) =>
        curves.data.reduce((sum, y, i) => (i % 2 === k ? sum + (y - from(i)) ** 2 : sum), 0);
      const error = squaresOf((i) => predicted[i]!);
      return { rmse: Math.sqrt(error / 200), r2: 1 - error / squaresOf(() => mean[k]!) };
    });
    const norm = curves.data.reduce((sum, y) => sum + y * y, 0);
    const found = await model.current.evaluate(curve, curves);
    expect(found.rows).toBe(200);
    expectClose([found.rmse, found.r2], [Math.sqrt(squares / 400), (own[0]!.r2 + own[1]!.r2) / 2], 2 ** -52, 1e4);
    found.perOutput.forEach(({ rmse, r2 }, k) => expectClose([rmse, r2], [own[k]!.rmse, own[k]!.r2], 2 ** -52, 1e4));
    expectClose([found.relativeError], [Math.sqrt(squares / norm)], 2 ** -52, 1e4);
  });

  it('knows no R² where the targets do not vary', async () => {
    const { r2 } = await model.current.evaluate(curve, matrix(new Float64Array(400).fill(2), 200, 2));
    expect(r2).toBe(0);
  });
});

describe('validation', () => {
  const random = source(7);
  const few: Matrix<Float64Array> = part(lesson.inputs, 0, 60, 20);
  const noisy = matrix(part(lesson.targets, 0, 60, 2).data.map((y) => y + random.uniform(0.5)), 60, 2); // prettier-ignore
  const options: RegressorOptions = {
    hidden: [40],
    ridge: 1e-9,
    iterations: 30,
    validation: { inputs: held, targets: heldTargets },
  };

  it.each([1, 4])('keeps the best iteration and stops %i after it', async (patience) => {
    const model = await trainRegressor(few, noisy, { ...options, patience });
    const scores = accepted(model.report).map(({ validation }) => validation!);
    const best = Math.max(...scores);
    expect(scores.length - 1 - scores.indexOf(best)).toBe(patience);
    expect(accepted(model.report)[scores.indexOf(best)]!.iteration).toBe(model.report.bestIteration);
    expectClose([(await model.evaluate(held, heldTargets)).r2], [best], 2 ** -52, 1e4);
    const unstopped = await trainRegressor(few, noisy, { hidden: [40], ridge: 1e-9, iterations: 30 });
    expect((await unstopped.evaluate(held, heldTargets)).r2).toBeLessThan(best);
  });

  it.each([1, 10])('knows better from worse where the targets of %i rows do not vary', async (rows) => {
    const level = matrix(new Float64Array(2 * rows).fill(heldTargets.data[0]!), rows, 2);
    const validation = { inputs: matrix(held.data.slice(0, held.cols * rows), rows, held.cols), targets: level };
    const { report } = await trainRegressor(L, T, { hidden: [20], ridge: 1e-4, iterations: 20, validation });
    const scores = accepted(report).map(({ validation }) => validation!);
    expect(new Set(scores).size).toBe(scores.length);
    expect(Math.max(...scores)).toBe(report.iterations[report.bestIteration]!.validation);
    const { rmse } = await (
      await trainRegressor(L, T, { hidden: [20], ridge: 1e-4, iterations: 0, validation })
    ).evaluate(validation.inputs, level);
    expect(scores[0]).toBeCloseTo(1 - (rmse / level.data[0]!) ** 2, 9);
  });

  it('is of the outputs, not of what is under them', async () => {
    const targets = (Z: Matrix) => matrix(Float64Array.from(Z.data, Math.tanh), Z.rows, Z.cols);
    const model = await trainRegressor(L, targets(T), {
      hidden: [20],
      output: 'tanh',
      iterations: 3,
      validation: { inputs: held, targets: targets(heldTargets) },
    });
    const { iterations, bestIteration } = model.report;
    const { r2 } = await model.evaluate(held, targets(heldTargets));
    expectClose([r2], [iterations[bestIteration]!.validation!], 2 ** -52, 1e4);
    expect(r2).toBeGreaterThan(0.9);
  });
});

describe('a matrix of deficient rank', () => {
  const twice = matrix(
    Float64Array.from({ length: 300 * 8 }, (_, i) => X.data[6 * Math.floor(i / 8) + ((i % 8) % 6)]!),
    300,
    8,
  );

  it.each([
    ['gauss-newton', []],
    ['nearest', [10]],
    ['inverse', [10]],
  ] as const)('falls to the SVD and says so: targets %s, hidden %j', async (targets, hidden) => {
    const options = { targets, hidden, activation: 'identity', ridge: 0, standardize: false } as const;
    const model = await trainRegressor(twice, Y, options);
    expect(model.report.layers[0]).toMatchObject({ solver: 'svd', rank: 7 });
    expect((await model.evaluate(twice, Y)).relativeError).toBeLessThan(1e-9);
  });

  it('is refused by Cholesky, by the name of the layer', async () => {
    const options = { activation: 'identity', ridge: 0, standardize: false, solver: 'cholesky' } as const;
    const message = (layer: string) =>
      `Expected a positive definite Gram matrix of ${layer} with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it`;
    for (const targets of ['gauss-newton', 'nearest'] as const)
      await expectBplsError(
        trainRegressor(twice, Y, { ...options, hidden: [], targets }),
        SingularError,
        'SINGULAR',
        message('the output layer'),
      );
    await expectBplsError(
      trainRegressor(twice, Y, { ...options, hidden: [3], targets: 'inverse' }),
      SingularError,
      'SINGULAR',
      message('hidden layer 1'),
    );
  });
});

describe('many rows in float32', () => {
  const rows = 500_000;
  const options = { hidden: [], ridge: 0, standardize: false } as const;

  it('count by their weights', async () => {
    const random = source(31);
    const x = Float32Array.from({ length: rows }, () => Number(random.uniform() < 0));
    const y = x.map((value) => 1 + 2 * value + random.uniform(0.1));
    const sampleWeights = x.map((value) => (value ? 1.9 : 0.7));
    const model = await trainRegressor(matrix(x, rows, 1), matrix(y, rows, 1), { ...options, sampleWeights });
    // Of an indicator, least squares gives the means of both groups, whatever their weights.
    const mean = (group: number) => {
      const of = y.filter((_, i) => x[i] === group);
      return of.reduce((sum, value) => sum + value / of.length, 0);
    };
    const [slope, intercept] = model.network.layers[0]!.weights;
    expectClose([intercept!, intercept! + slope!], [mean(0), mean(1)], 2 ** -23, 1000);
  });

  it('do not hide that a column is the sum of two others', async () => {
    const x = new Float32Array(3 * rows);
    const y = new Float32Array(rows);
    const random = source(32);
    for (let i = 0; i < rows; i++) {
      const [a, b] = [Math.fround(random.normal()), Math.fround(random.normal())];
      x.set([a, b, a + b], 3 * i);
      y[i] = a - b;
    }
    const model = await trainRegressor(matrix(x, rows, 3), matrix(y, rows, 1), { ...options, threads: 1 });
    expect(model.report.layers[0]).toMatchObject({ solver: 'svd', rank: 3 });
    expectClose(model.network.layers[0]!.weights, [1, -1, 0, 0], 2 ** -23, 1000);
  });
});

describe('targets far from 0 in float32', () => {
  const rows = 2400;
  const random = source(33);
  const x = Float32Array.from({ length: 3 * rows }, () => random.normal());
  const X = matrix(x, rows, 3);
  const at = (offset: number) =>
    matrix(
      Float32Array.from({ length: rows }, (_, i) => offset + Math.sin(x[3 * i]!) + x[3 * i + 1]!),
      rows,
      1,
    );

  it.each([
    ['a linear model', { hidden: [], ridge: 0 }],
    ['one solution of the output layer', { hidden: [8], iterations: 0, ridge: 1e-4 }],
    ['the defaults', {}],
  ] as const)('are learnt as they are about 0 by %s', async (_, options) => {
    const [near, far] = await Promise.all(
      [0, 1e5].map(async (offset) => (await trainRegressor(X, at(offset), options)).evaluate(X, at(offset))),
    );
    expect(Math.abs(far!.r2 - near!.r2)).toBeLessThan(0.01);
    expect(near!.r2).toBeGreaterThan(0.5);
  });
});

describe('units of measurement', () => {
  const few: Matrix<Float64Array> = part(lesson.inputs, 0, 500, 20);
  const wanted = part(lesson.targets, 0, 500, 2);
  // Half of the columns on one range, which `auto` does not standardise.
  const onOneScale: Matrix<Float64Array> = matrix(
    few.data.map((x) => (Math.abs(x) > 1 ? Math.sign(x) : x)),
    500,
    20,
  );

  it.each([
    ['squared', 'of different ranges', few],
    ['huber', 'of different ranges', few],
    ['squared', 'of one range', onOneScale],
  ] as const)('make no difference with the loss %s and columns %s', async (loss, _, inputs) => {
    const train = (x: number, y: number, shift: number) =>
      trainRegressor(matrix(inputs.data.map((v) => x * v), 500, 20), matrix(wanted.data.map((v) => y * v + shift), 500, 2), { hidden: [30], loss }); // prettier-ignore
    const usual = await train(1, 1, 0);
    const expected = (await usual.predict(inputs)).data;
    for (const [x, y, shift] of [
      [1000, 1, 0],
      [1, 1000, 0],
      [1, 1e-3, 10],
    ] as const) {
      const other = await train(x, y, shift);
      const { data } = await other.predict(matrix(inputs.data.map((v) => x * v), 500, 20)); // prettier-ignore
      expect(other.report.standardized).toBe(usual.report.standardized);
      expectClose(
        data.map((v) => (v - shift) / y),
        expected,
        2 ** -52,
        1e8,
      );
    }
  });
});

describe('targets in units at the ends of the range', () => {
  const inputs = source(21).uniforms(200, 2);
  const wanted = Float64Array.from(
    { length: 200 },
    (_, i) => Math.sin(3 * inputs.data[2 * i]!) + inputs.data[2 * i + 1]!,
  );

  it.each([
    [Float64Array, 1e-300],
    [Float64Array, 1e-160],
    [Float64Array, 1e160],
    [Float64Array, 1e300],
    [Float32Array, 1e-35],
    [Float32Array, 1e-22],
    [Float32Array, 1e20],
    [Float32Array, 1e35],
  ] as const)('are learnt as others: %o times %f', async (Floats, unit) => {
    const X = matrix(Floats.from(inputs.data), 200, 2);
    const pair = Float64Array.from({ length: 400 }, (_, i) => wanted[i >> 1]! * (i % 2 === 0 ? unit : 1 / unit));
    for (const Y of [matrix(Floats.from(wanted.map((y) => y * unit)), 200, 1), matrix(Floats.from(pair), 200, 2)]) {
      const model = await trainRegressor(X, Y, { hidden: [20] });
      for (const { r2 } of (await model.evaluate(X, Y)).perOutput) expect(r2).toBeGreaterThan(0.999);
    }
  });
});

describe('outputs in units of their own', () => {
  const count = 300;
  const random = source(12);
  const inputs = random.uniforms(2 * count, 2);
  const both = (unit: number) =>
    Float64Array.from({ length: 4 * count }, (_, i) => {
      const [x, y] = [inputs.data[i - (i % 2)]!, inputs.data[i - (i % 2) + 1]!];
      return i % 2 === 0 ? Math.sin(3 * x) + 5 : unit * (x + y);
    });
  const half = (data: Float64Array, from: number) => matrix(data.slice(2 * from, 2 * (from + count)), count, 2);

  it.each([1e-5, 1, 100, 1e5])('have the same say: times %f', async (unit) => {
    for (const options of [{}, { loss: 'huber' }] as const) {
      const targets = both(unit);
      const before = targets.slice();
      const validation = { inputs: half(inputs.data, count), targets: half(targets, count) };
      const all = { hidden: [60], validation, ...options };
      const model = await trainRegressor(half(inputs.data, 0), half(targets, 0), all);
      const { perOutput, r2 } = await model.evaluate(half(inputs.data, count), half(targets, count));
      for (const output of perOutput) expect(output.r2).toBeGreaterThan(0.99);
      const { report } = model;
      expectClose([report.iterations[report.bestIteration]!.validation!], [r2], 2 ** -52, 1e5);
      expect(targets).toEqual(before);
    }
  });

  it('keep their units where a ridge in numbers says what they are', async () => {
    const options = { hidden: [20], iterations: 2, ridge: 1e-3 };
    const { report } = await trainRegressor(half(inputs.data, 0), half(both(1000), 0), options);
    expect(report.iterations[0]!.objective).toBeGreaterThan(1000);
  });
});
