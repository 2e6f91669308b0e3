import { nonFinite } from '../finite.js';
import { call } from '../lane.js';
import { epsilon, type FloatArray } from '../matrix.js';
import type { Training } from './training.js';

/** Of columns, one number each: mean and standard deviation, least and greatest value. */
interface Columns {
  mean: Float64Array;
  deviation: Float64Array;
  least: Float64Array;
  greatest: Float64Array;
}

/**
 * Measures the columns (rows of weight 0 apart), refuses non-finite inputs, and standardises where the settings ask for
 * it. Of columns that measure one thing on one scale, as pixels and indicators do, `auto` keeps the scale: dividing each
 * by its own deviation would blow up the rare ones. Where there are others beside them, it runs from 0 to 1.
 */
export async function standardize(training: Training): Promise<void> {
  const { inputs } = training.problem;
  const column = () => new Float64Array(inputs.cols);
  const columns: Columns = { mean: column(), deviation: column(), least: column(), greatest: column() };
  const { nonFinite: index } = await call(training, 'columnStatistics', {
    inputs: inputs.data,
    samples: inputs.rows,
    columns: inputs.cols,
    sampleWeights: training.weights,
    ...columns,
  });
  if (index >= 0) throw nonFinite('X', inputs, index);
  const { standardize } = training.settings;
  if (standardize === false) return;
  const shared = standardize === 'auto' ? sharedRange(columns) : undefined;
  const isShared = (j: number) => shared !== undefined && fits(columns, j, shared);
  const isFree = (j: number) => !isConstant(columns, j, inputs.data) && !isShared(j);
  if (shared && !columns.mean.some((_, j) => isFree(j))) return;
  const shift = training.zeros(inputs.cols);
  const scale = training.zeros(inputs.cols);
  columns.mean.forEach((mean, j) => {
    if (isFree(j)) [shift[j], scale[j]] = [mean, 1 / (columns.deviation[j] as number)];
    else if (shared && isShared(j)) [shift[j], scale[j]] = [shared.low, 1 / (shared.high - shared.low)];
    else shift[j] = mean; // A constant column stays at zero.
  });
  training.standardization = { shift, scale };
}

/** Units in the last place, as shares of ε, up to which values that should be the same differ by how they were computed. */
const jitter = (data: FloatArray) => (data instanceof Float64Array ? 4 : 1 / 2);

/** To rounding, or so small that the reciprocal of its deviation overflows. */
function isConstant({ deviation, least, greatest }: Columns, j: number, data: FloatArray): boolean {
  const [spread, low, high] = [deviation[j] as number, least[j] as number, greatest[j] as number];
  if (spread <= jitter(data) * epsilon(data) * Math.max(Math.abs(low), Math.abs(high))) return true;
  return !Number.isFinite(data instanceof Float64Array ? 1 / spread : Math.fround(1 / spread));
}

interface Range {
  low: number;
  high: number;
}

/** From least to greatest value of at least two and half of the varying columns. */
function sharedRange({ least, greatest }: Columns): Range | undefined {
  const ranges = new Map<string, Range & { count: number }>();
  let varying = 0;
  least.forEach((low, j) => {
    const high = greatest[j] as number;
    if (low === high) return;
    varying++;
    const key = `${low} ${high}`;
    const range = ranges.get(key) ?? { low, high, count: 0 };
    ranges.set(key, range);
    range.count++;
  });
  const isUsable = ({ low, high }: Range) => high - low < Infinity && Number.isFinite(Math.fround(1 / (high - low)));
  return [...ranges.values()].find((range) => range.count > 1 && range.count >= varying / 2 && isUsable(range));
}

/** From one end of the range to the other, or to less than that, as a pixel is that is never white. */
function fits({ least, greatest }: Columns, j: number, { low, high }: Range): boolean {
  const [from, to] = [least[j] as number, greatest[j] as number];
  return (from === low && to <= high) || (to === high && from >= low);
}
