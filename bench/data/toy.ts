/** A small problem of classification: row-major inputs, and the class of each row. */
export interface Classes {
  inputs: Float64Array;
  labels: Int32Array;
  rows: number;
  cols: number;
}

/** A small problem of regression, and the weights that made it, as (inputs + 1) × outputs with the bias last. */
export interface Mapping {
  inputs: Float64Array;
  targets: Float64Array;
  rows: number;
  cols: number;
  outputs: number;
  weights: Float64Array[];
}

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** The same numbers for the same seed, on every machine. @source Tommy Ettinger's mulberry32 (public domain) */
export function mulberry32(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Points of [-1, 1]², the four quadrants in turn: class 1 where the signs of the coordinates differ, 0 where they
 * agree. No point is nearer than 0.05 to an axis.
 */
export function xor(rows: number, random: Random): Classes {
  const away = () => uniform(0.05, 1, random);
  return points(rows, (row) => {
    const [right, up] = [row % 2 === 1, row % 4 >= 2];
    return [right ? away() : -away(), up ? away() : -away(), Number(right !== up)];
  });
}

/**
 * Two arms of an Archimedean spiral about the origin, half a turn apart, in turn: angle 2π · turns · radius, the radius
 * uniform in [0.1, 1], and `noise` the greatest distance added to each coordinate. Neighbouring arms are 1 / (2 · turns)
 * apart along the radius.
 */
export function twoSpirals(rows: number, turns: number, noise: number, random: Random): Classes {
  return points(rows, (row) => {
    const arm = row % 2;
    const radius = uniform(0.1, 1, random);
    const angle = 2 * Math.PI * turns * radius + Math.PI * arm;
    const shake = () => uniform(-noise, noise, random);
    return [radius * Math.cos(angle) + shake(), radius * Math.sin(angle) + shake(), arm];
  });
}

/**
 * Points of [-1, 1]² on a board of 4 × 4 cells, the cells in turn: class (i + j) mod 3 in column i and row j. No point
 * is nearer to the edge of its cell than a tenth of the cell.
 */
export function checkerboard3(rows: number, random: Random): Classes {
  return points(rows, (row) => {
    const [i, j] = [row % 4, Math.floor(row / 4) % 4];
    const within = (cell: number) => (cell + uniform(0.1, 0.9, random)) / 2 - 1;
    return [within(i), within(j), (i + j) % 3];
  });
}

/** Y = X W + bias, with X and all weights uniform in [-1, 1]. */
export function linearMap(rows: number, cols: number, outputs: number, random: Random): Mapping {
  const inputs = uniforms(rows * cols, 1, random);
  const weights = uniforms((cols + 1) * outputs, 1, random);
  return { inputs, targets: affine(inputs, rows, weights, outputs), rows, cols, outputs, weights: [weights] };
}

/**
 * A network with one hidden layer of tanh and linear outputs, Y = tanh(X W₁ + bias) W₂ + bias, with X uniform in
 * [-1, 1]. The weights are uniform, W₁ scaled so that the arguments of tanh vary by about one, whatever `cols` is.
 */
export function teacher(rows: number, cols: number, hidden: number, outputs: number, random: Random): Mapping {
  const inputs = uniforms(rows * cols, 1, random);
  const first = uniforms((cols + 1) * hidden, 3 / Math.sqrt(cols), random);
  const second = uniforms((hidden + 1) * outputs, 1, random);
  const features = affine(inputs, rows, first, hidden).map(Math.tanh);
  const targets = affine(features, rows, second, outputs);
  return { inputs, targets, rows, cols, outputs, weights: [first, second] };
}

function points(rows: number, draw: (row: number) => [x: number, y: number, label: number]): Classes {
  const inputs = new Float64Array(rows * 2);
  const labels = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const [x, y, label] = draw(row);
    inputs.set([x, y], row * 2);
    labels[row] = label;
  }
  return { inputs, labels, rows, cols: 2 };
}

function uniform(low: number, high: number, random: Random): number {
  return low + (high - low) * random();
}

function uniforms(length: number, limit: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => uniform(-limit, limit, random));
}

/** [X, 1] W, where the last row of W is the bias. */
function affine(X: Float64Array, rows: number, W: Float64Array, outputs: number): Float64Array {
  const cols = W.length / outputs - 1;
  const Y = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputs; k++) {
      let sum = W[cols * outputs + k]!;
      for (let j = 0; j < cols; j++) sum += X[row * cols + j]! * W[j * outputs + k]!;
      Y[row * outputs + k] = sum;
    }
  }
  return Y;
}
