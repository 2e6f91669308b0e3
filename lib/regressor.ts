import { inverse, rangeOf, type Activation } from './network/activation.js';
import { checkFinite } from './finite.js';
import { ArgumentError, NonFiniteError, withinMemory } from './errors.js';
import {
  allocate,
  checkEqual,
  checkMatrix,
  checkSamePrecision,
  type Bytes,
  type FloatArray,
  type Inputs,
  type Matrix,
  type Precision,
} from './matrix.js';
import { checkParts, type Network } from './network/network.js';
import {
  checkImage,
  checkUnits,
  laneOf,
  readOptions,
  runOf,
  settingsOf,
  type RegressorOptions,
  type RunOptions,
  type Settings,
} from './options.js';
import type { TrainReport } from './report.js';
import { loadNetwork, networkBytes, saveNetwork, type SavedNetwork } from './network/saved-network.js';
import { columnsOf, type Columns } from './training/columns.js';
import { scaleTargets, type ScaledTargets } from './training/targets.js';
import { train } from './training/train.js';
import type { Problem } from './training/problem.js';
import { validationInputs } from './training/validation.js';
import { weightsOf } from './training/weights.js';
import { turns } from './turns.js';

/** What {@link Regressor.evaluate} finds. */
export interface RegressionEvaluation {
  /** √(mean of squared errors over all elements). */
  rmse: number;
  /** R², 1 − squared error / squared deviation from the mean, averaged over the outputs that vary; 0 where none does. */
  r2: number;
  /** ‖Ŷ − Y‖ / ‖Y‖ (Frobenius norms): NaN or infinity where Y is zero. */
  relativeError: number;
  rows: number;
  /** Of each output, in its own units; R² 0 where it does not vary. */
  perOutput: { rmse: number; r2: number }[];
}

/** A trained regressor. */
export class Regressor<T extends FloatArray = FloatArray> {
  readonly network: Network<T>;
  readonly report: TrainReport;

  /** @throws ArgumentError where `network` or `report` is none */
  constructor(network: Network<T>, report: TrainReport) {
    checkParts(network, report);
    this.network = network;
    this.report = report;
  }

  /**
   * Ŷ (rows × outputs), off the event loop.
   *
   * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for the network
   */
  async predict(X: Inputs<T>, options?: RunOptions): Promise<Matrix<Precision<T>>> {
    return this.network.forward(X, options);
  }

  /**
   * Ŷ now, on this thread: for a few rows.
   *
   * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for the network
   */
  predictSync(X: Inputs<T>): Matrix<Precision<T>> {
    return this.network.forwardSync(X);
  }

  /**
   * Errors on rows whose targets are known.
   *
   * @throws ShapeError where Y has not X's rows or the network's outputs
   * @throws NonFiniteError where X or Y holds NaN or infinity
   */
  async evaluate(X: Inputs<T>, Y: Inputs<T>, options?: RunOptions): Promise<RegressionEvaluation> {
    const lane = runOf(options);
    const truth = checkMatrix('Y', Y);
    const { rows, data } = this.network.checkInputs(X);
    checkEqual('Y.rows', truth.rows, 'X.rows', rows);
    checkEqual('Y.cols', truth.cols, "the network's outputs", this.network.outputs);
    checkSamePrecision('Y.data', truth.data, 'X.data', data);
    await checkFinite(lane, 'Y', truth);
    return errors(await this.network.forwardOn(lane, X), truth);
  }

  /**
   * Writes the model to one file (safetensors layout, checksummed), beside it first and then renamed: after an error the
   * old file is as it was. {@link loadRegressor} reads it.
   *
   * @throws ModelFileError where the file cannot be written
   * @throws ArgumentError where `path` is no path
   * @throws NonFiniteError where a weight was made NaN or infinite
   */
  async save(path: string): Promise<void> {
    await saveNetwork(path, this.#saved());
  }

  /** The bytes of the file that {@link save} would write. {@link loadRegressor} takes them. */
  async toBytes(): Promise<Bytes> {
    return networkBytes(this.#saved());
  }

  #saved(): SavedNetwork {
    const { network, report } = this;
    return { kind: 'regressor', network, report, extra: null };
  }
}

/**
 * Reads a regressor that {@link Regressor.save} wrote or {@link Regressor.toBytes} returned. It predicts bit for bit
 * what that one did.
 *
 * @param source the path of a file, or its bytes
 * @throws ModelFileError where the file cannot be read, is damaged, or holds something else
 * @throws ArgumentError where `source` is neither
 * @throws BufferError where the bytes are detached, resizable or shared between threads
 */
export async function loadRegressor<T extends FloatArray = FloatArray>(
  source: string | Uint8Array,
): Promise<Regressor<T>> {
  const { network, report } = await loadNetwork(source, 'regressor');
  return new Regressor(network as Network<T>, report);
}

async function errors(predicted: Matrix, { data, rows, cols }: Matrix): Promise<RegressionEvaluation> {
  const column = () => new Float64Array(cols);
  const [means, units, squares, totals, norms, varies] = [column(), column(), column(), column(), column(), column()];
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) {
      const [k, y] = [i % cols, data[i] as number];
      (means[k] as number) += y / rows;
      units[k] = Math.max(units[k] as number, Math.abs(y));
      if (y !== data[k]) varies[k] = 1;
    }
  // In units of each output's greatest value, so that no square leaves the range.
  units.forEach((unit, k) => (units[k] = unit || 1));
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) {
      const [k, y] = [i % cols, data[i] as number];
      const unit = units[k] as number;
      (squares[k] as number) += ((y - (predicted.data[i] as number)) / unit) ** 2;
      (totals[k] as number) += ((y - (means[k] as number)) / unit) ** 2;
      (norms[k] as number) += (y / unit) ** 2;
    }
  const greatest = units.reduce((most, unit) => Math.max(most, unit));
  const sum = (values: Float64Array) =>
    values.reduce((total, value, k) => total + ((units[k] as number) / greatest) ** 2 * value, 0);
  const perOutput = Array.from(squares, (square, k) => ({
    rmse: (units[k] as number) * Math.sqrt(square / rows),
    r2: varies[k] ? 1 - square / (totals[k] as number) : 0,
  }));
  const varying = perOutput.filter((_, k) => varies[k]);
  return {
    rmse: greatest * Math.sqrt(sum(squares) / data.length),
    r2: varying.reduce((total, { r2 }) => total + r2, 0) / (varying.length || 1),
    relativeError: Math.sqrt(sum(squares) / sum(norms)),
    rows,
    perOutput,
  };
}

/**
 * Trains a regressor by layer-wise least squares: each iteration is solved in closed form, without a learning rate. With
 * `ridge: 'auto'` each output has the same say, whatever its units: unless all share one range, they are trained on with
 * one deviation.
 *
 * @param inputs X (rows × columns), borrowed and read in place; do not write to it until the promise settles
 * @param targets Y (rows × outputs); borrowed too, unless an output activation other than `identity` transforms it or
 *   several outputs are taken to one deviation
 * @throws ArgumentError for a wrong argument, an unknown option, or targets outside the range of `output`
 * @throws ShapeError where Y has not X's rows
 * @throws PrecisionError where X and Y differ in precision
 * @throws BufferError where memory is detached, resizable or shared
 * @throws NonFiniteError where X or Y holds NaN or infinity
 * @throws ModelFileError where the file of `checkpoint` cannot be read or written, or is of other data or options
 * @throws SingularError with `solver: 'cholesky'`, where a system is singular
 * @throws MemoryError where the system gives no memory
 * @throws AddonError where there is no addon for this platform
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
  targets: Inputs<T>,
  options: RegressorOptions = {},
): Promise<Regressor<T>> {
  return withinMemory(() => regressorOf(inputs, targets, options));
}

async function regressorOf<T extends FloatArray>(
  inputs: Matrix<T>,
  targets: Inputs<T>,
  options: RegressorOptions,
): Promise<Regressor<T>> {
  const settings = settingsOf(options, false);
  const X = checkMatrix('X', inputs);
  const Y = checkMatrix('Y', targets);
  checkSamePrecision('Y.data', Y.data, 'X.data', X.data);
  checkEqual('Y.rows', Y.rows, 'X.rows', X.rows);
  checkUnits('Y.cols', Y.cols);
  checkImage(settings, X.cols);
  const output = settings.output as Activation;
  const lane = laneOf(settings);
  if (output !== 'identity') await checkFinite(lane, 'Y', Y);
  const weights = await weightsOf(settings, X.rows, X.data);
  const wanted = output === 'identity' ? Y : { ...Y, data: await preActivations(Y, output) };
  const { targets: scaled, restore, ...scales } = await scaleTargets(lane, wanted, settings, weights);
  const problem: Problem = {
    inputs: X,
    outputs: Y.cols,
    targets: scaled,
    ...scales,
    ...(weights && { weights }),
    ...(await validation(settings, X, Y, restore)),
  };
  const { network, report } = await train(problem, settings);
  return new Regressor((await restore(network)) as Network<T>, report);
}

/**
 * @throws ArgumentError where a target is beyond the range of the activation
 * @throws NonFiniteError where its pre-activation is beyond that of the precision
 */
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
      if (!Number.isFinite(result[i]))
        throw new NonFiniteError(
          `Expected Y whose inverse under output '${output}' is within the range of the precision but received ${y} at row ${Math.floor(i / cols)}, column ${i % cols}`,
        );
    }
  return result;
}

async function validation(
  settings: Settings,
  X: Matrix,
  Y: Matrix,
  restore: ScaledTargets['restore'],
): Promise<Pick<Problem, 'validate' | 'validation'>> {
  if (settings.validation === undefined) return {};
  const options = readOptions(settings.validation, ['inputs', 'targets'], 'options.validation');
  const inputs = await validationInputs(settings, options.inputs, X);
  const name = 'options.validation.targets';
  const targets = checkMatrix(name, options.targets);
  checkSamePrecision(`${name}.data`, targets.data, 'Y.data', Y.data);
  checkEqual(`${name}.cols`, targets.cols, 'Y.cols', Y.cols);
  checkEqual(`${name}.rows`, targets.rows, 'options.validation.inputs.rows', inputs.rows);
  const columns = await columnsOf(laneOf(settings), name, targets);
  return {
    validation: [inputs.data, targets.data],
    validate: async (network, lane) => {
      const predicted = await (await restore(network)).forwardOn(lane, inputs);
      return scoreOf(await errors(predicted, targets), columns);
    },
  };
}

/** R²; where no output varies, of their sizes instead of their deviations: which iteration is best shows in that, too. */
function scoreOf({ r2, perOutput }: RegressionEvaluation, { least, greatest }: Columns): number {
  if (least.some((low, k) => low !== greatest[k])) return r2;
  const shares = perOutput.map(({ rmse }, k) => (rmse / (Math.abs(least[k] as number) || 1)) ** 2);
  return 1 - shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
