import type { OutputActivation } from './network/activation.js';
import { encodeLabels, indexLabels, type Label, type Labels } from './network/labels.js';
import { ArgumentError, ModelFileError, withinMemory } from './errors.js';
import {
  checkEqual,
  checkMatrix,
  describe,
  type Bytes,
  type FloatArray,
  type Inputs,
  type Matrix,
  type Precision,
} from './matrix.js';
import { calibrationOf, toProbabilities } from './network/metrics.js';
import { checkParts, type Layer, type Network } from './network/network.js';
import {
  checkImage,
  checkUnits,
  readOptions,
  runOf,
  settingsOf,
  type ClassifierOptions,
  type RunOptions,
  type Settings,
} from './options.js';
import type { TrainReport } from './report.js';
import { loadNetwork, networkBytes, saveNetwork, type SavedNetwork } from './network/saved-network.js';
import { train } from './training/train.js';
import type { Problem } from './training/problem.js';
import { validationInputs } from './training/validation.js';
import { weightsOf } from './training/weights.js';
import { turns } from './turns.js';
import { scale } from './vectors.js';

/** What {@link Classifier.evaluate} finds. */
export interface Evaluation {
  /** Share of rows whose predicted class is theirs. */
  accuracy: number;
  misclassified: number;
  rows: number;
  /** −mean ln p of the own class, in nats. */
  logLoss: number;
  /**
   * Expected calibration error: by how much the probability of the predicted class differs from the share of rows that are
   * of it, over 15 bins of that probability.
   */
  calibrationError: number;
  /** `confusion[i][j]`: rows of class i that were given class j, in the order of `classes`; empty for more than 1,000. */
  confusion: number[][];
}

/** Classes of which there is a confusion matrix. */
const mostConfused = 1000;

/** A trained classifier. */
export class Classifier<L extends Label = Label, T extends FloatArray = FloatArray> {
  /** The classes in ascending order: column k of the outputs belongs to `classes[k]`. */
  readonly classes: readonly L[];
  readonly network: Network<T>;
  /** How it was trained. */
  readonly report: TrainReport;
  readonly #scores: Network<T>;
  readonly #sign: number;

  /**
   * @throws ArgumentError where `network` or `report` is none, or `classes` are not different labels of one kind
   * @throws ShapeError where there is not one class for each output
   */
  constructor(network: Network<T>, classes: readonly L[], report: TrainReport) {
    checkParts(network, report);
    if (!areLabels(classes))
      throw new ArgumentError(
        `Expected classes to be different numbers, all finite, or different strings but received ${describe(classes)}`,
      );
    checkEqual('classes.length', classes.length, "the network's outputs", network.outputs);
    this.network = network;
    this.classes = classes;
    this.report = report;
    // The greatest output decides, the least one under softmin; activations that saturate are left out.
    this.#scores = network.withOutput('identity');
    this.#sign = (network.layers.at(-1) as Layer).activation === 'softmin' ? -1 : 1;
  }

  /** The class of every row of X, off the event loop. */
  async predict(X: Inputs<T>, options?: RunOptions): Promise<L[]> {
    const indices = await classesOf(await this.#scores.forward(X, options), this.#sign);
    const labels = new Array<L>(indices.length);
    for await (const [begin, end] of turns(indices.length))
      for (let i = begin; i < end; i++) labels[i] = this.classes[indices[i] as number] as L;
    return labels;
  }

  /**
   * The class of every row of X, now, on this thread: for a few rows.
   *
   * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for the network
   */
  predictSync(X: Inputs<T>): L[] {
    const scores = this.#scores.forwardSync(X);
    return Array.from({ length: scores.rows }, (_, row) => this.classes[greatest(scores, row, this.#sign)] as L);
  }

  /**
   * One probability for every row and class (rows × classes), each row of sum 1: the outputs of `softmax` and `softmin`,
   * those of `sigmoid` over their sum; of another output activation, the softmax of its pre-activations.
   *
   * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for the network
   */
  async probabilities(X: Inputs<T>, options?: RunOptions): Promise<Matrix<Precision<T>>> {
    const activation: OutputActivation = (this.network.layers.at(-1) as Layer).activation;
    if (activation === 'softmax' || activation === 'softmin') return this.network.forward(X, options);
    if (activation !== 'sigmoid') return this.network.withOutput('softmax').forward(X, options);
    const scores = await this.#scores.forward(X, options);
    await toProbabilities(scores);
    return scores;
  }

  /**
   * Accuracy, confusion matrix and the quality of the probabilities on rows whose classes are known.
   *
   * @throws ArgumentError where a label is none of the classes
   * @throws ShapeError where there is not one label for each row
   * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for the network
   */
  async evaluate(X: Inputs<T>, labels: Labels, options?: RunOptions): Promise<Evaluation> {
    const lane = runOf(options);
    checkMatrix('X', X);
    const truth = await indexLabels('labels', labels, [X.rows, 'X.rows'], this.classes);
    const scores = await this.#scores.forwardOn(lane, X);
    if (this.#sign < 0)
      for await (const [begin, end] of turns(scores.data.length))
        for (let i = begin; i < end; i++) scores.data[i] = -(scores.data[i] as number);
    const predicted = await classesOf(scores, 1);
    const confusion: number[][] = [];
    const classes = this.classes.length;
    if (classes <= mostConfused)
      for await (const [begin, end] of turns(classes, classes))
        for (let k = begin; k < end; k++) confusion.push(new Array<number>(classes).fill(0));
    let misclassified = 0;
    for await (const [begin, end] of turns(truth.length))
      for (let i = begin; i < end; i++) {
        const [own, given] = [truth[i] as number, predicted[i] as number];
        const row = confusion[own];
        if (row) (row[given] as number) += 1;
        if (own !== given) misclassified++;
      }
    const { activation } = this.network.layers.at(-1) as Layer;
    return {
      accuracy: 1 - misclassified / X.rows,
      misclassified,
      rows: X.rows,
      ...(await calibrationOf(scores, truth, predicted, activation)),
      confusion,
    };
  }

  /**
   * Writes the model to one file (safetensors layout, checksummed), beside it first and then renamed: after an error the
   * old file is as it was. {@link loadClassifier} reads it.
   *
   * @throws ModelFileError where the file cannot be written
   * @throws ArgumentError where `path` is no path
   * @throws NonFiniteError where a weight was made NaN or infinite
   */
  async save(path: string): Promise<void> {
    await saveNetwork(path, this.#saved());
  }

  /** The bytes of the file that {@link save} would write. {@link loadClassifier} takes them. */
  async toBytes(): Promise<Bytes> {
    return networkBytes(this.#saved());
  }

  #saved(): SavedNetwork {
    const { network, classes, report } = this;
    return { kind: 'classifier', network, report, extra: { classes } };
  }
}

/**
 * Reads a classifier that {@link Classifier.save} wrote or {@link Classifier.toBytes} returned. It predicts bit for bit
 * what that one did.
 *
 * @param source the path of a file, or its bytes
 * @throws ModelFileError where the file cannot be read, is damaged, or holds something else
 * @throws ArgumentError where `source` is neither
 * @throws BufferError where the bytes are detached, resizable or shared between threads
 */
export async function loadClassifier<L extends Label = Label, T extends FloatArray = FloatArray>(
  source: string | Uint8Array,
): Promise<Classifier<L, T>> {
  const { name, network, report, extra } = await loadNetwork(source, 'classifier');
  const classes = extra && (extra as { classes?: unknown }).classes;
  if (!areLabels(classes) || classes.length !== network.outputs)
    throw new ModelFileError(`Expected ${name} to name ${network.outputs} classes but received ${describe(classes)}`);
  return new Classifier(network as Network<T>, classes as L[], report);
}

function areLabels(classes: unknown): classes is readonly Label[] {
  if (!Array.isArray(classes) || new Set(classes).size < classes.length) return false;
  const all = Array.from(classes as unknown[]); // A hole is undefined in it.
  return all.every(Number.isFinite) || all.every((label) => typeof label === 'string');
}

/** The column of a row's greatest score, or of its least. */
function greatest({ data, cols }: Matrix, row: number, sign: number): number {
  let [best, most] = [0, -Infinity];
  for (let k = 0; k < cols; k++) {
    const score = sign * (data[row * cols + k] as number);
    if (score > most) [best, most] = [k, score];
  }
  return best;
}

async function classesOf(scores: Matrix, sign: number): Promise<Int32Array> {
  const { rows, cols } = scores;
  const indices = new Int32Array(rows);
  for await (const [begin, end] of turns(rows, cols))
    for (let i = begin; i < end; i++) indices[i] = greatest(scores, i, sign);
  return indices;
}

/** How far a desired output is from the end of the range of its activation, where that is open. */
const desiredError = 1e-3;

/** Desired pre-activations of the own class and of the others. */
function desiredOutputs(output: OutputActivation, classes: number): { positive: number; negative: number } {
  switch (output) {
    case 'softmax':
    case 'softmin':
      return { positive: Math.log1p(-desiredError), negative: Math.log(desiredError / (classes - 1)) };
    case 'sigmoid': {
      const logit = Math.log((1 - desiredError) / desiredError);
      return { positive: logit, negative: -logit };
    }
    case 'tanh': {
      const edge = Math.atanh(1 - desiredError);
      return { positive: edge, negative: -edge };
    }
    default:
      return { positive: 1, negative: -1 };
  }
}

/**
 * Trains a classifier by layer-wise least squares: each iteration is solved in closed form, without a learning rate.
 *
 * @param inputs X (rows × columns), borrowed and read in place; do not write to it until the promise settles
 * @param labels the class of every row: a typed array, number[] or string[]
 * @throws ArgumentError for a wrong argument, an unknown option, or labels of one class only
 * @throws ShapeError where there is not one label for each row
 * @throws PrecisionError where X and the inputs of `validation` differ in precision
 * @throws BufferError where the memory of X is detached, resizable or shared
 * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for the network
 * @throws ModelFileError where the file of `checkpoint` cannot be read or written, or is of other data or options
 * @throws SingularError with `solver: 'cholesky'`, where a system is singular
 * @throws MemoryError where the system gives no memory
 * @throws AddonError where there is no addon for this platform
 * @throws AbortedError where the signal is aborted; no model comes of it
 *
 * @example
 * ```ts
 * const X = matrix(new Float64Array([0, 0, 0, 1, 1, 0, 1, 1]), 4, 2);
 * const model = await trainClassifier(X, ['no', 'yes', 'yes', 'no'], { hidden: [20], seed: 1 });
 * console.log(await model.predict(X)); // [ 'no', 'yes', 'yes', 'no' ]
 * ```
 */
export function trainClassifier<L extends Label = number, T extends FloatArray = FloatArray>(
  inputs: Matrix<T>,
  labels: readonly L[] | (L extends number ? ArrayLike<L> : never),
  options?: ClassifierOptions,
): Promise<Classifier<L, T>>;
/** The same for labels of which it is not known whether they are numbers or strings. */
export function trainClassifier<T extends FloatArray = FloatArray>(
  inputs: Matrix<T>,
  labels: Labels,
  options?: ClassifierOptions,
): Promise<Classifier<Label, T>>;
export async function trainClassifier<T extends FloatArray = FloatArray>(
  inputs: Matrix<T>,
  labels: Labels,
  options: ClassifierOptions = {},
): Promise<Classifier<Label, T>> {
  return withinMemory(() => classifierOf(inputs, labels, options));
}

async function classifierOf<T extends FloatArray>(
  inputs: Matrix<T>,
  labels: Labels,
  options: ClassifierOptions,
): Promise<Classifier<Label, T>> {
  const settings = settingsOf(options, true);
  const X = checkMatrix('X', inputs);
  checkImage(settings, X.cols);
  const { classes, indices } = await encodeLabels(labels, X.rows);
  checkUnits('the classes of labels', classes.length);
  const weights = await weightsOf(settings, X.rows, X.data, { classes, indices });
  const { output, samples } = settings;
  const oneSided = samples === 'margin' || settings.targets === 'gauss-newton';
  const problem: Problem = {
    inputs: X,
    outputs: classes.length,
    labels: indices,
    ...(weights && { weights }),
    ...(oneSided ? { positive: 1, negative: -1 } : desiredOutputs(output, classes.length)),
    ...(await validation(settings, X, classes)),
  };
  const { network, report } = await train(problem, settings);
  return new Classifier((await softminOf(network)) as Network<T>, classes, report);
}

/** softmin(−z) is softmax(z): the scores are trained for softmax, then the output layer changes its sign. */
async function softminOf(network: Network): Promise<Network> {
  const { weights, activation } = network.layers.at(-1) as Layer;
  if (activation === 'softmin') await scale(weights, -1);
  return network;
}

async function validation(
  settings: Settings,
  X: Matrix,
  classes: readonly Label[],
): Promise<Pick<Problem, 'validate' | 'validation'>> {
  if (settings.validation === undefined) return {};
  const options = readOptions(settings.validation, ['inputs', 'labels'], 'options.validation');
  const V = await validationInputs(settings, options.inputs, X);
  const rows = [V.rows, 'options.validation.inputs.rows'] as const;
  const truth = await indexLabels('options.validation.labels', options.labels, rows, classes);
  return {
    validation: [V.data, truth],
    validate: async (network, lane) => {
      const predicted = await classesOf(await network.withOutput('identity').forwardOn(lane, V), 1);
      let right = 0;
      for await (const [begin, end] of turns(V.rows))
        for (let i = begin; i < end; i++) if (truth[i] === predicted[i]) right++;
      return right / V.rows;
    },
  };
}
