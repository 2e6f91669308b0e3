import { describe, expect, it } from 'vitest';
import { ArgumentError, lstsq, matrix, NonFiniteError, SingularError, type Solution } from '../../lib/index.js';
import { denseOf, frobenius, innerProduct, multiply, subtract, type Dense } from '../support/dense.js';
import { failure } from '../support/expect.js';
import { matrixTypes, scaled } from '../support/lapack-types.js';
import { precisions, rounded, typedMatrix, type Precision } from '../support/precision.js';
import { source } from '../support/random.js';
import { residualRatio } from '../support/ratios.js';

/** LAPACK's own (its NVAL, and what is about the sizes of blocks and registers). */
const sizes = [1, 2, 3, 5, 10, 16, 33, 50, 64, 100, 132];
const limit = 30;

/**
 * ‖Aᵀ(B − A X)‖ / (‖A‖ max(‖A‖ ‖X‖, ‖B‖) max(m, n) ε): how well X solves the normal equations. LAPACK's dqrt17 has ‖B‖
 * alone, for matrices of small condition; where X is so long that A X cancels, the products of A and X round as well.
 */
function normalRatio(A: Dense, X: Dense, B: Dense, epsilon: number): number {
  const error = frobenius(innerProduct(A, subtract(B, multiply(A, X))));
  const size = Math.max(frobenius(A) * frobenius(X), frobenius(B));
  return error === 0 ? 0 : error / (frobenius(A) * size * A.rows * epsilon);
}

interface Case {
  readonly A: Dense;
  /** A X = B has a solution. */
  readonly consistent: Dense;
  readonly any: Dense;
  readonly exponent: number;
}

function cases(typeIndex: number, precision: Precision): Case[] {
  const type = matrixTypes[typeIndex]!;
  return sizes.flatMap((n) =>
    [n, 2 * n + 3].map((rows) => {
      const random = source(1000 * typeIndex + 2 * n + (rows > n ? 1 : 0));
      const A = rounded(precision, type.make(rows, n, random, precision));
      const consistent = rounded(precision, multiply(A, random.normals(n, 2)));
      return { A, consistent, any: random.normals(rows, 2), exponent: type.exponent?.(precision) ?? 0 };
    }),
  );
}

/** X for A itself, from the solution for 2^exponent A. */
async function solve({ A, exponent }: Case, B: Dense, precision: Precision, solver: 'cholesky' | 'svd' | 'auto') {
  const solution: Solution = await lstsq(typedMatrix(precision, scaled(A, exponent)), typedMatrix(precision, B), { solver }); // prettier-ignore
  return scaled(denseOf(solution.weights.data, A.cols, B.cols), exponent);
}

describe.each(precisions)('$name', (precision) => {
  const { epsilon } = precision;

  describe.each(matrixTypes.map((type, index) => ({ ...type, index })))('of a matrix that is $name', (type) => {
    it.each(['svd', 'auto'] as const)('the residual ratios of %s are below 30', async (solver) => {
      const ratios: number[] = [];
      for (const one of cases(type.index, precision)) {
        const any = rounded(precision, one.any);
        ratios.push(normalRatio(one.A, await solve(one, any, precision, solver), any, epsilon));
        const X = await solve(one, one.consistent, precision, solver);
        ratios.push(residualRatio(one.A, X, one.consistent, epsilon));
      }
      expect(ratios).toHaveLength(4 * sizes.length);
      const greatest = Math.max(...ratios);
      console.log(`${precision.name}, ${type.name}, ${solver}: ${greatest.toPrecision(2)}`);
      expect(greatest).toBeLessThan(limit);
    });

    it('Cholesky solves the normal equations as well, or refuses them', async () => {
      const ratios: number[] = [];
      let refused = 0;
      for (const one of cases(type.index, precision)) {
        const B = rounded(precision, one.any);
        const outcome = await solve(one, B, precision, 'cholesky').catch((error: unknown) => error);
        if (outcome instanceof Error) {
          // Sums that overflow are no sign of a rank.
          const Refusal = type.name === 'scaled near overflow' ? NonFiniteError : SingularError;
          expect(outcome).toBeInstanceOf(Refusal);
          refused++;
        } else ratios.push(normalRatio(one.A, outcome as Dense, B, epsilon));
      }
      console.log(
        `${precision.name}, ${type.name}, cholesky: ${Math.max(0, ...ratios).toPrecision(2)}, ${refused} refused`,
      );
      for (const ratio of ratios) expect(ratio).toBeLessThan(limit);
      const expected = 2 * sizes.filter((n) => n >= (type.deficientFrom ?? Infinity)).length;
      // The squares of the scaled ones leave the range; those of condition 0.1/ε are singular to this precision.
      if (type.exponent) expect(refused).toBe(2 * sizes.length);
      else if (!type.name.includes('0.1/ε')) expect(refused).toBe(expected);
    });
  });

  it('an order of 2100, whose factor is shared out over threads', async () => {
    const random = source(5);
    const A = rounded(precision, random.normals(2130, 2100));
    const B = rounded(precision, random.normals(2130, 1));
    const { weights } = await lstsq(typedMatrix(precision, A), typedMatrix(precision, B), { solver: 'cholesky', threads: 3 }); // prettier-ignore
    const X = denseOf(weights.data, 2100, 1);
    expect(normalRatio(A, X, B, epsilon)).toBeLessThan(limit);
  });

  it.each([
    [0, 0],
    [0, 3],
    [3, 0],
  ])('size %i × %i is refused by a typed error', async (rows, cols) => {
    expect(await failure(() => matrix(precision.zeros(0), rows, cols))).toBeInstanceOf(ArgumentError);
    const B = { data: precision.zeros(3), rows: 3, cols: 1 };
    expect(await failure(lstsq({ data: precision.zeros(0), rows, cols }, B))).toBeInstanceOf(ArgumentError);
  });
});
