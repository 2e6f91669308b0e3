import type { Layer } from '../../../lib/index.js';
import { mulberry32 } from '../../data/toy.js';
import { imported } from '../../imported.js';
import { pieces, type NodePeer } from './peer.js';

interface Dense {
  get(row: number, column: number): number;
  set(row: number, column: number, value: number): void;
  transpose(): Dense;
  mmul(other: Dense): Dense;
  add(other: Dense): Dense;
  clone(): Dense;
}

/** What is used of ml-matrix. */
interface MlMatrix {
  Matrix: { zeros(rows: number, columns: number): Dense };
  CholeskyDecomposition: new (matrix: Dense) => { solve(right: Dense): Dense };
}

const piece = 500;

/**
 * Least squares by normal equations, in plain JavaScript: on the inputs, or on random tanh features of them, which is an
 * extreme learning machine. The sums grow row by row, once through all rows, and can be solved at any time.
 */
export const mlMatrix: NodePeer = {
  what: 'ridge',
  rates: [1, 10, 100],
  solves: true,
  async start({ X, labels }, { units, rate, classes }) {
    const { Matrix, CholeskyDecomposition } = await imported<MlMatrix>('ml-matrix');
    const random = mulberry32(1);
    const first = filled(Matrix.zeros(X.cols + 1, units), X.cols + 1, units, () => (2 * random() - 1) / 4);
    const features = (units > 0 ? units : X.cols) + 1;
    const [gram, right] = [Matrix.zeros(features, features), Matrix.zeros(features, classes)];
    const once = pieces(X.rows, piece, random);
    let left = Math.floor(X.rows / piece);
    return {
      step() {
        if (left-- <= 0) return Promise.resolve(false);
        const chosen = once.next().value as Int32Array;
        const inputs = filled(Matrix.zeros(piece, X.cols + 1), piece, X.cols + 1, (i, j) =>
          j < X.cols ? X.data[chosen[i]! * X.cols + j]! : 1,
        );
        const targets = filled(Matrix.zeros(piece, classes), piece, classes, (i, k) =>
          labels[chosen[i]!] === k ? 1 : -1,
        );
        const hidden = units > 0 ? inputs.mmul(first) : inputs;
        const H =
          units > 0
            ? filled(Matrix.zeros(piece, features), piece, features, (i, j) =>
                j < units ? Math.tanh(hidden.get(i, j)) : 1,
              )
            : inputs;
        const transposed = H.transpose();
        gram.add(transposed.mmul(H));
        right.add(transposed.mmul(targets));
        return Promise.resolve(true);
      },
      layers() {
        const damped = gram.clone();
        for (let j = 0; j < features; j++) damped.set(j, j, damped.get(j, j) + rate);
        const W = new CholeskyDecomposition(damped).solve(right);
        const output = layer(W, features, classes, 'identity');
        return Promise.resolve(units > 0 ? [layer(first, X.cols + 1, units, 'tanh'), output] : [output]);
      },
    };
  },
};

function filled(matrix: Dense, rows: number, columns: number, value: (i: number, j: number) => number): Dense {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) matrix.set(i, j, value(i, j));
  return matrix;
}

function layer(W: Dense, rows: number, units: number, activation: 'tanh' | 'identity'): Layer<Float32Array> {
  const weights = new Float32Array(rows * units);
  for (let i = 0; i < rows; i++) for (let k = 0; k < units; k++) weights[i * units + k] = W.get(i, k);
  return { weights, inputs: rows - 1, units, activation };
}
