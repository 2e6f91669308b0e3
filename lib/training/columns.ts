import { types } from 'node:util';
import { nonFinite } from '../finite.js';
import { call, type Lane } from '../lane.js';
import { epsilon, type FloatArray, type Matrix } from '../matrix.js';
import { turns } from '../turns.js';

/** Of columns, one number each: mean and standard deviation, least and greatest value. */
export interface Columns {
  mean: Float64Array;
  deviation: Float64Array;
  least: Float64Array;
  greatest: Float64Array;
}

/**
 * One pass over the rows; those of weight 0 do not count.
 *
 * @throws NonFiniteError where X holds NaN or infinity
 */
export async function columnsOf(lane: Lane, name: string, X: Matrix, weights?: FloatArray): Promise<Columns> {
  const column = () => new Float64Array(X.cols);
  const columns: Columns = { mean: column(), deviation: column(), least: column(), greatest: column() };
  const { nonFinite: index } = await call(lane, 'columnStatistics', {
    inputs: X.data,
    samples: X.rows,
    columns: X.cols,
    sampleWeights: weights,
    ...columns,
  });
  if (index >= 0) throw nonFinite(name, X, index);
  return columns;
}

/** What a function called for each column costs, in numbers that are only touched. */
export const costOfColumn = 8;

/** Units in the last place, as shares of ε, up to which values that should be the same differ by how they were computed. */
const jitter = (data: FloatArray) => (types.isFloat64Array(data) ? 4 : 1 / 2);

/** To rounding, or so small that the reciprocal of its deviation overflows. */
export function isConstant({ deviation, least, greatest }: Columns, j: number, data: FloatArray): boolean {
  const [spread, low, high] = [deviation[j] as number, least[j] as number, greatest[j] as number];
  if (spread <= jitter(data) * epsilon(data) * Math.max(Math.abs(low), Math.abs(high))) return true;
  return !Number.isFinite(types.isFloat64Array(data) ? 1 / spread : Math.fround(1 / spread));
}

export interface Range {
  low: number;
  high: number;
}

/**
 * From least to greatest value of at least two and half of the varying columns.
 *
 * @source Misra and Gries 1982
 */
export async function sharedRange({ least, greatest }: Columns): Promise<Range | undefined> {
  // All that more than a third of the columns have are among the two that are left: a new one takes one off each.
  let candidates: (Range & { count: number })[] = [];
  let varying = 0;
  const visit = async (met: (low: number, high: number) => void) => {
    for await (const [begin, end] of turns(least.length, costOfColumn))
      for (let j = begin; j < end; j++) if (least[j] !== greatest[j]) met(least[j] as number, greatest[j] as number);
  };
  const among = (low: number, high: number) => candidates.find((range) => range.low === low && range.high === high);
  await visit((low, high) => {
    varying++;
    const range = among(low, high);
    if (range) range.count++;
    else if (candidates.length < 2) candidates.push({ low, high, count: 1 });
    else candidates = candidates.filter((other) => --other.count > 0);
  });
  candidates.forEach((range) => (range.count = 0));
  await visit((low, high) => {
    const range = among(low, high);
    if (range) range.count++;
  });
  const isUsable = ({ low, high }: Range) => high - low < Infinity && Number.isFinite(Math.fround(1 / (high - low)));
  return candidates.find((range) => range.count > 1 && range.count >= varying / 2 && isUsable(range));
}

/** A column on a range has so much of it; or a level of eight bits, where all but a few of its values are at the end. */
const [dense, rare, leastExtent] = [1 / 4, 1 / 16, 1 / 256];

/**
 * From one end of the range to the other, or to less than that, as a pixel is that is never white; but not a quantity of
 * its own that is small in that unit.
 */
export function fits({ mean, least, greatest }: Columns, j: number, { low, high }: Range): boolean {
  const [from, to, centre] = [least[j] as number, greatest[j] as number, mean[j] as number];
  if (!((from === low && to <= high) || (to === high && from >= low))) return false;
  const extent = (to - from) / (high - low);
  if (from === to || extent >= dense) return true;
  return extent >= leastExtent && Math.abs(centre - (from === low ? low : high)) <= rare * (to - from);
}
