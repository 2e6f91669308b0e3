// The first call into OpenBLAS, which takes 128 MiB of addresses for each of its threads; prints what came of it.
import bpls from '../../dist/lib/index.js';

const n = 400;
const A = bpls.matrix(
  Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i)),
  n,
  n,
);
for (const threads of [1, 2, 8]) {
  try {
    await bpls.lstsq(A, A, { threads });
    console.log(threads, 'threads done');
  } catch (error) {
    console.log(threads, 'threads', error.code ?? error.message);
  }
}
console.log('alive');
