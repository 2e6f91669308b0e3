import { describe, expect, it } from 'vitest';
import { matrix, trainClassifier, trainRegressor, type Matrix } from '../../lib/index.js';
import { copiesTogether, lookUpBy, repeatsOf, Rows } from '../../lib/training/repeats.js';
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
    const found = await repeatsOf(problem, indices(40));
    expect([...found!]).toEqual([...indices(40), ...indices(40)]);
    const among = indices(20).map((i) => 19 - i);
    expect([...(await repeatsOf(problem, among, Int32Array.of(3, 43, 20)))!]).toEqual([16, 16, -1]);
    const drawnAnew = indices(60).map((i) => (7 * i + 3) % 60);
    const order = await copiesTogether(problem, drawnAnew);
    expect([...order].sort((a, b) => a - b)).toEqual([...indices(60)]);
    for (const [i, row] of order.entries()) if (row >= 40) expect([order[i - 1], order[i + 1]]).toContain(row - 40);
    // Otherwise as they were drawn.
    const first = (rows: Int32Array) => [...new Set([...rows].map((row) => row % 40))];
    expect(first(order)).toEqual(first(drawnAnew));
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
    expect([...(await repeatsOf(problem, indices(200)))!]).toEqual([...indices(600)].map((row) => row % 200));
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
    // Of 520 rows the other ones, but for those that were drawn themselves.
    expect(model.report.heldOut).toBeGreaterThan(980);
    expect(model.report.heldOut).toBeLessThan(1040);
    expect((await model.evaluate(test.X, test.labels)).logLoss).toBeLessThan(0.62);
  });
});
