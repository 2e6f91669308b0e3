/**
 * Activations of hidden layers: identity z; sigmoid 1/(1+e⁻ᶻ); tanh; elu (z above 0, eᶻ−1 below); softplus ln(1+eᶻ);
 * relu max(0, z); leaky-relu (z above 0, z/100 below); gelu z/(1+e⁻ᵘ) with u = 2√(2/π) (z + 0.044715 z³).
 *
 * @source Hendrycks and Gimpel 2016 (arXiv 1606.08415) for gelu, in its form by tanh
 */
export type Activation = 'identity' | 'sigmoid' | 'tanh' | 'elu' | 'softplus' | 'relu' | 'leaky-relu' | 'gelu';

/** Activations of output layers: those of hidden layers, and the two that normalise a row to sum 1. */
export type OutputActivation = Activation | 'softmax' | 'softmin';

/** In the order of the addon's codes. */
export const outputActivations = [
  'identity',
  'sigmoid',
  'tanh',
  'elu',
  'softplus',
  'relu',
  'leaky-relu',
  'gelu',
  'softmax',
  'softmin',
] as const satisfies readonly OutputActivation[];

export const activations: readonly Activation[] = outputActivations.slice(0, -2) as Activation[];

/** What a hidden layer left to `auto` has, where held-out rows do not say that another is better. */
export const usualActivation: Activation = 'tanh';

export function activationCode(activation: OutputActivation): number {
  return outputActivations.indexOf(activation);
}

export function activationOf(code: number): Activation {
  return activations[code] as Activation;
}

/** How the units of a layer above another start (init.ts): close together, where their activation f bends little. */
export interface Start {
  /** z₀, the mean of z, and its standard deviation at most. */
  rest: number;
  spread: number;
  /** f(z₀) and f′(z₀). */
  value: number;
  slope: number;
  /** Of f(z) for normal z of mean 0 and deviation 1. */
  mean: number;
  deviation: number;
}

/**
 * Rests and spreads by validation rows of MNIST (2 to 100 layers) and of tables (2 to 10); the other figures follow
 * from f.
 */
const starts: Readonly<Record<Activation, Start>> = {
  identity: { rest: 0, spread: 1, value: 0, slope: 1, mean: 0, deviation: 1 },
  sigmoid: { rest: 0, spread: 1, value: 0.5, slope: 0.25, mean: 0.5, deviation: 0.2083 },
  tanh: { rest: 0, spread: 0.6279, value: 0, slope: 1, mean: 0, deviation: 0.6279 },
  elu: { rest: 0, spread: 0.7869, value: 0, slope: 1, mean: 0.1605, deviation: 0.7869 },
  softplus: { rest: 0.5, spread: 0.5, value: 0.9741, slope: 0.6225, mean: 0.8061, deviation: 0.5211 },
  relu: { rest: 0.5, spread: 0.5, value: 0.5, slope: 1, mean: 0.3989, deviation: 0.5838 },
  'leaky-relu': { rest: 0.5, spread: 0.5, value: 0.5, slope: 1, mean: 0.395, deviation: 0.5866 },
  gelu: { rest: 0.5, spread: 0.5, value: 0.3457, slope: 0.8674, mean: 0.282, deviation: 0.5879 },
};

/**
 * In a network of so many hidden layers. Where f is bent on one side of z₀, many layers are straight only if each is
 * more so.
 */
export function startOf(activation: Activation, layers: number): Start {
  const start = starts[activation];
  return start.rest > 0 ? { ...start, spread: Math.min(start.spread, 5 / layers) } : start;
}

/** Whether f⁻¹ is one value. */
export function isInjective(activation: OutputActivation): boolean {
  return activation !== 'relu' && activation !== 'gelu';
}

/** How far inside an open range the inverses stay; the addon's activation.cpp has the same figure. */
const rangeMargin = 1e-6;

/** The open range of f. */
export function rangeOf(activation: Activation): [low: number, high: number] {
  switch (activation) {
    case 'sigmoid':
      return [0, 1];
    case 'tanh':
      return [-1, 1];
    case 'elu':
      return [-1, Infinity];
    case 'softplus':
      return [0, Infinity];
    default:
      return [-Infinity, Infinity];
  }
}

/** f⁻¹, element by element, for the desired outputs of a regression; at the edge of an open range, just inside it. */
export function inverse(activation: Activation, y: number): number {
  const [low, high] = rangeOf(activation);
  const inside = Math.min(Math.max(y, low + rangeMargin), high - rangeMargin);
  switch (activation) {
    case 'sigmoid':
      return Math.log(inside / (1 - inside));
    case 'tanh':
      return Math.atanh(inside);
    case 'elu':
      return y > 0 ? y : Math.log1p(inside);
    case 'softplus':
      return inside + Math.log(-Math.expm1(-inside));
    case 'leaky-relu':
      return y > 0 ? y : y * 100;
    case 'identity':
    case 'relu':
    case 'gelu':
      return y;
  }
}
