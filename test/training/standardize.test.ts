import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadClassifier, matrix, trainClassifier, trainRegressor, type Matrix, type Network } from '../../lib/index.js';
import { settingsOf } from '../../lib/options.js';
import { columnsOf } from '../../lib/training/columns.js';
import { compressTails, standardizationOf } from '../../lib/training/standardize.js';
import { Training } from '../../lib/training/training.js';
import { expectClose } from '../support/expect.js';
import { float32, parameters } from '../support/models.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';

const rows = 40;
const labels = Array.from({ length: rows }, (_, i) => i % 2);

async function train(X: Matrix, standardize?: boolean | 'auto'): Promise<Network> {
  const options = { hidden: [3], iterations: 1, ...(standardize !== undefined && { standardize }) };
  const { network, report } = await trainClassifier(X, labels, options);
  expect(report.standardized).toBe(network.standardization !== undefined);
  return network;
}

/** Columns of their own [least, greatest]. */
function columns(...ranges: (readonly [number, number])[]): Matrix<Float64Array> {
  const random = source(2);
  const cols = ranges.length;
  const data = Float64Array.from({ length: rows * cols }, (_, i) => {
    const [low, high] = ranges[i % cols]!;
    const row = Math.floor(i / cols);
    return row === 0 ? low : row === 1 ? high : low + ((high - low) * (random.uniform() + 1)) / 2;
  });
  return matrix(data, rows, cols);
}

describe('standardize: true', () => {
  it.each(['float64', 'float32'] as const)('takes every column to mean 0 and deviation 1, in %s', async (precision) => {
    const X = columns([-3, 5], [100, 101], [1e-6, 2e-6]);
    const { standardization } = await train(precision === 'float64' ? X : float32(X), true);
    const { shift, scale } = standardization!;
    for (let j = 0; j < 3; j++) {
      const column = Array.from({ length: rows }, (_, i) => X.data[3 * i + j]!);
      const mean = column.reduce((sum, x) => sum + x) / rows;
      const deviation = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows);
      const epsilon = precision === 'float64' ? 2 ** -52 : 2 ** -23;
      expectClose([shift[j]!], [mean], epsilon);
      expectClose([scale[j]!], [1 / deviation], epsilon, 200);
    }
  });

  it('leaves constant columns at zero', async () => {
    const { standardization } = await train(columns([-3, 5], [7, 7], [0, 0], [0.1, 0.1]), true);
    expect([...standardization!.scale].map((scale) => scale === 0)).toEqual([false, true, true, true]);
  });

  it('keeps a column whose numbers differ in their last digits', async () => {
    // Milliseconds since 1970 within one minute.
    const X = columns([1.7e12, 1.7e12 + 60_000], [0, 1]);
    const { standardization } = await train(X, true);
    expect(standardization!.scale[0]).toBeGreaterThan(1 / 60_000);
    expect(standardization!.scale[0]).toBeLessThan(1 / 6000);
  });

  it('makes the units of the inputs a matter of indifference', async () => {
    const X = columns([-1, 1], [-1, 1]);
    const targets = matrix(Float64Array.from({ length: rows }, (_, i) => Math.sin(X.data[2 * i]! + X.data[2 * i + 1]!)), rows, 1); // prettier-ignore
    const Z = matrix(
      X.data.map((x, i) => (i % 2 === 0 ? 1e5 * x + 3e5 : 1e-5 * x)),
      rows,
      2,
    );
    const options = { hidden: [8], iterations: 3, standardize: true };
    const [one, two] = [await trainRegressor(X, targets, options), await trainRegressor(Z, targets, options)];
    expectClose(two.predictSync(Z).data, one.predictSync(X).data, 2 ** -52, 1e8);
  });
});

describe('standardize: false', () => {
  it('takes the columns as they are', async () => {
    expect((await train(columns([-3, 5], [100, 101]), false)).standardization).toBeUndefined();
  });
});

describe("standardize: 'auto'", () => {
  it.each([
    ['columns of their own ranges', columns([-3, 5], [100, 101], [0, 9]), true],
    ['two columns of their own ranges', columns([-3, 5], [100, 101]), true],
    ['one column', columns([-3, 5]), true],
    ['pixels', columns([0, 255], [0, 255], [0, 255], [0, 251]), false],
    ['indicators', columns([0, 1], [0, 1], [0, 1]), false],
    ['indicators beside a measurement', columns([0, 1], [0, 1], [0, 1], [20, 90]), true],
    ['measurements beside an indicator', columns([0, 1], [3, 4], [5, 9], [20, 90]), true],
    ['pixels, many of which are always dark', columns([0, 0], [0, 0], [0, 0], [0, 255], [0, 255], [0, 251]), false],
  ])('of %s', async (_, X, expected) => {
    expect((await train(X)).standardization !== undefined).toBe(expected);
    expect((await train(X, 'auto')).standardization !== undefined).toBe(expected);
  });

  it('takes indicators from 0 to 1, and what is beside them to mean 0 and deviation 1', async () => {
    const { shift, scale } = (await train(columns([0, 255], [0, 255], [0, 200], [20, 90], [5, 5]))).standardization!;
    expect([...shift.subarray(0, 3)]).toEqual([0, 0, 0]);
    expectClose([...scale.subarray(0, 3)], [1 / 255, 1 / 255, 1 / 255], 2 ** -52);
    expect(shift[3]).toBeGreaterThan(20);
    expect(scale[3]).toBeLessThan(1 / 10);
    expect(scale[4]).toBe(0);
  });

  it('learns from measurements beside as many indicators', async () => {
    const random = source(3);
    const count = 600;
    // Which of three kinds, one hot, and two measurements that alone decide.
    const data = new Float64Array(5 * count);
    const Y = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const [income, age] = [random.uniform(), random.uniform()];
      data[5 * i + (i % 3)] = 1;
      data.set([50_000 + 30_000 * income, 45 + 25 * age], 5 * i + 3);
      Y[i] = Math.sin(2 * income) + age ** 2;
    }
    const model = await trainRegressor(matrix(data, count, 5), matrix(Y, count, 1), { hidden: [20] });
    const { r2 } = await model.evaluate(matrix(data, count, 5), matrix(Y, count, 1));
    expect(r2).toBeGreaterThan(0.99);
  });
});

describe("standardize: 'auto' of columns beside others on one range", () => {
  const count = 1000;
  const random = source(11);
  const indicators = random.uniforms(count, 8).data.map((u) => Number(u > 0));
  const own = (value: () => number) => Float64Array.from({ length: count }, value);
  const beside = (column: Float64Array) => {
    const data = Float64Array.from({ length: 9 * count }, (_, i) =>
      i % 9 < 8 ? indicators[8 * Math.floor(i / 9) + (i % 9)]! : column[Math.floor(i / 9)]!,
    );
    return matrix(data, count, 9);
  };

  it.each([
    ['a rate of some thousandths', own(() => Math.max(0, 1e-3 * (1 + random.normal()))), false],
    ['a share of at most a fifth', own(() => Math.max(0, 0.2 * random.uniform())), false],
    ['a share of at most a third', own(() => Math.max(0, 0.33 * random.uniform())), true],
    ['a pixel that is seldom more than black', own(() => (random.integer(50) === 0 ? 0.1 : 0)), true],
    ['one that once is a level of eight bits above black', own(() => 0).fill(1 / 255, 7, 8), true],
    ['half of such a level', own(() => 0).fill(0.5 / 255, 7, 8), false],
    ['one that never is', own(() => 0), true],
    ['the same from above', own(() => 1 - (random.integer(50) === 0 ? 0.1 : 0)), true],
    ['a rate from above', own(() => 1 - Math.max(0, 0.2 * random.uniform())), false],
  ])('leaves %s as it is only where it is on that range', async (_, column, isOnRange) => {
    const [Y, options] = [matrix(indicators.slice(0, count), count, 1), { hidden: [4], iterations: 0, ridge: 1e-3 }];
    const { network } = await trainRegressor(beside(column), Y, options);
    expect(network.standardization === undefined).toBe(isOnRange);
  });

  it('learns from rates beside indicators', async () => {
    const rates = own(() => Math.max(0, 1e-3 * (1 + random.normal())));
    const Y = matrix(rates.map((rate, i) => Math.sin(2e3 * rate) - indicators[8 * i]!), count, 1); // prettier-ignore
    const model = await trainRegressor(beside(rates), Y);
    // 0.6 where a ridge that is right for indicators holds them back.
    expect((await model.evaluate(beside(rates), Y)).r2).toBeGreaterThan(0.99);
  });
});

describe("standardize: 'auto' of columns that share one range", () => {
  /** Exclusive ors of columns of 0 and 1, these moved by an offset. */
  async function accuracy(offset: number, constant?: number): Promise<number> {
    const random = source(6);
    const [count, cols] = [600, constant === undefined ? 6 : 7];
    const flags = random.uniforms(count, 6).data.map((u) => Number(u > 0));
    const data = new Float64Array(count * cols).fill(constant ?? 0);
    flags.forEach((flag, i) => (data[Math.floor(i / 6) * cols + (i % 6)] = flag + offset));
    const truth = Int32Array.from({ length: count }, (_, i) => flags[6 * i]! ^ flags[6 * i + 1]!);
    const half = count / 2;
    const rowsOf = (from: number) => matrix(data.slice(from * cols, (from + half) * cols), half, cols);
    const model = await trainClassifier(rowsOf(0), truth.slice(0, half), { hidden: [50], iterations: 4 });
    return (await model.evaluate(rowsOf(half), truth.slice(half))).accuracy;
  }

  it.each([0, 1, 100, -1000])('learns from them at an offset of %f', async (offset) => {
    expect(await accuracy(offset)).toBeGreaterThan(0.99);
  });

  it.each([1, 1000, 1e5])('learns from them beside a constant %f', async (constant) => {
    expect(await accuracy(0, constant)).toBeGreaterThan(0.99);
  });
});

describe('columns with heavy tails', () => {
  const count = 1200;
  const random = source(8);
  const logs = random.normals(count, 4).data.map((z) => 2 * z);
  const truth = Int32Array.from({ length: count }, (_, i) => Number(logs[4 * i]! * logs[4 * i + 1]! > 0));
  const half = (data: Float64Array, from: number) => matrix(data.slice(4 * from, 4 * (from + count / 2)), count / 2, 4);

  it('go in so where they were brought to one range, too', async () => {
    const X = logs.map(Math.exp);
    const ends = [0, 1, 2, 3].map((j) => {
      const column = X.subarray(0, 2 * count).filter((_, i) => i % 4 === j);
      return [Math.min(...column), Math.max(...column)] as const;
    });
    const scaled = X.map((x, i) => (x - ends[i % 4]![0]) / (ends[i % 4]![1] - ends[i % 4]![0]));
    const of = async (data: Float64Array) => {
      const model = await trainClassifier(half(data, 0), truth.slice(0, count / 2), { hidden: [60] });
      expect(model.report.ridgeSearch!.asinh).toBe(true);
      return (await model.evaluate(half(data, count / 2), truth.slice(count / 2))).accuracy;
    };
    expect(await of(scaled)).toBeCloseTo(await of(X), 1);
  });

  it('go in as their asinh where that is better, and the file keeps it', async () => {
    const X = logs.map(Math.exp);
    const model = await trainClassifier(half(X, 0), truth.slice(0, count / 2), { hidden: [60] });
    expect(model.report.ridgeSearch!.asinh).toBe(true);
    const { shift, scale, asinh } = model.network.standardization!;
    expect([...asinh!]).toEqual([1, 1, 1, 1]);
    // The median of e^(2z) is 1, its quartiles are e^±1.349.
    for (let j = 0; j < 4; j++) {
      expect(shift[j]).toBeGreaterThan(0.7);
      expect(shift[j]).toBeLessThan(1.4);
      expect(1 / scale[j]!).toBeCloseTo((Math.exp(1.349) - Math.exp(-1.349)) / 1.349, 0);
    }
    const held = half(X, count / 2);
    expect((await model.evaluate(held, truth.slice(count / 2))).accuracy).toBeGreaterThan(0.9);
    const path = join(mkdtempSync(join(tmpdir(), 'bpls-tails-')), 'model');
    await model.save(path);
    const again = await loadClassifier<number, Float64Array>(path);
    expect((await again.probabilities(held)).data).toEqual((await model.probabilities(held)).data);
    expectClose(again.network.forwardSync(held).data, (await again.network.forward(held)).data, 2 ** -52, 1e3);
  });

  it('stay as they are where that is better, where they are not left to auto, and where tails are not heavy', async () => {
    const X = logs.map(Math.exp);
    const sums = Float64Array.from({ length: count / 2 }, (_, i) => X[4 * i]! + 2 * X[4 * i + 1]!);
    const Y = matrix(sums, count / 2, 1);
    expect((await trainRegressor(half(X, 0), Y, { hidden: [20] })).network.standardization!.asinh).toBeUndefined();
    const labels = truth.slice(0, count / 2);
    for (const [data, options] of [
      [X, { standardize: true }],
      [X, { ridge: 1e-3 }],
      [logs, {}],
    ] as const) {
      const { network } = await trainClassifier(half(data, 0), labels, { hidden: [20], ...options });
      expect(network.standardization!.asinh).toBeUndefined();
    }
  });

  it('are looked at once more for an activation without bounds', async () => {
    const [rows, cols] = [600, 4];
    const random = source(41);
    const z = random.normals(rows, cols).data;
    const X = z.map((value, i) => (i % cols === 3 ? value * Math.exp(value ** 2 / 4) : value));
    const Y = Float64Array.from({ length: rows }, (_, i) => {
      const [a, b] = [Math.exp(z[cols * i]! / 2), Math.exp(z[cols * i + 1]! / 2)];
      return a + b + 0.02 * X[cols * i + 3]! + 0.3 * random.normal();
    });
    const { report } = await trainRegressor(matrix(X, rows, cols), matrix(Y, rows, 1), { hidden: [40] });
    const { trials, ...found } = report.ridgeSearch!;
    expect(found).toMatchObject({ activation: 'elu', asinh: true });
    const least = (name: string, asinh?: boolean) =>
      Math.min(...trials.filter((trial) => trial.activation === name && trial.asinh === asinh).map(({ loss }) => loss));
    expect(least('tanh', true)).toBeGreaterThan(least('tanh'));
    expect(least('elu', true)).toBeLessThan(least('elu'));
    expect(least('elu')).toBeLessThan(Infinity);
  });

  it('are resumed so', async () => {
    const checkpoint = join(mkdtempSync(join(tmpdir(), 'bpls-tails-')), 'state');
    const train = (onIteration?: () => void) =>
      trainClassifier(half(logs.map(Math.exp), 0), truth.slice(0, count / 2), {
        hidden: [20],
        checkpoint,
        onIteration,
      });
    let calls = 0;
    await expect(
      train(() => {
        if (++calls === 4) throw new Error('enough');
      }),
    ).rejects.toThrow('enough');
    expect(existsSync(checkpoint)).toBe(true);
    const resumed = await train();
    expect(resumed.network.standardization!.asinh).toBeDefined();
    expect(parameters(resumed.network)).toEqual(parameters((await train()).network));
  });
});

describe('statistics of the columns', () => {
  it('are those of the rows that have weight', async () => {
    const X = columns([-3, 5], [0, 1]);
    const outlier = matrix(Float64Array.of(...X.data, 1e9, -1e9), rows + 1, 2);
    const options = { hidden: [3], iterations: 1, standardize: true };
    const sampleWeights = [...labels.map(() => 1), 0];
    const { network } = await trainClassifier(outlier, [...labels, 0], { ...options, sampleWeights });
    const { standardization } = (await trainClassifier(X, labels, options)).network;
    expectClose(network.standardization!.shift, standardization!.shift, 2 ** -52, 100);
    expectClose(network.standardization!.scale, standardization!.scale, 2 ** -52, 100);
  });

  it('are not thrown by a row far off that hardly counts', async () => {
    const X = columns([-3, 5], [0, 1]);
    const outlier = matrix(Float64Array.of(1e9, -1e9, ...X.data), rows + 1, 2);
    const options = { hidden: [3], iterations: 1, standardize: true };
    const sampleWeights = [1e-30, ...labels.map(() => 1)];
    const { network } = await trainClassifier(outlier, [0, ...labels], { ...options, sampleWeights });
    const { standardization } = (await trainClassifier(X, labels, options)).network;
    expectClose(network.standardization!.scale, standardization!.scale, 2 ** -52, 1e5);
  });

  it('count a row as often as its weight says', async () => {
    const X = columns([-3, 5], [0, 1]);
    const twice = matrix(Float64Array.of(...X.data, ...X.data.subarray(0, 20)), rows + 10, 2);
    const options = { hidden: [3], iterations: 1, standardize: true };
    const sampleWeights = labels.map((_, i) => (i < 10 ? 2 : 1));
    const { network } = await trainClassifier(X, labels, { ...options, sampleWeights });
    const { standardization } = (await trainClassifier(twice, [...labels, ...labels.slice(0, 10)], options)).network;
    expectClose(network.standardization!.shift, standardization!.shift, 2 ** -52, 100);
    expectClose(network.standardization!.scale, standardization!.scale, 2 ** -52, 100);
  });

  it('tell float32 numbers of some units in the last place from a constant, and one unit from none', async () => {
    const time = columns([1.7e9 - 1000, 1.7e9 + 1000], [0, 1]);
    time.data.forEach((_, i) => {
      if (i % 2 === 1) time.data[i] = i % 4 === 1 ? 16_777_216 : 16_777_218;
    });
    const { scale } = (await train(float32(time), true)).standardization!;
    expect(scale[0]).toBeGreaterThan(1e-4);
    expect(scale[1]).toBe(0);
  });

  it.each([1e-200, 1e160, 1e305])('are finite where squares are not: columns of %d', async (size) => {
    const { scale } = (await train(columns([-size, size], [size, 2 * size]), true)).standardization!;
    for (const s of scale) {
      expect(s * size).toBeGreaterThan(0.5);
      expect(s * size).toBeLessThan(10);
    }
  });
});

it('the middle of a column with heavy tails is that of the rows that weigh', async () => {
  const [good, junk] = [200, 300];
  const noise = source(5).normals(good + junk, 1).data;
  const X = matrix(
    noise.map((value, i) => (i < good ? Math.exp(2 * value) : 1e4 + value)),
    good + junk,
    1,
  );
  const settings = settingsOf({}, true);
  const middleOf = async (weight: number) => {
    const weights = Float64Array.from({ length: good + junk }, (_, i) => (i < good ? 1 : weight));
    const problem = { inputs: X, labels: new Int32Array(good + junk), outputs: 2, weights };
    const training = new Training(problem, settings);
    const columns = await columnsOf(lane(), 'X', X, weights);
    training.standardization = await standardizationOf(columns, problem, settings);
    const { shift, scale, asinh } = (await compressTails(training, columns))!;
    expect(asinh![0]).toBe(1);
    return [shift[0]!, 1 / scale[0]!];
  };
  const [slight, none] = [await middleOf(1e-9), await middleOf(0)];
  slight.forEach((value, i) => expect(value).toBeCloseTo(none[i]!, 1));
});
