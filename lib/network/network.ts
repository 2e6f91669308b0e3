import type { RawLayer } from '../../binding/index.js';
import { batchRows, inBatches } from '../batches.js';
import { ArgumentError } from '../errors.js';
import { checkFinite, checkFiniteNow, checkOutputs, checkOutputsNow } from '../finite.js';
import { callEach, native, typed, type Lane } from '../lane.js';
import {
  allocate,
  checkBuffer,
  checkEqual,
  checkMatrix,
  checkSamePrecision,
  describe,
  isFloatArray,
  type FloatArray,
  type Inputs,
  type Matrix,
  type Precision,
} from '../matrix.js';
import { checkUnits, integer, oneOf, runOf, type RunOptions } from '../options.js';
import { activationCode, outputActivations, type OutputActivation } from './activation.js';

/** One layer: H = f([H_below, 1] W), `weights` W ((inputs+1)×units, row-major), its last row the bias. */
export interface Layer<T extends FloatArray = FloatArray> {
  readonly weights: T;
  readonly inputs: number;
  readonly units: number;
  readonly activation: OutputActivation;
}

/** Per-column standardisation of the inputs, z = (x − shift) · scale or asinh z, applied before the first layer. */
export interface Standardization<T extends FloatArray = FloatArray> {
  readonly shift: T;
  readonly scale: T;
  /** 1 for the columns of which asinh z is taken, 0 for the others; none where it is not given. */
  readonly asinh?: T | undefined;
}

function checkLayer(name: string, layer: unknown): void {
  if (typeof layer !== 'object' || layer === null)
    throw new ArgumentError(`Expected ${name} to be a layer but received ${describe(layer)}`);
  const { weights, inputs, units, activation } = layer as Partial<Layer>;
  if (!isFloatArray(weights))
    throw new ArgumentError(
      `Expected ${name}.weights to be a Float64Array or Float32Array but received ${describe(weights)}`,
    );
  checkBuffer(`${name}.weights`, weights);
  const length = (integer(`${name}.inputs`, inputs, 1, 2 ** 31 - 1) + 1) * checkUnits(`${name}.units`, units);
  checkEqual(`${name}.weights.length`, weights.length, '(inputs + 1) * units', length);
  oneOf(`${name}.activation`, activation, outputActivations);
}

function checkStandardization(value: unknown, { inputs, weights }: Layer): void {
  if (typeof value !== 'object' || value === null)
    throw new ArgumentError(`Expected standardization to be { shift, scale } but received ${describe(value)}`);
  const { shift, scale, asinh } = value as Partial<Standardization>;
  for (const [name, array] of Object.entries({ shift, scale, ...(asinh !== undefined && { asinh }) })) {
    if (!isFloatArray(array))
      throw new ArgumentError(
        `Expected standardization.${name} to be a Float64Array or Float32Array but received ${describe(array)}`,
      );
    checkBuffer(`standardization.${name}`, array);
    checkSamePrecision(`standardization.${name}`, array, "the layers' weights", weights);
    checkEqual(`standardization.${name}.length`, array.length, "the network's inputs", inputs);
  }
}

export function rawLayer(layer: Layer): RawLayer {
  return { ...layer, activation: activationCode(layer.activation) };
}

/**
 * A trained fully connected network: plain data and its forward pass. Immutable by convention; the arrays are the
 * network's own.
 */
export class Network<T extends FloatArray = FloatArray> {
  readonly layers: readonly Layer<T>[];
  readonly standardization: Standardization<T> | undefined;
  readonly #raw: RawLayer[];

  /**
   * @throws ArgumentError where there is no layer, or one is of another kind
   * @throws ShapeError where a layer's weights or inputs are not as many as it and the layer below say, or there is not one
   *   shift and scale for each input
   * @throws PrecisionError where arrays differ in precision
   */
  constructor(layers: readonly Layer<T>[], standardization?: Standardization<T>) {
    if (!Array.isArray(layers) || layers.length === 0)
      throw new ArgumentError(`Expected layers to be an array of layers but received ${describe(layers)}`);
    layers.forEach((layer, l) => {
      checkLayer(`layers[${l}]`, layer);
      const below = (layers as readonly Layer[])[l - 1];
      if (!below) return;
      checkEqual(`layers[${l}].inputs`, (layer as Layer).inputs, 'the units below', below.units);
      checkSamePrecision(`layers[${l}].weights`, (layer as Layer).weights, 'those below', below.weights);
    });
    if (standardization !== undefined) checkStandardization(standardization, layers[0] as Layer);
    this.layers = layers;
    this.standardization = standardization;
    this.#raw = layers.map(rawLayer);
  }

  get inputs(): number {
    return (this.layers[0] as Layer<T>).inputs;
  }

  get outputs(): number {
    return (this.layers.at(-1) as Layer<T>).units;
  }

  /** The same weights under another output activation; shares memory. */
  withOutput(activation: OutputActivation): Network<T> {
    const top = this.layers.at(-1) as Layer<T>;
    return new Network([...this.layers.slice(0, -1), { ...top, activation }], this.standardization);
  }

  /** @internal `value` as inputs of this network. */
  checkInputs(value: unknown): Matrix<T> {
    const X = checkMatrix('X', value);
    checkSamePrecision('X.data', X.data, "the network's weights", (this.layers[0] as Layer<T>).weights);
    checkEqual('X.cols', X.cols, "the network's inputs", this.inputs);
    return X as Matrix<T>;
  }

  #samples(X: Matrix<T>) {
    return { inputs: X.data, samples: X.rows, columns: X.cols, ...this.standardization };
  }

  /**
   * Outputs (rows × outputs) of every row of X; off the event loop, batch by batch.
   *
   * @throws NonFiniteError where X holds NaN or infinity, or numbers that are too large for this network
   * @throws ShapeError, PrecisionError, BufferError, ArgumentError for the arguments themselves
   * @throws AbortedError where the signal is aborted
   */
  async forward(X: Inputs<T>, options?: RunOptions): Promise<Matrix<Precision<T>>> {
    return this.forwardOn(runOf(options), X);
  }

  /** @internal */
  async forwardOn(lane: Lane, value: Inputs<T>): Promise<Matrix<Precision<T>>> {
    const X = this.checkInputs(value);
    await checkFinite(lane, 'X', X);
    const outputs = allocate(X.data, X.rows * this.outputs) as Precision<T>;
    const batch = batchRows(this.layers.reduce((widest, { units }) => Math.max(widest, units), X.cols));
    const args = { ...this.#samples(X), layers: this.#raw, outputs };
    await callEach(lane, 'predict', inBatches(X.rows, batch, args));
    return checkOutputs(lane, { data: outputs, rows: X.rows, cols: this.outputs });
  }

  /**
   * The same for a few rows, now, on the calling thread: no BLAS, so that it neither waits for nor disturbs a training
   * that runs in the same process.
   *
   * @throws as {@link forward} does
   */
  forwardSync(value: Inputs<T>): Matrix<Precision<T>> {
    const X = this.checkInputs(value);
    checkFiniteNow('X', X);
    const outputs = allocate(X.data, X.rows * this.outputs) as Precision<T>;
    const args = { ...this.#samples(X), layers: this.#raw, outputs };
    try {
      native().predictSync(args);
    } catch (error) {
      throw typed(error);
    }
    return checkOutputsNow({ data: outputs, rows: X.rows, cols: this.outputs });
  }
}

/** What a model is made of. @throws ArgumentError where one of them is something else */
export function checkParts(network: unknown, report: unknown): void {
  if (!(network instanceof Network))
    throw new ArgumentError(`Expected network to be a Network but received ${describe(network)}`);
  if (typeof report !== 'object' || report === null)
    throw new ArgumentError(`Expected report to be that of a training but received ${describe(report)}`);
}
