import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AbortedError,
  ArgumentError,
  BufferError,
  lstsq,
  matrix,
  NonFiniteError,
  NormalEquations,
  PrecisionError,
  ridge,
  ShapeError,
  SingularError,
  trainClassifier,
  trainRegressor,
  type BplsError,
  type BplsErrorCode,
  type Classifier,
  type Matrix,
  type Regressor,
} from '../lib/index.js';
import { expectBplsError, failure } from './support/expect.js';

type Refusal = [Class: abstract new (...args: never[]) => BplsError, code: BplsErrorCode, message: string];

const argument = (message: string): Refusal => [ArgumentError, 'INVALID_ARGUMENT', message];
const shape = (message: string): Refusal => [ShapeError, 'SHAPE_MISMATCH', message];
const precision = (message: string): Refusal => [PrecisionError, 'MIXED_PRECISION', message];
const buffer = (message: string): Refusal => [BufferError, 'UNSUPPORTED_BUFFER', message];
const nonFinite = (message: string): Refusal => [NonFiniteError, 'NON_FINITE', message];

const rows = 8;
const wave = (i: number) => Math.sin(3 * i + 1);
const X = matrix(
  Float64Array.from({ length: rows * 2 }, (_, i) => wave(i)),
  rows,
  2,
);
const Y = matrix(
  Float64Array.from({ length: rows }, (_, i) => wave(i) ** 2),
  rows,
  1,
);
const singleX = matrix(Float32Array.from(X.data), rows, 2);
const singleY = matrix(Float32Array.from(Y.data), rows, 1);
const labels = Int32Array.from({ length: rows }, (_, i) => i % 2);
const quick = { hidden: [3], iterations: 1 };

/** A copy of a matrix with one element changed. */
function withElement({ data, rows, cols }: Matrix<Float64Array>, row: number, col: number, value: number) {
  const changed = data.slice();
  changed[row * cols + col] = value;
  return { data: changed, rows, cols };
}

function detached<T extends Float64Array | Int32Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

function resizable(): ArrayBuffer {
  const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  return new Resizable(64, { maxByteLength: 128 });
}

/** Memory that may not be borrowed, eight numbers of it, and why not. */
const buffers: [name: string, make: () => Float64Array, why: string][] = [
  ['detached', () => detached(new Float64Array(8)), 'a detached ArrayBuffer'],
  ['resizable', () => new Float64Array(resizable()), 'a resizable ArrayBuffer'],
  ['shared', () => new Float64Array(new SharedArrayBuffer(64)), 'a SharedArrayBuffer: another thread may write to it'],
];

/** What is no matrix, by the name that the message gives it. */
function noMatrices(name: string): [what: string, value: unknown, refusal: Refusal][] {
  const made = `Expected ${name} to be a matrix, as matrix(data, rows, cols) makes one, but received`;
  const array = `Expected ${name}.data to be a Float64Array or Float32Array but received`;
  const dimension = (which: string) => `Expected ${name}.${which} to be an integer from 1 to 2147483647 but received`;
  const data = new Float64Array(6);
  return [
    ['undefined', undefined, argument(`Expected ${name} to be a matrix { data, rows, cols } but received undefined`)],
    ['null', null, argument(`Expected ${name} to be a matrix { data, rows, cols } but received null`)],
    ['a number', 3, argument(`Expected ${name} to be a matrix { data, rows, cols } but received 3`)],
    [
      'a function',
      () => data,
      argument(`Expected ${name} to be a matrix { data, rows, cols } but received a function`),
    ],
    ['rows of numbers', [[1, 2]], argument(`${made} an Array`)],
    ['an Array of data', { data: [1, 2], rows: 1, cols: 2 }, argument(`${array} an Array`)],
    ['integers', { data: new Int32Array(6), rows: 3, cols: 2 }, argument(`${array} a Int32Array`)],
    ['text', { data: 'x'.repeat(50), rows: 3, cols: 2 }, argument(`${array} "${'x'.repeat(40)}…"`)],
    ['no rows', { data: new Float64Array(0), rows: 0, cols: 2 }, argument(`${dimension('rows')} 0`)],
    ['no columns', { data: new Float64Array(0), rows: 2, cols: 0 }, argument(`${dimension('cols')} 0`)],
    ['rows left out', { data, cols: 2 }, argument(`${dimension('rows')} undefined`)],
    ['columns left out', { data, rows: 3 }, argument(`${dimension('cols')} undefined`)],
    ['negative rows', { data, rows: -3, cols: -2 }, argument(`${dimension('rows')} -3`)],
    ['a fraction of rows', { data, rows: 1.5, cols: 4 }, argument(`${dimension('rows')} 1.5`)],
    ['NaN columns', { data, rows: 3, cols: NaN }, argument(`${dimension('cols')} NaN`)],
    ['too many rows', { data, rows: 2 ** 31, cols: 2 }, argument(`${dimension('rows')} 2147483648`)],
    ['bigint columns', { data, rows: 3, cols: 2n }, argument(`${dimension('cols')} 2n`)],
    ['text for rows', { data, rows: '3', cols: 2 }, argument(`${dimension('rows')} "3"`)],
    [
      'too short data',
      { data, rows: 4, cols: 2 },
      shape(`Expected ${name}.data.length to equal rows * cols (4 * 2 = 8) but received 6`),
    ],
    [
      'too long data',
      { data, rows: 2, cols: 2 },
      shape(`Expected ${name}.data.length to equal rows * cols (2 * 2 = 4) but received 6`),
    ],
    ...buffers.map(([what, make, why]): [string, unknown, Refusal] => [
      `${what} memory`,
      { data: make(), rows: 4, cols: 2 },
      buffer(`Expected ${name}.data not to be backed by ${why}`),
    ]),
  ];
}

describe('matrix', () => {
  it.each(noMatrices('matrix').slice(5))('refuses %s', async (_, value, refusal) => {
    const { data, rows, cols } = value as Matrix;
    await expectBplsError(() => matrix(data, rows, cols), ...refusal);
  });

  it('borrows: no copy, and views of a part are as good as arrays', () => {
    const data = new Float64Array(12).subarray(3, 9);
    expect(matrix(data, 3, 2)).toEqual({ data, rows: 3, cols: 2 });
    expect(matrix(data, 3, 2).data).toBe(data);
  });
});

const train = (inputs: unknown, given: unknown, options: unknown = quick) =>
  trainClassifier(inputs as Matrix, given as ArrayLike<number>, options as object);
const regress = (inputs: unknown, targets: unknown, options: unknown = quick) =>
  trainRegressor(inputs as Matrix, targets as Matrix, options as object);
const solve = (A: unknown, B: unknown, options: unknown = {}) => lstsq(A as Matrix, B as Matrix, options as object);

describe('inputs that are no matrix', () => {
  it.each(noMatrices('X'))('are refused by both trainers: %s', async (_, value, refusal) => {
    await expectBplsError(train(value, labels), ...refusal);
    await expectBplsError(regress(value, Y), ...refusal);
  });

  it.each(noMatrices('Y'))('are refused as targets: %s', async (_, value, refusal) => {
    await expectBplsError(regress(X, value), ...refusal);
  });

  it.each(noMatrices('A'))('are refused by lstsq and ridge: %s', async (_, value, refusal) => {
    await expectBplsError(solve(value, Y), ...refusal);
    await expectBplsError(ridge(value as Matrix, Y, { ridge: 1 }), ...refusal);
  });

  it.each(noMatrices('B'))('are refused as right-hand sides: %s', async (_, value, refusal) => {
    await expectBplsError(solve(X, value), ...refusal);
  });
});

describe('arguments that do not fit each other', () => {
  const short = matrix(Y.data.slice(0, 5), 5, 1);

  it.each([
    ['rows of a regressor', () => regress(X, short), shape('Expected Y.rows to equal X.rows (8) but received 5')],
    [
      'precisions of a regressor',
      () => regress(X, singleY),
      precision('Expected Y.data to be a Float64Array like X.data but received a Float32Array'),
    ],
    [
      'precisions of a regressor, the other way',
      () => regress(singleX, Y),
      precision('Expected Y.data to be a Float32Array like X.data but received a Float64Array'),
    ],
    [
      'outputs of a regressor',
      () => regress(matrix(new Float32Array(3), 1, 3), matrix(new Float32Array(2 ** 20 + 1), 1, 2 ** 20 + 1)),
      argument('Expected Y.cols to be an integer from 1 to 1048576 but received 1048577'),
    ],
    ['rows of lstsq', () => solve(X, short), shape('Expected B.rows to equal A.rows (8) but received 5')],
    [
      'precisions of lstsq',
      () => solve(X, singleY),
      precision('Expected B.data to be a Float64Array like A.data but received a Float32Array'),
    ],
    [
      'precisions of ridge',
      () => ridge(singleX, Y as never, { ridge: 1 }),
      precision('Expected B.data to be a Float32Array like A.data but received a Float64Array'),
    ],
    [
      'labels too few',
      () => train(X, labels.slice(1)),
      shape('Expected labels.length to equal X.rows (8) but received 7'),
    ],
    ['no labels', () => train(X, []), shape('Expected labels.length to equal X.rows (8) but received 0')],
  ] as [string, () => Promise<unknown>, Refusal][])('are refused: %s', async (_, action, refusal) => {
    await expectBplsError(action(), ...refusal);
  });
});

describe('NaN and infinity', () => {
  it.each([
    [0, 0, NaN],
    [3, 1, Infinity],
    [7, 0, -Infinity],
  ])('are named by row and column: row %d, column %d, %d', async (row, col, value) => {
    const broken = withElement(X, row, col, value);
    const where = (name: string, column = col) =>
      nonFinite(`Expected ${name} to be finite but received ${value} at row ${row}, column ${column}`);
    await expectBplsError(train(broken, labels), ...where('X'));
    await expectBplsError(train(broken, labels, { ...quick, standardize: false, targets: 'nearest' }), ...where('X'));
    await expectBplsError(regress(broken, Y), ...where('X'));
    await expectBplsError(regress(X, withElement(Y, row, 0, value)), ...where('Y', 0));
    await expectBplsError(solve(broken, Y), ...where('A'));
    await expectBplsError(solve(X, withElement(Y, row, 0, value)), ...where('B', 0));
    const single = { ...broken, data: Float32Array.from(broken.data) };
    await expectBplsError(train(single, labels), ...where('X'));
    await expectBplsError(solve(single, singleY), ...where('A'));
  });

  it('are named by the first of several', async () => {
    const broken = withElement(withElement(X, 5, 0, NaN), 2, 1, Infinity);
    const first = nonFinite('Expected X to be finite but received Infinity at row 2, column 1');
    await expectBplsError(train(broken, labels), ...first);
    await expectBplsError(regress(broken, Y), ...first);
  });

  it('that sums come to are refused too', async () => {
    const huge = matrix(
      Float32Array.from({ length: rows }, (_, i) => (i % 2 ? 3e38 : -3e38)),
      rows,
      1,
    );
    const error = await failure(regress(singleX, huge, { ...quick, ridge: 0 }));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ code: 'NON_FINITE' });
    expect((error as Error).message).toMatch(
      /^Expected sums within the range of the precision but the objective came to (Infinity|NaN): scale the data, or use Float64Array$/,
    );
  });
});

describe('labels', () => {
  const kinds = (what: string, index: number) =>
    argument(`Expected labels to be all finite numbers or all strings but received ${what} at index ${index}`);
  const container = (what: string) =>
    argument(`Expected labels to be a typed array, number[] or string[] but received ${what}`);
  const changed = (index: number, value: unknown) => [...labels.slice(0, index), value, ...labels.slice(index + 1)];

  it.each([
    ['undefined', undefined, container('undefined')],
    ['null', null, container('null')],
    ['text', 'abababab', container('"abababab"')],
    ['an object', { length: rows }, container('a Object')],
    ['a Set', new Set([1, 2]), container('a Set')],
    ['a DataView', new DataView(new ArrayBuffer(rows)), container('a DataView')],
    ['a number among strings', ['a', 'b', 'a', 1, 'a', 'b', 'a', 'b'], kinds('1', 3)],
    ['a string among numbers', changed(7, '1'), kinds('"1"', 7)],
    ['NaN', changed(2, NaN), kinds('NaN', 2)],
    ['infinity', changed(0, Infinity), kinds('Infinity', 0)],
    ['a hole', changed(4, undefined), kinds('undefined', 4)],
    ['null among numbers', changed(4, null), kinds('null', 4)],
    ['booleans', Array.from(labels, Boolean), kinds('false', 0)],
    ['bigints', BigInt64Array.from(labels, BigInt), kinds('0n', 0)],
    ['one-hot rows', Array.from(labels, (k) => [k, 1 - k]), kinds('an Array', 0)],
    ['one class', new Int32Array(rows), argument('Expected labels of at least two classes but received only 0')],
    [
      'one class of strings',
      Array(rows).fill('cat'),
      argument('Expected labels of at least two classes but received only "cat"'),
    ],
  ] as [string, unknown, Refusal][])('are refused: %s', async (_, given, refusal) => {
    await expectBplsError(train(X, given), ...refusal);
  });

  it('are refused where they are measurements, but may be a few fractions', async () => {
    const wide = matrix(new Float64Array(60).map(Math.sin), 60, 1);
    const measured = Float64Array.from({ length: 60 }, (_, i) => Math.floor(i / 2) + (i % 2) / 3);
    await expectBplsError(
      train(wide, measured),
      ...argument(
        'Expected labels of classes but received 60 different numbers in 60 rows, not all of them integers: trainRegressor takes such targets',
      ),
    );
    const stars = measured.map((_, i) => (i % 10) / 2);
    expect((await train(wide, stars, quick)).classes).toHaveLength(10);
  });

  it.each(buffers)('in %s memory are refused', async (_, make, why) => {
    await expectBplsError(train(X, make()), ...buffer(`Expected labels not to be backed by ${why}`));
  });
});

/** Refused option values, and the messages. */
const trainers = [
  ['trainClassifier', (options: unknown) => train(X, labels, options)],
  ['trainRegressor', (options: unknown) => regress(X, Y, options)],
] as const;

const positive = (name: string, most: number | string, least = 1) =>
  `Expected options.${name} to be an integer from ${least} to ${most} but received`;
const activationNames = "'identity', 'sigmoid', 'tanh', 'elu', 'softplus', 'relu', 'leaky-relu', 'gelu'";
const hiddenNames = `'auto', ${activationNames}`;
const initNames = "'uniform', 'orthogonal', 'contrast'";
const knownBy = (name: string) =>
  `hidden, activation, init, image, augment, mask, targets, samples, iterations, ridge, solver, standardize, seed, threads, memoryLimit, checkpoint, signal, onIteration, output, validation, patience, sampleWeights, ${name === 'trainClassifier' ? 'classWeights' : 'loss'}`;
const within = (name: string, most: number) =>
  `Expected options.augment.${name} to be a number from 0 to ${most} but received`;
const penalty = (name: string) => `Expected options.${name} to be a finite number not below 0 but received`;

const refusedOptions: [options: unknown, message: string][] = [
  [null, 'Expected options to be an object but received null'],
  [5, 'Expected options to be an object but received 5'],
  ['hidden', 'Expected options to be an object but received "hidden"'],
  [[], 'Expected options to be an object but received an Array'],

  [{ hidden: 5 }, 'Expected options.hidden to be an array but received 5'],
  [{ hidden: null }, 'Expected options.hidden to be an array but received null'],
  [{ hidden: new Int32Array([5]) }, 'Expected options.hidden to be an array but received a Int32Array'],
  [{ hidden: [0] }, `${positive('hidden[0].units', 2 ** 20)} 0`],
  [{ hidden: [5, 2.5] }, `${positive('hidden[1].units', 2 ** 20)} 2.5`],
  [{ hidden: [2 ** 20 + 1] }, `${positive('hidden[0].units', 2 ** 20)} 1048577`],
  [{ hidden: ['5'] }, `${positive('hidden[0].units', 2 ** 20)} "5"`],
  [{ hidden: [null] }, `${positive('hidden[0].units', 2 ** 20)} null`],
  [{ hidden: [undefined] }, 'Expected options.hidden[0] to be units or { units } but received undefined'],
  [{ hidden: new Array<number>(1) }, 'Expected options.hidden[0] to be units or { units } but received undefined'],
  [{ hidden: [{}] }, 'Expected options.hidden[0] to be units or { units } but received a Object'],
  [{ hidden: [{ units: -1 }] }, `${positive('hidden[0].units', 2 ** 20)} -1`],
  [
    { hidden: [{ units: 5, bias: 1 }] },
    'Expected the names in options.hidden[0] to be among units, activation, init but received "bias"',
  ],
  [
    { hidden: [5, { units: 5, activation: 'softmax' }] },
    `Expected options.hidden[1].activation to be one of ${hiddenNames} but received "softmax"`,
  ],
  [
    { hidden: [{ units: 5, init: 'zero' }] },
    `Expected options.hidden[0].init to be one of ${initNames} but received "zero"`,
  ],
  [
    { hidden: [5, { units: 5, init: 'contrast' }] },
    "Expected options.hidden[1].init not to be 'contrast': only the first layer sees the samples",
  ],

  [{ activation: 'swish' }, `Expected options.activation to be one of ${hiddenNames} but received "swish"`],
  [{ activation: null }, `Expected options.activation to be one of ${hiddenNames} but received null`],
  [{ init: 'he' }, `Expected options.init to be one of ${initNames} but received "he"`],
  [
    { targets: 'paper' },
    `Expected options.targets to be one of 'inverse', 'nearest', 'gauss-newton' but received "paper"`,
  ],
  [
    { samples: 'some' },
    `Expected options.samples to be one of 'auto', 'all', 'misclassified', 'margin' but received "some"`,
  ],
  [{ solver: 'qr' }, `Expected options.solver to be one of 'auto', 'cholesky', 'svd' but received "qr"`],
  [{ standardize: 'yes' }, 'Expected options.standardize to be \'auto\', true or false but received "yes"'],
  [{ standardize: 1 }, "Expected options.standardize to be 'auto', true or false but received 1"],

  [{ iterations: -1 }, `${positive('iterations', 2 ** 31 - 1, 0)} -1`],
  [{ iterations: 1.5 }, `${positive('iterations', 2 ** 31 - 1, 0)} 1.5`],
  [{ iterations: Infinity }, `${positive('iterations', 2 ** 31 - 1, 0)} Infinity`],
  [{ patience: 0 }, `${positive('patience', 2 ** 31 - 1)} 0`],
  [{ seed: -1 }, `${positive('seed', Number.MAX_SAFE_INTEGER, 0)} -1`],
  [{ seed: '1' }, `${positive('seed', Number.MAX_SAFE_INTEGER, 0)} "1"`],
  [{ seed: 2 ** 53 }, `${positive('seed', Number.MAX_SAFE_INTEGER, 0)} 9007199254740992`],
  [{ threads: 0 }, `${positive('threads', 1024)} 0`],
  [{ threads: 1025 }, `${positive('threads', 1024)} 1025`],
  [{ memoryLimit: 0 }, `${positive('memoryLimit', Number.MAX_SAFE_INTEGER)} 0`],
  [{ memoryLimit: '1G' }, `${positive('memoryLimit', Number.MAX_SAFE_INTEGER)} "1G"`],

  [{ ridge: -1 }, `${penalty('ridge')} -1`],
  [{ ridge: NaN }, `${penalty('ridge')} NaN`],
  [{ ridge: Infinity }, `${penalty('ridge')} Infinity`],
  [{ ridge: '0' }, `${penalty('ridge')} "0"`],
  [{ ridge: null }, `${penalty('ridge')} null`],
  [{ ridge: { hidden: 1 } }, `${penalty('ridge.output')} undefined`],
  [{ ridge: { hidden: -1, output: 1 } }, `${penalty('ridge.hidden')} -1`],
  [{ ridge: { hidden: 1, output: 'auto' } }, `${penalty('ridge.output')} "auto"`],
  [
    { ridge: { hidden: 1, output: 1, input: 1 } },
    'Expected the names in options.ridge to be among hidden, output but received "input"',
  ],

  [{ image: 28 }, 'Expected options.image to be an object but received 28'],
  [{ image: { height: 2 } }, `${positive('image.width', 65536)} undefined`],
  [{ image: { height: 1, width: 2, channels: null } }, `${positive('image.channels', 65536)} null`],
  [
    { image: { height: 1, width: 2 }, init: 'uniform' },
    "Expected a first hidden layer of init 'contrast' with options.image but it has 'uniform'",
  ],
  [
    { mask: () => [1, 1], hidden: [] },
    "Expected a first hidden layer of init 'contrast' with options.mask but it has no units",
  ],
  [{ image: { height: 1.5, width: 2 } }, `${positive('image.height', 65536)} 1.5`],
  [{ image: { height: 1, width: 2, channels: 0 } }, `${positive('image.channels', 65536)} 0`],
  [
    { image: { rows: 1, cols: 2 } },
    'Expected the names in options.image to be among height, width, channels but received "rows"',
  ],
  [{ augment: { copies: 1 } }, 'Expected options.image, the shape of the images, with options.augment'],
  [{ augment: 3 }, 'Expected options.augment to be an object but received 3'],
  [{ augment: {} }, `${positive('augment.copies', 255)} undefined`],
  [{ augment: { copies: 0 } }, `${positive('augment.copies', 255)} 0`],
  [{ augment: { copies: 1, rotation: '9' } }, `${within('rotation', 180)} "9"`],
  [{ augment: { copies: 1, scale: 0.91 } }, `${within('scale', 0.9)} 0.91`],
  [{ augment: { copies: 1, shear: NaN } }, `${within('shear', 1)} NaN`],
  [{ augment: { copies: 1, shift: -1 } }, `${within('shift', 1)} -1`],
  [{ augment: { copies: 1, flip: 1 } }, 'Expected options.augment.flip to be a boolean but received 1'],
  [
    { augment: { copies: 1, noise: 1 } },
    'Expected the names in options.augment to be among copies, rotation, scale, shear, shift, flip but received "noise"',
  ],
  [{ mask: [1, 1] }, 'Expected options.mask to be a function but received an Array'],
  [{ mask: () => [1, 1], image: { height: 1, width: 2 } }, 'Expected options.image or options.mask but received both'],
  [{ onIteration: 'log' }, 'Expected options.onIteration to be a function but received "log"'],
  [{ signal: { aborted: false } }, 'Expected options.signal to be an AbortSignal but received a Object'],
  [{ signal: null }, 'Expected options.signal to be an AbortSignal but received null'],

  [
    { activation: 'relu', targets: 'inverse' },
    "Expected injective activations with options.targets 'inverse' but options.hidden[0].activation is 'relu'",
  ],
  [
    { hidden: [5, { units: 5, activation: 'relu' }], targets: 'nearest' },
    "Expected injective activations with options.targets 'nearest' but options.hidden[1].activation is 'relu'",
  ],
  [
    { hidden: [5, { units: 5, activation: 'gelu' }], targets: 'inverse' },
    "Expected injective activations with options.targets 'inverse' but options.hidden[1].activation is 'gelu'",
  ],
];

describe.each(trainers)('options of %s', (name, run) => {
  it.each(['hiden', 'learningRate', name === 'trainClassifier' ? 'loss' : 'classWeights'])(
    'none is %s',
    async (given) => {
      const message = `Expected the names in options to be among ${knownBy(name)} but received "${given}"`;
      await expectBplsError(run({ [given]: undefined }), ...argument(message));
    },
  );

  it.each(refusedOptions)('%j', async (options, message) => {
    await expectBplsError(run(options), ...argument(message));
  });

  it.each([
    ['too few', [1], 'Expected options.mask to return 2 numbers, one for each column, but received an Array'],
    [
      'too many',
      new Float32Array(3),
      'Expected options.mask to return 2 numbers, one for each column, but received a Float32Array',
    ],
    ['a number', 1, 'Expected options.mask to return 2 numbers, one for each column, but received 1'],
    ['nothing', undefined, 'Expected options.mask to return 2 numbers, one for each column, but received undefined'],
    ['null', null, 'Expected options.mask to return 2 numbers, one for each column, but received null'],
    ['NaN', [1, NaN], 'Expected options.mask to return finite numbers but received NaN'],
    ['infinity', [-Infinity, 1], 'Expected options.mask to return finite numbers but received -Infinity'],
    ['text', [1, '1'], 'Expected options.mask to return finite numbers but received "1"'],
  ])('a mask that returns %s', async (_, value, message) => {
    await expectBplsError(run({ ...quick, mask: () => value }), ...argument(message));
  });

  it('what a mask throws', async () => {
    const thrown = new RangeError('of the mask');
    const mask = () => {
      throw thrown;
    };
    expect(await failure(run({ ...quick, mask }))).toBe(thrown);
  });

  it('an image of another number of columns', async () => {
    for (const image of [
      { height: 3, width: 3 },
      { height: 1, width: 1 },
      { height: 1, width: 2, channels: 3 },
    ])
      await expect(run({ ...quick, image })).rejects.toBeInstanceOf(ShapeError);
  });

  it('reads own properties alone, and refuses options that only a prototype has', async () => {
    const inherited = Object.assign(Object.create({ iterations: 2, nonsense: 1 }) as object, quick);
    await expectBplsError(
      run(inherited),
      ...argument('Expected options to have own properties but it inherits "iterations"'),
    );
    class Late {
      get seed() {
        return 5;
      }
    }
    await expectBplsError(
      run(new Late()),
      ...argument('Expected options to have own properties but it inherits "seed"'),
    );
    const bare = Object.assign(Object.create(null) as object, quick);
    class Settings {
      hidden = [3];
      iterations = 1;
      double() {
        return this.iterations * 2;
      }
    }
    const other = runInNewContext('({ hidden: [3], iterations: 1 })') as object;
    for (const options of [bare, new Settings(), other]) await expect(run(options)).resolves.toBeDefined();
  });

  it.each([
    ['an AbortSignal', AbortSignal.abort()],
    ['a Map', new Map([['hidden', [3]]])],
    ['a Set', new Set(['hidden'])],
    ['a URLSearchParams', new URLSearchParams('seed=1')],
  ])('refuses %s instead of options', async (what, value) => {
    await expectBplsError(
      run(value),
      ...argument(`Expected options to be an object of options but received ${what.replace('an ', 'a ')}`),
    );
  });

  it('reads each property once', async () => {
    const counts: Record<string, number> = {};
    const options: object = Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries({ ...quick, validation: undefined }).map(([name, value]) => [
          name,
          {
            enumerable: true,
            get: () => {
              counts[name] = (counts[name] ?? 0) + 1;
              return value;
            },
          },
        ]),
      ),
    );
    await run(options);
    expect(counts).toEqual({ hidden: 1, iterations: 1, validation: 1 });
  });

  it('takes undefined for every default', async () => {
    const options = Object.fromEntries(
      knownBy(name)
        .split(', ')
        .map((option) => [option, undefined]),
    );
    await expect(run({ ...options, ...quick })).resolves.toBeDefined();
  });
});

describe('options of one trainer', () => {
  it('the outputs of a classifier', async () => {
    const message = `Expected options.output to be one of ${activationNames}, 'softmax', 'softmin' but received "step"`;
    await expectBplsError(train(X, labels, { output: 'step' }), ...argument(message));
  });

  it('the outputs of a regressor', async () => {
    const injective = activationNames.replace("'relu', ", '').replace(", 'gelu'", '');
    for (const output of ['softmax', 'softmin', 'relu', 'gelu'])
      await expectBplsError(
        regress(X, Y, { output }),
        ...argument(`Expected options.output to be one of ${injective} but received "${output}"`),
      );
  });

  const wide = matrix(new Float64Array(9), 3, 3);
  const three = matrix(new Float64Array(3), 3, 1);
  const inputs = matrix(X.data.slice(0, 6), 3, 2);

  it.each([
    ['null', null, argument('Expected options.validation to be an object but received null')],
    [
      'an unknown property',
      { inputs, labels: [0, 1, 0], targets: three },
      argument('Expected the names in options.validation to be among inputs, labels but received "targets"'),
    ],
    [
      'no inputs',
      { labels: [0, 1] },
      argument('Expected options.validation.inputs to be a matrix { data, rows, cols } but received undefined'),
    ],
    [
      'no labels',
      { inputs },
      argument('Expected options.validation.labels to be a typed array, number[] or string[] but received undefined'),
    ],
    [
      'other columns',
      { inputs: wide, labels: [0, 1, 0] },
      shape('Expected options.validation.inputs.cols to equal X.cols (2) but received 3'),
    ],
    [
      'another precision',
      { inputs: singleX, labels },
      precision('Expected options.validation.inputs.data to be a Float64Array like X.data but received a Float32Array'),
    ],
    [
      'too few labels',
      { inputs, labels: [0, 1] },
      shape('Expected options.validation.labels.length to equal options.validation.inputs.rows (3) but received 2'),
    ],
    [
      'an unknown label',
      { inputs, labels: [0, 1, 2] },
      argument("Expected options.validation.labels to be among the model's classes but received 2 at index 2"),
    ],
    [
      'labels of another kind',
      { inputs, labels: ['0', '1', '0'] },
      argument('Expected options.validation.labels to be among the model\'s classes but received "0" at index 0'),
    ],
    [
      'inputs that are not finite',
      { inputs: withElement(inputs, 1, 1, NaN), labels: [0, 1, 0] },
      nonFinite('Expected options.validation.inputs to be finite but received NaN at row 1, column 1'),
    ],
  ] as [string, unknown, Refusal][])('the validation of a classifier: %s', async (_, validation, refusal) => {
    await expectBplsError(train(X, labels, { ...quick, validation }), ...refusal);
  });

  it.each([
    ['null', null, argument('Expected options.validation to be an object but received null')],
    [
      'an unknown property',
      { inputs, labels: [0, 1, 0] },
      argument('Expected the names in options.validation to be among inputs, targets but received "labels"'),
    ],
    [
      'no inputs',
      { targets: three },
      argument('Expected options.validation.inputs to be a matrix { data, rows, cols } but received undefined'),
    ],
    [
      'no targets',
      { inputs },
      argument('Expected options.validation.targets to be a matrix { data, rows, cols } but received undefined'),
    ],
    [
      'other columns',
      { inputs: wide, targets: three },
      shape('Expected options.validation.inputs.cols to equal X.cols (2) but received 3'),
    ],
    [
      'other outputs',
      { inputs, targets: wide },
      shape('Expected options.validation.targets.cols to equal Y.cols (1) but received 3'),
    ],
    [
      'other rows',
      { inputs, targets: Y },
      shape('Expected options.validation.targets.rows to equal options.validation.inputs.rows (3) but received 8'),
    ],
    [
      'inputs of another precision',
      { inputs: singleX, targets: Y },
      precision('Expected options.validation.inputs.data to be a Float64Array like X.data but received a Float32Array'),
    ],
    [
      'targets of another precision',
      { inputs: X, targets: singleY },
      precision(
        'Expected options.validation.targets.data to be a Float64Array like Y.data but received a Float32Array',
      ),
    ],
    [
      'inputs that are not finite',
      { inputs: withElement(inputs, 1, 1, NaN), targets: three },
      nonFinite('Expected options.validation.inputs to be finite but received NaN at row 1, column 1'),
    ],
    [
      'targets that are not finite',
      { inputs, targets: withElement(three, 2, 0, Infinity) },
      nonFinite('Expected options.validation.targets to be finite but received Infinity at row 2, column 0'),
    ],
  ] as [string, unknown, Refusal][])('the validation of a regressor: %s', async (_, validation, refusal) => {
    await expectBplsError(regress(X, Y, { ...quick, validation }), ...refusal);
  });

  it.each([
    [{ ridge: 1 }, 'Expected the names in options to be among solver, rcond, threads, signal but received "ridge"'],
    [{ solver: 'qr' }, `Expected options.solver to be one of 'auto', 'cholesky', 'svd' but received "qr"`],
    [{ rcond: -1 }, 'Expected options.rcond to be a finite number not below 0 but received -1'],
    [{ rcond: NaN }, 'Expected options.rcond to be a finite number not below 0 but received NaN'],
    [{ rcond: '0' }, 'Expected options.rcond to be a finite number not below 0 but received "0"'],
    [{ rcond: 1 }, 'Expected options.rcond to be below 1 but received 1'],
    [{ threads: 1.5 }, 'Expected options.threads to be an integer from 1 to 1024 but received 1.5'],
    [{ signal: 'abort' }, 'Expected options.signal to be an AbortSignal but received "abort"'],
    [null, 'Expected options to be an object but received null'],
  ])('of lstsq: %j', async (options, message) => {
    await expectBplsError(solve(X, Y, options), ...argument(message));
  });
});

describe('systems without full column rank', () => {
  const singularMatrix =
    "Expected A to have full column rank with solver 'cholesky' but it has not; 'auto' and 'svd' solve it";
  const singularSums =
    "Expected a positive definite Gram matrix with solver 'cholesky' but it is singular; 'auto' and 'svd' solve it";

  // The last column is the sum of the others: rounding leaves a last pivot of either sign.
  it.each(['float64', 'float32'] as const)('are refused by Cholesky however they round: %s', async (precision) => {
    const [count, n] = [30, 6];
    for (let seed = 1; seed <= 40; seed++) {
      const data = precision === 'float64' ? new Float64Array(count * n) : new Float32Array(count * n);
      for (let i = 0; i < count; i++)
        for (let j = 0; j < n - 1; j++) {
          data[i * n + j] = Math.round(100 * Math.sin(seed * (i * n + j + 1) ** 2));
          data[i * n + n - 1]! += data[i * n + j]!;
        }
      const A: Matrix = matrix(data, count, n);
      const B: Matrix = matrix(data.slice(0, count), count, 1);
      const sums = new NormalEquations(n, 1, { precision, intercept: false });
      await sums.add(A, B);
      for (const solution of [await lstsq(A, B), await sums.solve()])
        expect(solution).toMatchObject({ solver: 'svd', rank: n - 1 });
      await expectBplsError(solve(A, B, { solver: 'cholesky' }), SingularError, 'SINGULAR', singularMatrix);
      await expectBplsError(sums.solve({ solver: 'cholesky' }), SingularError, 'SINGULAR', singularSums);
    }
  });

  it('are not made by sums of no columns', async () => {
    const message = (name: string) => `Expected ${name} to be an integer from 1 to 16777216 but received undefined`;
    const make = (inputs?: number, outputs?: number) => () => new NormalEquations(inputs as number, outputs as number);
    await expectBplsError(make(undefined, 1), ...argument(message('inputs')));
    await expectBplsError(make(1, undefined), ...argument(message('outputs')));
  });
});

describe('a trained network', () => {
  let classifier: Classifier<number, Float64Array>;
  let regressor: Regressor<Float64Array>;
  let predictions: [name: string, predict: (X: unknown, options?: unknown) => Promise<unknown>][];

  beforeAll(async () => {
    classifier = await trainClassifier(X, labels, quick);
    regressor = await trainRegressor(X, Y, quick);
    predictions = [
      ['Classifier.predict', (X, options) => classifier.predict(X as never, options as never)],
      ['probabilities', (X, options) => classifier.probabilities(X as never, options as never)],
      ['Classifier.evaluate', (X, options) => classifier.evaluate(X as never, labels, options as never)],
      ['Regressor.predict', (X, options) => regressor.predict(X as never, options as never)],
      ['Regressor.evaluate', (X, options) => regressor.evaluate(X as never, Y, options as never)],
    ];
  });

  it.each(noMatrices('X'))('refuses inputs: %s', async (_, value, refusal) => {
    for (const [, predict] of predictions) await expectBplsError(predict(value), ...refusal);
    await expectBplsError(() => classifier.predictSync(value as never), ...refusal);
    await expectBplsError(() => regressor.predictSync(value as never), ...refusal);
  });

  it('refuses inputs of other columns, another precision, or not finite', async () => {
    const wide = matrix(new Float64Array(3 * rows), rows, 3);
    const width = shape("Expected X.cols to equal the network's inputs (2) but received 3");
    const mixed = precision(
      "Expected X.data to be a Float64Array like the network's weights but received a Float32Array",
    );
    for (const [, predict] of predictions) {
      await expectBplsError(predict(wide), ...width);
      await expectBplsError(predict(singleX), ...mixed);
      await expectBplsError(
        predict(withElement(X, 6, 1, NaN)),
        ...nonFinite('Expected X to be finite but received NaN at row 6, column 1'),
      );
    }
    for (const predictSync of [classifier.predictSync.bind(classifier), regressor.predictSync.bind(regressor)]) {
      await expectBplsError(() => predictSync(wide), ...width);
      await expectBplsError(() => predictSync(singleX as never), ...mixed);
      // Activations with bounds would make a number of infinity.
      for (const bad of [NaN, Infinity, -Infinity])
        await expectBplsError(
          () => predictSync(withElement(X, 6, 1, bad)),
          ...nonFinite(`Expected X to be finite but received ${bad} at row 6, column 1`),
        );
    }
  });

  it('refuses options', async () => {
    const reason = new Error('enough');
    for (const [, predict] of predictions) {
      for (const [options, message] of [
        [null, 'Expected options to be an object but received null'],
        [{ batch: 5 }, 'Expected the names in options to be among threads, signal but received "batch"'],
        [{ threads: 0 }, 'Expected options.threads to be an integer from 1 to 1024 but received 0'],
        [{ signal: 1 }, 'Expected options.signal to be an AbortSignal but received 1'],
      ])
        await expectBplsError(predict(X, options), ...argument(message as string));
      const aborted = predict(X, { signal: AbortSignal.abort(reason) });
      const error = await expectBplsError(aborted, AbortedError, 'ABORTED', 'The operation was aborted');
      expect(error.cause).toBe(reason);
    }
  });

  it('refuses labels that it does not know, or that do not fit', async () => {
    const unknown = (what: string, index: number) =>
      argument(`Expected labels to be among the model's classes but received ${what} at index ${index}`);
    const changed = Array.from(labels);
    changed[5] = 9;
    await expectBplsError(classifier.evaluate(X, changed), ...unknown('9', 5));
    await expectBplsError(classifier.evaluate(X, Array.from(labels, String)), ...unknown('"0"', 0));
    await expectBplsError(
      classifier.evaluate(X, labels.slice(2)),
      ...shape('Expected labels.length to equal X.rows (8) but received 6'),
    );
    await expectBplsError(
      classifier.evaluate(X, undefined as never),
      ...argument('Expected labels to be a typed array, number[] or string[] but received undefined'),
    );
    await expectBplsError(
      classifier.evaluate(X, detached(labels.slice())),
      ...buffer('Expected labels not to be backed by a detached ArrayBuffer'),
    );
  });

  it.each(noMatrices('Y'))('refuses targets to evaluate: %s', async (_, value, refusal) => {
    await expectBplsError(regressor.evaluate(X, value as never), ...refusal);
  });

  it('refuses targets that do not fit', async () => {
    await expectBplsError(
      regressor.evaluate(X, matrix(new Float64Array(3), 3, 1)),
      ...shape('Expected Y.rows to equal X.rows (8) but received 3'),
    );
    await expectBplsError(
      regressor.evaluate(X, X),
      ...shape("Expected Y.cols to equal the network's outputs (1) but received 2"),
    );
  });

  it('refuses targets of another precision', async () => {
    await expectBplsError(
      regressor.evaluate(X, singleY as never),
      ...precision('Expected Y.data to be a Float64Array like X.data but received a Float32Array'),
    );
  });

  it('refuses targets that are not finite', async () => {
    await expectBplsError(
      regressor.evaluate(X, withElement(Y, 3, 0, NaN)),
      ...nonFinite('Expected Y to be finite but received NaN at row 3, column 0'),
    );
  });
});

describe.each(trainers)('%s, stopped', (_, run) => {
  const aborted = [AbortedError, 'ABORTED', 'The operation was aborted'] as const;

  it('before the start', async () => {
    const reason = new Error('no longer wanted');
    let calls = 0;
    const options = { ...quick, signal: AbortSignal.abort(reason), onIteration: () => calls++ };
    const error = await expectBplsError(run(options), ...aborted);
    expect(error).toMatchObject({ name: 'AbortError', cause: reason });
    expect(error.cause).toBe(reason);
    expect(calls).toBe(0);
  });

  it('before the start, without a reason', async () => {
    const { cause } = await expectBplsError(run({ ...quick, signal: AbortSignal.abort() }), ...aborted);
    expect(cause).toMatchObject({ name: 'AbortError' });
  });

  it('just after the start', async () => {
    const controller = new AbortController();
    const training = run({ ...quick, signal: controller.signal });
    controller.abort('enough');
    expect((await expectBplsError(training, ...aborted)).cause).toBe('enough');
  });

  it.each(['gauss-newton', 'inverse', 'nearest'])('in the middle, targets %s', async (targets) => {
    const controller = new AbortController();
    const reason = { enough: true };
    const seen: number[] = [];
    // A regression that a second pass of the others does not improve is over.
    const last = targets === 'gauss-newton' ? 2 : 1;
    const onIteration = ({ iteration }: { iteration: number }) => {
      seen.push(iteration);
      if (seen.length === last) controller.abort(reason);
    };
    const options = { hidden: [3], iterations: 20, samples: 'all', ridge: 0.01, targets, signal: controller.signal };
    const { cause } = await expectBplsError(run({ ...options, onIteration }), ...aborted);
    expect(cause).toBe(reason);
    expect(seen.length).toBe(last);
  });

  it.each(['gauss-newton', 'inverse'])('by what onIteration throws, targets %s', async (targets) => {
    for (const thrown of [new TypeError('of the listener'), 'text', undefined, { code: 'OUT_OF_MEMORY' }]) {
      let calls = 0;
      const onIteration = () => {
        calls++;
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- a listener may throw anything
        throw thrown;
      };
      const outcome = await run({ ...quick, targets, onIteration }).then(
        () => 'resolved',
        (error: unknown) => ({ error }),
      );
      expect(outcome).toEqual({ error: thrown });
      expect((outcome as { error: unknown }).error).toBe(thrown);
      expect(calls).toBe(1);
    }
  });
});

describe('after a failure', () => {
  it('the inputs are as they were, and the next call works', async () => {
    const broken = withElement(X, 4, 1, NaN);
    const arrays = [X.data, Y.data, labels, broken.data];
    const before = arrays.map((array) => array.slice());
    const controller = new AbortController();
    const options = { hidden: [3], iterations: 5 };
    const stop = () => controller.abort();
    const fail = () => {
      throw new Error('enough');
    };
    for (const action of [
      () => train(X, labels, { ...options, signal: controller.signal, onIteration: stop }),
      () => regress(X, Y, { ...options, output: 'sigmoid', onIteration: fail }),
      () => regress(X, Y, { ...options, targets: 'inverse', onIteration: fail }),
      () => train(broken, labels),
      () => regress(broken, Y),
      () => solve(broken, Y),
      () => solve(X, Y, { solver: 'qr' }),
      () => solve(matrix(X.data, 1, 16), matrix(Y.data.subarray(0, 1), 1, 1), { solver: 'cholesky' }),
      () => train(X, labels, { mask: () => [] }),
    ])
      expect(await failure(action())).toBeInstanceOf(Error);
    arrays.forEach((array, i) => expect(array).toEqual(before[i]));
    await expect(train(X, labels)).resolves.toBeDefined();
    await expect(regress(X, Y)).resolves.toBeDefined();
  });
});
