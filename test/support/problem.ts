import type { RawLayer } from '../../binding/index.js';
import { activationCode, type OutputActivation } from '../../lib/network/activation.js';
import type { Lane } from '../../lib/lane.js';
import type { FloatArray } from '../../lib/matrix.js';
import { at, dense, scale, type Dense } from './dense.js';
import { rounded, type Precision } from './precision.js';
import { source, type Source } from './random.js';
import type { PlainLayer } from './reference.js';

export function lane(threads = 1): Lane & { operations: number } {
  return { threads, operations: 0 };
}

/** The same random network and samples twice: as the addon takes them, and for the reference. */
export interface DrawnProblem {
  readonly random: Source;
  /** Of the addon: inputs, samples, columns, and shift and scale where standardised. */
  readonly samples: {
    inputs: FloatArray;
    samples: number;
    columns: number;
    shift?: FloatArray;
    scale?: FloatArray;
  };
  readonly raw: { hidden: RawLayer[]; output: RawLayer };
  /** The samples as the first layer sees them. */
  readonly X: Dense;
  readonly hidden: PlainLayer[];
  readonly output: PlainLayer;
}

export interface ProblemShape {
  samples: number;
  columns: number;
  hidden: readonly (readonly [units: number, activation: OutputActivation])[];
  outputs: number;
  standardized?: boolean;
  seed?: number;
}

export function rawLayer(precision: Precision, { weights, activation }: PlainLayer): RawLayer {
  return {
    weights: precision.typed(weights.data),
    inputs: weights.rows - 1,
    units: weights.cols,
    activation: activationCode(activation),
  };
}

export function drawLayer(
  precision: Precision,
  random: Source,
  inputs: number,
  units: number,
  activation: OutputActivation,
): PlainLayer {
  const weights = scale(random.normals(inputs + 1, units), 1 / Math.sqrt(inputs + 1));
  return { weights: rounded(precision, weights), activation };
}

export function drawProblem(precision: Precision, shape: ProblemShape): DrawnProblem {
  const { samples, columns, outputs, standardized = false, seed = 1 } = shape;
  const random = source(seed);
  const given = rounded(precision, random.uniforms(samples, columns, 2));
  let inputs = columns;
  const hidden = shape.hidden.map(([units, activation]) => {
    const layer = drawLayer(precision, random, inputs, units, activation);
    inputs = units;
    return layer;
  });
  const output = drawLayer(precision, random, inputs, outputs, 'identity');
  const shift = rounded(precision, random.uniforms(1, columns));
  const factor = rounded(
    precision,
    dense(1, columns, () => 1 + random.uniform(0.5)),
  );
  return {
    random,
    samples: {
      inputs: precision.typed(given.data),
      samples,
      columns,
      ...(standardized && { shift: precision.typed(shift.data), scale: precision.typed(factor.data) }),
    },
    raw: { hidden: hidden.map((layer) => rawLayer(precision, layer)), output: rawLayer(precision, output) },
    X: standardized ? dense(samples, columns, (i, j) => (at(given, i, j) - at(shift, 0, j)) * at(factor, 0, j)) : given,
    hidden,
    output,
  };
}
