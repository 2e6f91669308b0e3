import { describe, expect, it } from 'vitest';
import { loadIris } from '../bench/data/iris.js';
import { checkerboard3, mulberry32, twoSpirals, xor } from '../bench/data/toy.js';
import { activations, outputActivations } from '../lib/network/activation.js';
import {
  matrix,
  plan,
  type BplsError,
  SingularError,
  trainClassifier,
  type Classifier,
  type ClassifierOptions,
  type Label,
  type Labels,
  type Matrix,
  type Random,
  type TrainReport,
} from '../lib/index.js';
import { alike } from './support/alike.js';
import {
  add,
  type Dense,
  dense,
  denseOf,
  innerProduct,
  map,
  multiply,
  rowsOf,
  scale,
  solve,
  subtract,
  withoutLastRow,
  withOnes,
} from './support/dense.js';
import { expectClose, failure } from './support/expect.js';
import { bits, float32, parameters, plainLayers, plainSamples } from './support/models.js';
import { source } from './support/random.js';
import { forward, largest, misclassifiedRows, preActivations, wanted } from './support/reference.js';

const board = checkerboard3(400, mulberry32(1));
const B = matrix(board.inputs, board.rows, board.cols);
const held = checkerboard3(300, mulberry32(2));
const H = matrix(held.inputs, held.rows, held.cols);
const cross = xor(200, mulberry32(3));
const C = matrix(cross.inputs, cross.rows, cross.cols);

async function accuracy(model: Classifier, X: Matrix, labels: ArrayLike<number>): Promise<number> {
  return (await model.evaluate(X, labels)).accuracy;
}

const plain = (model: Classifier): Classifier => model;

/** Accepted iterations in turn. */
function accepted({ iterations }: TrainReport) {
  return iterations.filter((iteration) => iteration.accepted);
}

describe('trainClassifier learns', () => {
  it.each(['float64', 'float32'] as const)('XOR in %s', async (precision) => {
    const X: Matrix = precision === 'float64' ? C : float32(C);
    const model = await trainClassifier(X, cross.labels, { hidden: [20] });
    expect(model.network.layers.every(({ weights }) => weights.constructor === X.data.constructor)).toBe(true);
    expect(await model.predict(X)).toEqual([...cross.labels]);
    const { misclassified, objective } = model.report.iterations[model.report.bestIteration]!;
    expect(misclassified).toBe(0);
    expect(objective).toBeLessThan(0.1);
  });

  it.each([1, 50])('the four points of XOR, each %i times', async (times) => {
    const data = Array.from({ length: times }, () => [0, 0, 0, 1, 1, 0, 1, 1]).flat();
    const labels = Array.from({ length: times }, () => ['no', 'yes', 'yes', 'no']).flat();
    const X = matrix(Float64Array.from(data), 4 * times, 2);
    for (const seed of [0, 1, 2, 3]) {
      const model = await trainClassifier(X, labels, { hidden: [20], seed });
      expect((await model.predict(X)).slice(0, 4)).toEqual(['no', 'yes', 'yes', 'no']);
    }
  });

  it('three classes on a board, and rows that it has not seen', async () => {
    const model = await trainClassifier(B, board.labels, { hidden: [80] });
    expect(model.classes).toEqual([0, 1, 2]);
    expect(await accuracy(model, B, board.labels)).toBe(1);
    expect(await accuracy(model, H, held.labels)).toBeGreaterThan(0.97);
  });

  it('what random features alone do not', async () => {
    const spirals = twoSpirals(400, 1.5, 0.01, mulberry32(4));
    const S = matrix(spirals.inputs, spirals.rows, spirals.cols);
    const at = async (iterations: number) =>
      accuracy(await trainClassifier(S, spirals.labels, { hidden: [25], iterations, ridge: 1e-4 }), S, spirals.labels);
    const [before, after] = [await at(0), await at(30)];
    expect(before).toBeLessThan(0.9);
    expect(after).toBeGreaterThan(0.98);
  });

  it('classes with names', async () => {
    const iris = loadIris();
    const X = matrix(iris.inputs, iris.rows, iris.cols);
    const names = Array.from(iris.labels, (k) => ['versicolor', 'setosa', 'virginica'][k]!);
    const model = await trainClassifier(X, names, { hidden: [20] });
    expect(model.classes).toEqual(['setosa', 'versicolor', 'virginica']);
    const predicted = await model.predict(X);
    expect(predicted.filter((name, i) => name !== names[i]).length).toBeLessThan(5);
    expect(model.predictSync(X)).toEqual(predicted);
  });

  it.each([
    [Float64Array.from(cross.labels, (k) => (k ? 7.5 : -3)), [-3, 7.5]],
    [Uint8Array.from(cross.labels, (k) => (k ? 9 : 200)), [9, 200]],
    [Array.from(cross.labels, (k) => (k ? -1 : 1)), [-1, 1]],
    [Array.from(cross.labels, (k) => (k ? 'b' : 'B')), ['B', 'b']],
    [Array.from(cross.labels, (k) => (k ? 10 : 9)), [9, 10]],
  ] as [Labels, Label[]][])('labels of any kind, in ascending order: %#', async (labels, classes) => {
    const model = await trainClassifier(C, labels, { hidden: [15] });
    expect(model.classes).toEqual(classes);
    expect(await model.predict(C)).toEqual(Array.from<Label>(labels as ArrayLike<Label>));
  });

  it.each(activations)('with hidden units of %s', async (activation) => {
    // Units that are linear make a linear classifier, whose best on XOR is no better than three quarters.
    const [X, labels] = activation === 'identity' ? [matrix(C.data, 200, 2), cross.inputs.filter((_, i) => i % 2 === 0).map((x) => Number(x > 0))] : [C, cross.labels]; // prettier-ignore
    const model = await trainClassifier(X, labels, { hidden: [30], activation });
    expect(await accuracy(model, X, labels)).toBe(1);
    expect(model.network.layers[0]!.activation).toBe(activation);
  });

  it.each(['uniform', 'orthogonal', 'contrast'] as const)('from first weights %s', async (init) => {
    const model = await trainClassifier(C, cross.labels, { hidden: [20, 10], init });
    expect(await accuracy(model, C, cross.labels)).toBe(1);
  });

  it.each([[[]], [[30]], [[30, 10]], [[30, 15, 10]]])('through hidden layers %j', async (hidden) => {
    const model = await trainClassifier(C, cross.labels, { hidden });
    expect(model.network.layers.map(({ units }) => units)).toEqual([...hidden, 2]);
    expect(model.report.layers.map(({ layer, inputs, units }) => [layer, inputs, units])).toEqual(
      [...hidden, 2].map((units, l) => [l + 1, [2, ...hidden][l], units]),
    );
    const reached = await accuracy(model, C, cross.labels);
    if (hidden.length === 0) expect(reached).toBeLessThan(0.8);
    else expect(reached).toBe(1);
  });

  it('through layers of their own activations and first weights', async () => {
    const hidden = [{ units: 20, activation: 'relu', init: 'uniform' }, { units: 10, init: 'orthogonal' }, 5] as const;
    const model = await trainClassifier(C, cross.labels, { hidden, activation: 'elu' });
    expect(model.network.layers.map(({ activation }) => activation)).toEqual(['relu', 'elu', 'elu', 'softmax']);
    expect(await accuracy(model, C, cross.labels)).toBe(1);
  });

  it.each([
    ['gauss-newton', 'all', 0.97],
    ['gauss-newton', 'misclassified', 0.9],
    ['gauss-newton', 'margin', 1],
    ['nearest', 'all', 0.7],
    ['nearest', 'misclassified', 0.7],
    ['nearest', 'margin', 0.7],
    ['inverse', 'all', 0.6],
    ['inverse', 'misclassified', 0.6],
    ['inverse', 'margin', 0.6],
  ] as const)('by the rule %s on samples %s', async (targets, samples, least) => {
    const { inputs, rows, labels } = loadIris();
    const X = matrix(inputs, rows, 4);
    const model = await trainClassifier(X, labels, { hidden: [30], targets, samples, iterations: 10, ridge: 1e-4 });
    const { misclassified, accuracy: reached } = await model.evaluate(X, labels);
    expect(reached).toBeGreaterThanOrEqual(least * 0.97);
    // The report tells of the very network that came out.
    const { iterations, bestIteration } = model.report;
    const best = iterations.find(({ iteration }) => iteration === bestIteration)!;
    expect(best.accepted).toBe(true);
    expect(best.misclassified).toBe(misclassified);
  });

  it('a linear classifier in one solve', async () => {
    const { inputs, rows, labels } = loadIris();
    const X = matrix(inputs, rows, 4);
    const model = await trainClassifier(X, labels, { hidden: [], samples: 'all', ridge: 0 });
    expect(model.report.iterations.length).toBe(1);
    expect(await accuracy(model, X, labels)).toBeGreaterThan(0.8);
    // Least squares on ±1: the residual is orthogonal to the inputs and the constant.
    const A = withOnes(plainSamples(model.network, X));
    const Z = multiply(A, plainLayers(model.network)[0]!.weights);
    const gradient = innerProduct(A, subtract(wanted('all', Z, { labels }), Z));
    expectClose(gradient.data, new Float64Array(15), 2 ** -52, 100, rows);
  });

  it('one-sided targets of a linear model by accelerated least-squares steps, 64 at most', async () => {
    const { inputs, rows, labels } = loadIris();
    const ridge = 0.02;
    const model = await trainClassifier(matrix(inputs, rows, 4), labels, { hidden: [], ridge, standardize: false });
    // W ← W + (AᵀA/S + ridge I)⁻¹ (Aᵀ(T* − A W)/S − ridge V), the constant without ridge, ahead by Nesterov's momentum, and
    // back and without it where that raised the objective; one more where two in a row hardly changed it.
    const A = withOnes(denseOf(inputs, rows, 4));
    const penalty = dense(5, 5, (i, j) => (i === j && i < 4 ? ridge : 0));
    const G = add(scale(innerProduct(A, A), 1 / rows), penalty);
    const squares = ({ data }: Dense) => data.reduce((sum, x) => sum + x ** 2, 0);
    const at = (W: Dense) => {
      const R = subtract(wanted('margin', multiply(A, W), { labels }), multiply(A, W));
      const objective = squares(R) / rows + ridge * squares(withoutLastRow(W));
      return { W, objective, gradient: subtract(scale(innerProduct(A, R), 1 / rows), multiply(penalty, W)) };
    };
    let best = at(dense(5, 3, () => 0));
    let [previous, momentum, restarts, still] = [best.W, 1, 0, 0];
    let end = 64;
    for (let step = 1; step <= end; step++) {
      const next = add(best.W, solve(G, best.gradient));
      const following = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
      const ahead = at(add(next, scale(subtract(next, previous), (momentum - 1) / following)));
      [previous, momentum] = [next, following];
      still = Math.abs(ahead.objective - best.objective) <= 1e-8 * best.objective ? still + 1 : 0;
      if (still >= 2) end = Math.min(end, step + 1);
      if (ahead.objective <= best.objective) best = ahead;
      else [previous, momentum, restarts] = [best.W, 1, restarts + 1];
    }
    expect(restarts).toBeGreaterThan(0);
    expectClose(model.network.layers[0]!.weights, previous.data, 2 ** -52, 1e5);
  });

  it('columns that hardly differ in float32 as in float64', async () => {
    // The Gram matrix is off by as much as the ridge in float32: a step by its factor alone goes too far, and on and on.
    const [rows, columns, random] = [3000, 200, source(1)];
    const labels = Int32Array.from({ length: rows }, (_, i) => i % 2);
    const values = alike(
      rows,
      columns,
      random,
      (i, j) => 1e-3 * (random.uniform(0.5) + (j % 7 === 0 ? labels[i]! - 0.5 : 0)),
    );
    const options = { hidden: [], ridge: 1e-5, samples: 'margin', standardize: false } as const;
    const [single, double] = [
      await trainClassifier(matrix(values, rows, columns), labels, options),
      await trainClassifier(matrix(Float64Array.from(values), rows, columns), labels, options),
    ];
    expect(single.report.iterations[0]!.misclassified).toBe(0);
    expect(single.report.iterations[0]!.objective).toBeCloseTo(double.report.iterations[0]!.objective, 3);
    expect(single.report.layers[0]!.ridge).toBe(1e-5);
  });

  it.each([
    [2048, 'margin'],
    [2048, 'all'],
    [1000, 'margin'],
    [1000, 'all'],
  ] as const)(
    '%i such columns in float32, whose Gram matrix has no factor, where samples are %s: without an SVD',
    async (columns, samples) => {
      const [rows, random] = [2600, source(2)];
      const labels = Int32Array.from({ length: rows }, (_, i) => i % 2);
      const values = alike(rows, columns, random, (i, j) => 1e-4 * (random.uniform(0.5) + labels[i]! * (j % 2)));
      const X = matrix(values, rows, columns);
      const options = { hidden: [], ridge: 1e-6, standardize: false, samples } as const;
      const { report } = await trainClassifier(X, labels, options);
      expect(report.layers[0]).toMatchObject({ solver: 'cholesky', ridge: 1e-6 });
      expect(report.iterations[0]!.misclassified).toBe(0);
      expect(await failure(trainClassifier(X, labels, { ...options, solver: 'cholesky' }))).toBeInstanceOf(
        SingularError,
      );
    },
  );

  it('iris by a linear model', async () => {
    const { inputs, rows, labels } = loadIris();
    const X = matrix(inputs, rows, 4);
    const model = await trainClassifier(X, labels, { hidden: [] });
    expect((await model.evaluate(X, labels)).misclassified).toBeLessThan(7);
  });

  it('a one-sided linear problem to its end, and no further', async () => {
    const { inputs, rows, labels } = loadIris();
    const X = matrix(inputs, rows, 4);
    const options = { hidden: [], samples: 'margin', ridge: 1e-1, standardize: false } as const;
    const { network, report } = await trainClassifier(X, labels, options);
    expect(report.operations).toBeLessThan(0.7 * plan({ rows, inputs: 4, outputs: 3 }, options).operations);
    // A gradient of nothing but what is left where two steps change the objective by less than 1e-8 of it.
    const { weights } = network.layers[0]!;
    const gradient = new Float64Array(15);
    for (let i = 0; i < rows; i++) {
      const x = [...inputs.subarray(4 * i, 4 * i + 4), 1];
      for (let k = 0; k < 3; k++) {
        const z = x.reduce((sum, value, j) => sum + value * weights[3 * j + k]!, 0);
        const wanted = labels[i] === k ? Math.max(z, 1) : Math.min(z, -1);
        x.forEach((value, j) => (gradient[3 * j + k]! += (value * (z - wanted)) / rows));
      }
    }
    for (let i = 0; i < 12; i++) gradient[i]! += 1e-1 * weights[i]!;
    const { objective } = report.iterations.at(-1)!;
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(2e-4 * objective);
  });

  it('without iterations: the output layer on the first weights', async () => {
    const model = await trainClassifier(B, board.labels, { hidden: [150], iterations: 0 });
    expect(model.report.iterations.map(({ iteration }) => iteration)).toEqual([0]);
    expect(model.report.layers.map(({ solver }) => solver)).toEqual(['none', 'cholesky']);
    expect(await accuracy(model, B, board.labels)).toBeGreaterThan(0.95);
  });
});

describe('the objective', () => {
  it.each([
    ['margin', 'float64'],
    ['all', 'float64'],
    ['misclassified', 'float64'],
    ['margin', 'float32'],
  ] as const)('never rises over accepted iterations: samples %s, %s', async (samples, precision) => {
    const X: Matrix = precision === 'float64' ? B : float32(B);
    const { report } = await trainClassifier(X, board.labels, { hidden: [15, 10], samples, iterations: 25 });
    const objectives = accepted(report).map(({ objective }) => objective);
    expect(objectives.length).toBeGreaterThan(2);
    objectives.slice(1).forEach((objective, i) => expect(objective).toBeLessThanOrEqual(objectives[i]!));
    expect(objectives.at(-1)).toBeLessThan(objectives[0]!);
    expect(report.iterations[0]).toMatchObject({ iteration: 0, damping: 0, accepted: true });
    report.iterations.forEach(({ iteration, activeShare }, i) => {
      expect(iteration).toBe(i);
      expect(activeShare).toBeGreaterThanOrEqual(0);
      expect(activeShare).toBeLessThanOrEqual(1);
    });
    // A refused step raises the damping.
    report.iterations.forEach(({ accepted: taken, damping }, i) => {
      if (i > 0 && !taken && i + 1 < report.iterations.length)
        expect(report.iterations[i + 1]!.damping).toBeGreaterThan(damping);
    });
  });

  it.each(['margin', 'all', 'misclassified'] as const)('is that of the network, by the rule %s', async (samples) => {
    const ridge = { hidden: 2e-3, output: 5e-3 };
    const options = { hidden: [12, 8], samples, iterations: 4, ridge };
    const { network, report } = await trainClassifier(B, board.labels, options);
    const layers = plainLayers(network);
    const Z = preActivations(layers.at(-1)!, forward(layers.slice(0, -1), plainSamples(network, B)).at(-1)!);
    const T = wanted(samples, Z, { labels: board.labels });
    const squares = T.data.reduce((sum, t, i) => sum + (t - Z.data[i]!) ** 2, 0);
    const norms = layers.map(({ weights }) =>
      weights.data.subarray(0, -weights.cols).reduce((sum, w) => sum + w * w, 0),
    );
    const penalty = norms.reduce((sum, norm, l) => sum + norm * (l < 2 ? ridge.hidden : ridge.output), 0);
    const best = report.iterations[report.bestIteration]!;
    expectClose([best.objective], [squares / (2 * B.rows) + penalty / 2], 2 ** -52, 1e4);
    expect(best.misclassified).toBe(misclassifiedRows(Z, board.labels).filter(Boolean).length);
    const rows = T.data.map((t, i) => Number(t !== Z.data[i]));
    const active = Array.from({ length: B.rows }, (_, i) => rows.subarray(3 * i, 3 * i + 3).some(Boolean));
    if (samples !== 'misclassified') expect(best.activeShare).toBeCloseTo(active.filter(Boolean).length / B.rows, 10);
    expect(report.layers.map(({ ridge: used }) => used)).toEqual([2e-3, 2e-3, 5e-3]);
    const isShare = (rcond?: number) => rcond !== undefined && rcond > 0 && rcond <= 1;
    expect(report.layers.map(({ rcond }) => isShare(rcond))).toEqual([true, true, true]);
    expect(report.layers.map(({ rcondCurvature }) => isShare(rcondCurvature))).toEqual([true, true, false]);
  });
});

describe('outputs', () => {
  it.each(outputActivations)('%s: predictions, outputs and probabilities agree', async (output) => {
    const model = await trainClassifier(B, board.labels, { hidden: [40], output, iterations: 4, ridge: 1e-4 });
    expect(model.network.layers.at(-1)!.activation).toBe(output);
    const predicted = await model.predict(H);
    expect(await accuracy(model, H, held.labels)).toBeGreaterThan(0.9);
    expect(model.predictSync(H)).toEqual(predicted);
    // softmin favours the least score, all others the greatest.
    const scores = model.network.withOutput('identity').forwardSync(H);
    const sign = output === 'softmin' ? -1 : 1;
    const Z = denseOf(scores.data.map((z) => sign * z), H.rows, 3); // prettier-ignore
    expect(predicted).toEqual(Array.from({ length: H.rows }, (_, i) => largest(Z, i)));

    const probabilities = await model.probabilities(H);
    expect([probabilities.rows, probabilities.cols]).toEqual([H.rows, 3]);
    const P = denseOf(probabilities.data, H.rows, 3);
    for (let i = 0; i < H.rows; i++) {
      const row = P.data.subarray(3 * i, 3 * i + 3);
      expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
      expectClose([row.reduce((sum, p) => sum + p)], [1], 2 ** -52, 4);
      expect(row[predicted[i]!]).toBe(Math.max(...row));
    }
    const outputs = model.network.forwardSync(H);
    if (output === 'softmax' || output === 'softmin') expectClose(probabilities.data, outputs.data, 2 ** -52);
    if (output === 'sigmoid') expect(Math.max(...outputs.data)).toBeLessThanOrEqual(1);
  });

  it.each([
    ['all', 'nearest', 'softmax', [Math.log(0.999), Math.log(0.0005)]],
    ['all', 'nearest', 'sigmoid', [Math.log(999), -Math.log(999)]],
    ['all', 'inverse', 'tanh', [Math.atanh(0.999), -Math.atanh(0.999)]],
    ['all', 'inverse', 'identity', [1, -1]],
    ['all', 'gauss-newton', 'softmax', [1, -1]],
  ] as const)('wanted by samples %s and targets %s under %s are %j', async (samples, targets, output, sides) => {
    // The output layer alone, on few enough rows to meet every target exactly.
    const random = source(5);
    const X = matrix(random.uniforms(5, 8).data, 5, 8);
    const labels = [0, 1, 2, 1, 0];
    const model = await trainClassifier(X, labels, { hidden: [], samples, targets, output, ridge: 0, iterations: 1 });
    const scores = model.network.withOutput('identity').forwardSync(X).data;
    const expected = labels.flatMap((label) => [0, 1, 2].map((k) => (k === label ? sides[0] : sides[1])));
    expectClose(scores, expected, 2 ** -52, 1e4);
  });
});

describe('evaluate', () => {
  it('counts every class against every class', async () => {
    const model = await trainClassifier(B, board.labels, { hidden: [8], iterations: 1 });
    const predicted = await model.predict(H);
    const evaluation = await model.evaluate(H, held.labels);
    const confusion = [0, 1, 2].map((own) =>
      [0, 1, 2].map((given) => predicted.filter((k, i) => k === given && held.labels[i] === own).length),
    );
    const right = confusion[0]![0]! + confusion[1]![1]! + confusion[2]![2]!;
    expect(right).toBeLessThan(H.rows);
    expect(evaluation).toMatchObject({
      confusion,
      rows: H.rows,
      misclassified: H.rows - right,
      accuracy: 1 - (H.rows - right) / H.rows,
    });
  });

  it('leaves the confusion of very many classes out', async () => {
    const labels = Int32Array.from({ length: 1500 }, (_, i) => i);
    const X = matrix(Float64Array.from(labels), 1500, 1);
    const model = await trainClassifier(X, labels, { hidden: [], ridge: 1 });
    expect(await model.evaluate(X, labels)).toMatchObject({ rows: 1500, confusion: [] });
  });

  it('refuses scores that are not finite, and so do predictions', async () => {
    const model = await trainClassifier(C, cross.labels, { hidden: [20], activation: 'elu' });
    const message =
      /^Expected finite outputs but that of column 0 came to (NaN|-?Infinity) at row 0: X holds numbers there that/;
    const huge = matrix(new Float64Array(4).fill(Number.MAX_VALUE), 2, 2);
    for (const action of [
      () => model.predict(huge),
      () => model.evaluate(huge, [0, 1]),
      () => model.predictSync(huge),
      () => model.probabilities(huge),
    ]) {
      const error = (await failure(action)) as BplsError;
      expect([error.code, error.message]).toEqual(['NON_FINITE', expect.stringMatching(message)]);
    }
  });

  it('takes labels of some of the classes, in any typed array', async () => {
    const model = await trainClassifier(C, cross.labels, { hidden: [20] });
    const ones = matrix(rowsOf(denseOf(C.data, 200, 2), [1, 5]).data, 2, 2);
    const { confusion, accuracy: reached } = await model.evaluate(ones, Uint8Array.of(cross.labels[1]!, cross.labels[5]!)); // prettier-ignore
    expect(reached).toBe(1);
    expect(confusion.flat().reduce((sum, count) => sum + count)).toBe(2);
  });
});

describe('reproducibility', () => {
  const options: ClassifierOptions = { hidden: [20, 10], iterations: 4 };

  it('the same seed gives the same bits, another seed others', async () => {
    const run = async (seed?: number) => {
      const { network, report } = await trainClassifier(B, board.labels, { ...options, ...(seed !== undefined && { seed }) }); // prettier-ignore
      const { seconds: _, ...rest } = report;
      return {
        bits: bits(network),
        report: {
          ...rest,
          iterations: rest.iterations.map((i) => ({ ...i, seconds: 0 })),
          ridgeSearch: { ...rest.ridgeSearch, seconds: 0 },
        },
      };
    };
    const [first, second, none, other] = [await run(7), await run(7), await run(), await run(8)];
    expect(second).toEqual(first);
    expect(await run(0)).toEqual(none);
    expect(other.bits).not.toBe(first.bits);
  });

  it('is left alone by what else runs', async () => {
    const alone = bits((await trainClassifier(B, board.labels, options)).network);
    const several = await Promise.all(
      [1, 2, 3].map((seed) =>
        trainClassifier(B, board.labels, { ...options, ...(seed === 2 ? {} : { seed, hidden: [33] }) }),
      ),
    );
    expect(bits(several[1]!.network)).toBe(alone);
  });

  it.each([
    ['gauss-newton', 'all', 8],
    ['gauss-newton', 'margin', 0],
    ['nearest', 'margin', 1],
  ] as const)(
    'without memory for activations the result is the same, by %s, samples %s and %i iterations',
    async (targets, samples, iterations) => {
      // Further passes of the paper's kind multiply rounding; one-sided output layers are settled at the end.
      const some = { ...options, targets, samples, ridge: 1e-4, iterations };
      const wide = await trainClassifier(B, board.labels, some);
      const narrow = await trainClassifier(B, board.labels, { ...some, memoryLimit: 1 });
      expect([wide.report.cachedShare, narrow.report.cachedShare]).toEqual([1, 0]);
      const expected = wide.network.forwardSync(H).data;
      expectClose(narrow.network.forwardSync(H).data, expected, 2 ** -52, 1e7);
      expect(narrow.report.operations).toBeGreaterThan(wide.report.operations);
    },
  );

  it('with hardly any memory for activations it learns as well, in less work than all of it again', async () => {
    const some: ClassifierOptions = { hidden: [40], iterations: 20, ridge: 1e-4 };
    const [wide, narrow] = [await trainClassifier(B, board.labels, some), await trainClassifier(B, board.labels, { ...some, memoryLimit: 1 })]; // prettier-ignore
    expect(narrow.report.cachedShare).toBe(0);
    expect(await accuracy(narrow, H, held.labels)).toBeGreaterThan((await accuracy(wide, H, held.labels)) - 0.03);
    const forward = 2 * B.rows * 2 * 40;
    // Each evaluation goes forward twice and each step twice, and the last evaluation seven times more.
    expect(narrow.report.operations - wide.report.operations).toBeLessThan((21 + 40 + 7) * forward);
  });

  it('with memory for some activations they stand for the others', async () => {
    const many = checkerboard3(6000, mulberry32(4));
    const X = matrix(many.inputs, many.rows, many.cols);
    // Sorted by class, so that the rows kept have to come from everywhere.
    const order = Array.from(many.labels.keys()).sort((i, j) => many.labels[i]! - many.labels[j]!);
    const sorted = rowsOf(denseOf(X.data, X.rows, X.cols), order);
    const labels = order.map((row) => many.labels[row]!);
    const some: ClassifierOptions = { hidden: [40], iterations: 20, ridge: 1e-6 };
    const shape = { rows: many.rows, inputs: 2, outputs: 3 };
    const wide = await trainClassifier(matrix(sorted.data, X.rows, X.cols), labels, some);
    const narrow = await trainClassifier(matrix(sorted.data, X.rows, X.cols), labels, { ...some, memoryLimit: 1e6 });
    expect(narrow.report.cachedShare).toBeGreaterThan(0.1);
    expect(narrow.report.cachedShare).toBeLessThan(0.5);
    expect(narrow.report.operations).toBeLessThan(plan(shape, { ...some, memoryLimit: 1e6 }).operations);
    const accuracies = await Promise.all([wide, narrow].map(async (model) => (await model.evaluate(H, held.labels)).accuracy)); // prettier-ignore
    expect(accuracies[0]).toBeGreaterThan(0.97);
    expect(accuracies[1]).toBeGreaterThan(accuracies[0]! - 0.02);
    const objectives = narrow.report.iterations.filter(({ accepted }) => accepted).map(({ objective }) => objective);
    objectives.slice(1).forEach((objective, i) => expect(objective).toBeLessThanOrEqual(objectives[i]!));
  });

  it('a shuffling of the columns changes nothing but rounding', async () => {
    const random = source(9);
    const X = denseOf(random.uniforms(300, 6).data, 300, 6);
    const labels = Array.from({ length: 300 }, (_, i) => Number(X.data[6 * i]! * X.data[6 * i + 4]! > 0));
    const order = [3, 5, 0, 4, 1, 2];
    const P = map(X, (_, i, j) => X.data[6 * i + order[j]!]!);
    const train = async (data: Float64Array) => trainClassifier(matrix(data, 300, 6), labels, { hidden: [15], iterations: 2 }); // prettier-ignore
    const [one, two] = [await train(X.data), await train(P.data)];
    const outputs = one.network.forwardSync(matrix(X.data, 300, 6)).data;
    expectClose(two.network.forwardSync(matrix(P.data, 300, 6)).data, outputs, 2 ** -52, 1e7);
  });
});

describe('inputs', () => {
  it('stay as they are, labels too', async () => {
    const [X, labels] = [C.data.slice(), cross.labels.slice()];
    const Y = Array.from(labels, String);
    for (const targets of ['gauss-newton', 'nearest', 'inverse'] as const) {
      await trainClassifier(C, cross.labels, { hidden: [5], targets });
      await trainClassifier(C, Y, { hidden: [5], targets, standardize: true });
    }
    expect([C.data, cross.labels]).toEqual([X, labels]);
    expect(Y).toEqual(Array.from(labels, String));
  });

  it('may be parts of larger arrays', async () => {
    const options = { hidden: [10], iterations: 2 };
    const whole = new Float64Array(C.data.length + 7).fill(NaN);
    whole.set(C.data, 5);
    const names = new Int32Array(cross.labels.length + 3).fill(-9);
    names.set(cross.labels, 1);
    const view = matrix(whole.subarray(5, 5 + C.data.length), C.rows, C.cols);
    const [from, plainly] = [
      await trainClassifier(view, names.subarray(1, 1 + C.rows), options),
      await trainClassifier(C, cross.labels, options),
    ];
    expect(bits(from.network)).toBe(bits(plainly.network));
    expect(await from.predict(view)).toEqual(await plainly.predict(C));
  });

  it('may be one column, or one row of each class', async () => {
    const line = matrix(Float64Array.from({ length: 60 }, (_, i) => i), 60, 1); // prettier-ignore
    const bands = Array.from({ length: 60 }, (_, i) => Math.floor(i / 15) % 2);
    expect(await accuracy(await trainClassifier(line, bands, { hidden: [20] }), line, bands)).toBe(1);
    const two = matrix(Float64Array.of(1, 2, 3, 5), 2, 2);
    const model = await trainClassifier(two, ['a', 'b'], { hidden: [4] });
    expect(await model.predict(two)).toEqual(['a', 'b']);
  });

  it('may all be equal: then nothing is learnt, and nothing breaks', async () => {
    const same = matrix(new Float64Array(40).fill(3), 20, 2);
    const labels = Array.from({ length: 20 }, (_, i) => Number(i < 14));
    for (const targets of ['gauss-newton', 'nearest', 'inverse'] as const) {
      const model = plain(await trainClassifier(same, labels, { hidden: [4], targets }));
      expect(parameters(model.network).every(Number.isFinite)).toBe(true);
      expect(await accuracy(model, same, labels)).toBe(0.7);
    }
  });
});

describe('validation', () => {
  const noise = source(11);
  const noisy = checkerboard3(150, mulberry32(12));
  const labels = noisy.labels.map((k) => (noise.uniform() > 0.6 ? noise.integer(3) : k));
  const X = matrix(noisy.inputs, 150, 2);
  const validation = { inputs: H, labels: held.labels };
  const options = { hidden: [60], iterations: 25, ridge: 0, validation };

  it.each([1, 3])('keeps the best iteration and stops %i after it', async (patience) => {
    const model = await trainClassifier(X, labels, { ...options, patience });
    const { bestIteration } = model.report;
    const scored = accepted(model.report);
    expect(scored.every(({ validation: score }) => score !== undefined)).toBe(true);
    const scores = scored.map(({ validation: score }) => score!);
    const best = Math.max(...scores);
    // The first of the best, and `patience` accepted iterations after it that were no better.
    expect(scored[scores.indexOf(best)]!.iteration).toBe(bestIteration);
    expect(scores.length - 1 - scores.indexOf(best)).toBe(patience);
    expect(model.report.iterations.length).toBeLessThan(26);
    expect(await accuracy(model, H, held.labels)).toBeCloseTo(best, 12);
  });

  it('does so for the paper’s pass', async () => {
    const model = await trainClassifier(X, labels, { ...options, targets: 'nearest', ridge: 1e-4, iterations: 6 });
    const best = Math.max(...accepted(model.report).map(({ validation: score }) => score!));
    expect(await accuracy(model, H, held.labels)).toBeCloseTo(best, 12);
  });

  it('keeps the first of equals', async () => {
    const options = { hidden: [30], iterations: 20, ridge: 1e-6, patience: 2 };
    const model = await trainClassifier(C, cross.labels, {
      ...options,
      validation: { inputs: C, labels: cross.labels },
    });
    const scores = accepted(model.report).map(({ validation: score }) => score!);
    expect(scores.at(-1)).toBe(1);
    expect(scores.filter((score) => score === 1).length).toBe(3);
    expect(accepted(model.report)[scores.indexOf(1)]!.iteration).toBe(model.report.bestIteration);
  });

  it('leaves out refused iterations', async () => {
    const { report } = await trainClassifier(X, labels, { ...options, samples: 'misclassified', patience: 100 });
    const refused = report.iterations.filter((iteration) => !iteration.accepted);
    expect(refused.length).toBeGreaterThan(0);
    for (const { validation: score } of refused) expect(score).toBeUndefined();
  });

  it('is scored on names as well, and under softmin', async () => {
    const names = (values: ArrayLike<number>) => Array.from(values, (k) => `class ${k}`);
    const model = await trainClassifier(X, names(labels), {
      ...options,
      output: 'softmin',
      validation: { inputs: H, labels: names(held.labels) },
    });
    const { iterations, bestIteration } = model.report;
    const { accuracy: reached } = await model.evaluate(H, names(held.labels));
    expect(reached).toBeCloseTo(iterations[bestIteration]!.validation!, 12);
  });
});

describe.each(['inverse', 'nearest'] as const)('validation with %s', (targets) => {
  it('scores every pass and keeps the best', async () => {
    const options = { hidden: [30], targets, samples: 'misclassified', patience: 3, standardize: true } as const;
    const model = await trainClassifier(B, board.labels, {
      ...options,
      validation: { inputs: H, labels: held.labels },
    });
    const { iterations, bestIteration } = model.report;
    const scores = iterations.map(({ validation: score }) => score!);
    expect(iterations.some(({ accepted: taken }) => !taken)).toBe(true);
    expect(scores.every((score) => score >= 0)).toBe(true);
    expect(Math.max(...scores)).toBe(scores[bestIteration - 1]);
    expect(await accuracy(model, H, held.labels)).toBeCloseTo(Math.max(...scores), 12);
  });
});

describe('onIteration', () => {
  it('is told every iteration, as the report has it', async () => {
    const seen: unknown[] = [];
    const { report } = await trainClassifier(B, board.labels, {
      hidden: [10],
      iterations: 5,
      onIteration: (iteration) => {
        seen.push({ ...iteration });
        iteration.objective = NaN;
      },
    });
    expect(seen).toEqual(report.iterations);
    expect(seen.length).toBe(6);
    report.iterations.slice(1).forEach(({ seconds, operations }, i) => {
      expect(seconds).toBeGreaterThanOrEqual(report.iterations[i]!.seconds);
      expect(operations).toBeGreaterThan(report.iterations[i]!.operations);
    });
    expect(report.rows).toBe(B.rows);
  });
});

describe('first weights that tell nothing', () => {
  it('are drawn anew, and the training goes on from there', async () => {
    const X = matrix(Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1), 4, 2);
    const { report } = await trainClassifier(X, ['no', 'yes', 'yes', 'no'], { hidden: [4] });
    expect(report.iterations[2]!.damping).toBeLessThan(1);
    expect(report.iterations.at(-1)!.misclassified).toBe(0);
  });
});

describe("an onIteration that returns 'stop'", () => {
  it.each(['gauss-newton', 'inverse'] as const)(
    'ends the training with the best weights so far, %s',
    async (targets) => {
      const options = { hidden: [10], ridge: 1e-3, targets, seed: 3 };
      const last = targets === 'inverse' ? 1 : 2;
      const stopped = await trainClassifier(B, board.labels, {
        ...options,
        onIteration: async ({ iteration }) => Promise.resolve(iteration === last && 'stop'),
      });
      expect(stopped.report.iterations.at(-1)!.iteration).toBe(last);
      const whole = await trainClassifier(B, board.labels, options);
      expect(whole.report.iterations.length).toBeGreaterThan(stopped.report.iterations.length);
      const short = await trainClassifier(B, board.labels, { ...options, iterations: last });
      expect(stopped.network.layers).toEqual(short.network.layers);
    },
  );
});

describe('an onIteration that returns a promise', () => {
  it('waits for whatever has a then, and fails with what it rejects with', async () => {
    const asked: number[] = [];
    const later = { then: (done: (value: number) => void) => void setImmediate(() => done(asked.push(1))) };
    await trainClassifier(B, board.labels, { hidden: [10], iterations: 3, onIteration: () => later });
    expect(asked).toEqual([1, 1, 1, 1]);
    const callable = Object.assign(() => undefined, { then: (done: (value: string) => void) => done('stop') });
    const stopped = await trainClassifier(B, board.labels, {
      hidden: [10],
      iterations: 3,
      onIteration: () => callable,
    });
    expect(stopped.report.iterations).toHaveLength(1);
    const failing = { then: (_: unknown, fail: (reason: unknown) => void) => fail(new Error('no database')) };
    const run = trainClassifier(B, board.labels, { hidden: [10], iterations: 3, onIteration: () => failing });
    await expect(run).rejects.toThrow('no database');
  });

  it('is waited for, and rejects the training with what it rejects with', async () => {
    let [under, most] = [0, 0];
    const onIteration = async () => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, 5));
      under--;
    };
    await trainClassifier(B, board.labels, { hidden: [10], iterations: 3, onIteration });
    expect([under, most]).toEqual([0, 1]);
    const failing = () => Promise.reject(new Error('no disk'));
    const error = await failure(trainClassifier(B, board.labels, { hidden: [10], onIteration: failing }));
    expect(error).toMatchObject({ message: 'no disk' });
  });

  it.each(['at once', 'later'])('need not come where the signal does: %s', async (when) => {
    const controller = new AbortController();
    const onIteration = () => {
      if (when === 'later') setTimeout(() => controller.abort('enough'), 5);
      else controller.abort('enough');
      return new Promise<void>(() => undefined);
    };
    const { signal } = controller;
    const error = await failure(trainClassifier(B, board.labels, { hidden: [10], signal, onIteration }));
    expect(error).toMatchObject({ code: 'ABORTED', cause: 'enough' });
  });
});

describe('mask and image', () => {
  it('a mask is asked once for each unit, with the random numbers of the training', async () => {
    const units: number[] = [];
    const mask = (random: Random, unit: number) => {
      units.push(unit);
      return [Number(random.uniform() < 0.5), 1];
    };
    const train = () => trainClassifier(C, cross.labels, { hidden: [70], mask, iterations: 0, ridge: 1e-4 });
    const { network } = await train();
    expect(units).toEqual(Array.from({ length: 70 }, (_, unit) => unit));
    const first = network.layers[0]!.weights.subarray(0, 70);
    const zeros = first.filter((w) => w === 0).length;
    expect(zeros).toBeGreaterThan(15);
    expect(zeros).toBeLessThan(55);
    expect(bits((await train()).network)).toBe(bits(network));
  });
});

describe('a matrix of deficient rank', () => {
  // The columns of XOR twice over, and a constant one.
  const twice = matrix(
    Float64Array.from({ length: 200 * 5 }, (_, i) =>
      i % 5 === 4 ? 3 : C.data[2 * Math.floor(i / 5) + ((i % 5) % 2)]!,
    ),
    200,
    5,
  );
  const rules = [
    ['gauss-newton', []],
    ['nearest', []],
    ['nearest', [6]],
    ['inverse', [6]],
  ] as const;

  it.each(rules)('falls to the SVD and says so: targets %s, hidden %j', async (targets, hidden) => {
    const options = { targets, hidden, ridge: 0, standardize: false, iterations: 2 };
    const { network, report } = await trainClassifier(twice, cross.labels, options);
    expect(report.layers[0]).toMatchObject({ solver: 'svd', rank: 3, ridge: 0 });
    expect(report.layers[0]!.rcond).toBeLessThan(1e-14);
    expect(parameters(network).every(Number.isFinite)).toBe(true);
    expect(report.iterations.every(({ objective }) => Number.isFinite(objective))).toBe(true);
    // The shortest solution shares the weights out over the two copies.
    const { weights, units } = network.layers[0]!;
    expectClose(weights.subarray(2 * units, 4 * units), weights.subarray(0, 2 * units), 2 ** -52, 1e4);
  });

  it.each(rules)('is refused by Cholesky: targets %s, hidden %j', async (targets, hidden) => {
    const options = { targets, hidden, ridge: 0, standardize: false, iterations: 1, solver: 'cholesky' } as const;
    const error = await failure(trainClassifier(twice, cross.labels, options));
    expect(error).toBeInstanceOf(SingularError);
    expect((error as SingularError).code).toBe('SINGULAR');
    // The outputs of all classes add up to a constant, so that their weights never have full rank; whether a pivot of
    // theirs comes out as zero or as the least bit above it is a matter of rounding.
    const names = hidden.length === 0 ? ['the output layer'] : ["a layer's weights", 'hidden layer 1'];
    const messages = names.map(
      (name) =>
        `Expected a positive definite Gram matrix of ${name} with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it`,
    );
    expect(messages).toContain((error as SingularError).message);
  });

  it('is no trouble with a ridge', async () => {
    const model = await trainClassifier(twice, cross.labels, { hidden: [20], solver: 'cholesky' });
    expect(await accuracy(model, twice, cross.labels)).toBe(1);
    expect(model.report.layers.every(({ solver }) => solver === 'cholesky')).toBe(true);
  });
});

describe('solvers', () => {
  it('agree on what both can solve', async () => {
    const options = { hidden: [8], iterations: 1, ridge: 0.01 };
    const [cholesky, svd] = await Promise.all(
      (['cholesky', 'svd'] as const).map((solver) => trainClassifier(B, board.labels, { ...options, solver })),
    );
    const solvers = (model: Classifier) => model.report.layers.map(({ solver }) => solver);
    expect(solvers(cholesky!)).toEqual(['cholesky', 'cholesky']);
    expect(solvers(svd!)).toEqual(['cholesky', 'svd']);
    const expected = cholesky!.network.forwardSync(B).data;
    expectClose(svd!.network.forwardSync(B).data, expected, 2 ** -52, 1e7);
  });
});
