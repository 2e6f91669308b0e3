/** One iteration of a training. */
export interface IterationReport {
  /** 0 is the first weights with the output layer solved. */
  iteration: number;
  /** 1/(2S) Σ (T* − Z)² + ½ Σ ridge ‖V‖², or without its ridge part for the rules `inverse` and `nearest`. */
  objective: number;
  /** Training samples whose largest output is not their class; undefined for a regressor. */
  misclassified?: number;
  /** Share of the training samples that still ask for change. */
  activeShare: number;
  /** Whether these weights are the best so far; a refused step is taken back. */
  accepted: boolean;
  /** Levenberg–Marquardt damping with which the step was taken; 0 where the rule has none. */
  damping: number;
  /** Accuracy (classifier) or R² (regressor) on the validation data. */
  validation?: number;
  /** Since the training began. */
  seconds: number;
  /** Floating-point operations since the training began. */
  operations: number;
}

/** How a layer was solved last. Layers are counted from the input, the output layer is the last. */
export interface LayerReport {
  layer: number;
  inputs: number;
  units: number;
  solver: 'cholesky' | 'svd' | 'none';
  /** Rank of [H, 1]; full where Cholesky succeeded. */
  rank: number;
  /** Reciprocal condition number (1-norm) of the matrix that was factored; of [H, 1] itself for `svd`. */
  rcond: number;
  /** Penalty per sample. */
  ridge: number;
}

/** Everything that a plot of a training needs, as plain data. */
export interface TrainReport {
  iterations: IterationReport[];
  /** The iteration whose weights the network has. */
  bestIteration: number;
  layers: LayerReport[];
  /** Counted floating-point operations of BLAS and LAPACK calls (LAWN 41). */
  operations: number;
  seconds: number;
  rows: number;
  threads: number;
  standardized: boolean;
  /** Share of the rows whose activations were kept between passes. */
  cachedShare: number;
}
