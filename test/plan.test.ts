import { describe, expect, it } from 'vitest';
import { matrix, paper, plan, ShapeError, trainClassifier, trainRegressor } from '../lib/index.js';
import { checkerboard3, mulberry32, teacher } from '../bench/data/toy.js';

const rows = 1000;
const regression = teacher(rows, 20, 16, 4, mulberry32(1));
const X = matrix(regression.inputs, rows, 20);
const Y = matrix(regression.targets, rows, 4);
const board = checkerboard3(rows, mulberry32(2));
const B = matrix(board.inputs, rows, 2);

describe('plan', () => {
  it.each([
    ['one hidden layer', { hidden: [30], iterations: 3 }],
    ['three hidden layers, nothing kept', { hidden: [30, 20, 40], iterations: 2, memoryLimit: 1 }],
    ['first weights orthogonal', { hidden: [30, 20], init: 'orthogonal', iterations: 1 }],
    ['first weights uniform', { hidden: [30, 20], init: 'uniform', iterations: 1 }],
    ['the output layer alone', { hidden: [] }],
    ['no iterations', { hidden: [25], iterations: 0 }],
    ['the paper, wide then narrow', { ...paper, hidden: [64, 30], iterations: 1 }],
    ['nearest, nothing kept', { hidden: [30], targets: 'nearest', iterations: 1, memoryLimit: 1 }],
    ['Huber’s loss', { hidden: [30], loss: 'huber', iterations: 2 }],
    ['Huber’s loss, nothing kept', { hidden: [30], loss: 'huber', iterations: 2, memoryLimit: 1 }],
    ['validation data', { hidden: [30], iterations: 2, validation: { inputs: X, targets: Y } }],
  ] as const)('counts what a regression does: %s', async (_, options) => {
    const { report } = await trainRegressor(X, Y, { activation: 'tanh', ...options });
    const planned = plan({ rows, inputs: 20, outputs: 4 }, { activation: 'tanh', ...options, task: 'regressor' });
    expect(report.iterations.every(({ accepted }) => accepted)).toBe(true);
    expect(report.layers.some(({ solver }) => solver === 'svd')).toBe(false);
    expect(report.operations - (report.ridgeSearch?.operations ?? 0)).toBe(planned.operations);
    expect(report.cachedShare).toBe(planned.cachedShare);
  });

  it('bounds what a linear model of Huber’s loss does: steps with momentum that go too far find no bounds', async () => {
    const { report } = await trainRegressor(X, Y, { hidden: [], loss: 'huber', ridge: 1e-4 });
    const { operations } = plan({ rows, inputs: 20, outputs: 4 }, { hidden: [], loss: 'huber', task: 'regressor' });
    expect(report.operations).toBeLessThanOrEqual(operations);
    expect(report.operations).toBeGreaterThan(0.9 * operations);
  });

  it('counts what a classification of all samples does, and bounds that of an active set', async () => {
    const shape = { rows, inputs: 2, outputs: 3 };
    const all = { hidden: [40], activation: 'tanh', iterations: 2, samples: 'all' } as const;
    const counted = await trainClassifier(B, board.labels, all);
    expect(counted.report.iterations.every(({ accepted }) => accepted)).toBe(true);
    const search = counted.report.ridgeSearch!;
    expect(counted.report.operations - search.operations).toBe(plan(shape, all).operations);
    expect(search.operations).toBe(search.trials.length * plan(shape, all).trial);
    const margin = { hidden: [40], iterations: 3, ridge: 1e-4 };
    const { report } = await trainClassifier(B, board.labels, margin);
    expect(report.operations).toBeLessThan(plan(shape, margin).operations);
    expect(report.operations).toBeGreaterThan(plan(shape, margin).operations / 4);
  });

  it('adds up: setup, evaluations and steps', () => {
    const shape = { rows: 5000, inputs: 50, outputs: 3 };
    const operations = (iterations: number) => plan(shape, { hidden: [100, 50], iterations }).operations;
    const { evaluation, step } = plan(shape, { hidden: [100, 50] });
    expect(operations(5) - operations(4)).toBe(evaluation + step);
    // Where rows are held out, 64 iterations at most and one more look, with no step before it.
    const many = { ...shape, rows: 25_000 };
    const most = plan(many, { hidden: [100], iterations: 64 });
    // A loss of the 500 rows after each of them and of the first weights: one product with the 100 units and the constant.
    const losses = 66 * 2 * 500 * 100 * 3;
    const scores = 2 * 500 * 50 * 100 + 2 * 500 * 100 * 3;
    expect(plan(many, { hidden: [100] }).operations - most.operations).toBe(most.evaluation + losses + scores);
  });

  it('keeps within the memory limit by keeping fewer activations', () => {
    const shape = { rows: 60000, inputs: 784, outputs: 10 };
    const options = { hidden: [1000], precision: 'float32' } as const;
    const wide = plan(shape, options);
    expect(wide.cachedShare).toBe(1);
    expect(wide.bytes).toBeLessThan(384 * 2 ** 20);
    const float64 = plan(shape, { hidden: [1000] });
    expect([float64.cachedShare, float64.operations]).toEqual([1, wide.operations]);
    expect(float64.bytes).toBeLessThan(768 * 2 ** 20);
    const narrow = plan(shape, { ...options, memoryLimit: 96 * 2 ** 20 });
    expect(narrow.cachedShare).toBeLessThan(0.5);
    expect(narrow.bytes).toBeLessThanOrEqual(96 * 2 ** 20);
    expect(narrow.operations).toBeGreaterThan(wide.operations);
  });

  it('refuses what is no shape or no option', () => {
    expect(() => plan({ rows: 0, inputs: 2, outputs: 1 })).toThrow(
      'Expected shape.rows to be an integer from 1 to 2147483647 but received 0',
    );
    expect(() => plan({ rows: 10, inputs: 2, outputs: 2 ** 20 + 1 })).toThrow(
      'Expected shape.outputs to be an integer from 1 to 1048576 but received 1048577',
    );
    expect(() => plan({ rows: 10, inputs: 2, outputs: 1 }, { hidden: new Array<number>(20_000).fill(1) })).toThrow(
      'Expected at most 10000 layers in options.hidden but received 20000',
    );
    expect(() => plan({ rows: 10, inputs: 3, outputs: 2 }, { image: { height: 2, width: 2 } })).toThrow(ShapeError);
    expect(() => plan({ rows: 10, inputs: 2, outputs: 1 }, { precision: 'float16' as 'float32' })).toThrow(
      "Expected options.precision to be one of 'float64', 'float32' but received \"float16\"",
    );
  });
});
