import { contests, terms } from '../contests.js';
import type { PartOptions, PartResult } from '../part.js';
import { dataSets } from '../splits.js';

/** The defaults beside scikit-learn's trainers, on splits of 80 and 20 %. */
export async function accuracy({ seeds = 5, data }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const tables = await contests('accuracy', await dataSets(notes, data), { seeds, notes });
  const description =
    'Means over random splits (the images keep their test rows) of the accuracy, or of R² for diabetes, Friedman, ' +
    `diamonds, houses and check times (logarithms), concrete and trains. ${terms}`;
  return { description, tables, notes };
}
