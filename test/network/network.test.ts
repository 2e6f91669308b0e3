import { describe, expect, it } from 'vitest';
import { outputActivations } from '../../lib/network/activation.js';
import {
  AbortedError,
  BplsError,
  matrix,
  Network,
  PrecisionError,
  ShapeError,
  type FloatArray,
  type Matrix,
} from '../../lib/index.js';
import { batchRows } from '../../lib/batches.js';
import { expectBplsError, expectClose, failure } from '../support/expect.js';
import { plainLayers, plainSamples } from '../support/models.js';
import { precisions, typedMatrix, type Precision } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';
import { forward } from '../support/reference.js';

/** A network of two hidden layers, and samples for it. */
function draw(precision: Precision, rows: number, standardized = true): { network: Network; X: Matrix } {
  const problem = drawProblem(precision, {
    samples: rows,
    columns: 3,
    hidden: [
      [7, 'tanh'],
      [5, 'softplus'],
    ],
    outputs: 4,
    standardized,
  });
  const { inputs, shift, scale } = problem.samples;
  const layers = [...problem.hidden, problem.output].map(({ weights, activation }) => ({
    weights: precision.typed(weights.data),
    inputs: weights.rows - 1,
    units: weights.cols,
    activation,
  }));
  const standardization = shift && scale && { shift, scale };
  return { network: new Network<FloatArray>(layers, standardization), X: matrix(inputs, rows, 3) };
}

describe.each(precisions)('Network in $name', (precision) => {
  const { epsilon } = precision;

  it.each([1, 2, 37, 16384 + 5])('forward is the reference for %i rows', async (rows) => {
    for (const standardized of [false, true]) {
      const { network, X } = draw(precision, rows, standardized);
      expect([network.inputs, network.outputs]).toEqual([3, 4]);
      const expected = forward(plainLayers(network), plainSamples(network, X)).at(-1)!.data;
      const own = lane(2);
      const outputs = await network.forwardOn(own, X);
      expect([outputs.rows, outputs.cols]).toEqual([rows, 4]);
      expectClose(outputs.data, expected, epsilon);
      expect(own.operations).toBe(2 * rows * (3 * 7 + 7 * 5 + 5 * 4));
      expectClose(network.forwardSync(X).data, expected, epsilon);
    }
  });

  it.each(outputActivations)(
    'withOutput(%s) changes the last activation alone, and shares the weights',
    async (activation) => {
      const { network, X } = draw(precision, 9);
      const other = network.withOutput(activation);
      expect(other.layers.map((layer) => layer.activation)).toEqual(['tanh', 'softplus', activation]);
      other.layers.forEach(({ weights }, l) => expect(weights).toBe(network.layers[l]!.weights));
      expect(other.standardization).toBe(network.standardization);
      expect(network.layers.at(-1)!.activation).toBe('identity');
      const expected = forward(plainLayers(other), plainSamples(other, X)).at(-1)!.data;
      expectClose((await other.forward(X)).data, expected, epsilon);
      expectClose(other.forwardSync(X).data, expected, epsilon);
    },
  );

  it('leaves inputs and weights as they are', async () => {
    const { network, X } = draw(precision, 20);
    const arrays = [X.data, ...network.layers.map(({ weights }) => weights)];
    const copies = arrays.map((array) => array.slice());
    await network.forward(X);
    network.forwardSync(X);
    expect(arrays).toEqual(copies);
  });

  it('refuses other samples', async () => {
    const { network } = draw(precision, 2);
    const wide = matrix(precision.zeros(8), 2, 4);
    const other = typedMatrix(
      precisions.find(({ name }) => name !== precision.name)!,
      matrix(new Float64Array(6), 2, 3),
    );
    const type = { float64: 'Float64Array', float32: 'Float32Array' };
    const received = precision.name === 'float64' ? 'Float32Array' : 'Float64Array';
    const mixed = `Expected X.data to be a ${type[precision.name]} like the network's weights but received a ${received}`;
    for (const run of [(X: Matrix) => network.forward(X), (X: Matrix) => network.forwardSync(X)]) {
      await expectBplsError(
        () => run(wide),
        ShapeError,
        'SHAPE_MISMATCH',
        "Expected X.cols to equal the network's inputs (3) but received 4",
      );
      await expectBplsError(() => run(other), PrecisionError, 'MIXED_PRECISION', mixed);
    }
  });
});

it.each([
  [undefined, 'Expected layers to be an array of layers but received undefined'],
  [[], 'Expected layers to be an array of layers but received an Array'],
  [[5], 'Expected layers[0] to be a layer but received 5'],
  [[{ weights: [1, 2] }], 'Expected layers[0].weights to be a Float64Array or Float32Array but received an Array'],
  [[{ weights: new Float64Array(new SharedArrayBuffer(16)), inputs: 1, units: 1, activation: 'tanh' }], 'Expected layers[0].weights not to be backed by a SharedArrayBuffer'],
  [[{ weights: new Float64Array(2), inputs: 1, units: 1 }], 'Expected layers[0].activation to be one of'],
  [[{ weights: new Float64Array(2), inputs: 1, units: 2, activation: 'tanh' }], 'Expected layers[0].weights.length to equal (inputs + 1) * units (4) but received 2'],
  [[{ weights: new Float64Array(2), inputs: 1, units: 1, activation: 'tanh' }, { weights: new Float64Array(3), inputs: 2, units: 1, activation: 'tanh' }], 'Expected layers[1].inputs to equal the units below (1) but received 2'],
])('a network is not made of %j', async (layers, message) => {
  const error = await failure(() => new Network(layers as never));
  expect(error).toBeInstanceOf(BplsError);
  expect((error as Error).message).toContain(message);
}); // prettier-ignore

it.each([
  [5, 'Expected standardization to be { shift, scale } but received 5'],
  [{ shift: new Float64Array(2) }, 'Expected standardization.scale to be a Float64Array or Float32Array but received undefined'],
  [{ shift: new Float64Array(2), scale: new Float64Array(1) }, "Expected standardization.scale.length to equal the network's inputs (2) but received 1"],
  [{ shift: new Float64Array(3), scale: new Float64Array(2) }, "Expected standardization.shift.length to equal the network's inputs (2) but received 3"],
  [{ shift: new Float64Array(new SharedArrayBuffer(16)), scale: new Float64Array(2) }, 'Expected standardization.shift not to be backed by a SharedArrayBuffer'],
  [{ shift: new Float64Array(2), scale: new Float32Array(2) }, "Expected standardization.scale to be a Float64Array like the layers' weights"],
  [{ shift: new Float64Array(2), scale: new Float64Array(2), asinh: [0, 1] }, 'Expected standardization.asinh to be a Float64Array'],
])('a network has no standardisation %j', async (standardization, message) => {
  const layer = { weights: new Float64Array(3), inputs: 2, units: 1, activation: 'tanh' as const };
  const error = await failure(() => new Network([layer], standardization as never));
  expect(error).toBeInstanceOf(BplsError);
  expect((error as Error).message).toContain(message);
}); // prettier-ignore

it('a network is of one precision', async () => {
  const layer = { weights: new Float64Array(2), inputs: 1, units: 1, activation: 'tanh' as const };
  const above = { ...layer, weights: new Float32Array(2) };
  await expectBplsError(
    () => new Network<Float32Array | Float64Array>([layer, above]),
    PrecisionError,
    'MIXED_PRECISION',
    'Expected layers[1].weights to be a Float64Array like those below but received a Float32Array',
  );
});

describe('a forward pass', () => {
  it('stops between batches', async () => {
    const { network, X } = draw(precisions[0]!, 5 * 16384);
    const controller = new AbortController();
    const run = network.forward(X, { threads: 1, signal: controller.signal });
    setImmediate(() => controller.abort('enough'));
    const error = await expectBplsError(run, AbortedError, 'ABORTED', 'The operation was aborted');
    expect(error.cause).toBe('enough');
  });
});

describe('batchRows', () => {
  it('gives narrow layers many rows and wide ones few', () => {
    expect([1, 128, 500, 1000, 8192, 1e6].map(batchRows)).toEqual([16384, 8192, 2112, 1024, 256, 256]);
  });
});
