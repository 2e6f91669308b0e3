import { nonFinite } from '../finite.js';
import { call } from '../lane.js';
import { epsilon } from '../matrix.js';
import type { Training } from './training.js';

/**
 * Measures the columns, refuses non-finite inputs, and standardises where the settings ask for it. `auto` leaves data
 * alone whose columns measure one thing on one scale: at least half of the varying columns share least and greatest
 * value, as pixels and indicators do. Dividing those by their own deviations would blow up the rare ones.
 */
export async function standardize(training: Training): Promise<void> {
  const { inputs } = training.problem;
  const column = () => new Float64Array(inputs.cols);
  const [mean, deviation, least, greatest] = [column(), column(), column(), column()];
  const { nonFinite: index } = await call(training, 'columnStatistics', {
    inputs: inputs.data,
    samples: inputs.rows,
    columns: inputs.cols,
    mean,
    deviation,
    least,
    greatest,
  });
  if (index >= 0) throw nonFinite('X', inputs, index);
  const { standardize } = training.settings;
  if (standardize === false || (standardize === 'auto' && sharesOneRange(least, greatest))) return;
  const shift = training.zeros(inputs.cols);
  const scale = training.zeros(inputs.cols);
  shift.set(mean);
  // A constant column (to rounding) stays at zero.
  deviation.forEach((value, j) => {
    const constant =
      value <= 4 * epsilon(inputs.data) * Math.max(Math.abs(least[j] as number), Math.abs(greatest[j] as number));
    scale[j] = constant ? 0 : 1 / value;
  });
  training.standardization = { shift, scale };
}

function sharesOneRange(least: Float64Array, greatest: Float64Array): boolean {
  const counts = new Map<string, number>();
  let varying = 0;
  least.forEach((low, j) => {
    const high = greatest[j] as number;
    if (low === high) return;
    varying++;
    const range = `${low} ${high}`;
    counts.set(range, (counts.get(range) ?? 0) + 1);
  });
  const most = Math.max(0, ...counts.values());
  return most > 1 && most >= varying / 2;
}
