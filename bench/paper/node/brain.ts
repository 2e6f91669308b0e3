import type { Layer } from '../../../lib/index.js';
import { mulberry32 } from '../../data/toy.js';
import { imported } from '../../imported.js';
import { pieces, type NodePeer } from './peer.js';

/** What is used of brain.js. */
interface Brain {
  NeuralNetwork: new (options: { hiddenLayers: number[]; learningRate: number }) => {
    train(
      rows: { input: Float32Array; output: Float32Array }[],
      options: { iterations: number; errorThresh: number },
    ): unknown;
    /** By layer and unit; the inputs' are there and empty. */
    weights: Float32Array[][];
    biases: Float32Array[];
  };
}

const piece = 100;

/** brain.js's NeuralNetwork on the CPU: sigmoids, squared error, one sample at a time. */
export const brain: NodePeer = {
  what: 'rate',
  rates: [0.1, 0.3], // 0.3 is its default
  solves: false,
  async start({ X, labels }, { units, rate, classes }) {
    const { NeuralNetwork } = await imported<Brain>('brain.js');
    const net = new NeuralNetwork({ hiddenLayers: [units], learningRate: rate });
    const targets = Array.from({ length: classes }, (_, k) => new Float32Array(classes).fill(1, k, k + 1));
    const inputs = X.data as Float32Array;
    const batches = pieces(X.rows, piece, mulberry32(1));
    return {
      step() {
        const chosen = batches.next().value as Int32Array;
        const rows = Array.from(chosen, (row) => ({
          input: inputs.subarray(row * X.cols, (row + 1) * X.cols),
          output: targets[labels[row]!]!,
        }));
        net.train(rows, { iterations: 1, errorThresh: 1e-9 });
        return Promise.resolve(true);
      },
      layers: () =>
        Promise.resolve(
          [units, classes].map((count, l): Layer<Float32Array> => {
            const below = l === 0 ? X.cols : units;
            const weights = new Float32Array((below + 1) * count);
            for (let unit = 0; unit < count; unit++) {
              const own = net.weights[l + 1]![unit]!;
              for (let j = 0; j < below; j++) weights[j * count + unit] = own[j]!;
              weights[below * count + unit] = net.biases[l + 1]![unit]!;
            }
            return { weights, inputs: below, units: count, activation: 'sigmoid' };
          }),
        ),
    };
  },
};
