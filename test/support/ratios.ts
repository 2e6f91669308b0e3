import { frobenius, innerProduct, multiply, solve, subtract, transpose, type Dense } from './dense.js';

/*
 * LAPACK's own measures of a solution, in units of ε: each is below 30 for a solution that is as good as the precision
 * allows. Source: LAPACK Users' Guide, TESTING/LIN/{dqrt16,dqrt17}.f
 */

/** ‖B − A X‖ / (‖A‖ ‖X‖ max(m, n) ε), for systems that have an exact solution. */
export function residualRatio(A: Dense, X: Dense, B: Dense, epsilon: number): number {
  const size = frobenius(A) * frobenius(X) * Math.max(A.rows, A.cols) * epsilon;
  return ratio(frobenius(subtract(B, multiply(A, X))), size);
}

/** ‖Aᵀ(B − A X)‖ / (‖A‖ ‖B‖ max(m, n) ε): the residual is orthogonal to A's columns. */
export function leastSquaresRatio(A: Dense, X: Dense, B: Dense, epsilon: number): number {
  const size = frobenius(A) * frobenius(B) * Math.max(A.rows, A.cols) * epsilon;
  return ratio(frobenius(innerProduct(A, subtract(B, multiply(A, X)))), size);
}

/** ‖X − Aᵀ(AAᵀ)⁻¹A X‖ / (‖X‖ max(m, n) ε) for A of full row rank: X has no part that A does not see. */
export function rowSpaceRatio(A: Dense, X: Dense, epsilon: number): number {
  const At = transpose(A);
  const within = multiply(At, solve(multiply(A, At), multiply(A, X)));
  return ratio(frobenius(subtract(X, within)), frobenius(X) * Math.max(A.rows, A.cols) * epsilon);
}

function ratio(error: number, size: number): number {
  return error === 0 ? 0 : error / size;
}
