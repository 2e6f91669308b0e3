// Numbers whose sums leave the range: in a process of its own, because LAPACK's SVD of NaN need not come to an end.
import binding from '../../dist/binding/index.js';
import bpls from '../../dist/lib/index.js';

const { BplsError, lstsq, matrix, NormalEquations, ridge } = bpls;
const [what] = process.argv.slice(2);

const X = matrix(Float64Array.of(1e200, 2e200, 3e200, -1e200, 1e200, 5e200), 3, 2);
const Y = matrix(Float64Array.of(1, 2, 3), 3, 1);

/** The code of the error, or the largest weight. */
async function outcome(action) {
  try {
    const { weights } = await action();
    return weights.data.every(Number.isFinite) ? 'finite' : 'not finite';
  } catch (error) {
    return error instanceof BplsError ? error.code : String(error);
  }
}

async function solveSums(options) {
  const sums = new NormalEquations(2, 1);
  await sums.add(X, Y);
  return sums.solve(options);
}

const actions = {
  sums: [() => solveSums(), () => solveSums({ solver: 'svd' }), () => solveSums({ ridge: 1 })],
  ridge: ['auto', 'cholesky', 'svd'].map((solver) => () => ridge(Y, Y, { ridge: 1e308, solver })),
  'huge ridge': ['auto', 'cholesky', 'svd'].map((solver) => () => ridge(X, Y, { ridge: 1.7e308, solver })),
  'huge numbers': ['auto', 'svd'].map((solver) => () => lstsq(X, X, { solver })),
};

if (what === 'svd') {
  for (const value of [NaN, Infinity, -Infinity])
    for (const n of [1, 2, 3, 10, 60])
      for (const where of ['a', 'b']) {
        const a = Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i));
        const b = new Float64Array(n).fill(1);
        (where === 'a' ? a : b)[n >> 1] = value;
        const args = { a, rows: n, columns: n, b, rightHandSides: 1, cut: 1e-12, solution: new Float64Array(n) };
        const { info } = await binding.load().solveSvd({ ...args, threads: 1 });
        if (!(info > 0)) console.log(`no info for ${value} in ${where} of order ${n}`);
      }
} else {
  for (const action of actions[what]) console.log(await outcome(action));
}
console.log('done');
