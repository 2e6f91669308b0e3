import { lstsq, matrix, ridge, type FloatArray, type Matrix, type Solution } from '../../lib/index.js';
import { cases, type Case, type Precision } from '../data/matrices.js';
import { mulberry32, type Random } from '../data/toy.js';
import type { PartOptions, PartResult } from '../part.js';
import { consistentRatio, leastSquaresRatio, product, unitRoundoff } from '../ratios.js';
import type { Table } from '../table.js';

const rightHandSides = 3;
const penalty = 1e-3;

type Column =
  | 'matrix'
  | 'size'
  | 'precision'
  | 'solver'
  | 'used'
  | 'rank'
  | 'of'
  | 'rcond'
  | 'least squares'
  | 'consistent'
  | 'ridge';

/** The solvers on their own, on matrices that try them. */
export async function numerics(_options: PartOptions): Promise<PartResult> {
  const table: Table<Column> = {
    title: 'Test ratios of `lstsq` and `ridge`',
    settings: { rightHandSides, ridge: penalty },
    columns: {
      matrix: 'text',
      size: 'text',
      precision: 'text',
      solver: 'text',
      used: 'text',
      rank: 'integer',
      of: 'integer',
      rcond: 'scientific',
      'least squares': 'scientific',
      consistent: 'scientific',
      ridge: 'scientific',
    },
    rows: [],
  };
  for (const precision of ['float64', 'float32'] as const) {
    const random = mulberry32(1);
    for (const one of cases(random, precision))
      for (const solver of ['cholesky', 'svd', 'auto'] as const)
        if (solver !== 'cholesky' || choleskyIsDefined(one, precision))
          table.rows.push(await measure(one, precision, solver, mulberry32(2)));
  }
  const greatest = (name: Column) => Math.max(...table.rows.map((row) => Number(row[name]))).toPrecision(2);
  return {
    description:
      'LAPACK’s own test ratios, in units of rounding errors; below 30 is right. `least squares` has a random right-hand ' +
      'side B, `consistent` has B = A X, `ridge` is the penalised problem. `used`, `rank` and `rcond` belong to the first.',
    tables: [table],
    notes: [
      `Greatest: ${(['least squares', 'consistent', 'ridge'] as const).map((name) => `${name} ${greatest(name)}`).join(', ')}.`,
    ],
  };
}

/** Full column rank, and a Gram matrix that is so as well: its condition number is the square of A's. */
function choleskyIsDefined({ rank, cols, condition }: Case, precision: Precision): boolean {
  return rank === cols && condition ** 2 * unitRoundoff(as(precision, new Float64Array())) < 1e-2;
}

async function measure(
  { name, a, rows, cols, rank }: Case,
  precision: Precision,
  solver: 'cholesky' | 'svd' | 'auto',
  random: Random,
): Promise<Record<Column, string | number>> {
  const draw = (count: number) =>
    as(
      precision,
      Float64Array.from({ length: count * rightHandSides }, () => 2 * random() - 1),
    );
  const A: Matrix = matrix(as(precision, a), rows, cols);
  const B: Matrix = matrix(draw(rows), rows, rightHandSides);
  const exact = product(A, matrix(draw(cols), cols, rightHandSides));
  const attainable: Matrix = { ...exact, data: as(precision, exact.data) };
  const solution: Solution = await lstsq(A, B, { solver });
  const { weights: consistent } = await lstsq(A, attainable, { solver });
  const { weights: penalised } = await ridge(A, B, { solver, ridge: penalty });
  return {
    matrix: name,
    size: `${rows} × ${cols}`,
    precision,
    solver,
    used: solution.solver,
    rank: solution.rank,
    of: rank,
    rcond: solution.rcond,
    'least squares': leastSquaresRatio(A, solution.weights, B),
    consistent: consistentRatio(A, consistent, attainable),
    ridge: leastSquaresRatio(A, penalised, B, penalty * rows),
  };
}

function as(precision: Precision, values: Float64Array): FloatArray {
  return precision === 'float64' ? values : Float32Array.from(values);
}
