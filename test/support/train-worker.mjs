// A worker thread that trains: messages `iteration` for each, then `weights`.
import { parentPort, workerData } from 'node:worker_threads';
import { train } from './problem.mjs';

const weights = await train(workerData, ({ iteration }) => parentPort.postMessage({ iteration }));
parentPort.postMessage({ weights });
