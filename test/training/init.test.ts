import { describe, expect, it } from 'vitest';
import { gain } from '../../lib/network/activation.js';
import { matrix, trainClassifier, trainRegressor, type Network, type RegressorOptions } from '../../lib/index.js';
import {
  denseOf,
  identity,
  innerProduct,
  multiply,
  rowsOf,
  scale,
  transpose,
  withoutLastRow,
  type Dense,
} from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { source } from '../support/random.js';

const random = source(1);
const rows = 60;
const X = matrix(random.uniforms(rows, 8).data, rows, 8);
const Y = matrix(random.uniforms(rows, 2).data, rows, 2);

/** Weights of the hidden layers as they were drawn. */
async function first(options: RegressorOptions): Promise<Dense[]> {
  const model = await trainRegressor(X, Y, { iterations: 0, ...options });
  return weightsOf(model.network).slice(0, -1);
}

function weightsOf({ layers }: Network): Dense[] {
  return layers.map(({ weights, inputs, units }) => denseOf(weights, inputs + 1, units));
}

describe('first weights', () => {
  it('uniform lie in [−1, 1), biases too', async () => {
    for (const W of await first({ hidden: [40, 30], init: 'uniform' })) {
      const values = [...W.data];
      expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
      expect(Math.max(...values)).toBeLessThan(1);
      expect(Math.min(...values)).toBeLessThan(-0.9);
      expect(Math.max(...values)).toBeGreaterThan(0.9);
      const mean = values.reduce((sum, w) => sum + w, 0) / values.length;
      const square = values.reduce((sum, w) => sum + w * w, 0) / values.length;
      expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(3 * values.length));
      expect(square).toBeCloseTo(1 / 3, 1);
      expect(new Set(values).size).toBe(values.length);
      expect(W.data.subarray(-W.cols).some((bias) => bias !== 0)).toBe(true);
    }
  });

  it.each(['tanh', 'sigmoid', 'relu', 'leaky-relu', 'gelu'] as const)(
    'orthogonal are so, to the scale of %s',
    async (activation) => {
      const [narrow, wide, square] = await first({ hidden: [5, 12, 12], init: 'orthogonal', activation });
      const size = gain(activation) ** 2;
      expect(size).toBeCloseTo(activation.endsWith('relu') ? 2 : 1, 12);
      for (const W of [narrow!, wide!, square!]) {
        const V = withoutLastRow(W);
        const product = V.rows >= V.cols ? innerProduct(V, V) : multiply(V, transpose(V));
        expectClose(product.data, scale(identity(product.rows), size).data, 2 ** -52);
        expect(W.data.subarray(-W.cols).every((bias) => bias === 0)).toBe(true);
      }
    },
  );

  it('contrast is the default of the first layer, orthogonal of those above it', async () => {
    const layers = await first({ hidden: [7, 6] });
    expect(layers).toEqual(
      await first({
        hidden: [
          { units: 7, init: 'contrast' },
          { units: 6, init: 'orthogonal' },
        ],
      }),
    );
    expect(layers).toEqual(await first({ hidden: [7, 6], init: 'contrast' }));
    const above = withoutLastRow(layers[1]!);
    expectClose(innerProduct(above, above).data, identity(6).data, 2 ** -52);
  });

  it('contrast tells two samples of different classes apart', async () => {
    // Two classes that differ in the first column alone, by more than their spread.
    const labels = Array.from({ length: rows }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const data = X.data.map((x, i) => (i % 8 === 0 ? 50 * labels[Math.floor(i / 8)]! + x : x));
    const { network } = await trainClassifier(matrix(data, rows, 8), labels, {
      hidden: [100],
      iterations: 0,
      standardize: false,
    });
    const W = weightsOf(network)[0]!;
    for (let unit = 0; unit < 100; unit++) {
      const largest = Math.max(...Array.from({ length: 7 }, (_, j) => Math.abs(W.data[(j + 1) * 100 + unit]!)));
      expect(Math.abs(W.data[unit]!)).toBeGreaterThan(5 * largest);
    }
  });

  it('contrast has unit deviation on few and on many units', async () => {
    for (const units of [3, 64, 65, 130]) {
      const [W] = await first({ hidden: [units], standardize: false });
      expect(W!.data.every(Number.isFinite)).toBe(true);
      const Z = multiply(denseOf(X.data, rows, 8), withoutLastRow(W!));
      for (let unit = 0; unit < units; unit++) {
        const z = rowsOf(transpose(Z), [unit]).data;
        const mean = z.reduce((sum, value) => sum + value, 0) / rows;
        const deviation = Math.sqrt(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
        // Measured on a sample of the rows, with replacement.
        expect(deviation).toBeGreaterThan(0.6);
        expect(deviation).toBeLessThan(1.7);
      }
    }
  });

  it('contrast copes with nearly one class, and with equal samples', async () => {
    const labels = Array.from({ length: rows }, (_, i) => Number(i === 17));
    const { network } = await trainClassifier(X, labels, { hidden: [30], iterations: 0 });
    expect(weightsOf(network)[0]!.data.every(Number.isFinite)).toBe(true);
    const one = await trainRegressor(matrix(Float64Array.of(2), 1, 1), matrix(Float64Array.of(3), 1, 1), { hidden: [2] }); // prettier-ignore
    expect(one.predictSync(matrix(Float64Array.of(2), 1, 1)).data[0]).toBeCloseTo(3, 10);
  });
});
