import { describe, expect, it } from 'vitest';
import { createRandom, drawRows } from '../../lib/random.js';
import { matrix, trainClassifier, trainRegressor, type Matrix } from '../../lib/index.js';
import { copiesTogether, lookUpBy, repeatsOf, Rows, withCopiesOf } from '../../lib/training/repeats.js';
import { source } from '../support/random.js';

const cols = 10;

/** Rows again and again: the first of each, then all of them once more, and so on. */
function repeated(values: ArrayLike<number>, times: number, size = 1): Float64Array {
  const all = new Float64Array(times * values.length);
  for (let k = 0; k < times; k++) all.set(values, k * values.length);
  expect(all.length % size).toBe(0);
  return all;
}

/** Noisy sums, and classes of which a fifth is wrong. */
function drawn(rows: number, seed: number) {
  const random = source(seed);
  const X = random.normals(rows, cols);
  const sums = Float64Array.from({ length: rows }, (_, i) => X.data[i * cols]! + Math.sin(2 * X.data[i * cols + 1]!));
  const y = sums.map((sum) => sum + random.normal());
  const labels = Array.from(sums, (sum) => Number(sum > 0 !== (random.integer(5) === 0)));
  return { X, y: matrix(y, rows, 1), labels };
}

const times = (X: Matrix<Float64Array>, count: number) =>
  matrix(repeated(X.data, count, X.cols), count * X.rows, X.cols);

/** Eleven values or so of each column. */
const coarse = (X: Matrix<Float64Array>) => matrix(X.data.map((value) => Math.round(2 * value) / 2), X.rows, X.cols); // prettier-ignore

const indices = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('rows that repeat others', () => {
  it('are found, of all rows and of some', async () => {
    const { X, labels } = drawn(40, 1);
    const problem = { inputs: times(X, 2), outputs: 2, labels: Int32Array.from([...labels, ...labels]) };
    const of = async (among: Int32Array) => (await repeatsOf(problem, among))!;
    expect([...(await of(indices(40))).first]).toEqual([...indices(40), ...indices(40)]);
    const { first, counts } = await of(indices(20).map((i) => 19 - i));
    expect([3, 43, 20].map((row) => first[row])).toEqual([16, 16, -1]);
    expect([...counts]).toEqual(new Array(20).fill(2));
  });

  it('stand side by side, in an order of their own', async () => {
    const { X, labels } = drawn(400, 1);
    // The last forty ten times.
    const rows = Float64Array.from([...X.data, ...repeated(X.data.subarray(360 * cols), 9)]);
    const all = Int32Array.from([...labels, ...repeated(labels.slice(360), 9)]);
    const problem = { inputs: matrix(rows, 760, cols), outputs: 2, labels: all };
    const drawnAnew = indices(760).map((i) => (7 * i + 3) % 760);
    const kinds = [...drawnAnew].map((row) => (row < 400 ? row : 360 + (row % 40)));
    const order = await copiesTogether(problem, drawnAnew, createRandom(1));
    expect([...order].sort((a, b) => a - b)).toEqual([...indices(760)]);
    const met = [...order].map((row) => (row < 400 ? row : 360 + (row % 40)));
    expect(met.filter((kind, i) => kind !== met[i - 1]).length).toBe(400);
    // Those of many copies are met first where they are drawn, and nowhere first in the end.
    const among = (kindsMet: number[]) => [...new Set(kindsMet)].slice(0, 100).filter((kind) => kind >= 360).length;
    expect(among(kinds)).toBeGreaterThan(30);
    expect(among(met)).toBeLessThan(20);
  });

  it('stand side by side but for what is often so', async () => {
    const { X, labels } = drawn(200, 1);
    const rows = Float64Array.from([...repeated(X.data, 2), ...new Float64Array(100 * cols)]);
    const problem = { inputs: matrix(rows, 500, cols), outputs: 2, labels: Int32Array.from([...labels, ...labels, ...new Int32Array(100)]) }; // prettier-ignore
    const drawnAnew = indices(500).map((i) => (7 * i + 3) % 500);
    const order = await copiesTogether(problem, drawnAnew, createRandom(1));
    for (const [i, row] of order.entries())
      if (row < 400) expect([order[i - 1], order[i + 1]]).toContain((row + 200) % 400);
    // A hundred among two hundred pairs.
    expect([...order].filter((row, i) => row >= 400 && !(order[i - 1]! >= 400)).length).toBeGreaterThan(50);
    expect((await repeatsOf(problem, drawnAnew))!.first.slice(400)).toEqual(new Int32Array(100).fill(-1));
  });

  it('are as likely held out as what has no copy', async () => {
    const { X, labels } = drawn(4000, 2);
    const inputs = matrix(Float64Array.from([...X.data, ...repeated(X.data.subarray(3900 * cols), 20)]), 6000, cols);
    const problem = { inputs, outputs: 2, labels: Int32Array.from([...labels, ...repeated(labels.slice(3900), 20)]) };
    const held = await withCopiesOf(problem, drawRows(6000, 600, createRandom(3)));
    const kinds = [...held].map((row) => (row < 4000 ? row : 3900 + (row % 100)));
    expect(new Set(held).size).toBe(held.length);
    // With each all its copies.
    for (const kind of new Set(kinds))
      expect(kinds.filter((other) => other === kind)).toHaveLength(kind < 3900 ? 1 : 21);
    const many = new Set(kinds.filter((kind) => kind >= 3900)).size;
    expect(many).toBeGreaterThan(4);
    expect(many).toBeLessThan(16);
    expect(new Set(kinds).size - many).toBeGreaterThan(350);
  });

  it('are none where few values agree by chance, targets differ, or they hardly count', async () => {
    const random = source(2);
    for (const count of [2, 6]) {
      const bits = matrix(random.uniforms(400, count).data.map((value) => Number(value > 0)), 400, count); // prettier-ignore
      const of = (i: number) => bits.data.subarray(count * i, count * i + count);
      const parity = indices(400).map((i) => of(i).reduce((a, b) => a + b, 0) % 2);
      expect(await repeatsOf({ inputs: bits, outputs: 2, labels: parity }, indices(400))).toBeUndefined();
    }

    // Of two columns each half is one, and of sixteen that say which of 16 it is each half says of half of them.
    const categories = indices(400).map((i) => Math.floor(i / 25));
    const pair = matrix(Float64Array.from([...categories].flatMap((k) => [k % 8, Math.floor(k / 8)])), 400, 2);
    const indicators = matrix(Float64Array.from([...categories].flatMap((k) => Array.from({ length: 16 }, (_, j) => Number(j === k)))), 400, 16); // prettier-ignore
    for (const inputs of [pair, indicators])
      expect(await repeatsOf({ inputs, outputs: 16, labels: categories }, indices(400))).toBeUndefined();

    // What is always one of thirty.
    const { X: kinds } = drawn(30, 5);
    const met = indices(600).map((i) => (7 * i) % 30);
    const often = matrix(Float64Array.from([...met].flatMap((k) => [...kinds.data.subarray(k * cols, (k + 1) * cols)])), 600, cols); // prettier-ignore
    expect(await repeatsOf({ inputs: often, outputs: 30, labels: met }, indices(600))).toBeUndefined();

    const { X, y } = drawn(200, 3);
    const twice = { inputs: times(X, 2), outputs: 1 };
    const measured = repeated(y.data, 2).map((value) => value + 0.1 * random.normal());
    expect(await repeatsOf({ ...twice, targets: measured }, indices(400))).toBeUndefined();
    expect(await repeatsOf({ ...twice, targets: repeated(y.data, 2) }, indices(400))).toBeDefined();

    const almost = drawn(400, 4);
    almost.X.data.copyWithin(0, cols, 3 * cols);
    const [inputs, targets] = [almost.X, almost.y.data.fill(1)];
    expect(await repeatsOf({ inputs, outputs: 1, targets }, indices(400))).toBeUndefined();
  });

  it('are found where no column has many values, as in images', async () => {
    const { X, labels } = drawn(200, 9);
    const inputs = times(coarse(X), 3);
    const problem = { inputs, outputs: 2, labels: Int32Array.from(repeated(labels, 3)) };
    expect([...(await repeatsOf(problem, indices(200)))!.first]).toEqual([...indices(600)].map((row) => row % 200));
  });

  it('are looked up by other columns where too many differ only there', async () => {
    const categories = 40;
    const inputs = matrix(new Float32Array(2 * categories * categories), 2 * categories, categories);
    for (const i of indices(2 * categories)) inputs.data[i * categories + (i % categories)] = 1;
    const [rows, among] = [new Rows(inputs), indices(2 * categories)];
    // What is none of the first three: 37 kinds of rows in one place, each to be compared with each.
    expect(await lookUpBy(indices(3), rows, among)).toBeUndefined();
    const { placeOf } = (await lookUpBy(indices(categories), rows, among))!;
    expect([...among].map(placeOf)).toEqual([...among].map((i) => i % categories));
  });

  it.each([
    [2, 'of many values', (X: Matrix<Float64Array>) => X],
    [8, 'of many values', (X: Matrix<Float64Array>) => X],
    [8, 'of few', coarse],
  ])('do not tell a search what they repeat: %i times, %s', async (count, _, valued) => {
    const [{ X: measured, y, labels }, measuredTest] = [drawn(200, 5), drawn(2000, 6)];
    const [X, test] = [valued(measured), { ...measuredTest, X: valued(measuredTest.X) }];
    const model = await trainRegressor(times(X, count), times(y, count));
    // −0.5 where copies of a row were on both sides, and 0.4 of each row once.
    expect((await model.evaluate(test.X, test.y)).r2).toBeGreaterThan(0.33);
    const classifier = await trainClassifier(times(X, count), Array.from(repeated(labels, count)));
    const { accuracy, logLoss } = await classifier.evaluate(test.X, test.labels);
    // 2.7 where they were. No network can have less than 0.5.
    expect(logLoss).toBeLessThan(0.75);
    expect(accuracy).toBeGreaterThan(0.6);
  });

  it('are held out together, where rows are many', async () => {
    const [{ X, labels }, test] = [drawn(13_000, 7), drawn(2000, 8)];
    const [inputs, all] = [times(X, 2), Array.from(repeated(labels, 2))];
    const model = await trainClassifier(inputs, all, { hidden: [200], ridge: 1e-5 });
    // Some 260 rows with their copies.
    expect(model.report.heldOut % 2).toBe(0);
    expect(model.report.heldOut).toBeGreaterThan(480);
    expect(model.report.heldOut).toBeLessThan(560);
    expect((await model.evaluate(test.X, test.labels)).logLoss).toBeLessThan(0.62);
  });

  it('do not take from a training what is met again and again', async () => {
    const [rows, random] = [26_000, source(9)];
    const { X: kinds } = drawn(60, 10);
    // A machine at rest, and what is always one of sixty.
    for (const atRest of [0.3, 0]) {
      const X = random.normals(rows, cols);
      const labels = Array.from({ length: rows }, (_, i) => {
        const own = X.data.subarray(i * cols, (i + 1) * cols);
        if (atRest === 0) {
          const kind = random.integer(60);
          own.set(kinds.data.subarray(kind * cols, (kind + 1) * cols));
          return kind % 3;
        }
        if (random.integer(10) >= 10 * atRest) return Number(own[0]! > 0);
        own.fill(0);
        return 2;
      });
      const model = await trainClassifier(X, labels, { hidden: [50] });
      expect((await model.evaluate(X, labels)).accuracy).toBeGreaterThan(0.97);
      expect(model.report.heldOut).toBe(520);
    }
  });
});
