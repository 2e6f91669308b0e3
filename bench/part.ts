import { loadFashionMnist, loadMnist, MissingDataError, type ImageSet } from './data/mnist.js';
import type { Table } from './table.js';

/** What the command line asks of every part. */
export interface PartOptions {
  /** Runs of each row, each with a seed of its own; where it is not given, as many as the part finds enough. */
  seeds?: number | undefined;
  /** Names of data sets, for the parts that have many; all of theirs where none is given. */
  data?: readonly string[] | undefined;
}

/** What a part measured. */
export interface PartResult {
  description: string;
  tables: Table[];
  /** What else there is to say: data left out, greatest values. */
  notes: string[];
}

export type Part = (options: PartOptions) => Promise<PartResult>;

/** MNIST and Fashion-MNIST, one at a time; what is missing is noted and left out. */
export function* imageSets(notes: string[]): Generator<ImageSet> {
  for (const load of [loadMnist, loadFashionMnist]) {
    try {
      yield load();
    } catch (error) {
      if (!(error instanceof MissingDataError)) throw error;
      notes.push(`Left out: ${error.message}`);
    }
  }
}
