import { dirname } from 'node:path';
import nodeGypBuild from 'node-gyp-build';

type FloatArray = Float64Array | Float32Array;

/** A layer as the addon takes it: weights ((inputs+1)×units), activation as its code. */
export interface RawLayer {
  weights: FloatArray;
  inputs: number;
  units: number;
  activation: number;
}

/** Borrowed samples and the batch of them: `count` rows from `start`, or those that `indices[start…]` names. */
export interface RawRows {
  inputs: FloatArray;
  samples: number;
  columns: number;
  shift?: FloatArray | undefined;
  scale?: FloatArray | undefined;
  /** Not 0 for the columns of which asinh is taken. */
  asinh?: FloatArray | undefined;
  start: number;
  count: number;
  indices?: Int32Array | undefined;
}

export interface RawTargets {
  targets?: FloatArray | undefined;
  labels?: Int32Array | undefined;
  /** One for each sample, not negative. */
  sampleWeights?: FloatArray | undefined;
  /** One for each output, positive: where a residual ceases to count by its square. */
  residualBounds?: FloatArray | undefined;
  positive?: number;
  negative?: number;
  demand: number;
}

/** What every asynchronous call returns: counted floating-point operations and seconds on the lane. */
export interface RawOutcome {
  operations: number;
  seconds: number;
}

/** One batch of a pass over the rows. */
export interface RawPass extends RawRows {
  hidden: readonly RawLayer[];
  output: RawLayer;
  /** Room for the activations of `cacheRows` samples, for a batch that is kept: from `slot` on, or at `slots[i]` for `indices[i]`. */
  cache?: FloatArray | undefined;
  cacheRows?: number;
  slot?: number;
  slots?: Int32Array | undefined;
  /** The sums start from zero: the first batch of a pass. */
  clear?: boolean;
}

/** A step of the output layer's weights before the pass; see normal_equations.h. */
export interface RawAdvance {
  /** Else factor⁻¹ rhs. */
  change?: FloatArray | undefined;
  factor?: FloatArray;
  rhs?: FloatArray;
  previous: FloatArray;
  stride: number;
  ahead: number;
}

export interface RawSweep extends RawPass, Partial<RawTargets>, Partial<RawAdvance> {
  cached: boolean;
  grams?: readonly (FloatArray | null)[];
  triangle?: FloatArray | undefined;
  outputRhs?: FloatArray | undefined;
  hiddenRhs?: readonly FloatArray[];
  slopes?: readonly FloatArray[];
  marks?: Uint8Array | undefined;
  share?: FloatArray | undefined;
}

export interface RawTangent extends RawPass, RawTargets {
  change: readonly FloatArray[];
  momentum?: readonly FloatArray[] | undefined;
  outputRhs: readonly [FloatArray, FloatArray];
}

export interface RawPeel extends RawPass, RawTargets {
  rule: number;
  solved: readonly (RawLayer & { pseudoInverse: FloatArray })[];
  gram?: FloatArray | undefined;
  rhs?: FloatArray | undefined;
  triangle?: FloatArray | undefined;
  weights?: FloatArray | undefined;
}

export interface RawPredict extends RawRows {
  layers: readonly RawLayer[];
  outputs: FloatArray;
}

export interface RawCholesky {
  gram: FloatArray;
  order: number;
  ridge: number;
  lastRidge: number;
  /** The condition number of the matrix scaled to a diagonal of ones. */
  equilibrate?: boolean;
  rhs: FloatArray;
  rightHandSides: number;
  factor: FloatArray;
  solution: FloatArray;
}

/** The asynchronous functions: argument and outcome of each. All run on the addon's one BLAS lane. */
export interface RawCalls {
  sweep: [RawSweep, { squares: number; active: number; weight: number; misclassified: number }];
  tangent: [
    RawTangent,
    { slope0: number; slope1: number; curvature00: number; curvature01: number; curvature11: number },
  ];
  peel: [RawPeel, object];
  predict: [RawPredict, object];
  accumulate: [
    RawRows & {
      targets: FloatArray;
      targetColumns: number;
      gram?: FloatArray | undefined;
      rhs: FloatArray;
      weights?: FloatArray | undefined;
      intercept: boolean;
      sign: number;
    },
    object,
  ];
  contrast: [
    RawRows & {
      pairs: Int32Array;
      candidates: number;
      masks?: FloatArray | undefined;
      first: number;
      units: number;
      total: number;
      weights: FloatArray;
    },
    object,
  ];
  warp: [
    {
      inputs: FloatArray;
      start: number;
      count: number;
      height: number;
      width: number;
      channels: number;
      maps: Float64Array;
      outputs: FloatArray;
    },
    object,
  ];
  columnStatistics: [
    {
      inputs: FloatArray;
      samples: number;
      columns: number;
      sampleWeights?: FloatArray | undefined;
      mean: Float64Array;
      deviation: Float64Array;
      least: Float64Array;
      greatest: Float64Array;
    },
    { nonFinite: number },
  ];
  findNonFinite: [{ values: FloatArray; length: number }, { nonFinite: number }];
  combine: [
    {
      weights: FloatArray;
      change: FloatArray;
      moved: FloatArray;
      alpha: number;
      beta: number;
      length: number;
      next: FloatArray;
    },
    object,
  ];
  solveCholesky: [RawCholesky, { info: number; rcond: number }];
  solveFactored: [
    { factor: FloatArray; order: number; rhs: FloatArray; rightHandSides: number; solution: FloatArray },
    object,
  ];
  solveSvd: [
    {
      a: FloatArray;
      rows: number;
      columns: number;
      b: FloatArray;
      rightHandSides: number;
      cut: number;
      solution: FloatArray;
    },
    { info: number; rank: number; rcond: number },
  ];
  pseudoInverse: [
    { a: FloatArray; rows: number; columns: number; solution: FloatArray },
    { info: number; rcond: number },
  ];
  multiply: [
    {
      a: FloatArray;
      b: FloatArray;
      rows: number;
      inner: number;
      columns: number;
      transposed: boolean;
      solution: FloatArray;
    },
    object,
  ];
  orthonormalise: [{ matrix: FloatArray; rows: number; columns: number }, object];
  curvature: [
    {
      hidden: readonly RawLayer[];
      output: RawLayer;
      columns: number;
      slopes: readonly FloatArray[];
      share: FloatArray;
      samples: number;
      weight: number;
    },
    object,
  ];
  step: [
    {
      gram: FloatArray;
      columns: number;
      curvature: FloatArray;
      units: number;
      rhs: FloatArray;
      weights: FloatArray;
      samples: number;
      ridge: number;
      damping: number;
      change: FloatArray;
    },
    { info: number; rcond: number; rcondCurvature: number },
  ];
}

/** The addon's functions. They check what guards memory; checks for people, with messages to match, are in lib/. */
export type RawAddon = {
  [Name in keyof RawCalls]: (
    args: RawCalls[Name][0] & { threads: number; ticket?: number },
  ) => Promise<RawCalls[Name][1] & RawOutcome>;
} & {
  predictSync(args: Omit<RawPredict, 'start' | 'count' | 'indices'>): void;
  /** A number that no other call of this process has: the `ticket` of one that may be withdrawn. */
  ticket(): number;
  /** Rejects the call of that ticket, which is not 0, with the code WITHDRAWN, where it still waits its turn. */
  withdraw(ticket: number): void;
  blas(): string;
};

/** Loads the addon: this checkout's own build, else the prebuild for this platform. Throws where there is none. */
export function load(): RawAddon {
  return nodeGypBuild(dirname(require.resolve('bpls/package.json'))) as RawAddon;
}
