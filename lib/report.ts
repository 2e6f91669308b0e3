import type { Activation } from './network/activation.js';

/** One iteration of a training. */
export interface IterationReport {
  /**
   * With `gauss-newton` 0 is the first weights with the output layer solved, and where `iterations` is `'auto'`, one more
   * is added at the end and before each change of `scale`, the mean of the last two accepted weights, unless the training
   * ended with a refused step, by `'stop'` or after a change for nothing, or is of a linear model; from one that makes
   * progress it goes on.
   */
  iteration: number;
  /**
   * 1/(2S) Σ (T* − Z)² (weighted; or Huber's loss) + ½ Σ ridge ‖V‖², or without its ridge part for the rules `inverse`
   * and `nearest`. Of a regressor with several outputs and `ridge: 'auto'` T has them all at one deviation. NaN where a
   * refused step left the range of the precision (null where a report was saved). From accepted step to accepted step
   * it does not rise, but where `scale` or Huber's bounds change.
   */
  objective: number;
  /**
   * Training samples, those held out and copies included, whose largest output is not their class; undefined for a
   * regressor.
   */
  misclassified?: number;
  /** Share of the training samples that still ask for change; with `inverse` and `nearest`, that the pass was made on. */
  activeShare: number;
  /**
   * Whether these weights are kept: the objective did not rise, or is the least so far (`inverse`, `nearest`: or a
   * classifier's misclassified rows are). A refused step is taken back. Of these, `bestIteration` has the weights that
   * the network has.
   */
  accepted: boolean;
  /** Levenberg–Marquardt damping: each refused step raises it, and is tried again shorter; 0 where the rule has none. */
  damping: number;
  /**
   * Mean over the rows that `iterations: 'auto'` held out of Σ (T* − z)², of several outputs each with its best
   * shrinkage; Huber's loss with its present bounds. Absent where the step was refused.
   */
  heldOutLoss?: number;
  /**
   * Of the ridge, as in {@link RidgeSearch}, where `iterations: 'auto'` held rows out: once their loss has stopped
   * falling, training goes on with three times the ridge, and again, as long as that takes the loss below the least so
   * far by 1 %, and keeps it below where it was. Else it goes back to before the change, and where none has paid it tries
   * a third of the ridge in the same way. Absent where that is not done: with a `ridge` of your own, Huber's loss, and
   * where `memoryLimit` leaves the output layer to the last iteration.
   */
  scale?: number;
  /**
   * Accuracy (classifier) or R² (regressor) on the validation data; where no target of these varies, 1 − (rmse / its
   * size)². Absent where the step was refused.
   */
  validation?: number;
  /** Since the training began. */
  seconds: number;
  /** Floating-point operations since the training began. */
  operations: number;
}

/** How a layer was solved last. Layers are counted from the input, the output layer is the last. */
export interface LayerReport {
  layer: number;
  /** Of data with twice as many columns as rows and more: their coordinates in the space of the rows, as many as rows. */
  inputs: number;
  units: number;
  solver: 'cholesky' | 'svd' | 'none';
  /** Rank of [H, 1]; full where Cholesky succeeded. */
  rank: number;
  /** Reciprocal condition number (1-norm) of the matrix that was factored; of [H, 1] itself for `svd`. */
  rcond: number;
  /** The same of the other factor of a hidden layer's step, the curvature of its units; absent for other rules. */
  rcondCurvature?: number;
  /** Penalty per sample. */
  ridge: number;
}

/**
 * How `ridge: 'auto'`, `activation: 'auto'` and `samples: 'auto'` were chosen: short trainings on a part of the rows,
 * judged by the others.
 */
export interface RidgeSearch {
  /**
   * Chosen for all rows: the ridge is `scale` · 2 · 10⁻³ times the mean square of a hidden layer's inputs (and, for a
   * regressor, the targets' variance), and 10⁻³ times that of its own inputs at the output. It is that of the best
   * trial, moved to the least of the parabola through it and its neighbours (in the logarithm), times (rows that a
   * trial is fitted to / all rows)^¾. Rows held out may change it on the way
   * ({@link IterationReport.scale}).
   */
  scale: number;
  /** Of the hidden layers that left it to `auto`; absent where none did. `identity`: the network has no hidden layers. */
  activation?: Activation;
  /** Where columns with heavy tails go in as their asinh. */
  asinh?: boolean;
  /** Where `samples: 'auto'` found two-sided targets: every sample asks for its own. */
  samples?: 'all';
  /**
   * Of a regressor with several outputs, one factor each by which its predictions are shrunk to the mean of its targets,
   * between 0 (nothing was learnt) and 1: that of the least squares on the held-out rows, with as much less noise as all
   * rows are more than those of a trial. The weights of the output layer have it already.
   */
  shrinkage?: number[];
  /**
   * Rows that the trials had, drawn at random, those included that were held out to judge them; and how often that was
   * done.
   */
  rows: number;
  folds: number;
  /**
   * Mean over the held-out rows of Σ (T* − z)², T* the targets of a classifier by the rule for its samples, the targets
   * of a regressor, of several outputs each with its best shrinkage; for Huber’s loss residuals beyond 2δ count as 2δ,
   * and trials are longer, as δ falls with each iteration. Where a trial was much worse in the first folds it was given
   * up, and its loss is estimated from them. `logLoss`, in nats at the best temperature, where it was asked for:
   * one-sided and two-sided targets (`samples: 'all'`) are compared by it. `crossLoss`: the loss over five folds, where
   * those of the trials are fewer and left open whether hidden units or a linear model are better, and with which ridge.
   */
  trials: {
    scale: number;
    iterations: number;
    loss: number;
    crossLoss?: number;
    activation?: Activation;
    asinh?: boolean;
    samples?: 'all';
    logLoss?: number;
  }[];
  operations: number;
  seconds: number;
}

/** Everything that a plot of a training needs, as plain data. */
export interface TrainReport {
  iterations: IterationReport[];
  /** The iteration whose weights the network has. */
  bestIteration: number;
  layers: LayerReport[];
  /** Counted floating-point operations of BLAS and LAPACK calls (LAWN 41), those of the search included. */
  operations: number;
  /** Of the whole training. */
  seconds: number;
  /** Of the training data, the copies of `augment` among them. */
  rows: number;
  /**
   * Data that `iterations: 'auto'` held out, rows that repeat them among them, without the copies of `augment`: no weight
   * was fitted to them, but the first weights and the search saw them.
   */
  heldOut: number;
  /** BLAS threads. */
  threads: number;
  /** Whether the network standardises its inputs. */
  standardized: boolean;
  /** Share of the rows whose activations were kept between passes. */
  cachedShare: number;
  /** Where `ridge` was `'auto'`, and there were rows and memory to spare. */
  ridgeSearch?: RidgeSearch;
  /**
   * What the weights of the output layer have been divided by already, so that their softmax says how sure a classifier is: the temperature at which the
   * rows held out, by the search or to find the end, are likeliest. Absent where none were or the output is no softmax.
   */
  temperature?: number;
}
