// A training with a checkpoint (the first argument, or none); prints the SHA-256 of the weights.
import { createHash } from 'node:crypto';
import bpls from '../../dist/lib/index.js';
import { points } from './problem.mjs';

const [checkpoint] = process.argv.slice(2);
const { X, labels } = points(8000);
try {
  const options = { hidden: [150, 50], iterations: 12, threads: 2, ...(checkpoint && { checkpoint }) };
  const { network } = await bpls.trainClassifier(X, labels, options);
  const hash = createHash('sha256');
  for (const { weights } of network.layers) hash.update(weights);
  console.log(hash.digest('hex'));
} catch (error) {
  console.log(error.code, error.cause?.cause?.code ?? error.cause?.code);
}
