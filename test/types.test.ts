import { expect, expectTypeOf, it } from 'vitest';
import {
  fromRows,
  matrix,
  NormalEquations,
  trainClassifier,
  trainRegressor,
  type Classifier,
  type ClassifierOptions,
  type FloatArray,
  type Label,
  type Matrix,
} from '../lib/index.js';

const rows = Array.from({ length: 30 }, (_, i) => [Math.sin(i), Math.cos(i)]);
const quick = { hidden: [3], iterations: 1, ridge: 1e-3 };

it('a wrapper of any precision needs no cast', async () => {
  async function classesOf<T extends FloatArray>(
    X: Matrix<T>,
    labels: string[],
    signal?: AbortSignal,
  ): Promise<string[]> {
    const model = await trainClassifier(X, labels, { ...quick, signal });
    const found: FloatArray = (await model.probabilities(X, { signal })).data;
    expect(found.length).toBe(2 * X.rows);
    return [...(await model.predict(X)), ...model.predictSync(X)];
  }
  async function fitted<T extends FloatArray>(X: Matrix<T>, Y: Matrix<T>): Promise<number> {
    const model = await trainRegressor(X, Y, quick);
    return (await model.evaluate(X, Y)).rmse + model.predictSync(X).rows;
  }
  const labels = rows.map(([x]) => (x! > 0 ? 'right' : 'left'));
  for (const X of [fromRows(rows), fromRows(rows, 'float32')]) {
    expect(await classesOf<FloatArray>(X, labels)).toHaveLength(60);
    expect(await fitted<FloatArray>(X, X)).toBeGreaterThan(30);
  }
});

it('the precision of sums is that of their arrays', async () => {
  const single = new NormalEquations(2, 2, { precision: 'float32' });
  expectTypeOf(single.gram).toEqualTypeOf<Float32Array>();
  const X = fromRows(rows, 'float32');
  expectTypeOf(X.data).toEqualTypeOf<Float32Array>();
  await single.add(X, X);
  expect((await single.solve()).weights.data).toBeInstanceOf(Float32Array);
  expectTypeOf(new NormalEquations(2, 2).rhs).toEqualTypeOf<Float64Array>();
  const double = new NormalEquations(2, 2);
  // @ts-expect-error: of two precisions
  await expect(single.merge(double)).rejects.toThrow('Float32Array');
});

it('rows of a precision that may not be given are of either', () => {
  for (const precision of ['float32', undefined] as ('float32' | undefined)[]) {
    const { data } = fromRows(rows, precision);
    expectTypeOf(data).toEqualTypeOf<Float32Array | Float64Array>();
    expect(data).toBeInstanceOf(precision ? Float32Array : Float64Array);
  }
  expectTypeOf(fromRows(rows, undefined).data).toEqualTypeOf<Float64Array>();
});

it('classes have the type of the labels', async () => {
  const X = fromRows(rows);
  const kinds = rows.map(([x]): 'a' | 'b' => (x! > 0 ? 'a' : 'b'));
  const model = await trainClassifier(X, kinds, quick);
  expectTypeOf(model).toEqualTypeOf<Classifier<'a' | 'b', Float64Array>>();
  const numbers = await trainClassifier(
    X,
    Int32Array.from(kinds, (kind) => kind.length + Number(kind === 'b')),
    quick,
  );
  expectTypeOf(numbers.classes).toEqualTypeOf<readonly number[]>();
  const either: Label[] = kinds;
  expectTypeOf((await trainClassifier(X, either, quick)).classes).toEqualTypeOf<readonly Label[]>();
  // @ts-expect-error: a string is no list of labels
  await expect(trainClassifier(X, 'ab', quick)).rejects.toThrow('Expected labels to be');
  const kept: Classifier<string, Float64Array>[] = [model];
  kept[0] = await trainClassifier(matrix(new Float64Array(X.data), 30, 2), kinds, quick);
  expect(kept[0].classes).toEqual(['a', 'b']);
});

it('an option that is undefined is one that is not given', async () => {
  const run: { threads: number | undefined; signal: AbortSignal | undefined } = {
    threads: undefined,
    signal: undefined,
  };
  const options: ClassifierOptions = { ...run, ...quick, seed: undefined, validation: undefined, image: undefined };
  const model = await trainClassifier(
    fromRows(rows),
    Array.from(rows, (_, i) => i % 2),
    options,
  );
  expect(await model.predict(fromRows(rows), run)).toHaveLength(30);
});
