import { describe, expect, it } from 'vitest';
import {
  activationCode,
  activations,
  inverse as libInverse,
  isInjective,
  outputActivations,
} from '../../lib/network/activation.js';
import { call } from '../../lib/lane.js';
import { distance, expectClose } from '../support/expect.js';
import { precisions, type Precision } from '../support/precision.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';
import { inverse, slope, value } from '../support/reference.js';

/** Zeros of both signs, numbers of every size, and many in between. */
function arguments_({ typed, name }: Precision): Float64Array {
  const random = source(4);
  const tiny = name === 'float64' ? [5e-324, 1e-310, 1e-200, 1e-16, 1e-9] : [1e-45, 1e-40, 1e-20, 1e-8];
  const large = name === 'float64' ? [300, 700, 708, 709, 745, 1e4, 1e300] : [80, 87, 88, 103, 1e4, 1e38];
  const sizes = [...tiny, 1e-4, 0.1, 0.25, Math.LN2 / 2, 0.34657, 0.5, Math.LN2, 1, 2, 5, 17, 19, 36, 40, ...large];
  const many = Array.from({ length: 600 }, () => random.uniform(8));
  return Float64Array.from(typed([0, -0, ...sizes, ...sizes.map((size) => -size), ...many]));
}

/** Z through one layer of weights 1, bias 0. */
async function activate({ typed, zeros }: Precision, activation: number, z: ArrayLike<number>): Promise<Float64Array> {
  const outputs = zeros(z.length);
  const layer = { weights: typed([1, 0]), inputs: 1, units: 1, activation };
  const samples = { inputs: typed(z), samples: z.length, columns: 1, start: 0, count: z.length };
  await call(lane(2), 'predict', { ...samples, layers: [layer], outputs });
  return Float64Array.from(outputs);
}

/** A sample that gives z_j to unit j, and one output that adds up the units. */
function wideNetwork({ typed }: Precision, activation: number, z: ArrayLike<number>) {
  const units = z.length;
  return {
    inputs: typed([1]),
    samples: 1,
    columns: 1,
    start: 0,
    count: 1,
    hidden: [{ weights: typed([...Array.from(z), ...Array<number>(units).fill(0)]), inputs: 1, units, activation }],
    output: { weights: typed([...Array<number>(units).fill(1), 0]), inputs: units, units: 1, activation: 0 },
  };
}

describe.each(precisions)('activations in $name', (precision) => {
  const { typed, zeros, epsilon } = precision;
  const z = arguments_(precision);

  it.each(activations)('%s is f(z), to a few rounding errors', async (activation) => {
    const h = await activate(precision, activationCode(activation), z);
    const smallest = precision.name === 'float64' ? 2 ** -950 : 2 ** -90;
    // u of gelu = z σ(u) has its rounding errors, which e^u takes to |u| times as many.
    const conditionOf = (z: number) => (activation === 'gelu' ? 1 + 1.6 * Math.abs(z + 0.044715 * z ** 3) : 1);
    z.forEach((argument, i) => {
      const expected = Math.fround(value(activation, argument));
      const exact = precision.name === 'float64' ? value(activation, argument) : expected;
      // Relative, but for results next to the least numbers that there are.
      const error = Math.abs(h[i]! - exact) / Math.max(Math.abs(exact), smallest);
      expect(error, `${activation}(${argument})`).toBeLessThan(6 * epsilon * conditionOf(argument));
    });
  });

  it.each(activations)('the derivative of %s is f′(z), as far as its value tells', async (activation) => {
    const moderate = z.filter((argument) => Math.abs(argument) < 20);
    const network = wideNetwork(precision, activationCode(activation), moderate);
    const units = moderate.length;
    const [hiddenRhs, slopes] = [[zeros(2 * units)], [zeros(units ** 2)]];
    const wanted = { targets: typed([1e6]), demand: 0 };
    const { squares } = await call(lane(), 'sweep', { ...network, ...wanted, cached: false, hiddenRhs, slopes });
    const residual = Math.sqrt(squares);
    const found = hiddenRhs[0]!.subarray(units).map((e) => e / residual);
    const exact = moderate.map((argument) => slope(activation, argument));
    // The rounding of h is one of f″/f′ times as much in f′: much where gelu is least.
    const toldOf = (z: number) => {
      const second = (slope(activation, z + 1e-4) - slope(activation, z - 1e-4)) / 2e-4;
      return Math.max(Math.abs((second * value(activation, z)) / slope(activation, z)), 1);
    };
    const told = moderate.map((z) => (activation === 'gelu' ? toldOf(z) : 1));
    expectClose(found.map((d, i) => d / told[i]!), exact.map((d, i) => d / told[i]!), epsilon, 6); // prettier-ignore
  });

  it.each(activations.filter(isInjective))('the inverse of %s is f⁻¹(y)', async (activation) => {
    const given = typed([
      0,
      -0,
      1,
      -1,
      2,
      -2,
      0.5,
      -0.5,
      1e-5,
      -1e-5,
      1e-7,
      1 - 1e-5,
      1e-5 - 1,
      0.1,
      30,
      700,
      1e4,
      -1e4,
    ]);
    const y = Float64Array.from(given);
    const units = y.length;
    const network = wideNetwork(precision, activationCode(activation), y);
    const identity = zeros(units ** 2).map((_, i) => Number(i % (units + 1) === 0));
    const weights = typed([...identity, ...zeros(units)]);
    const output = { weights, inputs: units, units, activation: 0 };
    const rhs = zeros(2 * units);
    const solved = [{ ...output, pseudoInverse: identity }];
    await call(lane(), 'peel', { ...network, output, targets: given, demand: 0, rule: 0, solved, rhs });
    y.forEach((desired, i) => {
      const expected = inverse(activation, desired);
      // An error of ε · max(|y|, 1) in y is one of that over f′ in f⁻¹(y).
      const sensitivity = Math.max(Math.abs(desired), 1) / slope(activation, expected);
      expect(Math.abs(rhs[units + i]! - expected) / (epsilon * sensitivity), `y = ${desired}`).toBeLessThan(8);
      expect(distance([libInverse(activation, desired)], [expected], 2 ** -52, sensitivity)).toBeLessThan(8);
      expect(rhs[i]).toBe(rhs[units + i]);
    });
  });

  it.each([
    ['softmax', 1],
    ['softmin', -1],
  ] as const)('%s normalises a row, whatever its size', async (activation, sign) => {
    const rows = [
      [1, 2, 3],
      [0, 0, 0],
      [-1e4, 0, 1e4],
      [1e4, 1e4, 1e4],
      [-3, 0.5, -3],
    ];
    const outputs = zeros(rows.length * 3);
    const weights = typed([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    const layers = [{ weights, inputs: 3, units: 3, activation: activationCode(activation) }];
    const samples = { inputs: typed(rows.flat()), samples: rows.length, columns: 3, start: 0, count: rows.length };
    await call(lane(), 'predict', { ...samples, layers, outputs });
    const expected = rows.flatMap((row) => {
      const powers = row.map((score) => Math.exp(sign * score - Math.max(...row.map((other) => sign * other))));
      return powers.map((power) => power / powers.reduce((sum, other) => sum + other));
    });
    expectClose(outputs, expected, epsilon, 4);
  });

  it.each(outputActivations)('%s of a number that is not one is not a number', async (activation) => {
    expect(await activate(precision, activationCode(activation), [NaN, 1])).toEqual(
      Float64Array.of(NaN, (await activate(precision, activationCode(activation), [1]))[0]!),
    );
  });
});

describe('inverse in lib/', () => {
  it('inverts the values of the activation', () => {
    for (const activation of activations)
      for (const argument of [-2, -0.25, 0, 1e-3, 0.5, 3]) {
        if (!isInjective(activation)) continue;
        expect(libInverse(activation, value(activation, argument))).toBeCloseTo(argument, 12);
      }
  });
});
