import { contests, terms } from '../contests.js';
import type { PartOptions, PartResult } from '../part.js';
import { problemSets } from '../splits.js';

/** The same on generated problems, each hard in one way of its own. */
export async function problems({ seeds = 3, data }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const tables = await contests('problems', await problemSets(notes, data), { seeds, notes });
  const description =
    'Means over draws of the problems of bench/peers/problems.py, each hard in one way of its own, of the accuracy on 2,500 ' +
    `rows, or of R² (from “sine, 16 periods” on). ${terms}`;
  return { description, tables, notes };
}
