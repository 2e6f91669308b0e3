import type { SampleRule, TargetRule } from './options.js';

/**
 * The options that are the paper's method, literally (arXiv 2401.06699): first weights U[−1, 1], least squares layer by
 * layer from the output to the input on the minimum-norm desired values, no ridge, and for a classifier further passes on
 * the misclassified samples alone. Spread it into the options of either trainer; a regressor takes the part without
 * `samples`, {@link paper.regressor}.
 *
 * @source https://arxiv.org/abs/2401.06699
 */
const regressor = {
  init: 'uniform',
  targets: 'inverse' as TargetRule,
  ridge: 0,
  standardize: false,
  iterations: 1,
} as const;

export const paper = {
  ...regressor,
  samples: 'misclassified' as SampleRule,
  iterations: 10,
} as const;

void regressor;
