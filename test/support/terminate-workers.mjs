// Ends worker threads in the middle of their trainings, again and again, and trains itself in between.
import { Worker } from 'node:worker_threads';
import { long, short, train } from './problem.mjs';

const script = new URL('train-worker.mjs', import.meta.url);

async function terminateAt(iteration) {
  const worker = new Worker(script, { workerData: long });
  await new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message) => {
      if (message.iteration === iteration) resolve();
    });
  });
  await worker.terminate();
}

// The first time, only workers have loaded the addon.
await terminateAt(0);
for (const iteration of [0, 1, 2]) {
  await Promise.all([terminateAt(iteration), terminateAt(iteration), train(short, () => undefined)]);
  const weights = await train(short, () => undefined);
  if (!weights.every((layer) => layer.every(Number.isFinite))) throw new Error('Expected finite weights');
}
console.log('done');
