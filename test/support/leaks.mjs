// Resident memory over many runs of one kind; prints MiB at even distances. Needs --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises';
import bpls from '../../dist/lib/index.js';
import { points } from './problem.mjs';

const [what, count] = process.argv.slice(2);
const { X, labels } = points(300);
const options = { hidden: [20], iterations: 2, ridge: 1e-3 };
const model = await bpls.trainClassifier(X, labels, options);
const row = bpls.matrix(X.data.slice(0, 4), 1, 4);
const wrong = bpls.matrix(X.data.slice(0, 3), 1, 3);

const once = {
  train: () => bpls.trainClassifier(X, labels, options),
  'train, and fail': async () => {
    const controller = new globalThis.AbortController();
    const onIteration = () => controller.abort();
    await bpls
      .trainClassifier(X, labels, { ...options, signal: controller.signal, onIteration })
      .catch(() => undefined);
    await bpls.trainClassifier(X, labels.slice(1), options).catch(() => undefined);
    const throws = () => {
      throw new Error('no');
    };
    await bpls.trainClassifier(X, labels, { ...options, onIteration: throws }).catch(() => undefined);
  },
  predictSync: () => model.predictSync(row),
  'predictSync, and fail': () => {
    try {
      model.predictSync(wrong);
    } catch {
      // What is looked for is what it leaves behind.
    }
  },
}[what];

const samples = 20;
for (let sample = 0; sample < samples; sample++) {
  for (let i = 0; i < Number(count) / samples; i++) await once();
  globalThis.gc();
  await sleep(10);
  console.log(process.memoryUsage.rss() / 2 ** 20);
}
