import { allocate } from '../matrix.js';
import type { Standardization } from '../network/network.js';
import type { Settings } from '../options.js';
import { turns } from '../turns.js';
import { costOfColumn, fits, isConstant, sharedRange, type Columns, type Range } from './columns.js';
import { costOfMedian, median, probeOf, probeSize, quantiles } from './robust.js';
import type { Problem } from './problem.js';
import type { Training } from './training.js';
import { weightsAt } from './weights.js';

/**
 * A column has heavy tails where its farthest value is so many deviations from the mean, and so many of the deviations that
 * its quartiles tell from the median: no column of normal values has that.
 */
const [farFromMean, farFromMedian] = [5, 8];
/** So many of the columns on one range tell whether most of them have heavy tails. */
const probeColumns = 32;
/** Between the quartiles of a normal distribution, in deviations. */
const quartiles = 1.349;

/**
 * Undefined where the settings do not ask for it. Of columns that measure one thing on one scale, as pixels and indicators
 * do, `auto` keeps the scale: dividing each by its own deviation would blow up the rare ones. Where there are others beside
 * them, or 0 is not on that scale, it runs from 0 to 1. Columns of which most have heavy tails were brought to one range:
 * they measure nothing on it.
 */
export async function standardizationOf(
  columns: Columns,
  problem: Problem,
  { standardize }: Settings,
): Promise<Standardization | undefined> {
  if (standardize === false) return undefined;
  const { inputs } = problem;
  const shared = standardize === 'auto' ? await unitRange(columns, problem) : undefined;
  const isShared = (j: number) => shared !== undefined && fits(columns, j, shared);
  if (shared && shared.low <= 0 && shared.high >= 0 && columns.mean.every((_, j) => isShared(j))) return undefined;
  const shift = allocate(inputs.data, inputs.cols);
  const scale = allocate(inputs.data, inputs.cols);
  for await (const [begin, end] of turns(inputs.cols, costOfColumn))
    for (let j = begin; j < end; j++) {
      if (shared && isShared(j)) [shift[j], scale[j]] = [shared.low, 1 / (shared.high - shared.low)];
      // A constant column stays at zero.
      else if (isConstant(columns, j, inputs.data)) shift[j] = columns.mean[j] as number;
      else [shift[j], scale[j]] = [columns.mean[j] as number, 1 / (columns.deviation[j] as number)];
    }
  return { shift, scale };
}

/**
 * The standardisation under which columns with heavy tails go in as asinh((x − median)/deviation), the deviation as their
 * quartiles tell it: linear about the middle, logarithmic far out, so that a few rows do not decide the scale of the rest.
 * Undefined where there are none, or it is not left to `auto`.
 */
export async function compressTails(training: Training, columns: Columns): Promise<Standardization | undefined> {
  const { problem, settings, standardization } = training;
  const { inputs } = problem;
  if (settings.standardize !== 'auto' || !standardization) return undefined;
  const tails = await tailsOf(columns, problem);
  const shared = await unitRange(columns, problem, tails);
  const [shift, scale] = [standardization.shift.slice(), standardization.scale.slice()];
  const asinh = training.zeros(inputs.cols);
  for await (const [begin, end] of turns(inputs.cols, tails.cost))
    for (let j = begin; j < end; j++) {
      if (scale[j] === 0 || (shared && fits(columns, j, shared))) continue;
      const heavy = tails.middleOf(j);
      if (!heavy) continue;
      [shift[j], scale[j]] = [heavy.centre, 1 / heavy.spread];
      if (Number.isFinite(scale[j])) asinh[j] = 1;
      else [shift[j], scale[j]] = [standardization.shift[j] as number, standardization.scale[j] as number];
    }
  return asinh.includes(1) ? { shift, scale, asinh } : undefined;
}

/** Where columns with heavy tails have their middle. */
interface Tails {
  /** Of a column, in numbers that are only touched. */
  cost: number;
  /** Undefined for a column without. */
  middleOf: (j: number) => Middle | undefined;
}

interface Middle {
  centre: number;
  spread: number;
}

async function tailsOf({ mean, deviation, least, greatest }: Columns, problem: Problem): Promise<Tails> {
  const { inputs, weights, originals = inputs.rows } = problem;
  const rows = await probeOf(originals, weights);
  const own = weightsAt(rows, weights);
  const reach = (j: number, centre: number) =>
    Math.max((greatest[j] as number) - centre, centre - (least[j] as number));
  const middleOf = (j: number) => {
    if (reach(j, mean[j] as number) < farFromMean * (deviation[j] as number)) return undefined;
    const column = Float64Array.from(rows, (row) => inputs.data[row * inputs.cols + j] as number);
    const found = middle(column, own);
    return reach(j, found.centre) >= farFromMedian * found.spread && found.spread > 0 ? found : undefined;
  };
  return { cost: costOfMedian * probeSize(originals), middleOf };
}

/** The range that columns share, unless most of these have heavy tails; where none is shared, rows are not looked at. */
async function unitRange(columns: Columns, problem: Problem, tails?: Tails): Promise<Range | undefined> {
  const shared = await sharedRange(columns);
  if (!shared) return undefined;
  const { cost, middleOf } = tails ?? (await tailsOf(columns, problem));
  const members = Int32Array.from(columns.mean.keys()).filter((j) => fits(columns, j, shared));
  const probe = members.filter((_, k) => k % Math.ceil(members.length / probeColumns) === 0);
  let heavy = 0;
  for await (const [begin, end] of turns(probe.length, cost))
    for (const j of probe.subarray(begin, end)) if (middleOf(j)) heavy++;
  return heavy > probe.length / 2 ? undefined : shared;
}

/** Median, and the deviation that the quartiles tell; where these are one, the median of the distances that are not 0. */
function middle(values: Float64Array, weights?: Float64Array): Middle {
  const [first, centre, third] = quantiles(values, [1 / 4, 1 / 2, 3 / 4], weights) as [number, number, number];
  if (third > first) return { centre, spread: (third - first) / quartiles };
  const distances = values.map((value) => Math.abs(value - centre));
  const isApart = (_: number, i: number) => (distances[i] as number) > 0;
  return { centre, spread: median(distances.filter(isApart), weights?.filter(isApart)) };
}
