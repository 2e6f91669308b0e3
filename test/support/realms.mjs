// Loads the addon in threads that end, with and without calls under way, and twice in one thread.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { short, train } from './problem.mjs';

const addon = new URL('../../dist/binding/index.js', import.meta.url);

/** A thread that loads the addon, queues calls, and ends: of itself, or because it is told to. */
async function thread(calls, terminate) {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const addon = require(workerData.addon).load();
     const n = 500;
     const array = () => new Float64Array(n * n).fill(1);
     for (let i = 0; i < workerData.calls; i++) {
       const product = { a: array(), b: array(), rows: n, inner: n, columns: n, transposed: false, solution: array() };
       void addon.multiply({ ...product, threads: 2 }).then(({ operations }) => {
         if (operations !== 2 * n ** 3) throw new Error('Expected a product');
       });
     }
     parentPort.postMessage('loaded');`,
    { eval: true, workerData: { addon: addon.pathname, calls } },
  );
  const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  if (terminate) await worker.terminate();
  await ended;
}

// At first nobody but threads that are gone has loaded it.
for (const [calls, terminate] of [
  [0, false],
  [0, true],
  [5, false],
  [5, true],
])
  await thread(calls, terminate);
await Promise.all(Array.from({ length: 8 }, (_, i) => thread(i % 4, i % 2 === 0)));
const first = await train(short, () => undefined);

// Again in this thread, as a second copy of the package would.
const require = createRequire(import.meta.url);
const once = require(addon.pathname).load();
for (const path of Object.keys(require.cache)) delete require.cache[path];
const twice = require(addon.pathname).load();
const numbers = { values: Float64Array.of(1, NaN), length: 2, threads: 1 };
for (const { findNonFinite } of [once, twice]) {
  const { nonFinite } = await findNonFinite(numbers);
  if (nonFinite !== 1) throw new Error(`Expected 1 but received ${nonFinite}`);
}
globalThis.gc?.();
const second = await train(short, () => undefined);
if (!first.every((weights, l) => weights.every((weight, i) => weight === second[l][i])))
  throw new Error('Expected the same weights before and after');
console.log('done');
