// A worker thread that trains, one network or several at once: messages `iteration` for each, then `weights`.
import { parentPort, workerData } from 'node:worker_threads';
import { train } from './problem.mjs';

await Promise.all(
  [workerData].flat().map(async (one) => {
    const weights = await train(one, ({ iteration }) => parentPort.postMessage({ iteration, seed: one.seed }));
    parentPort.postMessage({ weights, seed: one.seed });
  }),
);
