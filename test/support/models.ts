import { matrix, type FloatArray, type Matrix, type Network } from '../../lib/index.js';
import { denseOf, type Dense } from './dense.js';
import type { PlainLayer } from './reference.js';

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
