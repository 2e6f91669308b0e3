import { columnsOf, fits, isConstant, sharedRange } from './columns.js';
import type { Training } from './training.js';

/**
 * Measures the columns (rows of weight 0 apart), refuses non-finite inputs, and standardises where the settings ask for
 * it. Of columns that measure one thing on one scale, as pixels and indicators do, `auto` keeps the scale: dividing each
 * by its own deviation would blow up the rare ones. Where there are others beside them, or 0 is not on that scale, it runs
 * from 0 to 1.
 */
export async function standardize(training: Training): Promise<void> {
  const { inputs } = training.problem;
  const columns = await columnsOf(training, 'X', inputs, training.weights);
  const { standardize } = training.settings;
  if (standardize === false) return;
  const shared = standardize === 'auto' ? sharedRange(columns) : undefined;
  const isShared = (j: number) => shared !== undefined && fits(columns, j, shared);
  if (shared && shared.low <= 0 && shared.high >= 0 && columns.mean.every((_, j) => isShared(j))) return;
  const shift = training.zeros(inputs.cols);
  const scale = training.zeros(inputs.cols);
  columns.mean.forEach((mean, j) => {
    if (shared && isShared(j)) [shift[j], scale[j]] = [shared.low, 1 / (shared.high - shared.low)];
    else if (isConstant(columns, j, inputs.data))
      shift[j] = mean; // It stays at zero.
    else [shift[j], scale[j]] = [mean, 1 / (columns.deviation[j] as number)];
  });
  training.standardization = { shift, scale };
}
