import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  AbortedError,
  ArgumentError,
  matrix,
  ModelFileError,
  paper,
  trainClassifier,
  trainRegressor,
  type ClassifierOptions,
  type Network,
  type RegressorOptions,
} from '../../lib/index.js';
import { readTensors, writeTensors } from '../../lib/network/model-file.js';
import { settingsOf } from '../../lib/options.js';
import { alike } from '../support/alike.js';
import { clouds } from '../support/clouds.js';
import { expectBplsError, failure } from '../support/expect.js';
import { parameters } from '../support/models.js';
import { source } from '../support/random.js';
import { rules } from '../support/rules.js';
import { signs } from '../support/signs.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bpls-checkpoint-')));
const path = join(folder, 'training.safetensors');
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(path, { force: true });
});

const random = source(1);
const rows = 600;
const X = matrix(random.normals(rows, 4).data, rows, 4);
const labels = Array.from({ length: rows }, (_, i) => ['a', 'b', 'c'][Math.floor(Math.abs(3 * X.data[4 * i]! * X.data[4 * i + 1]!)) % 3]!); // prettier-ignore
const Y = matrix(Float64Array.from({ length: rows }, (_, i) => Math.sin(3 * X.data[4 * i]!) + X.data[4 * i + 1]!), rows, 1); // prettier-ignore
const validation = { inputs: matrix(X.data.subarray(0, 400), 100, 4), labels: labels.slice(0, 100) };

/** Targets so near to zero that no square of an error is. */
const hopeless = {
  inputs: validation.inputs,
  targets: matrix(
    new Float64Array(100).map((_, i) => 1e-200 * i),
    100,
    1,
  ),
};

interface State {
  training: { iterations: object[] };
}

type Train = (more: { checkpoint?: string; signal?: AbortSignal; onIteration?: () => void }) => Promise<{
  network: Network;
  report: { iterations: { objective: number; accepted: boolean }[]; temperature?: number };
}>;

const classify =
  (options: ClassifierOptions): Train =>
  (more) =>
    trainClassifier(X, labels, { hidden: [20], ...options, ...more });
const regress =
  (options: RegressorOptions): Train =>
  (more) =>
    trainRegressor(X, Y, { hidden: [20], ...options, ...more });
/** elu is much better for these targets. */
const ramps: Train = (more) => {
  const sums = Float64Array.from({ length: rows }, (_, i) =>
    X.data.subarray(4 * i, 4 * i + 4).reduce((sum, x) => sum + Math.max(0, x), 0),
  );
  return trainRegressor(X, matrix(sums, rows, 1), { hidden: [20], ...more });
};

const wideRows: Train = (more) =>
  trainClassifier(matrix(X.data.subarray(0, 2400), 20, 120), labels.slice(0, 20), {
    hidden: [10],
    activation: 'tanh',
    ...more,
  });
/** So few rows of a linear rule are best by a linear model. */
const linear: Train = (more) => {
  const sums = Float64Array.from({ length: 50 }, (_, i) => X.data[4 * i]! - 2 * X.data[4 * i + 1]! + 0.1 * X.data[4 * (i + 300)]!); // prettier-ignore
  return trainRegressor(matrix(X.data.subarray(0, 200), 50, 4), matrix(sums, 50, 1), { hidden: [20], ...more });
};

/** Of columns that hardly differ float32 makes a Gram matrix whose factor needs more than the ridge. */
const damped =
  (samples: 'margin' | 'all'): Train =>
  async (more) => {
    const draws = source(3);
    const columns = 20;
    const values = alike(rows, columns, draws, () => draws.uniform(0.005));
    const halves = Int32Array.from({ length: rows }, (_, i) => Number(values[i * columns]! > values[i * columns + 1]!));
    return trainClassifier(matrix(values, rows, columns), halves, {
      hidden: [{ units: 100, init: 'uniform' }],
      samples,
      ridge: { hidden: 1e-4, output: 1e-5 },
      standardize: false,
      iterations: 6,
      ...more,
    });
  };

/** Ends a training in its `last` report of an iteration. */
async function cutOff(train: Train, last: number): Promise<void> {
  const controller = new AbortController();
  let seen = 0;
  const onIteration = () => {
    if (++seen === last) controller.abort();
  };
  const error = await failure(train({ checkpoint: path, signal: controller.signal, onIteration }));
  expect(error).toBeInstanceOf(AbortedError);
}

async function expectOthers(train: Train): Promise<void> {
  const error = await failure(train({ checkpoint: path }));
  expect(error).toBeInstanceOf(ModelFileError);
  expect((error as Error).message).toMatch(
    /^Expected .* to hold a checkpoint of these data and options but a training of others left it: remove it/,
  );
}

describe('checkpoint', () => {
  it.each<[string, Train]>([
    ['the defaults', classify({})],
    ['two layers in float32', (more) => trainClassifier(matrix(Float32Array.from(X.data), rows, 4), labels, { hidden: [20, 10], ...more })], // prettier-ignore
    ['steps that are refused', classify({ ridge: 0, iterations: 40 })],
    ['validation data', classify({ validation, patience: 2, iterations: 30 })],
    [
      'validation data whose R² is −Infinity',
      regress({ validation: hopeless, patience: 4, iterations: 30, ridge: 1e-3 }),
    ],
    ['a part of the activations', classify({ hidden: [40], memoryLimit: 120_000, ridge: 1e-5 })],
    ['a factor with more than the ridge', damped('margin')],
    ['a factor of two-sided targets with more than the ridge', damped('all')],
    ['weights', classify({ classWeights: 'balanced' })],
    ['a regressor', regress({})],
    ['Huber’s loss', regress({ loss: 'huber' })],
    ['an activation that the search found', ramps],
    [
      'two-sided targets that the search found',
      (more) => trainClassifier(...clouds(150, 30, 2), { hidden: [20], activation: 'tanh', ...more }),
    ],
    ['more columns than rows', wideRows],
    ['a training that goes on from half a step back', (more) => trainClassifier(...rules(), { activation: 'tanh', ridge: { hidden: 8e-3, output: 2e-3 }, ...more })], // prettier-ignore
    ['the paper’s preset', classify({ ...paper, hidden: [20] })],
    ['the rule nearest', classify({ targets: 'nearest', iterations: 6 })],
  ])('lets another training go on to the same bits: %s', async (_, train) => {
    const whole = await train({});
    const { length } = whole.report.iterations;
    expect(length).toBeGreaterThan(1);
    for (const last of new Set([1, 2, Math.ceil(length / 2), length - 1])) {
      await cutOff(train, last);
      const calls: unknown[] = [];
      const resumed = await train({ checkpoint: path, onIteration: () => calls.push(0) });
      expect(parameters(resumed.network)).toEqual(parameters(whole.network));
      const activations = ({ network }: typeof whole) => network.layers.map(({ activation }) => activation);
      expect(activations(resumed)).toEqual(activations(whole));
      const told = ({ report }: typeof whole) =>
        report.iterations.map(({ objective, accepted }) => [objective, accepted]);
      expect(told(resumed)).toEqual(told(whole));
      expect(resumed.report.temperature).toBe(whole.report.temperature);
      if (last > 2) expect(calls.length).toBeLessThan(length);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('goes on to a linear model that the search found', async () => {
    const whole = await linear({});
    expect(whole.network.layers).toHaveLength(1);
    await cutOff(linear, 1);
    expect(existsSync(path)).toBe(true);
    expect(parameters((await linear({ checkpoint: path })).network)).toEqual(parameters(whole.network));
    expect(existsSync(path)).toBe(false);
  });

  it('goes on from rows that are held out', async () => {
    const many = 25_000;
    const inputs = matrix(random.normals(many, 2).data, many, 2);
    const halves = Int32Array.from({ length: many }, (_, i) =>
      Number(inputs.data[2 * i]! > inputs.data[2 * i + 1]! ** 2),
    );
    const train: Train = (more) => trainClassifier(inputs, halves, { hidden: [10], ridge: 1e-5, ...more });
    const whole = await train({});
    await cutOff(train, 6);
    const resumed = await train({ checkpoint: path });
    expect(parameters(resumed.network)).toEqual(parameters(whole.network));
    expect(resumed.report.temperature).toBe(whole.report.temperature);
    expect(resumed.report.iterations.length).toBe(whole.report.iterations.length);
  }, 60_000);

  it.each([0, 2])(
    'goes on with another ridge, and back: seed %i',
    async (seed) => {
      const train = (more: object) =>
        trainClassifier(...signs(), { hidden: [60], activation: 'tanh', samples: 'margin', seed, ...more });
      const whole = await train({});
      const scales = whole.report.iterations.map(({ scale }) => scale);
      expect(new Set(scales).size).toBe(3);
      const told = ({ report }: typeof whole) =>
        report.iterations.map(({ seconds: _, operations: __, ...rest }) => rest);
      // Cut off in the first of a scale, it goes on before the change; in the next, after it.
      for (const scale of new Set(scales))
        for (const last of [scales.indexOf(scale) + 1, scales.indexOf(scale) + 2, scales.lastIndexOf(scale) + 1]) {
          await cutOff(train, last);
          const resumed = await train({ checkpoint: path });
          expect(parameters(resumed.network)).toEqual(parameters(whole.network));
          expect(told(resumed)).toEqual(told(whole));
          const { bestIteration, layers, temperature } = whole.report;
          expect(resumed.report).toMatchObject({ bestIteration, layers, temperature });
        }
    },
    60_000,
  );

  it('is of its data and options alone, and stays whole where it is refused', async () => {
    await cutOff(classify({}), 3);
    const before = readFileSync(path);
    const others: Train[] = [
      classify({ hidden: [21] }),
      classify({ seed: 1 }),
      classify({ classWeights: 'balanced' }),
      classify({ validation }),
      regress({}),
      (more) => trainClassifier(X, [...labels].reverse(), { hidden: [20], ...more }),
      classify({ mask: () => [1, 1, 1, 1] }),
    ];
    for (const train of others) {
      await expectOthers(train);
      expect(readFileSync(path)).toEqual(before);
    }
  });

  it('is of one training at a time', async () => {
    // Whichever it is that was there first.
    const both = [0, 1].map((seed) => classify({ seed })({ checkpoint: path }));
    await expectBplsError(
      Promise.all(both),
      ArgumentError,
      'INVALID_ARGUMENT',
      `Expected options.checkpoint to be of one training at a time but another has ${path}`,
    );
    const ended = await Promise.allSettled(both);
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    // Whether it ends well or not.
    await failure(classify({ labels: 3 } as never)({ checkpoint: path }));
    await cutOff(classify({}), 1);
    await classify({})({ checkpoint: path });
  });

  it('is of one training by whatever links it is given', async () => {
    const link = join(folder, 'link');
    symlinkSync(folder, link);
    const first = classify({})({ checkpoint: path });
    await expectBplsError(
      classify({ seed: 1 })({ checkpoint: join(link, basename(path)) }),
      ArgumentError,
      'INVALID_ARGUMENT',
      `Expected options.checkpoint to be of one training at a time but another has ${path}`,
    );
    await first;
  });

  it('replaces what a process left that was killed while it wrote', async () => {
    const own = createHash('sha256')
      .update(realpathSync(folder))
      .update(`/${basename(path)}`)
      .digest('hex');
    const stale = join(folder, `.bpls-${own.slice(0, 32)}.tmp`);
    writeFileSync(stale, 'cut off');
    await cutOff(classify({}), 1);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });

  it('is where it was when the call was made', () => {
    expect(settingsOf({ checkpoint: 'here' }, true).checkpoint).toBe(resolve('here'));
  });

  it('is of its mask alone', async () => {
    const masked = (mask: ClassifierOptions['mask']) => classify({ mask });
    const half = masked((random) => [1, 1, random.uniform(), 0]);
    await cutOff(half, 3);
    const later = masked((random, unit) => [1, 1, random.uniform(), unit < 19 ? 0 : 1]);
    for (const other of [
      classify({}),
      masked(() => [1, 1, 1, 0]),
      masked((random) => [1, 1, 0, random.uniform()]),
      later,
    ])
      await expectOthers(other);
    const resumed = await half({ checkpoint: path });
    rmSync(path, { force: true });
    expect(parameters(resumed.network)).toEqual(parameters((await half({})).network));
  });

  it('is refused where it is damaged, or is something else', async () => {
    const model = await trainClassifier(X, labels, { hidden: [20] });
    await model.save(path);
    expect(await failure(classify({})({ checkpoint: path }))).toBeInstanceOf(ModelFileError);
    rmSync(path);
    await cutOff(classify({}), 3);
    const bytes = readFileSync(path);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(path, bytes);
    expect(await failure(classify({})({ checkpoint: path }))).toBeInstanceOf(ModelFileError);
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ['no JSON', () => '{'],
    ['nothing', () => 'null'],
    ['no iteration', (state: State) => JSON.stringify({ ...state, iteration: 'last' })],
    ['no iterations', (state: State) => JSON.stringify({ ...state, training: { layerReports: [] } })],
    ['no patience', (state: State) => JSON.stringify({ ...state, patience: null })],
  ])('is refused where its state is %s', async (_, change) => {
    for (const train of [classify({}), classify({ ...paper, hidden: [20] })]) {
      await cutOff(train, 2);
      const file = await readTensors(path);
      const state = change(JSON.parse(file.metadata['bpls.state']!) as State);
      await writeTensors(path, { ...file, metadata: { ...file.metadata, 'bpls.state': state } });
      expect(await failure(train({ checkpoint: path }))).toBeInstanceOf(ModelFileError);
      rmSync(path);
    }
  });

  it('ends a training whose state is beyond its last iteration, and lets nothing else into it', async () => {
    await cutOff(classify({}), 2);
    const file = await readTensors(path);
    const state = JSON.parse(file.metadata['bpls.state']!) as State;
    const training = { ...state.training, rows: 1, settings: null, record: null };
    const changed = JSON.stringify({ ...state, iteration: 1000, training });
    await writeTensors(path, { ...file, metadata: { ...file.metadata, 'bpls.state': changed } });
    const { report } = await classify({})({ checkpoint: path });
    // One more of half a step back.
    expect(report.iterations.slice(0, -1)).toEqual(state.training.iterations);
    expect(report).toMatchObject({ rows });
  });

  it('is refused before anything is computed where its folder is missing', async () => {
    const iterations: unknown[] = [];
    const options = { hidden: [5], checkpoint: join(folder, 'none', 'state'), onIteration: () => iterations.push(1) };
    const X = matrix(
      Float64Array.from({ length: 80 }, (_, i) => Math.sin(i * i)),
      40,
      2,
    );
    const error = (await failure(
      trainClassifier(
        X,
        Array.from({ length: 40 }, (_, i) => i % 2),
        options,
      ),
    )) as Error;
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toMatch(/^Cannot write .*none.state: ENOENT/);
    expect(iterations).toEqual([]);
  });

  it('ends the training where it cannot be written', async () => {
    const error = await failure(classify({})({ checkpoint: join(folder, 'missing', 'file') }));
    expect(error).toBeInstanceOf(ModelFileError);
    for (const checkpoint of ['', 3, null, 'a\0b'])
      expect(await failure(classify({ checkpoint } as object)({}))).toBeInstanceOf(ArgumentError);
  });
});
