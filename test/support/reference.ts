import type { OutputActivation } from '../../lib/network/activation.js';
import type { SampleRule } from '../../lib/options.js';
import {
  add,
  at,
  dense,
  hadamard,
  identity,
  innerProduct,
  kronecker,
  map,
  multiply,
  scale,
  solve,
  subtract,
  trace,
  transpose,
  withOnes,
  withoutLastRow,
  type Dense,
} from './dense.js';

/** The method in plain TypeScript, from the formulas of the native headers; double precision, all rows at once. */
export interface PlainLayer {
  /** (inputs+1)×units, the last row the bias. */
  readonly weights: Dense;
  readonly activation: OutputActivation;
}

const geluInner = (z: number) => 2 * Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3);

/** f(z), one element. */
export function value(activation: OutputActivation, z: number): number {
  switch (activation) {
    case 'sigmoid':
      return z < 0 ? Math.exp(z) / (1 + Math.exp(z)) : 1 / (1 + Math.exp(-z));
    case 'tanh':
      return Math.tanh(z);
    case 'elu':
      return z > 0 ? z : Math.expm1(z);
    case 'softplus':
      return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
    case 'relu':
      return Math.max(z, 0);
    case 'leaky-relu':
      return z > 0 ? z : z / 100;
    case 'gelu':
      return z * value('sigmoid', geluInner(z));
    default:
      return z;
  }
}

/** f′(z) */
export function slope(activation: OutputActivation, z: number): number {
  switch (activation) {
    case 'sigmoid':
      return value('sigmoid', z) * value('sigmoid', -z);
    case 'tanh':
      return 1 / Math.cosh(z) ** 2;
    case 'elu':
      return z > 0 ? 1 : Math.exp(z);
    case 'softplus':
      return value('sigmoid', z);
    case 'relu':
      return z > 0 ? 1 : 0;
    case 'leaky-relu':
      return z > 0 ? 1 : 0.01;
    case 'gelu': {
      const u = geluInner(z);
      const sigma = value('sigmoid', u);
      return sigma + z * slope('sigmoid', u) * 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * z ** 2);
    }
    default:
      return 1;
  }
}

/** Desired values outside the open range of f count as this far inside it. */
const margin = 1e-6;

/** f⁻¹(y) of the injective activations. */
export function inverse(activation: OutputActivation, y: number): number {
  const clip = (low: number, high: number) => Math.min(Math.max(y, low + margin), high - margin);
  switch (activation) {
    case 'sigmoid':
      return Math.log(clip(0, 1)) - Math.log1p(-clip(0, 1));
    case 'tanh':
      return Math.atanh(clip(-1, 1));
    case 'elu':
      return y > 0 ? y : Math.log1p(clip(-1, Infinity));
    case 'softplus':
      return clip(0, Infinity) + Math.log(-Math.expm1(-clip(0, Infinity)));
    case 'leaky-relu':
      return y > 0 ? y : y * 100;
    default:
      return y;
  }
}

/** Z = [H, 1] W */
export function preActivations({ weights }: PlainLayer, H: Dense): Dense {
  return multiply(withOnes(H), weights);
}

function normalised(Z: Dense, sign: number): Dense {
  return map(Z, (z, i) => {
    let sum = 0;
    for (let k = 0; k < Z.cols; k++) sum += Math.exp(sign * (at(Z, i, k) - z));
    return 1 / sum;
  });
}

export function activate(activation: OutputActivation, Z: Dense): Dense {
  if (activation === 'softmax') return normalised(Z, 1);
  if (activation === 'softmin') return normalised(Z, -1);
  return map(Z, (z) => value(activation, z));
}

/** H_0 = X, H_1, …: the values of every layer. */
export function forward(layers: readonly PlainLayer[], X: Dense): Dense[] {
  const values = [X];
  for (const layer of layers) values.push(activate(layer.activation, preActivations(layer, values.at(-1)!)));
  return values;
}

/** D_l = f′(Z_l) of every layer. */
function slopes(layers: readonly PlainLayer[], values: readonly Dense[]): Dense[] {
  return layers.map((layer, l) => map(preActivations(layer, values[l]!), (z) => slope(layer.activation, z)));
}

/** Desired outputs: of each element, or by each sample's class. */
export interface Wanted {
  readonly targets?: Dense;
  readonly labels?: ArrayLike<number>;
  readonly positive?: number;
  readonly negative?: number;
}

export function largest(Z: Dense, row: number): number {
  let best = 0;
  for (let k = 1; k < Z.cols; k++) if (at(Z, row, k) > at(Z, row, best)) best = k;
  return best;
}

export function misclassifiedRows(Z: Dense, labels: ArrayLike<number>): boolean[] {
  return Array.from({ length: Z.rows }, (_, i) => largest(Z, i) !== labels[i]);
}

/** T* by the sample rules. */
export function wanted(rule: SampleRule, Z: Dense, { targets, labels, positive = 1, negative = -1 }: Wanted): Dense {
  const wrong = labels && misclassifiedRows(Z, labels);
  return map(Z, (z, i, k) => {
    if (rule === 'misclassified' && wrong && !wrong[i]) return z;
    if (targets) return at(targets, i, k);
    const own = labels?.[i] === k;
    if (rule === 'margin') return own ? Math.max(z, positive) : Math.min(z, negative);
    return own ? positive : negative;
  });
}

/** Everything that a sweep adds up. */
export interface Sweep {
  values: Dense[];
  residual: Dense;
  grams: Dense[];
  outputRhs: Dense;
  hiddenRhs: Dense[];
  slopes: Dense[];
  share: number[];
  marks: number[];
  squares: number;
  active: number;
  misclassified: number;
}

/** E_L = (R V_outᵀ) ∘ f′(Z_L), E_{l−1} = (E_l V_lᵀ) ∘ f′(Z_{l−1}), and the sums of every layer. */
export function sweep(
  hidden: readonly PlainLayer[],
  output: PlainLayer,
  X: Dense,
  rule: SampleRule,
  desired: Wanted,
): Sweep {
  const values = forward(hidden, X);
  const top = values.at(-1)!;
  const Z = preActivations(output, top);
  const R = subtract(wanted(rule, Z, desired), Z);
  const D = slopes(hidden, values);
  const hiddenRhs: Dense[] = [];
  let E = R;
  for (let l = hidden.length - 1; l >= 0; l--) {
    E = hadamard(multiply(E, transpose(withoutLastRow((hidden[l + 1] ?? output).weights))), D[l]!);
    hiddenRhs[l] = innerProduct(withOnes(values[l]!), E);
  }
  const wrong = desired.labels ? misclassifiedRows(Z, desired.labels) : Array.from({ length: X.rows }, () => false);
  const isActive = Array.from({ length: X.rows }, (_, i) =>
    R.data.subarray(i * R.cols, (i + 1) * R.cols).some((r) => r !== 0),
  );
  return {
    values,
    residual: R,
    grams: values.map((H) => innerProduct(withOnes(H), withOnes(H))),
    outputRhs: innerProduct(withOnes(top), R),
    hiddenRhs,
    slopes: D.map((d) => innerProduct(d, d)),
    share: Array.from({ length: R.cols }, (_, k) => R.data.filter((r, i) => i % R.cols === k && r !== 0).length),
    marks: isActive.map((active, i) => Number(active) + 2 * Number(wrong[i])),
    squares: R.data.reduce((sum, r) => sum + r * r, 0),
    active: isActive.filter(Boolean).length,
    misclassified: wrong.filter(Boolean).length,
  };
}

/** C_L = V_out diag(share / samples) V_outᵀ ∘ DᵀD / weight, C_{l−1} = V_l C_l V_lᵀ ∘ DᵀD / weight. */
export function curvature(
  hidden: readonly PlainLayer[],
  output: PlainLayer,
  slopeGrams: readonly Dense[],
  share: readonly number[],
  samples: number,
  weight: number,
): Dense[] {
  const C: Dense[] = [];
  let above = dense(share.length, share.length, (i, j) => (i === j ? share[i]! / samples : 0));
  for (let l = hidden.length - 1; l >= 0; l--) {
    const V = withoutLastRow((hidden[l + 1] ?? output).weights);
    above = hadamard(multiply(multiply(V, above), transpose(V)), scale(slopeGrams[l]!, 1 / weight));
    C[l] = above;
  }
  return C;
}

/** G + A and C + bI: ab is the ridge and the damping, of the means of both diagonals (G's without the constant's). */
export function dampedFactors(
  gram: Dense,
  C: Dense,
  { samples, ridge, damping }: { samples: number; ridge: number; damping: number },
): [Dense, Dense] {
  const [p, units, G] = [gram.rows, C.rows, scale(gram, 1 / samples)];
  const [inputs, slopes] = [(trace(G) - 1) / (p - 1), trace(C) / units];
  const root = Math.sqrt(damping + ridge / inputs / slopes);
  const A = dense(p, p, (i, j) => (i !== j ? 0 : i + 1 < p ? root * inputs : root));
  return [add(G, A), add(C, scale(identity(units), root * slopes))];
}

/** (G + A) ΔW (C + bI) = g as one dense system, ((G + A) ⊗ (C + bI)) vec(ΔW) = vec(g), rows first. */
export function twoSidedStep(
  gram: Dense,
  C: Dense,
  rhs: Dense,
  weights: Dense,
  settings: { samples: number; ridge: number; damping: number },
): Dense {
  const [p, units] = [gram.rows, C.rows];
  const { samples, ridge } = settings;
  const [left, right] = dampedFactors(gram, C, settings);
  const g = dense(p, units, (i, j) => at(rhs, i, j) / samples - (i + 1 < p ? ridge * at(weights, i, j) : 0));
  const { data } = solve(kronecker(left, right), { data: g.data, rows: p * units, cols: 1 });
  return { data, rows: p, cols: units };
}

/** The derivative of the outputs along a change of the hidden weights, by central differences. */
export function tangent(
  hidden: readonly PlainLayer[],
  output: PlainLayer,
  X: Dense,
  change: readonly Dense[],
  step = 1e-5,
): Dense {
  const outputs = (t: number) => {
    const moved = hidden.map(({ weights, activation }, l) => ({
      weights: add(weights, scale(change[l]!, t)),
      activation,
    }));
    return preActivations(output, forward(moved, X).at(-1)!);
  };
  return scale(subtract(outputs(step), outputs(-step)), 1 / (2 * step));
}

/**
 * The desired pre-activations of the layer below the solved ones (topmost first), from the desired outputs T down:
 * x = V⁺(t − b), or x = h + V⁺(t − z); then f⁻¹(x).
 */
export function peel(
  hidden: readonly PlainLayer[],
  X: Dense,
  T: Dense,
  rule: 'inverse' | 'nearest',
  solved: readonly { readonly weights: Dense; readonly pseudoInverse: Dense }[],
): Dense {
  const values = forward(hidden, X);
  let t = T;
  let l = hidden.length;
  for (const { weights, pseudoInverse } of solved) {
    const bias = dense(t.rows, t.cols, (_, k) => at(weights, weights.rows - 1, k));
    const H = values[l]!;
    const x =
      rule === 'inverse'
        ? multiply(subtract(t, bias), pseudoInverse)
        : add(H, multiply(subtract(t, multiply(withOnes(H), weights)), pseudoInverse));
    l--;
    const { activation } = hidden[l]!;
    t = map(x, (y) => inverse(activation, y));
  }
  return t;
}
