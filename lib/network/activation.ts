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

/** Standard deviation to give a layer's pre-activations so that a deep stack neither fades nor explodes. */
export function gain(activation: Activation): number {
  return activation === 'relu' || activation === 'leaky-relu' ? Math.SQRT2 : 1;
}

/** Whether f⁻¹ is one value. */
export function isInjective(activation: OutputActivation): boolean {
  return activation !== 'relu' && activation !== 'gelu';
}

/** How far inside an open range the inverses stay; the addon's activation.cpp has the same figure. */
const rangeMargin = 1e-6;

/** f⁻¹, element by element, for the desired outputs of a regression; outside the open range, its edge. */
export function inverse(activation: Activation, y: number): number {
  const inside = (low: number, high: number) => Math.min(Math.max(y, low + rangeMargin), high - rangeMargin);
  switch (activation) {
    case 'sigmoid':
      return Math.log(inside(0, 1) / (1 - inside(0, 1)));
    case 'tanh':
      return Math.atanh(inside(-1, 1));
    case 'elu':
      return y > 0 ? y : Math.log1p(inside(-1, Infinity));
    case 'softplus':
      return inside(0, Infinity) + Math.log(-Math.expm1(-inside(0, Infinity)));
    case 'leaky-relu':
      return y > 0 ? y : y * 100;
    case 'identity':
    case 'relu':
    case 'gelu':
      return y;
  }
}
