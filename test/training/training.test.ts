import { describe, expect, it } from 'vitest';
import { gaussNewton } from '../../lib/training/gauss-newton.js';
import type { FloatArray } from '../../lib/matrix.js';
import { layout } from '../../lib/training/layout.js';
import { settingsOf, type SampleRule } from '../../lib/options.js';
import type { Problem } from '../../lib/training/problem.js';
import { Training } from '../../lib/training/training.js';
import { denseOf, lowerTriangle, rowsOf } from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { float64 } from '../support/precision.js';
import { drawProblem } from '../support/problem.js';
import { sweep } from '../support/reference.js';

const rows = 1000;
const drawn = drawProblem(float64, { samples: rows, columns: 3, hidden: [[30, 'tanh'], [6, 'sigmoid']], outputs: 3 }); // prettier-ignore
const labels = drawn.random.labels(rows, 3);
const problem: Problem = {
  inputs: { data: drawn.samples.inputs, rows, cols: 3 },
  outputs: 3,
  labels,
  positive: 0.25,
  negative: 0,
};
const options = { hidden: [30, { units: 6, activation: 'sigmoid' }], threads: 2 };
const shape = { rows, inputs: 3, outputs: 3 };

function start(memoryLimit: number): Training {
  const training = new Training(problem, settingsOf({ ...options, memoryLimit }, true));
  drawn.raw.hidden.forEach(({ weights }, l) => training.hidden[l]!.weights.set(weights));
  training.output.weights.set(drawn.raw.output.weights);
  return training;
}

/** The least limit under which at least this share of the rows is kept. */
function limitFor(share: number): number {
  for (let limit = 1; ; limit = Math.ceil(limit * 1.02))
    if (layout(shape, settingsOf({ ...options, memoryLimit: limit }, true), 8).cacheRows >= share * rows) return limit;
}

const cachedShare = (training: Training) => training.report(training.network()).cachedShare;

const limits = [1, limitFor(0.1), limitFor(0.5), 2 ** 28];

async function isKept(training: Training, row: number): Promise<boolean> {
  return (await training.rowSet(Int32Array.of(row))).slots?.length === 1;
}

/** The same of each row. */
function areKept(training: Training, rows: Int32Array): Promise<boolean[]> {
  return Promise.all(Array.from(rows, (row) => isKept(training, row)));
}

describe('the passes of a training', () => {
  it('keep none, some or all of the activations, as memory allows', () => {
    const shares = limits.map((limit) => cachedShare(start(limit)));
    expect(shares[0]).toBe(0);
    expect(shares[3]).toBe(1);
    for (const share of shares.slice(1, 3)) {
      expect(share).toBeGreaterThan(0.05);
      expect(share).toBeLessThan(1);
    }
    // Several batches, so that a pass has seams.
    expect(start(limits[1]!).batch).toBeLessThan(rows / 3);
  });

  it.each([0, 1, 2, 3])('add up the same sums under limit %i, of all rows and of some', async (index) => {
    const training = start(limits[index]!);
    const some = Int32Array.from({ length: 450 }, (_, i) => 2 * i + 7);
    const all = Array.from({ length: rows }, (_, i) => i);
    const sums = () => ({
      outputRhs: training.zeros(7 * 3),
      hiddenRhs: training.hidden.map(({ weights }) => training.zeros(weights.length)),
      slopes: training.hidden.map(({ units }) => training.zeros(units ** 2)),
      marks: new Uint8Array(rows),
      share: training.zeros(3),
      grams: [4, 31, 7].map((order) => training.zeros(order ** 2)),
    });
    const lower = (gram: FloatArray) => {
      const order = Math.sqrt(gram.length);
      return lowerTriangle(denseOf(gram, order, order));
    };
    await training.sweep({ count: rows }, { cached: false });
    for (const [chosen, set] of [
      [all, { count: rows }],
      [[...some], await training.rowSet(some)],
      [[999], await training.rowSet(Int32Array.of(999))],
    ] as const)
      for (const samples of ['all', 'misclassified', 'margin'] satisfies SampleRule[])
        for (const cached of [true, false]) {
          const into = sums();
          const totals = await training.sweep(set, { ...into, cached }, samples);
          const desired = { labels: chosen.map((row) => labels[row]!), positive: 0.25, negative: 0 };
          const expected = sweep(drawn.hidden, drawn.output, rowsOf(drawn.X, chosen), samples, desired);
          const { active, weight, misclassified } = totals;
          expect([active, weight, misclassified]).toEqual([expected.active, expected.active, expected.misclassified]);
          expectClose([totals.squares], [expected.squares], 2 ** -52);
          expectClose(into.outputRhs, expected.outputRhs.data, 2 ** -52, 100);
          expected.hiddenRhs.forEach((rhs, l) => expectClose(into.hiddenRhs[l]!, rhs.data, 2 ** -52, 100));
          expected.slopes.forEach((slope, l) => expectClose(lower(into.slopes[l]!), lowerTriangle(slope), 2 ** -52));
          expected.grams.forEach((gram, l) => expectClose(lower(into.grams[l]!), lowerTriangle(gram), 2 ** -52));
          expect([...into.share]).toEqual(expected.share);
          chosen.forEach((row, i) => expect(into.marks[row]).toBe(expected.marks[i]));
        }
  });

  it('goes over the kept rows alone', async () => {
    for (const limit of limits.slice(1)) {
      const training = start(limit);
      const all = Int32Array.from({ length: rows }, (_, row) => row);
      const are = await areKept(training, all);
      const kept = [...all].filter((row) => are[row]);
      await training.sweep({ count: rows }, { cached: false });
      const outputRhs = training.zeros(7 * 3);
      const before = training.operations;
      const totals = await training.sweep(training.kept, { cached: true, outputRhs }, 'margin');
      const desired = { labels: kept.map((row) => labels[row]!), positive: 0.25, negative: 0 };
      const expected = sweep(drawn.hidden, drawn.output, rowsOf(drawn.X, kept), 'margin', desired);
      expectClose([totals.squares], [expected.squares], 2 ** -52);
      expectClose(outputRhs, expected.outputRhs.data, 2 ** -52, 100);
      expect(training.operations - before).toBe(2 * 2 * kept.length * 6 * 3 + 2 * kept.length * 3);
    }
  });

  it('computes again only what is not kept', async () => {
    const operations = await Promise.all(
      limits.map(async (limit) => {
        const training = start(limit);
        await training.sweep({ count: rows }, { cached: false });
        const before = training.operations;
        await training.sweep({ count: rows }, { cached: true });
        return training.operations - before - 2 * rows * 6 * 3;
      }),
    );
    const shares = limits.map((limit) => cachedShare(start(limit)));
    expect(operations).toEqual(shares.map((share) => Math.round((1 - share) * rows) * 2 * (3 * 30 + 30 * 6)));
  });

  it('keep rows from everywhere, those kept first', async () => {
    for (const limit of limits.slice(1, 3)) {
      const training = start(limit);
      const all = Int32Array.from({ length: rows }, (_, row) => row);
      const kept = await areKept(training, all);
      const indices = all.filter((row) => kept[row]);
      expect(indices).toHaveLength(training.kept.count);
      expect(indices.length / rows).toBe(cachedShare(training));
      expect((await training.rowSet(all)).slots).toEqual(Int32Array.from(indices.keys()));
      // Of each half of the rows the same share, but for a batch.
      const below = indices.filter((row) => row < rows / 2).length;
      expect(Math.abs(below - indices.length / 2)).toBeLessThanOrEqual(training.batch);
      const some = await training.rowSet(Int32Array.from({ length: 450 }, (_, i) => 2 * i + 7));
      const order = await areKept(training, some.indices!);
      expect(order.lastIndexOf(true)).toBe(some.slots!.length - 1);
      expect(order.filter(Boolean)).toHaveLength(some.slots!.length);
      some.slots!.forEach((slot, i) => expect(indices[slot]).toBe(some.indices![i]));
    }
  });

  it('computes again no more of the rows by index', async () => {
    const some = Int32Array.from({ length: 450 }, (_, i) => 2 * i + 7);
    for (const limit of limits) {
      const training = start(limit);
      await training.sweep({ count: rows }, { cached: false });
      const before = training.operations;
      await training.sweep(await training.rowSet(some), { cached: true });
      const again = (await areKept(training, some)).filter((is) => !is).length;
      expect(training.operations - before).toBe(2 * again * (3 * 30 + 30 * 6) + 2 * some.length * 6 * 3);
    }
  });

  it('choose the rows that have a mark', async () => {
    const training = start(1);
    const marks = new Uint8Array(rows);
    marks.set([1, 2, 3, 0, 1], 10);
    const slots = new Int32Array(0);
    expect(await training.markedRows(marks, 1, 3)).toEqual({ count: 3, indices: Int32Array.of(10, 12, 14), slots });
    expect(await training.markedRows(marks, 2, 2)).toEqual({ count: 2, indices: Int32Array.of(11, 12), slots });
    expect(await training.markedRows(marks, 1, rows)).toEqual({ count: rows });
  });
});

it('has a ridge for each layer that goes with its own scale', async () => {
  const ridges = async (scales: number[]) => {
    const training = new Training(problem, settingsOf({ ...options, iterations: 1 }, true));
    drawn.raw.hidden.forEach(({ weights }, l) => training.hidden[l]!.weights.set(weights));
    training.ridgeScales = scales;
    await gaussNewton(training);
    return training.layerReports.map(({ ridge }) => ridge);
  };
  const [usual, scaled] = [await ridges([1, 1, 1]), await ridges([4, 2, 1 / 8])];
  expect(usual.every((ridge) => ridge > 0)).toBe(true);
  const factors = scaled.map((ridge, l) => ridge / usual[l]!);
  [4, 2, 1 / 8].forEach((factor, l) => expect(factors[l]).toBeCloseTo(factor, 10));
});
