import type { Layer } from '../../../lib/index.js';
import type { Labelled } from '../../classification.js';

/** A network of one hidden layer to train, or a linear model where there are no units. */
export interface NodeSetting {
  units: number;
  /** Learning rate, or penalty. */
  rate: number;
  classes: number;
}

/** A training under way. */
export interface Trainee {
  /** Goes on for some rows; false where there is no more to learn from. */
  step(): Promise<boolean>;
  /** What has been learnt, as layers of this package, whose forward pass judges all alike. */
  layers(): Promise<Layer<Float32Array>[]>;
}

/** A library that a Node user may pick. */
export interface NodePeer {
  /** What its rate is. */
  what: string;
  /** Rising. The grid goes on where its best is at an end. */
  rates: readonly number[];
  /** Whether `layers` is part of the training: what it solves by. */
  solves: boolean;
  start(rows: Labelled, setting: NodeSetting): Promise<Trainee>;
}

/** Rows in a random order, again and again, so many at a time. */
export function* pieces(rows: number, size: number, random: () => number): Generator<Int32Array> {
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  for (;;) {
    for (let i = rows - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (let begin = 0; begin + size <= rows; begin += size) yield order.subarray(begin, begin + size);
  }
}
