import { resolve } from 'node:path';
import {
  activations,
  isInjective,
  outputActivations,
  type Activation,
  type OutputActivation,
} from './network/activation.js';
import { ArgumentError } from './errors.js';
import type { Lane } from './lane.js';
import { checkEqual, describe, type Matrix } from './matrix.js';
import type { Label, Labels } from './network/labels.js';
import type { Random } from './random.js';
import type { IterationReport } from './report.js';
import { usualThreads } from './threads.js';

export type Init = 'uniform' | 'orthogonal' | 'contrast';
export type TargetRule = 'inverse' | 'nearest' | 'gauss-newton';
export type SampleRule = 'all' | 'misclassified' | 'margin';
export type Loss = 'squared' | 'huber';
export type Solver = 'auto' | 'cholesky' | 'svd';

/** One hidden layer where its number of units alone does not say enough. */
export interface HiddenLayer {
  units: number;
  /** @default the option `activation` */
  activation?: Activation | 'auto' | undefined;
  /** @default the option `init` for the first layer, `orthogonal` above it where that is `contrast` */
  init?: Init | undefined;
}

/** Rows that are images: `height · width · channels` columns, channels last. */
export interface ImageShape {
  height: number;
  width: number;
  /** @default 1 */
  channels?: number | undefined;
}

/** With every default in place. */
type Full<Options> = { [Name in keyof Options]-?: NonNullable<Options[Name]> };

export type FullImage = Full<ImageShape>;

/**
 * Distorted copies of images. Each is drawn anew: turned, stretched, sheared and shifted by amounts that are uniform up to
 * these either way, bilinear between pixels, beyond the edge as the nearest pixel.
 */
export interface Augmentation {
  /** Copies of each image, to train on beside itself. */
  copies: number;
  /** Degrees. @default 15 */
  rotation?: number | undefined;
  /** Of height and width, each on its own, as a share. @default 0.15 */
  scale?: number | undefined;
  /** By how much of a row's distance from the middle it is moved sideways. @default 0.15 */
  shear?: number | undefined;
  /** As a share of height and width. @default 0.05 */
  shift?: number | undefined;
  /** Each copy is, with a probability of ½, of the mirror image, left for right. @default false */
  flip?: boolean | undefined;
}

export type FullAugmentation = Full<Augmentation>;

/** Options of both trainers. */
export interface TrainOptions {
  /**
   * Hidden layers from the input up, as units or in full. With at most 10,000 rows `activation: 'auto'` may leave them
   * out: name an activation to keep them. @default [500]
   */
  hidden?: readonly (number | HiddenLayer)[] | undefined;
  /**
   * Activation of hidden layers that do not name their own. `auto`: `tanh`, or `elu` where the search of
   * `ridge: 'auto'` finds that it has 1 % less loss on held-out rows (from 25,000 rows on 5 %); or, of 10,000 rows and
   * fewer and where nothing asks for hidden units (an activation of their own, `image`, `mask`, `iterations: 0`), a
   * linear model without hidden layers where that has the least, or where `samples: 'auto'` finds its classes likelier
   * (either by 5 %, of more than 2,500).
   * @default 'auto'
   */
  activation?: Activation | 'auto' | undefined;
  /**
   * First weights: `uniform` U[−1, 1] (the paper's); `orthogonal`, in layers above the first scaled and shifted into
   * the nearly linear part of the activation; `contrast`, the first layer's from differences of two samples (of
   * different classes, for a classifier). @default 'contrast', and `orthogonal` above the first layer
   */
  init?: Init | undefined;
  /** Rows are images: each `contrast` unit looks through a Gaussian window at a random place of them. */
  image?: ImageShape | undefined;
  /**
   * Trains on distorted copies of each image of `image`, too, as many rows more. The search of `ridge: 'auto'` judges
   * by images that it left out, copies and all, and so do the rows that `iterations: 'auto'` holds out; it trains on as
   * many copies as `memoryLimit` has room for. The images and their copies are kept together beside the inputs, at the
   * inputs' size for each and once more for the images, whatever `memoryLimit` is.
   */
  augment?: Augmentation | undefined;
  /**
   * Weight of each input column for one `contrast` unit, instead of `image`; the first `init` is to be `contrast`.
   * Called for every unit, in a trial of `ridge: 'auto'` as well, and once more each for `checkpoint`.
   */
  mask?: ((random: Random, unit: number) => ArrayLike<number>) | undefined;
  /** Rule for the desired values of the hidden layers. @default 'gauss-newton' */
  targets?: TargetRule | undefined;
  /**
   * Samples that ask for change: `all`; `misclassified`, the paper's literal rule; `margin`, those whose score is not
   * yet beyond ±1. `auto` is `margin`, or, for a softmax, `all` where the search of `ridge: 'auto'` finds that the
   * log-loss of held-out rows is 5 % less with it, or less at all with it and a linear model instead of hidden
   * units (of more than 2,500 rows by 5 %). A regressor has no classes and uses all.
   * @default 'auto'
   */
  samples?: 'auto' | SampleRule | undefined;
  /**
   * Steps of the hidden layers, those taken back and tried again shorter included; 0 solves the output layer alone
   * (with `gauss-newton`). `auto` is 8 to 64, until two in a row have not lowered the loss (the objective without its
   * ridge part) by 1 % since it last rose. With 25,000 rows and more and no `validation` 2 % of the rows (4,000 at
   * most) are left out, and their loss says so, after four in a row; with `ridge: 'auto'` as well it goes on with three
   * times the ridge then, or a third, as long as that lowers their loss by 1 %. `targets` of the paper make 8.
   * @default 'auto'
   */
  iterations?: 'auto' | number | undefined;
  /**
   * Penalty of ½ ridge ‖V‖² on each layer's weights, beside the objective per sample; biases are not penalised. `auto`
   * chooses by short trainings on up to 2,000 rows, judged by up to 4,000 others, and changes it later where
   * `iterations: 'auto'` holds rows out and they ask for it; the report has what it saw. With the `targets` of the paper
   * it is 0.
   * @default 'auto'
   */
  ridge?: 'auto' | number | { hidden: number; output: number } | undefined;
  /**
   * Of the output layer, and of all with `inverse` and `nearest`; hidden layers under `gauss-newton` are always solved
   * by Cholesky. `auto` solves by Cholesky, and by the SVD where that fails or, without a ridge or with those two
   * rules, where the reciprocal condition number says so; where Cholesky fails in spite of a ridge of `gauss-newton`,
   * the factor gets more ridge instead, for which further steps make up. @default 'auto'
   */
  solver?: Solver | undefined;
  /**
   * Weight of each sample in the objective and the standardisation, not negative; only their ratios matter. A sample of
   * weight 0 is fitted by nothing and left out of the search; its row is checked, its label makes a class. Needs
   * `targets: 'gauss-newton'`.
   */
  sampleWeights?: ArrayLike<number> | undefined;
  /**
   * Inputs to zero mean and unit deviation, column by column; kept with the network. `auto` is `true`, except for
   * columns that share one range when at least half of the varying ones have exactly its ends, as pixels and indicators
   * do, and most have no heavy tails: these keep their numbers, or are taken from 0 to 1 where there are others beside them or 0 is not in that range; and except for
   * columns with heavy tails, which go in as asinh((x − median)/deviation), the deviation that of the quartiles, where
   * the search of `ridge: 'auto'` finds that that has less loss (of data with fewer columns than twice the rows).
   * @default 'auto'
   */
  standardize?: 'auto' | boolean | undefined;
  /** Integer seed of everything random. @default 0 */
  seed?: number | undefined;
  /** Threads of BLAS, of which 120 at most compute. @default the cores that the process may use, by affinity and control group */
  threads?: number | undefined;
  /**
   * Bytes of working memory beside the inputs, if the network itself needs no more; more lets activations be kept
   * between passes. A copy of data with twice as many columns as rows is not counted.
   * @default 384 MiB for float32, 768 MiB for float64
   */
  memoryLimit?: number | undefined;
  /**
   * File in which the training keeps its state after each accepted iteration, from the first weights on: a search that
   * is cut off begins anew. Where it exists, left by a training of the same data and options that was cut off, this one
   * goes on from there, to the same weights bit for bit (with as many threads and as much memory). One of other data or
   * options is refused with a ModelFileError: remove it to start anew. It is written beside and renamed, and removed
   * when the training is done. One training at a time has it; of the same thread another is refused.
   */
  checkpoint?: string | undefined;
  /** Aborts the training between two batches, or where it waits its turn. */
  signal?: AbortSignal | undefined;
  /**
   * Called after each iteration; a promise, or anything with a `then`, is waited for. With `'stop'` the training ends
   * with the best weights so far. What it throws or rejects with rejects the training.
   */
  onIteration?: ((iteration: IterationReport) => unknown) | undefined;
}

/** Options of {@link trainClassifier}. */
export interface ClassifierOptions extends TrainOptions {
  /** @default 'softmax' */
  output?: OutputActivation | undefined;
  /**
   * Weight of the samples of each class, times their own; classes that are not named have weight 1. `balanced` gives
   * every class the same sum: with s of all `sampleWeights` (or rows) and s_k of the class's, s / (classes · s_k). The
   * probabilities are then those of data in which the classes have these weights.
   */
  classWeights?: 'balanced' | ReadonlyMap<Label, number> | Readonly<Record<string, number>> | undefined;
  /**
   * Held-out data: the iteration of the best accuracy on it is kept, the first of equals, and training stops when
   * `patience` more accepted ones bring no better.
   */
  validation?: { inputs: Matrix; labels: Labels } | undefined;
  /**
   * Iterations without a better one after which training stops: on the validation data, or, with the rules `inverse` and
   * `nearest` and none, by misclassified samples. @default 3
   */
  patience?: number | undefined;
}

/** Options of {@link trainRegressor}. */
export interface RegressorOptions extends TrainOptions {
  /** Injective activation of the outputs; targets, within its range, are taken through its inverse. @default 'identity' */
  output?: Exclude<Activation, 'relu' | 'gelu'> | undefined;
  /**
   * What a residual r costs: `squared` ½r²; `huber` ½r² up to δ and δ(|r| − ½δ) beyond, so that outliers pull no harder
   * than δ, which is 1.345 standard deviations of each output's residuals as their (weighted) median tells it; needs
   * `targets: 'gauss-newton'`. @default 'squared'
   */
  loss?: Loss | undefined;
  /**
   * Held-out data: the iteration of the best R² on it is kept, the first of equals, and training stops when `patience`
   * more accepted ones bring no better.
   */
  validation?: { inputs: Matrix; targets: Matrix } | undefined;
  /**
   * Iterations without a better one on the validation data after which training stops. With the rules `inverse` and
   * `nearest` and none, it stops at the first pass that is no better. @default 3
   */
  patience?: number | undefined;
}

/** The options with every default in place, checked. */
export interface Settings {
  hidden: { units: number; activation: Activation | 'auto'; init: Init }[];
  output: OutputActivation;
  image: FullImage | undefined;
  augment: FullAugmentation | undefined;
  mask: ((random: Random, unit: number) => ArrayLike<number>) | undefined;
  targets: TargetRule;
  /** `auto` only for the rule `gauss-newton`. */
  samples: SampleRule | 'auto';
  iterations: 'auto' | number;
  ridge: 'auto' | { hidden: number; output: number };
  solver: Solver;
  standardize: 'auto' | boolean;
  patience: number;
  seed: number;
  threads: number;
  memoryLimit: number | undefined;
  checkpoint: string | undefined;
  signal: AbortSignal | undefined;
  onIteration: ((iteration: IterationReport) => unknown) | undefined;
  loss: Loss;
  /** As given: the trainers check these against their data. */
  validation: unknown;
  sampleWeights: unknown;
  classWeights: unknown;
}

export const trainOptions = [
  'hidden',
  'activation',
  'init',
  'image',
  'augment',
  'mask',
  'targets',
  'samples',
  'iterations',
  'ridge',
  'solver',
  'standardize',
  'seed',
  'threads',
  'memoryLimit',
  'checkpoint',
  'signal',
  'onIteration',
  'output',
  'validation',
  'patience',
  'sampleWeights',
  'classWeights',
  'loss',
] as const;

/** Own properties alone: what only a prototype has would be ignored. */
function checkPlain(name: string, value: object, known: readonly string[]): void {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== 'Object')
    throw new ArgumentError(`Expected ${name} to be an object of options but received ${describe(value)}`);
  for (let above = parentOf(value); above && parentOf(above); above = parentOf(above))
    for (const option of known)
      if (Object.hasOwn(above, option))
        throw new ArgumentError(`Expected ${name} to have own properties but it inherits ${describe(option)}`);
}

function parentOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

/** An options object read once: own enumerable properties, all of them known. */
export function readOptions<const Name extends string>(
  value: unknown,
  known: readonly Name[],
  name = 'options',
): Partial<Record<Name, unknown>> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ArgumentError(`Expected ${name} to be an object but received ${describe(value)}`);
  checkPlain(name, value, known);
  // Without a prototype: what somebody put on every object is no option.
  const options = Object.assign(Object.create(null) as Partial<Record<Name, unknown>>, value);
  for (const key of Object.keys(options))
    if (!known.includes(key as Name))
      throw new ArgumentError(
        `Expected the names in ${name} to be among ${known.join(', ')} but received ${describe(key)}`,
      );
  return options;
}

/** @param otherwise where it is not given; without, it must be */
export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[], otherwise?: T): T {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (!allowed.includes(value as T))
    throw new ArgumentError(
      `Expected ${name} to be one of ${allowed.map((word) => `'${word}'`).join(', ')} but received ${describe(value)}`,
    );
  return value as T;
}

/** @param otherwise where it is not given; without, it must be */
export function integer(name: string, value: unknown, least: number, most: number, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    throw new ArgumentError(
      `Expected ${name} to be an integer from ${least} to ${most} but received ${describe(value)}`,
    );
  return value as number;
}

/** Of one layer. */
export const mostUnits = 2 ** 20;

/** @throws ArgumentError where a layer cannot have so many */
export function checkUnits(name: string, units: unknown): number {
  return integer(name, units, 1, mostUnits);
}

export function isNonNegative(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

export function nonNegative(name: string, value: unknown): number {
  if (!isNonNegative(value))
    throw new ArgumentError(`Expected ${name} to be a finite number not below 0 but received ${describe(value)}`);
  return value;
}

function signalOf(value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal))
    throw new ArgumentError(`Expected options.signal to be an AbortSignal but received ${describe(value)}`);
  try {
    if (value) Reflect.get(value, 'aborted');
  } catch (error) {
    throw new ArgumentError('Expected options.signal to be an AbortSignal but it only inherits from one', {
      cause: error,
    });
  }
  return value;
}

function threadsOf(value: unknown): number {
  return value === undefined ? usualThreads() : integer('options.threads', value, 1, 1024);
}

/** Options of a call that computes. */
export interface RunOptions {
  /** Threads of BLAS, of which 120 at most compute. @default the cores that the process may use */
  threads?: number | undefined;
  /** Ends the call between two batches, or where it waits its turn, with an AbortedError. */
  signal?: AbortSignal | undefined;
}

/** A run of its own. */
export function laneOf({ threads, signal }: { threads?: unknown; signal?: unknown }): Lane {
  return { threads: threadsOf(threads), signal: signalOf(signal), operations: 0 };
}

/** @throws ArgumentError where these are no RunOptions */
export function runOf(options: unknown): Lane {
  return laneOf(readOptions(options, ['threads', 'signal']));
}

/**
 * Absolute: the working folder may change before it is used.
 *
 * @throws ArgumentError
 */
export function checkPath(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0'))
    throw new ArgumentError(`Expected ${name} to be the path of a file but received ${describe(value)}`);
  return resolve(value);
}

function functionOf(name: string, value: unknown): unknown {
  if (value !== undefined && typeof value !== 'function')
    throw new ArgumentError(`Expected ${name} to be a function but received ${describe(value)}`);
  return value;
}

const inits = ['uniform', 'orthogonal', 'contrast'] as const;
const hiddenActivations = ['auto', ...activations] as const;

/** Few enough to be looked at in one turn, and for a call's arguments. */
const mostLayers = 10_000;

function hiddenOf(value: unknown, activation: Activation | 'auto', init: Init): Settings['hidden'] {
  if (value !== undefined && !Array.isArray(value))
    throw new ArgumentError(`Expected options.hidden to be an array but received ${describe(value)}`);
  if (value && value.length > mostLayers)
    throw new ArgumentError(`Expected at most ${mostLayers} layers in options.hidden but received ${value.length}`);
  return Array.from((value as unknown[] | undefined) ?? [500], (layer, l) => {
    const name = `options.hidden[${l}]`;
    const given = readOptions(
      typeof layer === 'object' && layer !== null ? layer : { units: layer },
      ['units', 'activation', 'init'],
      name,
    );
    if (given.units === undefined)
      throw new ArgumentError(`Expected ${name} to be units or { units } but received ${describe(layer)}`);
    const units = checkUnits(`${name}.units`, given.units);
    const first = oneOf(`${name}.init`, given.init, inits, l > 0 && init === 'contrast' ? 'orthogonal' : init);
    if (l > 0 && first === 'contrast')
      throw new ArgumentError(`Expected ${name}.init not to be 'contrast': only the first layer sees the samples`);
    const own = oneOf(`${name}.activation`, given.activation, hiddenActivations, activation);
    return { units, activation: own, init: first };
  });
}

function imageOf(value: unknown): FullImage | undefined {
  if (value === undefined) return undefined;
  const given = readOptions(value, ['height', 'width', 'channels'], 'options.image');
  const side = (name: keyof ImageShape, otherwise?: number) =>
    integer(`options.image.${name}`, given[name], 1, 2 ** 16, otherwise);
  return { height: side('height'), width: side('width'), channels: side('channels', 1) };
}

function augmentOf(value: unknown): FullAugmentation | undefined {
  if (value === undefined) return undefined;
  const names = ['copies', 'rotation', 'scale', 'shear', 'shift', 'flip'] as const;
  const given = readOptions(value, names, 'options.augment');
  const share = (name: 'rotation' | 'scale' | 'shear' | 'shift', most: number, otherwise: number) => {
    const size = given[name] === undefined ? otherwise : given[name];
    if (!isNonNegative(size) || size > most)
      throw new ArgumentError(
        `Expected options.augment.${name} to be a number from 0 to ${most} but received ${describe(size)}`,
      );
    return size;
  };
  const { flip = false } = given;
  if (typeof flip !== 'boolean')
    throw new ArgumentError(`Expected options.augment.flip to be a boolean but received ${describe(flip)}`);
  return {
    copies: integer('options.augment.copies', given.copies, 1, 255),
    rotation: share('rotation', 180, 15),
    scale: share('scale', 0.9, 0.15),
    shear: share('shear', 1, 0.15),
    shift: share('shift', 1, 0.05),
    flip,
  };
}

function ridgeOf(value: unknown): Settings['ridge'] {
  if (value === undefined || value === 'auto') return 'auto';
  if (typeof value === 'object' && value !== null) {
    const given = readOptions(value, ['hidden', 'output'], 'options.ridge');
    return {
      hidden: nonNegative('options.ridge.hidden', given.hidden),
      output: nonNegative('options.ridge.output', given.output),
    };
  }
  const both = nonNegative('options.ridge', value);
  return { hidden: both, output: both };
}

/** Whether the outputs are normalised exponentials, which take a temperature. */
export function isCalibrated({ output }: Settings): boolean {
  return output === 'softmax' || output === 'softmin';
}

/** @throws ShapeError where the image has not the columns of the data */
export function checkImage({ image }: Settings, cols: number): void {
  if (image)
    checkEqual('options.image height * width * channels', image.height * image.width * image.channels, 'X.cols', cols);
}

/** Checks options and fills in the defaults. `classifier` decides which outputs and sample rules there are. */
export function settingsOf(value: unknown, classifier: boolean): Settings {
  const other = classifier ? 'loss' : 'classWeights';
  const options: Partial<Record<(typeof trainOptions)[number], unknown>> = readOptions(
    value,
    trainOptions.filter((name) => name !== other),
  );
  const activation = oneOf('options.activation', options.activation, hiddenActivations, 'auto');
  const init = oneOf('options.init', options.init, inits, 'contrast');
  const standardize = options.standardize === undefined ? 'auto' : options.standardize;
  if (standardize !== 'auto' && typeof standardize !== 'boolean')
    throw new ArgumentError(
      `Expected options.standardize to be 'auto', true or false but received ${describe(standardize)}`,
    );
  const samples = oneOf('options.samples', options.samples, ['auto', 'all', 'misclassified', 'margin'], 'auto');
  const targets = oneOf('options.targets', options.targets, ['inverse', 'nearest', 'gauss-newton'], 'gauss-newton');
  const settings: Settings = {
    hidden: hiddenOf(options.hidden, activation, init),
    output: classifier
      ? oneOf('options.output', options.output, outputActivations, 'softmax')
      : oneOf('options.output', options.output, activations.filter(isInjective), 'identity'),
    image: imageOf(options.image),
    augment: augmentOf(options.augment),
    mask: functionOf('options.mask', options.mask) as Settings['mask'],
    targets,
    samples: !classifier ? 'all' : samples === 'auto' && targets !== 'gauss-newton' ? 'margin' : samples,
    iterations:
      options.iterations === undefined || options.iterations === 'auto'
        ? 'auto'
        : integer('options.iterations', options.iterations, targets === 'gauss-newton' ? 0 : 1, 2 ** 31 - 1),
    ridge: ridgeOf(options.ridge),
    solver: oneOf('options.solver', options.solver, ['auto', 'cholesky', 'svd'], 'auto'),
    standardize,
    patience: integer('options.patience', options.patience, 1, 2 ** 31 - 1, 3),
    seed: integer('options.seed', options.seed, 0, Number.MAX_SAFE_INTEGER, 0),
    threads: threadsOf(options.threads),
    memoryLimit:
      options.memoryLimit === undefined
        ? undefined
        : integer('options.memoryLimit', options.memoryLimit, 1, Number.MAX_SAFE_INTEGER),
    checkpoint: options.checkpoint === undefined ? undefined : checkPath('options.checkpoint', options.checkpoint),
    signal: signalOf(options.signal),
    onIteration: functionOf('options.onIteration', options.onIteration) as Settings['onIteration'],
    loss: oneOf('options.loss', options.loss, ['squared', 'huber'], 'squared'),
    validation: options.validation,
    sampleWeights: options.sampleWeights,
    classWeights: options.classWeights,
  };
  if (settings.loss === 'huber' && settings.targets !== 'gauss-newton')
    throw new ArgumentError(
      `Expected options.targets to be 'gauss-newton' with loss 'huber' but received '${settings.targets}'`,
    );
  if (settings.image && settings.mask)
    throw new ArgumentError('Expected options.image or options.mask but received both');
  if (settings.augment && !settings.image)
    throw new ArgumentError('Expected options.image, the shape of the images, with options.augment');
  if ((settings.image ?? settings.mask) && settings.hidden[0]?.init !== 'contrast')
    throw new ArgumentError(
      `Expected a first hidden layer of init 'contrast' with options.${settings.image ? 'image' : 'mask'} but it has ${settings.hidden[0] ? `'${settings.hidden[0].init}'` : 'no units'}`,
    );
  const folded = settings.hidden.findIndex(({ activation }) => activation !== 'auto' && !isInjective(activation));
  if (settings.targets !== 'gauss-newton' && folded >= 0)
    throw new ArgumentError(
      `Expected injective activations with options.targets '${settings.targets}' but options.hidden[${folded}].activation is '${settings.hidden[folded]?.activation}'`,
    );
  return settings;
}
