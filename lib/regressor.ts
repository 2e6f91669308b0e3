import { inverse, rangeOf, type Activation } from './network/activation.js';
import { predictLane, type PredictOptions } from './classifier.js';
import { checkFinite } from './finite.js';
import { ArgumentError } from './errors.js';
import {
  allocate,
  checkEqual,
  checkMatrix,
  checkSamePrecision,
  type FloatArray,
  type Matrix,
  type Precision,
} from './matrix.js';
import type { Network } from './network/network.js';
import { checkImage, readOptions, settingsOf, type RegressorOptions, type Settings } from './options.js';
import type { TrainReport } from './report.js';
import { loadNetwork, saveNetwork } from './network/saved-network.js';
import { median, medianDeviation, probeOf } from './training/robust.js';
import { train } from './training/train.js';
import type { Problem } from './training/training.js';
import { weightsOf } from './training/weights.js';
import { turns } from './turns.js';

/** What {@link Regressor.evaluate} finds. */
export interface RegressionEvaluation {
  /** √(mean of squared errors over all elements). */
  rmse: number;
  /** 1 − squared error / squared deviation from the column means, over all elements; 0 where Y does not vary. */
  r2: number;
  /** ‖Ŷ − Y‖ / ‖Y‖ (Frobenius norms). */
  relativeError: number;
  rows: number;
}

/** A trained regressor. */
export class Regressor<T extends FloatArray = FloatArray> {
  readonly network: Network<T>;
  readonly report: TrainReport;

  constructor(network: Network<T>, report: TrainReport) {
    this.network = network;
    this.report = report;
  }

  /** Ŷ (rows × outputs), off the event loop. */
  async predict(X: Matrix<T>, options?: PredictOptions): Promise<Matrix<T>> {
    return this.network.forward(X, predictLane(options));
  }

  /** Ŷ now, on this thread: for a few rows. */
  predictSync(X: Matrix<T>): Matrix<T> {
    return this.network.forwardSync(X);
  }

  /** Errors on rows whose targets are known. */
  async evaluate(X: Matrix<T>, Y: Matrix<T>, options?: PredictOptions): Promise<RegressionEvaluation> {
    const truth = checkMatrix('Y', Y);
    checkEqual('Y.rows', truth.rows, 'X.rows', checkMatrix('X', X).rows);
    checkEqual('Y.cols', truth.cols, "the network's outputs", this.network.outputs);
    const predicted = await this.predict(X, options);
    checkSamePrecision('Y.data', truth.data, 'X.data', X.data);
    await checkFinite(predictLane(options), 'Y', truth);
    return await errors(predicted, truth);
  }

  /**
   * Writes the model to one file (safetensors layout, checksummed), beside it first and then renamed: after an error the
   * old file is as it was. {@link loadRegressor} reads it.
   *
   * @throws ModelFileError where the file cannot be written
   */
  async save(path: string): Promise<void> {
    const { network, report } = this;
    await saveNetwork(path, { kind: 'regressor', network, report, extra: null });
  }
}

/**
 * Reads a regressor that {@link Regressor.save} wrote. It predicts bit for bit what the saved one did.
 *
 * @throws ModelFileError where the file cannot be read, is damaged, or holds something else
 */
export async function loadRegressor<T extends FloatArray = FloatArray>(path: string): Promise<Regressor<T>> {
  const { network, report } = await loadNetwork(path, 'regressor');
  return new Regressor(network as Network<T>, report);
}

async function errors(predicted: Matrix, truth: Matrix): Promise<RegressionEvaluation> {
  const { data, rows, cols } = truth;
  const means = await columnMeans(data, cols);
  // In units of the greatest value, so that no square leaves the range.
  let unit = 0;
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) unit = Math.max(unit, Math.abs(data[i] as number));
  unit ||= 1;
  let [squares, total, norm, varies] = [0, 0, 0, false];
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) {
      const y = data[i] as number;
      squares += ((y - (predicted.data[i] as number)) / unit) ** 2;
      total += ((y - (means[i % cols] as number)) / unit) ** 2;
      norm += (y / unit) ** 2;
      varies ||= y !== data[i % cols];
    }
  return {
    rmse: unit * Math.sqrt(squares / data.length),
    r2: varies ? 1 - squares / total : 0,
    relativeError: Math.sqrt(squares / norm),
    rows,
  };
}

/**
 * Trains a regressor in closed form: layer-wise least squares, no learning rate.
 *
 * @param inputs X (rows × columns), borrowed and read in place; do not write to it until the promise settles
 * @param targets Y (rows × outputs); borrowed too, unless an output activation other than `identity` transforms it
 * @throws ArgumentError for a wrong argument, an unknown option, or targets outside the range of `output`
 * @throws ShapeError where Y has not X's rows
 * @throws PrecisionError where X and Y differ in precision
 * @throws BufferError where memory is detached, resizable or shared
 * @throws NonFiniteError where X or Y holds NaN or infinity
 * @throws ModelFileError where the file of `checkpoint` cannot be read or written, or is of other data or options
 * @throws AbortedError where the signal is aborted; no model comes of it
 *
 * @example
 * ```ts
 * const x = Float64Array.from({ length: 200 }, (_, i) => i / 100 - 1);
 * const X = matrix(x, 200, 1);
 * const Y = matrix(x.map((value) => Math.sin(3 * value)), 200, 1);
 * const model = await trainRegressor(X, Y, { hidden: [30] });
 * console.log((await model.evaluate(X, Y)).r2 > 0.999); // true
 * ```
 */
export async function trainRegressor<T extends FloatArray = FloatArray>(
  inputs: Matrix<T>,
  targets: Matrix<T>,
  options: RegressorOptions = {},
): Promise<Regressor<Precision<T>>> {
  const settings = settingsOf(options, false);
  const X = checkMatrix('X', inputs);
  const Y = checkMatrix('Y', targets);
  checkSamePrecision('Y.data', Y.data, 'X.data', X.data);
  checkEqual('Y.rows', Y.rows, 'X.rows', X.rows);
  checkImage(settings, X.cols);
  const output = settings.output as Activation;
  await checkFinite({ threads: settings.threads, signal: settings.signal, operations: 0 }, 'Y', Y);
  const weights = await weightsOf(settings, X.rows, X.data);
  const wanted = output === 'identity' ? Y.data : await preActivations(Y, output);
  const problem: Problem = {
    inputs: X,
    outputs: Y.cols,
    targets: wanted,
    variance:
      (settings.loss === 'huber' && (await robustVariance(wanted, Y.cols, weights))) ||
      (await meanVariance(wanted, Y.cols, weights)),
    ...(weights && { weights }),
    ...(await validation(settings, X, Y)),
  };
  const { network, report } = await train(problem, settings);
  return new Regressor(network as Network<Precision<T>>, report);
}

/** Mean over the columns of the variance, of weighted rows; 1 where nothing varies. */
async function meanVariance(data: FloatArray, cols: number, weights?: FloatArray): Promise<number> {
  const means = await columnMeans(data, cols, weights);
  let squares = 0;
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++)
      squares += (weights?.[Math.floor(i / cols)] ?? 1) * ((data[i] as number) - (means[i % cols] as number)) ** 2;
  return squares / data.length || 1;
}

/** The same as medians tell it, so that outliers do not make it the ridge of something else; 0 where most values are one. */
async function robustVariance(data: FloatArray, cols: number, weights?: FloatArray): Promise<number> {
  const rows = await probeOf(data.length / cols, weights);
  const variances = Array.from({ length: cols }, (_, k) => {
    const column = Float64Array.from(rows, (row) => data[row * cols + k] as number);
    const centre = median(column);
    return medianDeviation(column.map((y) => y - centre)) ** 2;
  });
  return variances.reduce((sum, variance) => sum + variance, 0) / cols;
}

/** Means of the columns, of rows whose weights have the mean 1. */
async function columnMeans(data: FloatArray, cols: number, weights?: FloatArray): Promise<Float64Array> {
  const means = new Float64Array(cols);
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++)
      (means[i % cols] as number) +=
        ((weights?.[Math.floor(i / cols)] ?? 1) * (data[i] as number) * cols) / data.length;
  return means;
}

/** @throws ArgumentError where a target is beyond the range of the activation */
async function preActivations({ data, cols }: Matrix, output: Activation): Promise<FloatArray> {
  const result = allocate(data, data.length);
  const [low, high] = rangeOf(output);
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) {
      const y = data[i] as number;
      if (y < low || y > high)
        throw new ArgumentError(
          `Expected Y from ${low} to ${high} with output '${output}' but received ${y} at row ${Math.floor(i / cols)}, column ${i % cols}`,
        );
      result[i] = inverse(output, y);
    }
  return result;
}

async function validation(
  { validation: given, threads, signal }: Settings,
  X: Matrix,
  Y: Matrix,
): Promise<Pick<Problem, 'validate' | 'validation'>> {
  if (given === undefined) return {};
  const options = readOptions(given, ['inputs', 'targets'], 'options.validation');
  const inputs = checkMatrix('validation.inputs', options.inputs);
  const targets = checkMatrix('validation.targets', options.targets);
  checkSamePrecision('validation.inputs.data', inputs.data, 'X.data', X.data);
  checkSamePrecision('validation.targets.data', targets.data, 'Y.data', Y.data);
  checkEqual('validation.inputs.cols', inputs.cols, 'X.cols', X.cols);
  checkEqual('validation.targets.cols', targets.cols, 'Y.cols', Y.cols);
  checkEqual('validation.targets.rows', targets.rows, 'validation.inputs.rows', inputs.rows);
  const lane = { threads, signal, operations: 0 };
  await checkFinite(lane, 'validation.inputs', inputs);
  await checkFinite(lane, 'validation.targets', targets);
  return {
    validation: [inputs.data, targets.data],
    validate: async (network, lane) => (await errors(await network.forward(inputs, lane), targets)).r2,
  };
}
