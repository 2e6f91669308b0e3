import { matrix, type FloatArray, type Matrix, type Network } from '../../lib/index.js';
import { denseOf, type Dense } from './dense.js';
import { forward, type PlainLayer } from './reference.js';

/** The layers of a network and its samples, as the reference takes them. */
export function plainLayers(network: Network): PlainLayer[] {
  return network.layers.map(({ weights, inputs, units, activation }) => ({
    weights: denseOf(weights, inputs + 1, units),
    activation,
  }));
}

export function plainSamples({ standardization }: Network, X: Matrix): Dense {
  const values = Float64Array.from(X.data);
  if (standardization)
    for (let i = 0; i < values.length; i++) {
      const { shift, scale } = standardization;
      values[i] = (values[i]! - shift[i % X.cols]!) * scale[i % X.cols]!;
    }
  return denseOf(values, X.rows, X.cols);
}

/** 1/(2S) Σ (T − Z)² + ½ Σ ridge ‖V‖² of a regression, as the network's own outputs give it. */
export function objectiveOf(
  network: Network,
  X: Matrix,
  Y: Matrix,
  ridge: { readonly hidden: number; readonly output: number },
): number {
  const layers = plainLayers(network);
  const outputs = forward(layers, plainSamples(network, X)).at(-1)!;
  const squares = outputs.data.reduce((sum, z, i) => sum + (z - Y.data[i]!) ** 2, 0);
  const penalty = layers.reduce((sum, { weights }, l) => {
    const norm = weights.data.subarray(0, -weights.cols).reduce((total, w) => total + w * w, 0);
    return sum + norm * (l < layers.length - 1 ? ridge.hidden : ridge.output);
  }, 0);
  return squares / (2 * X.rows) + penalty / 2;
}

/** Every number of a network. */
export function parameters({ layers, standardization }: Network): number[] {
  const { shift = [], scale = [] } = standardization ?? {};
  return [...layers.flatMap(({ weights }) => Array.from(weights)), ...Array.from(shift), ...Array.from(scale)];
}

/** The bytes of every number: two trainings are the same where these are. */
export function bits(network: Network): string {
  const { layers, standardization } = network;
  const arrays: FloatArray[] = layers.map(({ weights }) => weights);
  if (standardization) arrays.push(standardization.shift, standardization.scale);
  return arrays
    .map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('base64'))
    .join();
}

export function float32(X: Matrix): Matrix<Float32Array> {
  return matrix(Float32Array.from(X.data), X.rows, X.cols);
}
