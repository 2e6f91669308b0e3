import { checkEqual, checkMatrix, describe } from './matrix.js';
import { ArgumentError } from './errors.js';
import {
  checkImage,
  checkUnits,
  integer,
  isCalibrated,
  oneOf,
  readOptions,
  settingsOf,
  trainOptions,
  type ClassifierOptions,
  type RegressorOptions,
  type Settings,
} from './options.js';
import { heldRows } from './training/held-out.js';
import { contrastProbeRows, layout, rowsWithCopies, searchSizes, type Shape } from './training/layout.js';
import { innerRows, outputSteps } from './training/output-layer.js';
import { holdsOut, iterationsOf } from './training/progress.js';
import { probeSize } from './training/robust.js';
import { trialSettings } from './training/trial.js';
import { isWide } from './training/wide.js';

export type { Shape } from './training/layout.js';

/** What a training will cost. */
export interface Plan {
  /**
   * Floating-point operations of BLAS and LAPACK calls (LAWN 41) where every step is accepted and every sample is
   * active. An upper bound, but where `activation: 'auto'` finds a linear model (its 64 steps may be more), and exact
   * for `loss: 'squared'` or `samples: 'all'` where all rows have a weight, no step is refused or taken back and the training
   * does not stop early, of `report.operations` less `report.ridgeSearch.operations`: the search of `ridge: 'auto'` is
   * apart (see `trial`), and so is falling back to the SVD, which `ridge: 0` may bring.
   */
  operations: number;
  /** Of them, those before the first iteration. */
  setup: number;
  /** Of them, one forward pass with the output layer solved: what a refused step costs. */
  evaluation: number;
  /** Not of them: one trial of `ridge: 'auto'`. A search makes some three to fifty; 0 where there is no search. */
  trial: number;
  /** Of them, finding one step of the hidden layers (from the second on; the first is cheaper). */
  step: number;
  /**
   * Working memory in bytes, the inputs apart, with the copies of `augment`; more than `memoryLimit` by these, and
   * where the network itself needs more.
   */
  bytes: number;
  /** Rows of a batch. */
  batch: number;
  /** Share of the rows whose activations are kept between passes. */
  cachedShare: number;
}

const gemm = (m: number, n: number, k: number) => 2 * m * n * k;
const syrk = (n: number, k: number) => k * n * (n + 1);
const posv = (n: number, m: number) => (2 * n ** 3 + 3 * n ** 2 + n) / 6 + 2 * n ** 2 * m;
const potrs = (n: number, m: number) => 2 * n ** 2 * m;
const lq = (m: number, n: number) => 2 * m * m * n - Math.floor((2 * m ** 3) / 3);
/** [A, 1]ᵀ[A, 1] for A (s×n). */
const gram = (s: number, n: number) => syrk(n, s) + 2 * s * n;
/** [A, 1]ᵀB for A (s×n), B (s×m). */
const rhs = (s: number, n: number, m: number) => gemm(n, m, s) + 2 * s * m;

interface Sizes {
  /** With copies, and without. */
  rows: number;
  originals: number;
  inputs: number;
  outputs: number;
  /** Inputs and units of each hidden layer. */
  layers: { n: number; m: number }[];
  /** Inputs of the output layer. */
  last: number;
  /** Rows whose activations are not kept: they are computed again in every pass. */
  uncached: number;
}

const forward = ({ layers }: Sizes, rows: number) => layers.reduce((sum, { n, m }) => sum + gemm(rows, m, n), 0);
const outputs = ({ last, outputs }: Sizes, rows: number) => gemm(rows, outputs, last);

function initialisation(sizes: Sizes, settings: Settings): number {
  return sizes.layers.reduce((sum, { n, m }, l) => {
    const { init } = settings.hidden[l] as Settings['hidden'][number];
    if (init === 'contrast') return sum + gemm(m, Math.min(sizes.originals, contrastProbeRows), n);
    return init === 'orthogonal' ? sum + 2 * lq(Math.min(n, m), Math.max(n, m)) : sum;
  }, 0);
}

/** gauss-newton: a forward pass and the output layer. */
function evaluation(sizes: Sizes, steps: number): number {
  const { rows, last, outputs: K, uncached } = sizes;
  return (
    forward(sizes, rows) +
    gram(rows, last) +
    gradient(sizes, rows) +
    innerGradients(sizes, steps) +
    posv(last + 1, K) +
    (steps - 1) * potrs(last + 1, K) +
    outputs(sizes, rows) +
    forward(sizes, uncached)
  );
}

/** Of the output layer, where the activations are at hand. */
function gradient(sizes: Sizes, rows: number): number {
  return outputs(sizes, rows) + rhs(rows, sizes.last, sizes.outputs);
}

/** Between several steps: on the rows kept, once more for what these have at the first weights, or on all. */
function innerGradients(sizes: Sizes, steps: number): number {
  const { rows, last, uncached } = sizes;
  const inner = steps > 1 ? innerRows(rows, rows - uncached, last) : rows;
  return inner < rows ? steps * gradient(sizes, inner) : (steps - 1) * wholeGradient(sizes);
}

/** On all rows, those whose activations are not kept once more. */
function wholeGradient(sizes: Sizes): number {
  return gradient(sizes, sizes.rows) + forward(sizes, sizes.uncached);
}

/** gauss-newton: the desired changes, the curvature, the solves and the model along one or two directions. */
function hiddenStep(sizes: Sizes, directions: number): number {
  const { rows, layers, last, outputs: K, uncached } = sizes;
  let sum = 2 * outputs(sizes, rows) + 2 * forward(sizes, uncached) + 2 * potrs(last + 1, K);
  layers.forEach(({ n, m }, l) => {
    const above = layers[l + 1]?.m ?? K;
    sum += gemm(rows, m, above) + syrk(m, rows) + rhs(rows, n, m); // desired changes
    sum += gemm(m, m, above) + (layers[l + 1] ? gemm(m, above, above) : 0); // curvature
    sum += posv(n + 1, m) + posv(m, n + 1);
    sum += directions * (l === 0 ? 1 : 2) * gemm(rows, m, n);
  });
  return sum + directions * (outputs(sizes, rows) + rhs(rows, last, K));
}

/** inverse and nearest: one pass of the paper, with the refinement of each layer, and the forward pass after it. */
function peeling(sizes: Sizes, nearest: boolean): number {
  const { rows, layers, last, outputs: K, uncached } = sizes;
  const all = [...layers, { n: last, m: K }];
  let sum = 0;
  all.forEach(({ n, m }, l) => {
    const above = all.slice(l + 1).reduce((total, layer) => total + gemm(rows, layer.n, layer.m), 0);
    const down = forward(sizes, uncached) + outputs(sizes, rows) + (nearest ? 2 : 1) * above;
    sum += 2 * (down + rhs(rows, n, m)) + gram(rows, n) + gemm(rows, m, n);
    sum += posv(n + 1, m) + potrs(n + 1, m);
    if (l > 0) {
      const [k, longer] = [Math.min(n, m), Math.max(n, m)];
      sum += syrk(k, longer) + posv(k, longer) + 4 * k * k * longer; // pseudo-inverse
    }
  });
  return sum + forward(sizes, rows) + outputs(sizes, rows);
}

function checkShape(value: unknown): Shape {
  const given = readOptions(value, ['rows', 'inputs', 'outputs'], 'shape');
  const size = (name: keyof Shape) => integer(`shape.${name}`, given[name], 1, 2 ** 31 - 1);
  return { rows: size('rows'), inputs: size('inputs'), outputs: checkUnits('shape.outputs', given.outputs) };
}

/**
 * The cost of a training, before it: operations, memory, batches. Deterministic: a function of the shape and the options.
 *
 * @param shape rows, columns and outputs (classes) of the problem
 * @param options those of the training; `task` and `precision` say what the data would
 * @throws ArgumentError where the shape or an option is out of its range
 *
 * @example
 * ```ts
 * const { operations, bytes } = plan({ rows: 60000, inputs: 784, outputs: 10 }, { hidden: [1000], precision: 'float32' });
 * ```
 */
export function plan(
  shape: Shape,
  options: (ClassifierOptions | RegressorOptions) & {
    /** @default 'classifier' */
    task?: 'classifier' | 'regressor' | undefined;
    /** @default 'float64' */
    precision?: 'float64' | 'float32' | undefined;
  } = {},
): Plan {
  const { task, precision, ...rest } = readOptions(options, [...trainOptions, 'task', 'precision']);
  const classifier = oneOf('options.task', task, ['classifier', 'regressor'], 'classifier') === 'classifier';
  const element = oneOf('options.precision', precision, ['float64', 'float32'], 'float64') === 'float64' ? 8 : 4;
  const settings = settingsOf(rest, classifier);
  const given = checkShape(shape);
  checkImage(settings, given.inputs);
  const wide = isWide(settings, given.rows, given.inputs);
  const checked = wide ? { ...given, inputs: given.rows } : given;
  const { batch, cacheRows, bytes } = layout(checked, settings, element);
  const sizes = sizesOf(checked, settings, element);
  const validation = validationRows(settings.validation, given.inputs);
  const units = settings.hidden[0]?.units ?? given.outputs;
  const lift = wide ? gemm(given.inputs, units, given.rows) : 0;
  const whole = sizesOf(given, settings, element);
  const validate = validation > 0 ? forward(whole, validation) + outputs(whole, validation) + lift : 0;
  // The images and their copies stand together, and so do the targets of a regressor and weights.
  const beside = given.inputs + (classifier ? 0 : given.outputs) + 1;
  const copies = settings.augment ? element * sizes.rows * beside : 0;
  const basis = wide ? element * (given.inputs + 1) * (given.rows + units) : 0;
  const costs = {
    batch,
    bytes: bytes + basis + copies,
    cachedShare: cacheRows / sizes.rows,
    trial: searchTrial(checked, settings, element),
  };
  let setup = initialisation(sizes, settings);
  if (wide) setup += 2 * lq(given.rows, given.inputs) + gemm(given.rows, given.rows, given.inputs);
  if (settings.targets !== 'gauss-newton') {
    setup += forward(sizes, sizes.rows) + outputs(sizes, sizes.rows);
    const step = peeling(sizes, settings.targets === 'nearest') + validate;
    return {
      operations: setup + iterationsOf(settings) * step,
      setup,
      evaluation: 0,
      step,
      ...costs,
    };
  }
  const training = gaussNewton(sizes, settings, setup, validate);
  return { ...training, operations: training.operations + lift, ...costs };
}

function sizesOf(shape: Shape, settings: Settings, element: number): Sizes {
  const below = [shape.inputs, ...settings.hidden.map(({ units }) => units)];
  const rows = rowsWithCopies(shape.rows, settings);
  return {
    ...shape,
    rows,
    originals: shape.rows,
    layers: settings.hidden.map(({ units }, l) => ({ n: below[l] as number, m: units })),
    last: below.at(-1) as number,
    uncached: settings.hidden.length > 0 ? rows - layout(shape, settings, element).cacheRows : 0,
  };
}

function gaussNewton(sizes: Sizes, settings: Settings, first: number, validate: number) {
  const iterations = sizes.layers.length > 0 ? iterationsOf(settings) : 0;
  const setup = first + (iterations > 0 ? gram(sizes.rows, sizes.inputs) : 0);
  const kept = sizes.rows - sizes.uncached;
  const stepsOf = (isLast: boolean) =>
    outputSteps(settings, sizes.rows, kept, innerRows(sizes.rows, kept, sizes.last), isLast);
  const last = evaluation(sizes, stepsOf(true)) + validate;
  // Where a step follows, with the Gram matrices that it needs; the inputs' is summed once.
  const each =
    evaluation(sizes, stepsOf(false)) +
    validate +
    sizes.layers.slice(1).reduce((sum, { n }) => sum + gram(sizes.rows, n), 0);
  const isHuber = settings.loss === 'huber';
  const probed = probeSize(sizes.rows);
  const probe = isHuber ? forward(sizes, probed) + outputs(sizes, probed) : 0;
  const rebound = isHuber ? probe + outputs(sizes, sizes.rows) + forward(sizes, sizes.uncached) : 0;
  const step = hiddenStep(sizes, 2) + rebound;
  const steps = iterations > 0 ? hiddenStep(sizes, 1) + rebound + (iterations - 1) * step : 0;
  // One more of half a step back.
  const evaluations = iterations + (settings.iterations === 'auto' && iterations > 0 ? 1 : 0);
  const held = holdsOut(settings, sizes.originals) ? heldOut(sizes, evaluations + 1, isCalibrated(settings)) : 0;
  // Of Huber's loss, at the first weights: bounds after each step but the last, and the gradient with them, on all rows.
  const firstSteps = stepsOf(iterations === 0);
  const bounds = isHuber
    ? (firstSteps - 1) * (probe + 2 * wholeGradient(sizes)) - innerGradients(sizes, firstSteps)
    : 0;
  const operations = setup + bounds + evaluations * each + last + steps + held;
  return { operations, setup, evaluation: each, step };
}

/** held-out.ts: a loss after each evaluation, and in the end the scores of a classifier. */
function heldOut(sizes: Sizes, losses: number, isClassifier: boolean): number {
  const rows = heldRows(sizes.originals);
  // Several outputs of a regressor are shrunk, each as is best.
  const passed = isClassifier || sizes.outputs === 1 ? Math.min(rows, sizes.uncached) : rows;
  const loss = outputs(sizes, rows) + forward(sizes, passed);
  return losses * loss + (isClassifier ? outputs(sizes, rows) + forward(sizes, rows) : 0);
}

/** A trial (trial.ts): a short training in each fold, and a pass over the rows held out. */
function searchTrial(shape: Shape, settings: Settings, element: number): number {
  const search = searchSizes(shape, settings, element);
  if (!search) return 0;
  const trial = trialSettings(settings, search);
  const sizes = sizesOf({ ...shape, inputs: search.inputs, rows: search.fit }, trial, element);
  const { operations } = gaussNewton(sizes, trial, initialisation(sizes, trial), 0);
  const passes = isCalibrated(settings) ? 2 : 1;
  return search.folds * (operations + passes * (forward(sizes, search.held) + outputs(sizes, search.held)));
}

function validationRows(given: unknown, inputs: number): number {
  if (given === undefined) return 0;
  if (typeof given !== 'object' || given === null)
    throw new ArgumentError(`Expected options.validation to be an object but received ${describe(given)}`);
  const V = checkMatrix('validation.inputs', (given as { inputs?: unknown }).inputs);
  checkEqual('validation.inputs.cols', V.cols, 'shape.inputs', inputs);
  return V.rows;
}
