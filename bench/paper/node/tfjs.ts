import { mulberry32 } from '../../data/toy.js';
import { imported } from '../../imported.js';
import { pieces, type NodePeer } from './peer.js';

interface Tensor {
  dispose(): void;
}

interface Weights {
  data(): Promise<Float32Array>;
}

interface Model {
  compile(options: { optimizer: unknown; loss: string }): void;
  trainOnBatch(X: Tensor, Y: Tensor): Promise<unknown>;
  layers: { getWeights(): Weights[] }[];
}

/** What is used of @tensorflow/tfjs. */
interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  sequential(options: { layers: unknown[] }): Model;
  layers: { dense(options: { units: number; inputShape?: number[]; activation: string }): unknown };
  train: { adam(rate: number): unknown };
  tensor2d(data: Float32Array, shape: [number, number]): Tensor;
}

const batch = 128;

/** TensorFlow.js without its native package, which does not install: relu and softmax, cross-entropy, Adam. */
export function tfjs(backend: 'wasm' | 'cpu'): NodePeer {
  return {
    what: 'rate',
    rates: [1e-3, 3e-3],
    solves: false,
    async start({ X, labels }, { units, rate, classes }) {
      const tf = await tensorFlow(backend);
      const hidden = tf.layers.dense({ units, inputShape: [X.cols], activation: 'relu' });
      const model = tf.sequential({ layers: [hidden, tf.layers.dense({ units: classes, activation: 'softmax' })] });
      model.compile({ optimizer: tf.train.adam(rate), loss: 'categoricalCrossentropy' });
      const batches = pieces(X.rows, batch, mulberry32(1));
      return {
        async step() {
          const chosen = batches.next().value as Int32Array;
          const [inputs, targets] = [new Float32Array(batch * X.cols), new Float32Array(batch * classes)];
          chosen.forEach((row, i) => {
            inputs.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), i * X.cols);
            targets[i * classes + labels[row]!] = 1;
          });
          const tensors = [tf.tensor2d(inputs, [batch, X.cols]), tf.tensor2d(targets, [batch, classes])] as const;
          await model.trainOnBatch(...tensors);
          for (const tensor of tensors) tensor.dispose();
          return true;
        },
        async layers() {
          const weights: Float32Array[] = [];
          for (const layer of model.layers) {
            const [V, bias] = await Promise.all(layer.getWeights().map((tensor) => tensor.data()));
            weights.push(concatenated(V!, bias!));
          }
          const [first, second] = weights;
          return [
            { weights: first!, inputs: X.cols, units, activation: 'relu' },
            { weights: second!, inputs: units, units: classes, activation: 'softmax' },
          ];
        },
      };
    },
  };
}

async function tensorFlow(backend: string): Promise<TensorFlow> {
  const tf = await imported<TensorFlow>('@tensorflow/tfjs');
  if (backend === 'wasm') await imported('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend(backend))) throw new Error(`Expected TensorFlow.js to have the backend ${backend}`);
  await tf.ready();
  return tf;
}

function concatenated(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
