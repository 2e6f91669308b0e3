// Run with --expose-gc: collects garbage while a call works on arrays that nothing else refers to.
import { setImmediate } from 'node:timers';
import bpls from '../../dist/lib/index.js';

const { lstsq, matrix } = bpls;

function solve() {
  const rows = 60_000;
  const data = Float64Array.from({ length: rows * 20 }, (_, i) => Math.sin(i * i));
  const target = Float64Array.from({ length: rows }, (_, i) => data[20 * i] - 3 * data[20 * i + 7]);
  return lstsq(matrix(data, rows, 20), matrix(target, rows, 1), { solver: 'svd' });
}

const running = [solve(), solve(), solve()];
let waiting = true;
const collect = () => {
  globalThis.gc();
  // New arrays take the place of any that were freed.
  for (let i = 0; i < 4; i++) new Float64Array(60_000 * 20).fill(NaN);
  if (waiting) setImmediate(collect);
};
collect();
for (const { weights } of await Promise.all(running))
  weights.data.forEach((weight, j) => {
    const expected = j === 0 ? 1 : j === 7 ? -3 : 0;
    if (!(Math.abs(weight - expected) < 1e-10))
      throw new Error(`Expected weight ${j} to be ${expected} but it is ${weight}`);
  });
waiting = false;
console.log('done');
