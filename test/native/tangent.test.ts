import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { combine, innerProduct, rowsOf, withOnes, type Dense } from '../support/dense.js';
import { expectClose } from '../support/expect.js';
import { precisions, rounded } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';
import { forward, sweep, tangent } from '../support/reference.js';

/** Error of central differences with steps of 10⁻⁵: its square and ε over it. */
const differenceError = 1e-9;

describe.each(precisions)('tangent in $name', (precision) => {
  const { typed, zeros } = precision;
  const epsilon = Math.max(precision.epsilon, differenceError);

  const inner = (A: Dense, B: Dense) => combine(A, B, (a, b) => a * b).data.reduce((sum, value) => sum + value, 0);

  it.each([
    ['one layer of tanh', [[6, 'tanh']], 3],
    ['three layers', [[6, 'tanh'], [5, 'sigmoid'], [4, 'elu']], 3], // prettier-ignore
    ['softplus and leaky relu', [[6, 'softplus'], [9, 'leaky-relu']], 1], // prettier-ignore
    ['gelu', [[6, 'gelu'], [9, 'gelu']], 2], // prettier-ignore
    ['many outputs', [[40, 'tanh'], [35, 'identity']], 37], // prettier-ignore
  ] as const)('is the derivative of the outputs: %s', async (_, hidden, outputs) => {
    const problem = drawProblem(precision, { samples: 70, columns: 5, hidden, outputs, standardized: true });
    const { random } = problem;
    const draw = () =>
      problem.hidden.map(({ weights }) => rounded(precision, random.uniforms(weights.rows, weights.cols)));
    const directions = [draw(), draw()] as const;
    const labels = random.labels(70, outputs);
    const indices = Int32Array.of(9, 3, 5, 60, 61, 62, 4, 33, 20);
    const rows = [...indices.subarray(1)];
    const batch = { start: 1, count: rows.length, indices };
    const wanted = { labels, positive: 0.25, negative: 0, demand: 2 };
    const size = problem.output.weights.rows * outputs;
    const outputRhs = [zeros(size).fill(5), zeros(size).fill(5)] as const;
    const [change, momentum] = directions.map((direction) => direction.map(({ data }) => typed(data)));
    const args = { ...problem.samples, ...problem.raw, ...batch, ...wanted, change: change!, outputRhs };
    const outcome = await call(lane(2), 'tangent', { ...args, momentum, clear: true });

    const X = rowsOf(problem.X, rows);
    const chosen = { labels: rows.map((row) => labels[row]!), positive: 0.25, negative: 0 };
    const { residual } = sweep(problem.hidden, problem.output, X, 'margin', chosen);
    expect(residual.data).toContain(0);
    const dZ = directions.map((direction) =>
      combine(tangent(problem.hidden, problem.output, X, direction), residual, (dz, r) => (r === 0 ? 0 : dz)),
    );
    const [first, second] = dZ as [Dense, Dense];
    const H = withOnes(forward(problem.hidden, X).at(-1)!);
    expectClose(outputRhs[0], innerProduct(H, first).data, epsilon);
    expectClose(outputRhs[1], innerProduct(H, second).data, epsilon);
    expectClose([outcome.slope0, outcome.slope1], [inner(residual, first), inner(residual, second)], epsilon);
    expectClose(
      [outcome.curvature00, outcome.curvature01, outcome.curvature11],
      [inner(first, first), inner(first, second), inner(second, second)],
      epsilon,
    );

    const before = outputRhs.map((rhs) => rhs.slice());
    const alone = await call(lane(), 'tangent', args);
    expectClose([alone.slope0, alone.curvature00], [outcome.slope0, outcome.curvature00], precision.epsilon);
    expect([alone.slope1, alone.curvature01, alone.curvature11]).toEqual([0, 0, 0]);
    expectClose(
      outputRhs[0],
      before[0]!.map((value) => 2 * value),
      precision.epsilon,
    );
    expect(outputRhs[1]).toEqual(before[1]);
  });
});
