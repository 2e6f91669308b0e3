import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { float64, precisions } from '../support/precision.js';
import { drawProblem, lane } from '../support/problem.js';

/** Operations as LAPACK Working Note 41 counts them. */
const gemm = (m: number, n: number, k: number) => 2 * m * n * k;
const syrk = (n: number, k: number) => k * n * (n + 1);
const gemv = (m: number, n: number) => 2 * m * n;
const potrf = (n: number) => n ** 3 / 3 + n ** 2 / 2 + n / 6;
const potrs = (n: number, m: number) => 2 * n ** 2 * m;

describe.each(precisions)('operations counted in $name', (precision) => {
  const { typed, zeros } = precision;
  const [s, d, n1, n2] = [50, 7, 40, 5];

  // Narrow products are counted where they are made, wide ones at BLAS's door.
  it.each([3, 40])('of a sweep, part by part, to %i outputs', async (k) => {
    const hidden = [[n1, 'tanh'], [n2, 'sigmoid']] as const; // prettier-ignore
    const problem = drawProblem(precision, { samples: 60, columns: d, hidden, outputs: k });
    const pass = { ...problem.samples, ...problem.raw, start: 4, count: s };
    const wanted = { labels: problem.random.labels(60, k), positive: 1, negative: -1, demand: 2 };
    const cache = { cache: zeros(60 * (n1 + n2)), cacheRows: 60, slot: 0 };
    const operations = async (args: object) =>
      (await call(lane(), 'sweep', { ...pass, cached: false, ...args })).operations;
    const forward = gemm(s, n1, d) + gemm(s, n2, n1);
    expect(await operations(cache)).toBe(forward);
    expect(await operations({ ...cache, cached: true })).toBe(0);
    const output = gemm(s, k, n2);
    expect(await operations(wanted)).toBe(forward + output);
    const stored = { ...wanted, ...cache, cached: true };
    expect(await operations(stored)).toBe(output);
    const outputRhs = zeros((n2 + 1) * k);
    expect(await operations({ ...stored, outputRhs })).toBe(output + gemm(n2, k, s) + gemv(s, k));
    const grams = [zeros((d + 1) ** 2), null, zeros((n2 + 1) ** 2)];
    const gram = (n: number) => syrk(n, s) + gemv(s, n);
    expect(await operations({ ...cache, cached: true, grams })).toBe(gram(d) + gram(n2));
    const hiddenRhs = [zeros((d + 1) * n1), zeros((n1 + 1) * n2)];
    const slopes = [zeros(n1 ** 2), zeros(n2 ** 2)];
    const rhs = (n: number, m: number) => gemm(n, m, s) + gemv(s, m);
    const down = gemm(s, n2, k) + syrk(n2, s) + rhs(n1, n2) + gemm(s, n1, n2) + syrk(n1, s) + rhs(d, n1);
    expect(await operations({ ...stored, hiddenRhs, slopes })).toBe(output + down);
  });

  it('of solves', async () => {
    const [n, m] = [9, 4];
    const gram = zeros(n * n).map((_, i) => Number(i % (n + 1) === 0));
    const system = { order: n, rhs: zeros(n * m), rightHandSides: m, solution: zeros(n * m) };
    const penalty = { ridge: 0, lastRidge: 0 };
    const factor = zeros(n * n);
    const { operations } = await call(lane(), 'solveCholesky', { ...system, gram, ...penalty, factor });
    expect(operations).toBe(potrf(n) + potrs(n, m));
    expect((await call(lane(), 'solveFactored', { ...system, factor: gram })).operations).toBe(potrs(n, m));
    const product = { a: zeros(6), b: zeros(8), rows: 3, inner: 2, columns: 4, transposed: false, solution: zeros(12) };
    expect((await call(lane(), 'multiply', product)).operations).toBe(gemm(3, 4, 2));
    const C = typed([1, 0, 0, 1]);
    const step = { columns: 2, units: 2, samples: 1, ridge: 0, damping: 0, curvature: C };
    const arrays = { gram: typed([1, 0, 0, 0, 1, 0, 0, 0, 1]), rhs: zeros(6), weights: zeros(6), change: zeros(6) };
    const two = potrf(3) + potrs(3, 2) + potrf(2) + potrs(2, 3);
    expect((await call(lane(), 'step', { ...step, ...arrays })).operations).toBe(two);
  });
});

describe('a lane', () => {
  it('adds up the operations of its calls', async () => {
    const own = lane();
    const args = { a: float64.zeros(6), b: float64.zeros(8), rows: 3, inner: 2, columns: 4, transposed: false };
    for (let i = 1; i <= 3; i++) {
      const outcome = await call(own, 'multiply', { ...args, solution: float64.zeros(12) });
      expect(own.operations).toBe(i * gemm(3, 4, 2));
      expect(outcome.seconds).toBeGreaterThanOrEqual(0);
    }
  });
});
