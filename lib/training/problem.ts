import type { Lane } from '../lane.js';
import type { FloatArray, Matrix } from '../matrix.js';
import type { Network } from '../network/network.js';

/** What is to be learnt. `labels` for a classifier, `targets` (desired pre-activations, S×K) for a regressor. */
export interface Problem {
  readonly inputs: Matrix;
  readonly outputs: number;
  readonly labels?: Int32Array;
  readonly targets?: FloatArray;
  /**
   * Mean over the outputs of the targets' variance (for Huber's loss as medians tell it): the unit of the objective, 1
   * where not given.
   */
  readonly variance?: number;
  /** Where the biases of the outputs start, at 0 if not given: what is left to fit is as precise as if it had mean 0. */
  readonly bias?: Float64Array;
  /** Of the samples, of mean 1. */
  readonly weights?: FloatArray | undefined;
  /** Of the rows that are data those that have a weight, where some have none. */
  readonly weighted?: Int32Array | undefined;
  /** Desired pre-activations of a sample's own class and of the others. */
  readonly positive?: number;
  readonly negative?: number;
  /** Rows that are data; those behind them are copies, of all in turn, again and again. All are data if not given. */
  readonly originals?: number;
  /** The data that `validate` scores by. */
  readonly validation?: readonly (FloatArray | Int32Array)[];
  /** Score of a network on the held-out data: the greater the better. */
  readonly validate?: (network: Network, lane: Lane) => Promise<number>;
}
