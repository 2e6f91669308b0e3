import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  AbortedError,
  matrix,
  ModelFileError,
  plan,
  trainClassifier,
  trainRegressor,
  type ClassifierOptions,
  type FloatArray,
} from '../../lib/index.js';
import { settingsOf } from '../../lib/options.js';
import { withCopies } from '../../lib/training/augment.js';
import { HeldOut } from '../../lib/training/held-out.js';
import { searchSizes } from '../../lib/training/layout.js';
import { partOf } from '../../lib/training/trial-parts.js';
import type { Problem } from '../../lib/training/problem.js';
import { Training } from '../../lib/training/training.js';
import { expectClose, failure } from '../support/expect.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';

const [height, width] = [6, 8];
const image = { height, width };
const cols = height * width;
/** Nothing moves. */
const still = { rotation: 0, scale: 0, shear: 0, shift: 0 };

/** A bar of three pixels, upright or lying, somewhere in the noise. */
function bars(rows: number, seed: number) {
  const random = source(seed);
  const data = new Float64Array(rows * cols);
  const labels = Int32Array.from({ length: rows }, (_, i) => i % 2);
  labels.forEach((label, row) => {
    for (let j = 0; j < cols; j++) data[row * cols + j] = random.uniform(0.2);
    const [tall, wide] = label === 1 ? [3, 1] : [1, 3];
    const [y, x] = [random.integer(height - tall + 1), random.integer(width - wide + 1)];
    for (let i = 0; i < 3; i++) data[row * cols + (y + label * i) * width + x + (1 - label) * i]! += 1;
  });
  return { X: matrix(data, rows, cols), labels };
}

describe('augment', () => {
  it('trains on copies, and by them learns more than the images themselves show', async () => {
    const [train, test] = [bars(100, 1), bars(2000, 2)];
    const before = train.X.data.slice();
    const options: ClassifierOptions = { hidden: [100], image, seed: 1 };
    const plain = await trainClassifier(train.X, train.labels, options);
    const augment = { copies: 9, rotation: 0, scale: 0, shear: 0, shift: 0.3 };
    const more = await trainClassifier(train.X, train.labels, { ...options, augment });
    expect(more.report.rows).toBe(10 * train.X.rows);
    const [one, other] = [await plain.evaluate(test.X, test.labels), await more.evaluate(test.X, test.labels)];
    expect(other.accuracy).toBeGreaterThan(one.accuracy + 0.2);
    // The search judges by images that it left out, copies and all.
    expect(more.report.ridgeSearch).toMatchObject({ rows: 100, folds: 5 });
    expect(train.X.data).toEqual(before);
    const again = await trainClassifier(train.X, train.labels, { ...options, augment });
    expect(again.network.layers).toEqual(more.network.layers);
    const otherSeed = await trainClassifier(train.X, train.labels, { ...options, augment, seed: 2 });
    expect(otherSeed.network.layers).not.toEqual(more.network.layers);
  });

  it.each([undefined, Float64Array.from({ length: 200 }, (_, i) => i % 3)])(
    'of copies that are no different is a training on the images, sample weights: %#',
    async (sampleWeights) => {
      const { X, labels } = bars(200, 3);
      const wanted = source(4).normals(200, 2).data;
      const options = { hidden: [12], image, ridge: 1e-2, iterations: 3, ...(sampleWeights && { sampleWeights }) };
      const copied = { ...options, augment: { copies: 2, ...still } };
      const pairs = [
        [await trainClassifier(X, labels, options), await trainClassifier(X, labels, copied)],
        [
          await trainRegressor(X, matrix(wanted, 200, 2), options),
          await trainRegressor(X, matrix(wanted, 200, 2), copied),
        ],
      ] as const;
      for (const [{ network }, { network: other, report }] of pairs) {
        expect(report.rows).toBe(600);
        network.layers.forEach(({ weights }, l) => {
          expectClose(other.layers[l]!.weights, weights, 2 ** -52, 1e5);
        });
      }
    },
  );

  it('turns, stretches and mirrors', async () => {
    const one = matrix(
      Float64Array.from({ length: cols }, (_, j) => j % width),
      1,
      cols,
    );
    const problem = { inputs: one, outputs: 1, targets: Float64Array.of(5) };
    const copies = async (augment: object) => {
      const settings = settingsOf({ image, augment: { copies: 200, ...still, ...augment } }, false);
      const { inputs, targets, originals } = await withCopies(lane(), problem, settings);
      expect([inputs.rows, inputs.cols, originals, targets]).toEqual([201, cols, 1, new Float64Array(201).fill(5)]);
      expect(inputs.data.subarray(0, cols)).toEqual(one.data);
      return Array.from({ length: 200 }, (_, c) => inputs.data.subarray((c + 1) * cols, (c + 2) * cols));
    };
    /** Of the ramp from left to right: what it rises by to the right, and downwards, in the middle of a copy. */
    const slopes = (all: FloatArray[]) =>
      all.map((copy) => [copy[2 * width + 4]! - copy[2 * width + 3]!, copy[3 * width + 3]! - copy[2 * width + 3]!]);
    const farthest = (values: number[]) => [Math.min(...values), Math.max(...values)];
    const column = (all: number[][], c: number) => farthest(all.map((pair) => pair[c]!));

    const flipped = (await copies({ flip: true })).filter((copy) => copy[0] === width - 1);
    expect(flipped.length).toBeGreaterThan(70);
    expect(flipped.length).toBeLessThan(130);
    expect([...flipped[0]!.subarray(0, width)]).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);

    const turned = slopes(await copies({ rotation: 30 }));
    for (const [across, down] of turned as [number, number][]) expect(Math.hypot(across, down)).toBeCloseTo(1, 12);
    const [left, right] = column(turned, 1);
    expect([left! > -0.5, left! < -0.45, right! < 0.5, right! > 0.45]).toEqual([true, true, true, true]);

    const [narrow, wide] = column(slopes(await copies({ scale: 0.2 })), 0);
    expect([narrow! >= 0.8, narrow! < 0.82, wide! <= 1.2, wide! > 1.18]).toEqual([true, true, true, true]);

    const sheared = slopes(await copies({ shear: 0.4 }));
    for (const [across] of sheared) expect(across).toBeCloseTo(1, 12);
    const [least, most] = column(sheared, 1);
    expect([least! >= -0.4, least! < -0.38, most! <= 0.4, most! > 0.38]).toEqual([true, true, true, true]);

    const shifted = (await copies({ shift: 0.25 })).map((copy) => copy[2 * width + 3]! - 3);
    const [back, forth] = farthest(shifted);
    expect([back! >= -2, back! < -1.9, forth! <= 2, forth! > 1.9]).toEqual([true, true, true, true]);
  });

  it('leaves the copies of rows that are held out alone, too', async () => {
    const [rows, random] = [25_000, source(5)];
    const inputs = matrix(Float32Array.from(random.normals(rows, 4).data), rows, 4);
    const labels = random.labels(rows, 2);
    const options = { hidden: [2], image: { height: 2, width: 2 }, augment: { copies: 3 } };
    const settings = settingsOf(options, true);
    const training = new Training(await withCopies(lane(), { inputs, labels, outputs: 2 }, settings), settings);
    await HeldOut.of(training);
    expect([training.heldOut, training.weightedRows, training.rows]).toEqual([500, rows, 4 * rows]);
    const weights = training.weights!;
    expect(weights.filter((weight) => weight === 0)).toHaveLength(4 * 500);
    for (let row = 0; row < 4 * rows; row++) if (weights[row] !== weights[row % rows]) expect.fail(`row ${row}`);
    const { report } = await trainClassifier(inputs, labels, { ...options, ridge: 1e-3 });
    expect([report.heldOut, report.rows]).toEqual([500, 4 * rows]);
  });

  it('holds out no row that is the only one of its class', async () => {
    const rows = 25_000;
    const inputs = matrix(new Float32Array(rows), rows, 1);
    const settings = settingsOf({ hidden: [2] }, true);
    const problem = { inputs, labels: Int32Array.from({ length: rows }, (_, i) => i % 2), outputs: 3 };
    // The same rows are drawn whatever their labels are.
    const other = new Training(problem, settings);
    await HeldOut.of(other);
    const lone = other.weights!.indexOf(0);
    const labels = problem.labels.map((label, row) => (row === lone ? 2 : label));
    const training = new Training({ ...problem, labels }, settings);
    await HeldOut.of(training);
    expect(training.heldOut).toBe(other.heldOut - 1);
    expect(training.weights![lone]).toBe(1);
  });

  it('lets no copy of what a trial is judged by into what it trains on', async () => {
    const { X } = bars(100, 9);
    // Each image has a label of its own, by which it is known again.
    const labels = Int32Array.from({ length: 100 }, (_, i) => i);
    const settings = settingsOf({ image, augment: { copies: 3 } }, true);
    const problem = await withCopies(lane(), { inputs: X, labels, outputs: 100 }, settings);
    const training = new Training(problem, settings);
    const sizes = searchSizes({ rows: 100, inputs: cols, outputs: 100 }, settings, 8)!;
    expect(sizes).toMatchObject({ fit: 80, held: 20, folds: 5, copies: 3 });
    const all: number[] = [];
    const order = training.drawRows(100);
    for (let fold = 0; fold < 5; fold++) {
      const { fit, held } = await partOf(training, sizes, order, fold);
      const [own, others] = [Array.from(held.labels!), Array.from(fit.labels!)];
      expect([held.inputs.rows, fit.inputs.rows, fit.originals]).toEqual([20, 320, 80]);
      expect(own.filter((label) => others.includes(label))).toEqual([]);
      for (const label of new Set(others)) expect(others.filter((other) => other === label)).toHaveLength(4);
      const check = (part: Problem, given: number[]) => {
        given.forEach((label, i) => {
          const from = (label + 100 * Math.floor(i / part.originals!)) * cols;
          const copy = problem.inputs.data.subarray(from, from + cols);
          expect(part.inputs.data.subarray(i * cols, (i + 1) * cols)).toEqual(copy);
        });
      };
      check(held, own);
      check(fit, others);
      all.push(...own);
    }
    expect(all.sort((a, b) => a - b)).toEqual(Array.from(labels));
  });

  it('refuses more rows than a matrix has', () => {
    const shape = { rows: 2 ** 30, inputs: cols, outputs: 2 };
    expect(() => plan(shape, { image, augment: { copies: 2 } })).toThrow(
      'Expected options.augment.copies to make 2147483647 rows at most but 2 of 1073741824 rows are more',
    );
  });

  it('is planned', async () => {
    const { X } = bars(300, 6);
    const Y = matrix(source(7).normals(300, 2).data, 300, 2);
    for (const more of [{}, { memoryLimit: 1 }]) {
      const options = {
        hidden: [10],
        activation: 'tanh',
        image,
        augment: { copies: 3 },
        iterations: 2,
        ...more,
      } as const;
      const { report } = await trainRegressor(X, Y, options);
      expect(report.iterations.every(({ accepted }) => accepted)).toBe(true);
      const planned = plan({ rows: 300, inputs: cols, outputs: 2 }, { ...options, task: 'regressor' });
      const { operations, trials } = report.ridgeSearch ?? { operations: 0, trials: [] };
      expect(report.operations - operations).toBe(planned.operations);
      // A trial that looks hopeless is not made in all of the folds.
      expect(operations).toBeLessThanOrEqual(trials.length * planned.trial);
      expect(operations).toBeGreaterThanOrEqual((trials.length * planned.trial) / 2);
      expect(planned.trial > 0).toBe(trials.length > 0);
      expect(report.cachedShare).toBe(planned.cachedShare);
      const { augment: _, ...alone } = options;
      const without = plan({ rows: 1200, inputs: cols, outputs: 2 }, { ...alone, ridge: 0, task: 'regressor' });
      const copied = plan({ rows: 300, inputs: cols, outputs: 2 }, { ...options, ridge: 0, task: 'regressor' });
      // The probe of the first weights is of the images.
      expect(copied.operations).toBe(without.operations - 2 * 10 * cols * 900);
      // All rows, their targets and weights; where scratch has no more room than that probe takes, less what it is smaller by.
      const smaller = 'memoryLimit' in more ? 900 * cols * 8 : 0;
      expect(copied.bytes - without.bytes).toBe(1200 * (cols + 2 + 1) * 8 - smaller);
    }
  });

  it('goes on from a checkpoint of the same copies only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bpls-augment-'));
    try {
      const { X, labels } = bars(200, 8);
      const checkpoint = join(folder, 'training');
      const options = { hidden: [8], image, augment: { copies: 2 }, iterations: 4 };
      const whole = await trainClassifier(X, labels, options);
      const controller = new AbortController();
      const onIteration = ({ iteration }: { iteration: number }) => {
        if (iteration === 2) controller.abort();
      };
      const cut = trainClassifier(X, labels, { ...options, checkpoint, signal: controller.signal, onIteration });
      expect(await failure(cut)).toBeInstanceOf(AbortedError);
      const others = () => trainClassifier(X, labels, { ...options, augment: { copies: 2, shear: 0 }, checkpoint });
      expect(await failure(others)).toBeInstanceOf(ModelFileError);
      const resumed = await trainClassifier(X, labels, { ...options, checkpoint });
      expect(resumed.network.layers).toEqual(whole.network.layers);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
