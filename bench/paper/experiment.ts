import type { Table } from '../table.js';
import type { Curve } from './curve.js';

/** What the command line asks of an experiment. */
export interface Effort {
  /** Share of the usual time limits, rows and repeats: less than 1 is to try it out. */
  effort: number;
}

/** What an experiment measured, as plain data. */
export interface Measured {
  curves: Curve[];
  tables: Table[];
  /** What else there is to say: data or peers left out. */
  notes: string[];
}

export type Experiment = (effort: Effort) => Promise<Measured>;

/** So many of something, at least one. */
export function share({ effort }: Effort, count: number): number {
  return Math.max(1, Math.round(effort * count));
}
