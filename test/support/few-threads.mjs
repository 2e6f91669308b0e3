// Trains with more threads than the process may have, twice; prints the SHA-256 of the weights, or the error's code.
import { createHash } from 'node:crypto';
import bpls from '../../dist/lib/index.js';
import { points } from './problem.mjs';

const { X, labels } = points(3000);
const train = async () => {
  const { network } = await bpls.trainClassifier(X, labels, { hidden: [150], iterations: 3, ridge: 1e-3, threads: 8 });
  const hash = createHash('sha256');
  for (const { weights } of network.layers) hash.update(weights);
  return hash.digest('hex');
};
try {
  const first = await train();
  if ((await train()) !== first) throw new Error('Expected the same bits twice');
  console.log(first);
} catch (error) {
  console.log(error.code ?? error.message);
}
