import { describe, expect, it } from 'vitest';
import { activations, startOf } from '../../lib/network/activation.js';
import { matrix, trainClassifier, trainRegressor, type Network, type RegressorOptions } from '../../lib/index.js';
import {
  dense,
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
import { slope, value } from '../support/reference.js';

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

  it.each(activations)('orthogonal are so, scaled and shifted to where %s is straight', async (activation) => {
    const drawn = await first({ hidden: [5, 12, 12], init: 'orthogonal', activation });
    const start = startOf(activation, 3);
    const above = start.slope * start.spread;
    const expected = [
      { size: 1, rest: 0, centre: 0 },
      { size: (start.spread / start.deviation) * Math.sqrt(12 / 5), rest: start.rest, centre: start.mean },
      { size: start.spread / above, rest: start.rest, centre: start.value },
    ];
    drawn.forEach((W, l) => {
      const { size, rest, centre } = expected[l]!;
      const V = withoutLastRow(W);
      const product = V.rows >= V.cols ? innerProduct(V, V) : multiply(V, transpose(V));
      expectClose(product.data, scale(identity(product.rows), size ** 2).data, 2 ** -52);
      const sums = multiply(
        dense(1, V.rows, () => 1),
        V,
      ).data;
      expectClose(
        W.data.subarray(-W.cols),
        Float64Array.from(sums, (sum) => rest - centre * sum),
        2 ** -52,
      );
    });
  });

  it.each(activations)('units of %s start where its figures say, at any depth', async (activation) => {
    // Rows of independent normal numbers give the first layer what its figures are of.
    const [count, width] = [2000, 40];
    const normal = source(3).normals(count, width);
    const hidden = Array.from({ length: 12 }, () => ({ units: width, init: 'orthogonal' as const }));
    const { network } = await trainRegressor(
      matrix(normal.data, count, width),
      matrix(
        new Float64Array(count).map((_, i) => i % 2),
        count,
        1,
      ),
      { hidden, activation, iterations: 0, standardize: false },
    );
    const moments = (values: Float64Array) => {
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) };
    };
    const { rest, spread, mean, deviation, value: at, slope: rise } = startOf(activation, hidden.length);
    expect(at).toBeCloseTo(value(activation, rest), 4);
    expect(rise).toBeCloseTo(slope(activation, rest), 4);
    let H: Dense = denseOf(normal.data, count, width);
    for (const [l, W] of weightsOf(network).slice(0, -1).entries()) {
      const Z = multiply(H, withoutLastRow(W));
      Z.data.forEach((z, i) => (Z.data[i] = z + W.data[width * width + (i % width)]!));
      if (l > 0) {
        const found = moments(Z.data);
        // What bends takes a little from each layer: from those at rest 0, which use all of their range, up to three quarters by the twelfth.
        expect(Math.abs(found.mean - rest)).toBeLessThan(0.35 * spread);
        expect(found.deviation / spread).toBeGreaterThan(rest > 0 ? 0.55 : 0.25);
        expect(found.deviation / spread).toBeLessThan(1.3);
      }
      H = denseOf(Z.data.map((z) => value(activation, z)), count, width); // prettier-ignore
      if (l > 0) continue;
      const found = moments(H.data);
      expect(Math.abs(found.mean - mean)).toBeLessThan(0.01);
      expect(Math.abs(found.deviation - deviation)).toBeLessThan(0.01);
    }
  });

  it('spreads of many layers are smaller where an activation is bent on one side', () => {
    expect([10, 30, 100].map((layers) => startOf('relu', layers).spread)).toEqual([0.5, 1 / 6, 0.05]);
    expect([10, 30, 100].map((layers) => startOf('tanh', layers).spread)).toEqual([0.6279, 0.6279, 0.6279]);
  });

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

  it('contrast looks at images through Gaussian windows', async () => {
    // Of a dark and a bright image the difference is the window itself.
    const image = { height: 12, width: 18, channels: 2 };
    const columns = 12 * 18 * 2;
    const labels = Array.from({ length: 40 }, (_, i) => i % 2);
    const pixels = matrix(
      Float64Array.from({ length: 40 * columns }, (_, i) => Math.floor(i / columns) % 2),
      40,
      columns,
    );
    const options = { hidden: [300], image, iterations: 0, standardize: false, ridge: 1e-3 } as const;
    const { weights, units } = (await trainClassifier(pixels, labels, options)).network.layers[0]!;
    const places: [y: number, x: number][] = [];
    for (let unit = 0; unit < units; unit++) {
      const log = (y: number, x: number, channel = 0) =>
        Math.log(Math.abs(weights[((y * 18 + x) * 2 + channel) * units + unit]!));
      // log w = const − (y + ½ − c)²/2σ²: its first and second differences tell c and σ.
      const shape = (at: (i: number) => number) => {
        const variance = -1 / (at(2) - 2 * at(1) + at(0));
        return { deviation: Math.sqrt(variance), centre: 1.5 + ((at(2) - at(0)) / 2) * variance };
      };
      const [vertical, horizontal] = [shape((y) => log(y, 5)), shape((x) => log(5, x))];
      expect(vertical.deviation / 12).toBeCloseTo(horizontal.deviation / 18, 6);
      expect(vertical.deviation / 12).toBeGreaterThan(1 / 9 - 1e-6);
      expect(vertical.deviation / 12).toBeLessThan(1 / 6 + 1e-6);
      for (const [{ deviation, centre }, side] of [
        [vertical, 12],
        [horizontal, 18],
      ] as const) {
        expect(centre).toBeGreaterThan(deviation / 2 - 1e-6);
        expect(centre).toBeLessThan(side - deviation / 2 + 1e-6);
      }
      expect(log(7, 9, 1)).toBeCloseTo(log(7, 9, 0), 9);
      expect(log(11, 17)).toBeCloseTo(log(11, 5) + log(5, 17) - log(5, 5), 6);
      places.push([vertical.centre, horizontal.centre]);
    }
    for (const [axis, side] of [
      [0, 12],
      [1, 18],
    ] as const) {
      expect(Math.min(...places.map((place) => place[axis]))).toBeLessThan(side / 6);
      expect(Math.max(...places.map((place) => place[axis]))).toBeGreaterThan((5 * side) / 6);
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
