import { describe, expect, it } from 'vitest';
import { matrix, plan, trainClassifier, trainRegressor, type ClassifierOptions } from '../../lib/index.js';
import { settingsOf } from '../../lib/options.js';
import { holdsOut, iterationsOf, Progress } from '../../lib/training/progress.js';
import { createRandom, drawRows } from '../../lib/random.js';
import { mulberry32 } from '../../bench/data/toy.js';
import { rules } from '../support/rules.js';
import { source } from '../support/random.js';
import { signs, waves } from '../support/signs.js';

const rows = 25_000;
const random = source(1);
const X = matrix(random.normals(rows, 3).data, rows, 3);
const labels = Int32Array.from({ length: rows }, (_, i) => Number(X.data[3 * i]! * X.data[3 * i + 1]! > 0));

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const third = 0.333;

describe('iterations: auto', () => {
  it('is 64 at most, by rows held out where they are many, and 8 by the paper’s rules', () => {
    const free = settingsOf({}, true);
    expect([iterationsOf(free), holdsOut(free, rows), holdsOut(free, rows - 1)]).toEqual([64, true, false]);
    for (const options of [{ validation: {} }, { hidden: [] }, { iterations: 9 }])
      expect(holdsOut(settingsOf(options, true), rows)).toBe(false);
    expect(iterationsOf(settingsOf({ targets: 'nearest' }, true))).toBe(8);
    expect(iterationsOf(settingsOf({ iterations: 5 }, true))).toBe(5);
  });

  it.each([1, 2, 3])('ends where the loss has stopped falling: seed %i', async (seed) => {
    const few = matrix(X.data.subarray(0, 3000), 1000, 3);
    // Without a ridge the objective is the loss.
    const noise = source(2);
    const wanted = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(2 * X.data[3 * i]!) + 0.3 * noise.normal());
    const { report } = await trainRegressor(few, matrix(wanted, 1000, 1), { hidden: [6], ridge: 0, seed });
    const steps = report.iterations.slice(0, -1).filter(({ accepted }) => accepted);
    let [mark, waited] = [Infinity, 0];
    const isOver = ({ objective }: { objective: number }) => {
      [mark, waited] = objective < 0.99 * mark ? [objective, 0] : [mark, waited + 1];
      return waited >= 2;
    };
    expect(steps.length).toBeLessThan(60);
    const end = steps.find((step) => isOver(step) && step.iteration >= 8);
    expect(steps.at(-1)).toEqual(end);
    expect(report.heldOut).toBe(0);
    // The last one is half a step back.
    expect(report.iterations.at(-1)!.iteration).toBe(end!.iteration + 1);
  });

  it('ends between 8 and 64, and counts the rows that it left out', async () => {
    const options = { hidden: [20], ridge: 1e-3 };
    const { report } = await trainClassifier(X, labels, options);
    expect(report.heldOut).toBe(500);
    expect(report.iterations.length).toBeGreaterThan(8);
    expect(report.iterations.length).toBeLessThanOrEqual(66);
    // Steps end with the fourth in a row that gained less than 1 %; one report is of half a step back.
    let [mark, waited] = [Infinity, 0];
    const end = report.iterations.findIndex(({ iteration, heldOutLoss: loss = Infinity, accepted }) => {
      if (!accepted) return false;
      [mark, waited] = loss < 0.99 * mark ? [loss, 0] : [mark, waited + 1];
      return iteration >= 8 && waited >= 4;
    });
    expect(report.iterations.length).toBe((end < 0 ? 64 : end) + 2);
    // It stays where the objective fell.
    const [settled, ...before] = [...report.iterations].reverse();
    const least = Math.min(...before.map(({ objective }) => objective));
    expect(settled!.accepted).toBe(settled!.objective <= least);
    expect(report.bestIteration).toBe(
      settled!.accepted ? settled!.iteration : before.find((one) => one.accepted)!.iteration,
    );
    expect(report.temperature).toBeGreaterThan(0);
    const fixed = await trainClassifier(X, labels, { ...options, iterations: 2 });
    expect([fixed.report.heldOut, fixed.report.iterations.length, fixed.report.temperature]).toEqual([0, 3, undefined]);
  }, 60_000);

  it.each([
    ['keeps more ridge where that pays', signs(), 60, 0, [1, 3, 9], 3],
    [
      'goes back where the loss falls and rises again, and where less ridge does not pay',
      signs(),
      60,
      2,
      [1, 3, third],
      1,
    ],
    ['keeps less where more does not pay', waves(), 100, 0, [1, 3, third], third],
  ])(
    '%s',
    async (_, data, units, seed, tried, factor) => {
      const options = { hidden: [units], activation: 'tanh', samples: 'margin', seed } as const;
      const model = await trainClassifier(...data, options);
      const { iterations, bestIteration, layers, ridgeSearch } = model.report;
      const factors = iterations.map(({ scale }) => Number((scale! / ridgeSearch!.scale).toFixed(3)));
      expect([...new Set(factors)]).toEqual(tried);
      expect(factors).toEqual([...factors].sort((a, b) => tried.indexOf(a) - tried.indexOf(b)));
      const last = (wanted: number) => iterations.filter((one, i) => one.accepted && factors[i] === wanted).at(-1)!;
      expect(bestIteration).toBe(last(factor).iteration);
      for (const other of tried.slice(1)) if (other !== factor) expect(last(factor).heldOutLoss).toBeLessThan(last(other).heldOutLoss!); // prettier-ignore
      // What the report says of the layers is of these weights; and ended on the way, a training goes back as well.
      const until = (end: number) =>
      trainClassifier(...data, { ...options, onIteration: ({ iteration }) => (iteration === end ? 'stop' : undefined) }); // prettier-ignore
      const early = await until(3);
      expect(layers.map(({ ridge }, l) => ridge / early.report.layers[l]!.ridge)).toEqual([factor, factor].map((one) => expect.closeTo(one, 3) as number)); // prettier-ignore
      const stopped = await until(iterations.at(-1)!.iteration);
      expect(stopped.toBytes()).toEqual(model.toBytes());
      const first = factors.indexOf(3);
      const { report } = await until(first);
      expect(report.bestIteration).toBe(iterations[first]!.heldOutLoss! < 0.99 * Math.min(...iterations.slice(0, first).map(({ heldOutLoss = Infinity }) => heldOutLoss)) ? first : last(1).iteration); // prettier-ignore
    },
    60_000,
  );

  it.each<[string, ClassifierOptions]>([
    ['two layers', { hidden: [30, 30] }],
    ['weights', { hidden: [60], classWeights: { 0: 1, 1: 2 } }],
    ['a part of the activations', { hidden: [60], memoryLimit: 14_000_000 }],
  ])(
    'makes no more operations with another ridge than planned, and tells its own weights: %s',
    async (name, options) => {
      const [X, labels] = signs();
      const given = { activation: 'tanh', samples: 'margin', ...options } as const;
      const { report, network } = await trainClassifier(X, labels, given);
      const { iterations, ridgeSearch, bestIteration, layers } = report;
      const planned = plan({ rows: X.rows, inputs: X.cols, outputs: 2 }, { ...given, precision: 'float32' });
      expect(planned.cachedShare < 1).toBe(name === 'a part of the activations');
      expect(iterations.at(-1)!.scale).not.toBe(ridgeSearch!.scale);
      expect(report.operations - ridgeSearch!.operations).toBeLessThanOrEqual(planned.operations);
      const { scale } = iterations[bestIteration]!;
      // The output layer's ridge is that of the first weights, times what it has grown by.
      const early = await trainClassifier(X, labels, { ...given, onIteration: () => 'stop' });
      expect(layers.at(-1)!.ridge / early.report.layers.at(-1)!.ridge).toBeCloseTo(scale! / ridgeSearch!.scale, 6);
      expect(network.layers).toHaveLength(options.hidden!.length + 1);
    },
    60_000,
  );

  it('judges several outputs as they will be shrunk: one that is noise asks for nothing', async () => {
    const [X] = signs();
    const noise = source(8);
    const Y = matrix(new Float32Array(2 * X.rows), X.rows, 2);
    for (let i = 0; i < X.rows; i++) {
      Y.data[2 * i] = Math.sin(X.data[40 * i]!) + X.data[40 * i + 1]! * X.data[40 * i + 2]!;
      Y.data[2 * i + 1] = 100 * noise.normal();
    }
    const model = await trainRegressor(X, Y, { hidden: [60], seed: 7 });
    const { iterations, bestIteration, ridgeSearch } = model.report;
    expect(ridgeSearch!.shrinkage).toEqual([1, 0]);
    const predicted = await model.predict(X);
    const held = [...drawRows(rows, 500, createRandom(7))];
    const column = (k: number) => Y.data.filter((_, i) => i % 2 === k);
    const variances = [0, 1].map((k) => mean(column(k).map((y) => y ** 2)) - mean(column(k)) ** 2);
    const shares = variances.map((variance, k) => mean(held.map((row) => (predicted.data[2 * row + k]! - Y.data[2 * row + k]!) ** 2 / variance))); // prettier-ignore
    // At one deviation each, the mean one: of the second its noise is left.
    const unit = mean(variances);
    expect(iterations[bestIteration]!.heldOutLoss! / unit).toBeCloseTo(shares[0]! + shares[1]!, 1);
  }, 60_000);

  it('leaves the ridge of Huber’s loss, whose bounds change', async () => {
    const [X] = signs();
    const wanted = Float32Array.from({ length: X.rows }, (_, i) => Math.sin(X.data[40 * i]!));
    const { report } = await trainRegressor(X, matrix(wanted, X.rows, 1), { hidden: [10], loss: 'huber' });
    expect(report.heldOut).toBe(500);
    expect(report.iterations.some(({ scale }) => scale !== undefined)).toBe(false);
  }, 60_000);

  it('leaves a ridge that was given as it is', async () => {
    const { report } = await trainClassifier(...signs(), { hidden: [20], ridge: 1e-4 });
    expect(report.heldOut).toBe(500);
    expect(report.iterations.some(({ scale }) => scale !== undefined)).toBe(false);
    expect(report.layers.map(({ ridge }) => ridge)).toEqual([1e-4, 1e-4]);
  });

  it('does not go on where only the weights get smaller', async () => {
    const random = mulberry32(1);
    const few = matrix(Float64Array.from({ length: 3000 }, () => 2 * random() - 1), 1000, 3); // prettier-ignore
    const wanted = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(2 * few.data[3 * i]!) + random());
    const { report } = await trainRegressor(few, matrix(wanted, 1000, 1), { hidden: [100], ridge: 0.1 });
    const objectives = report.iterations.map(({ objective }) => objective);
    expect(objectives).toHaveLength(10);
    for (const i of [7, 8]) expect(objectives[i]).toBeLessThan(0.99 * objectives[i - 1]!);
  });

  it('takes steps whatever the units of the inputs', async () => {
    const [small, plain] = await Promise.all(
      [1e-3, 1].map((unit) =>
        trainRegressor(
          matrix(
            X.data.map((value) => unit * value),
            rows,
            3,
          ),
          matrix(Float64Array.from(labels), rows, 1),
          { hidden: [20], ridge: 0, iterations: 'auto', standardize: false, init: 'contrast' },
        ),
      ),
    );
    expect(small!.report.iterations.length).toBeGreaterThan(8);
    expect(small!.report.iterations[8]!.objective).toBeCloseTo(plain!.report.iterations[8]!.objective, 6);
  });

  it('keeps the search’s temperature where no row held out has weight', async () => {
    const sampleWeights = new Float64Array(rows).fill(1);
    for (const row of drawRows(rows, 500, createRandom(0))) sampleWeights[row] = 0;
    const { report } = await trainClassifier(X, labels, { hidden: [5], sampleWeights });
    expect(report.temperature).toBeGreaterThan(0);
    expect(report.temperature).not.toBe(1);
    const none = await trainClassifier(X, labels, { hidden: [5], sampleWeights, ridge: 1e-3 });
    expect(none.report.temperature).toBeUndefined();
  });

  it('measures a fall from where the loss has risen to', () => {
    const over = (progress: Progress, losses: number[]) => losses.map((loss) => progress.isOver(loss));
    // First weights that fit the training rows too closely: the ridge's part falls first.
    const losses = [0.43, 0.51, 0.59, 0.58, 0.57, 0.56, 0.555, 0.5549];
    expect(over(new Progress(2, true), losses)).toEqual([false, false, true, false, false, false, false, true]);
    expect(over(new Progress(2, false), losses)).toEqual([false, false, true, true, true, true, true, true]);
    // Small falls count together.
    expect(over(new Progress(2, true), [1, 0.995, 0.985, 0.98, 0.979])).toEqual([false, false, false, false, true]);
  });

  it('learns rules through a plateau', async () => {
    // The loss rises first; then, after eight more, it goes to and fro until half a step back goes on downhill.
    const { report } = await trainClassifier(...rules(), { activation: 'tanh', ridge: { hidden: 8e-3, output: 2e-3 } });
    expect(report.iterations.length).toBeGreaterThan(25);
    expect(report.iterations.at(-1)!.misclassified).toBeLessThan(240);
  });

  it('lets the rows that are held out change no weight', async () => {
    // First weights that no data decide. The loss on those rows tells only when to stop, which is never soon here.
    const Y = matrix(Float64Array.from(labels), rows, 1);
    const other = Y.data.slice();
    // Among one another, so that their mean, where the biases start, is as it was.
    const held = drawRows(rows, 500, createRandom(7));
    held.forEach((row, i) => (other[row] = Y.data[held.at(-1 - i)!]!));
    expect(held.filter((row) => other[row] !== Y.data[row]).length).toBeGreaterThan(200);
    const options = { hidden: [6], init: 'orthogonal', ridge: 1e-6, seed: 7 } as const;
    const [first, second] = [
      await trainRegressor(X, Y, options),
      await trainRegressor(X, matrix(other, rows, 1), options),
    ];
    const made = (model: typeof first) => model.report.iterations.map(({ objective }) => objective);
    const both = Math.min(made(first).length, made(second).length);
    expect(both).toBeGreaterThan(8);
    expect(made(second).slice(0, both)).toEqual(made(first).slice(0, both));
  }, 60_000);
});
