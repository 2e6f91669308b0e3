// Asks for more memory than there is, in several ways; prints the code of each refusal, and that a small training goes on.
import bpls from '../../dist/lib/index.js';
import { points, short, train } from './problem.mjs';

const { X, labels } = points(2000);
const options = { iterations: 1, ridge: 1e-3, init: 'orthogonal' };
const attempts = {
  'wide layers': () => bpls.trainClassifier(X, labels, { ...options, hidden: [40_000, 40_000] }),
  'a wide layer': () => bpls.trainClassifier(X, labels, { ...options, hidden: [30_000] }),
  'many columns': async () => {
    const wide = bpls.matrix(new Float64Array(20_000), 1, 20_000);
    return bpls.lstsq(wide, bpls.matrix(new Float64Array(1), 1, 1), { solver: 'svd' });
  },
  // Nothing is left for an array of V8's own.
  'labels of many rows': () => {
    const count = 5_000_000;
    const many = bpls.matrix(new Float32Array(count), count, 1);
    const sides = new Uint8Array(count);
    const taken = [];
    try {
      for (;;) taken.push(new ArrayBuffer(16 << 20));
    } catch {
      return bpls.trainClassifier(many, sides, options).finally(() => taken.splice(0));
    }
  },
};
await train(short, () => undefined);
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    console.log(name, 'done');
  } catch (error) {
    console.log(name, error.code ?? error.message);
  }
  const weights = await train(short, () => undefined);
  if (!weights.every((layer) => layer.every(Number.isFinite))) throw new Error('Expected finite weights');
}
console.log('alive');
