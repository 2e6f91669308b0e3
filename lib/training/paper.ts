/**
 * The options that are the paper's method, literally: first weights U[−1, 1]; least squares layer by layer from the output
 * to the input, on desired values that are minimum-norm solutions; no ridge; and, for a classifier, further passes on the
 * misclassified samples alone. Add `hidden` (and `activation`, other than relu and gelu) and give it to either trainer.
 *
 * @source https://arxiv.org/abs/2401.06699
 *
 * @example
 * ```ts
 * const model = await trainRegressor(X, Y, { ...paper, hidden: [64], activation: 'identity' });
 * ```
 */
export const paper = {
  init: 'uniform',
  targets: 'inverse',
  samples: 'misclassified',
  iterations: 10,
  patience: 10,
  ridge: 0,
  standardize: false,
} as const;
