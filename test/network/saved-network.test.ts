import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  Classifier,
  loadClassifier,
  loadRegressor,
  matrix,
  ModelFileError,
  Network,
  NonFiniteError,
  Regressor,
  trainClassifier,
  trainRegressor,
} from '../../lib/index.js';
import { readTensors, writeTensors } from '../../lib/network/model-file.js';
import { loadIris } from '../../bench/data/iris.js';
import { expectBplsError, failure } from '../support/expect.js';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'bpls-'))));
afterAll(() => rm(folder, { recursive: true }));

const iris = loadIris();
const X = matrix(iris.inputs, 150, 4);
const names = ['setosa', 'versicolor', 'virginica'];
const species = Array.from(iris.labels, (label) => names[label] as string);

describe('save and load', () => {
  it.each(['float64', 'float32'] as const)('brings a classifier back bit for bit (%s)', async (precision) => {
    const data = matrix(precision === 'float64' ? iris.inputs : new Float32Array(iris.inputs), 150, 4);
    const model = await trainClassifier(data, species, { hidden: [20, 10], iterations: 2, activation: 'elu' });
    expect(model.network.standardization).toBeDefined();
    const path = join(folder, `classifier-${precision}.safetensors`);
    await model.save(path);
    const loaded = await loadClassifier(path);
    const bytes = await model.toBytes();
    expect(Buffer.from(bytes).equals(await readFile(path))).toBe(true);
    const copy = await loadClassifier(bytes);
    bytes.fill(0);
    expect(copy.network.layers).toEqual(model.network.layers);
    expect(loaded.classes).toEqual(names);
    expect(loaded.report).toEqual(model.report);
    expect((await loaded.probabilities(data)).data).toEqual((await model.probabilities(data)).data);
    expect(await loaded.predict(data)).toEqual(await model.predict(data));
  });

  it('brings a regressor back bit for bit, and keeps the two kinds apart', async () => {
    const Y = matrix(Float64Array.from(iris.labels), 150, 1);
    const model = await trainRegressor(X, Y, { hidden: [10], iterations: 2, standardize: false });
    const path = join(folder, 'regressor.safetensors');
    await model.save(path);
    const loaded = await loadRegressor(path);
    expect((await loaded.predict(X)).data).toEqual((await model.predict(X)).data);
    await expect(loadClassifier(path)).rejects.toThrow(
      `Expected ${path} to hold a classifier but received "regressor"`,
    );
    const bytes = await model.toBytes();
    expect((await (await loadRegressor(Buffer.concat([Buffer.alloc(1), bytes]).subarray(1))).predict(X)).data).toEqual(
      (await model.predict(X)).data,
    );
    await expect(loadClassifier(bytes)).rejects.toThrow('Expected the bytes to hold a classifier');
    bytes[200]! ^= 1;
    await expect(loadRegressor(bytes)).rejects.toThrow(ModelFileError);
  });

  it('is made again by no other classes than its network has outputs', async () => {
    const { network, report } = await trainClassifier(X, species, { hidden: [3], ridge: 1e-3 });
    expect(new Classifier(network, names, report).predictSync(X)).toHaveLength(150);
    for (const [classes, message] of [
      [['a', 'b'], "Expected classes.length to equal the network's outputs (3) but received 2"],
      [
        ['a', 'b', null],
        'Expected classes to be different numbers, all finite, or different strings but received an Array',
      ],
      [
        ['a', 'b', 'a'],
        'Expected classes to be different numbers, all finite, or different strings but received an Array',
      ],
      [
        ['a', 'b', 1],
        'Expected classes to be different numbers, all finite, or different strings but received an Array',
      ],
      [
        // eslint-disable-next-line no-sparse-arrays
        ['a', , 'c'],
        'Expected classes to be different numbers, all finite, or different strings but received an Array',
      ],
      [[1, 2, NaN], 'Expected classes to be different numbers, all finite, or different strings but received an Array'],
      [undefined, 'Expected classes to be different numbers, all finite, or different strings but received undefined'],
    ] as [string[], string][])
      expect(await failure(() => new Classifier(network, classes, report))).toMatchObject({ message });
    for (const make of [
      () => new Classifier({} as never, names, report),
      () => new Regressor({} as never, report),
      () => new Classifier(network, names, null as never),
      () => new Regressor(network, undefined as never),
    ])
      expect(await failure(make)).toBeInstanceOf(ArgumentError);
  });

  it('is not written where it could not be read', async () => {
    const weights = Float64Array.of(1, NaN, 0);
    const { report } = await trainClassifier(X, species, { hidden: [], ridge: 1e-3, iterations: 0 });
    const model = new Regressor(new Network([{ weights, inputs: 2, units: 1, activation: 'identity' }]), report);
    for (const action of [() => model.toBytes(), () => model.save(join(folder, 'none'))])
      await expectBplsError(
        action,
        NonFiniteError,
        'NON_FINITE',
        'Expected layers.0.weights to be finite but received NaN',
      );
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('is not written where its report is no plain data', async () => {
    const { network } = await trainClassifier(X, species, { hidden: [3], ridge: 1e-3 });
    const circular: Record<string, unknown> = {};
    circular.itself = circular;
    for (const report of [{ count: 1n }, circular] as never[])
      await expectBplsError(
        () => new Classifier(network, names, report).toBytes(),
        ArgumentError,
        'INVALID_ARGUMENT',
        'Expected the report of a model to be plain data, as JSON has it',
      );
  });

  it('refuses a path that is none', async () => {
    const model = await trainClassifier(matrix(iris.inputs, 150, 4), iris.labels, { hidden: [3], ridge: 1e-3 });
    for (const path of ['', 3, null, undefined, 'a\0b', {}] as never[]) {
      expect(await failure(model.save(path))).toBeInstanceOf(ArgumentError);
      expect(await failure(loadClassifier(path))).toBeInstanceOf(ArgumentError);
    }
  });

  it('refuses numbers that are none', async () => {
    const path = join(folder, 'numbers');
    await (await trainClassifier(X, species, { hidden: [5], iterations: 1, ridge: 1e-3 })).save(path);
    const file = await readTensors(path);
    for (const [name, wrong] of [
      ['layers.1.weights', NaN],
      ['standardization.scale', Infinity],
    ] as const) {
      const { shape, data } = file.tensors[name]!;
      const tensors = { ...file.tensors, [name]: { shape, data: data.slice().fill(wrong, 2, 3) } };
      await writeTensors(path, { ...file, tensors });
      const error = await failure(loadClassifier(path));
      expect(error).toBeInstanceOf(ModelFileError);
      expect((error as Error).message).toBe(`Expected ${path} to hold finite numbers in ${name} but received ${wrong}`);
    }
    await rm(path);
  });

  it('refuses a damaged file and leaves no other file behind', async () => {
    const model = await trainClassifier(X, species, { hidden: [5], iterations: 0 });
    const path = join(folder, 'damaged.safetensors');
    await model.save(path);
    const bytes = await readFile(path);
    bytes[bytes.length - 3]! ^= 4;
    await writeFile(path, bytes);
    await expect(loadClassifier(path)).rejects.toBeInstanceOf(ModelFileError);
    await expect(model.save(join(path, 'below-a-file'))).rejects.toBeInstanceOf(ModelFileError);
    expect((await readdir(folder)).filter((name) => !name.endsWith('.safetensors'))).toEqual([]);
  });

  it.each([
    ['another format', { 'bpls.format': '99' }],
    ['an unknown activation', { 'bpls.activations': '["tanh","sine"]' }],
    ['a missing layer', { 'bpls.activations': '["tanh","tanh","softmax"]' }],
    ['no JSON', { 'bpls.report': '{' }],
    ['no report', { 'bpls.report': 'null' }],
    ['nothing besides', { 'bpls.extra': 'null' }],
    ['classes that are no labels', { 'bpls.extra': '{"classes":[1,{},null]}' }],
    ['too few classes', { 'bpls.extra': '{"classes":[1]}' }],
  ])('refuses a whole file that says something else: %s', async (name, change) => {
    const model = await trainClassifier(X, species, { hidden: [5], iterations: 0 });
    const path = join(folder, 'changed.safetensors');
    await model.save(path);
    const file = await readTensors(path);
    await writeTensors(path, { ...file, metadata: { ...file.metadata, ...change } });
    await expect(loadClassifier(path), name).rejects.toBeInstanceOf(ModelFileError);
  });
});
