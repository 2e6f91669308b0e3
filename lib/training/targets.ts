import type { Lane } from '../lane.js';
import { allocate, type FloatArray, type Matrix } from '../matrix.js';
import { Network, type Layer } from '../network/network.js';
import type { Settings } from '../options.js';
import { turns } from '../turns.js';
import { columnsOf, fits, isConstant, sharedRange, type Columns } from './columns.js';
import { eachDeviation, median, probeOf } from './robust.js';
import { weightsAt } from './weights.js';

/** Up to which power of two deviations keep the units of the targets: sums of many squares stay in range. */
const usualExponent = 24;

/** What a regression is trained on, and what its network is to become. */
export interface ScaledTargets {
  /** T, or with each column's own centre and spread taken to 0 and those of all. */
  readonly targets: FloatArray;
  /** Mean over the columns of the variance, as medians tell it for Huber's loss; 1 where nothing varies. */
  readonly variance: number;
  /** Mean of each column of T, where they are not centred. */
  readonly bias?: Float64Array;
  /** The network of T from that of the targets. */
  readonly restore: (network: Network) => Promise<Network>;
}

/**
 * Of several outputs each has the same say under `ridge: 'auto'`: all are taken to one deviation, so that the objective is
 * not that of the one in the greatest units. Columns that measure one thing on one scale (`sharedRange`) keep theirs, and
 * so does whatever a ridge in numbers, which has the units of the targets, or a rule of the paper is given for. Units so
 * large or small that their squares may leave the range of single precision are taken out, as a power of two.
 *
 * @throws NonFiniteError where T holds NaN or infinity
 */
export async function scaleTargets(
  lane: Lane,
  T: Matrix,
  { loss, ridge, targets: rule }: Settings,
  weights: FloatArray | undefined,
): Promise<ScaledTargets> {
  const { data, cols } = T;
  const columns = await columnsOf(lane, 'Y', T, weights);
  const robust = loss === 'huber' ? await robustDeviations(data, cols, weights) : undefined;
  // A deviation of 0 by the medians is one of a column where most values are one.
  const deviations = robust?.some((deviation) => deviation > 0) ? robust : columns.deviation;
  const unit = unitOf(deviations);
  const variance = meanSquare(deviations.map((deviation) => deviation / unit)) || 1;
  const range = await sharedRange(columns);
  const isAlike = cols === 1 || (range !== undefined && columns.mean.every((_, k) => fits(columns, k, range)));
  const isOwn = ridge === 'auto' && rule === 'gauss-newton';
  if (!isOwn || (isAlike && unit === 1))
    return {
      targets: data,
      variance: variance * unit ** 2,
      bias: columns.mean,
      restore: (network) => Promise.resolve(network),
    };
  const factors = deviations.map((deviation, k) => {
    if (isAlike) return 1 / unit;
    const own = deviation > 0 ? deviation : (columns.deviation[k] as number);
    return isConstant(columns, k, data) ? 1 / unit : Math.sqrt(variance) / own;
  });
  const targets = allocate(data, data.length);
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) {
      const k = i % cols;
      targets[i] = ((data[i] as number) - (columns.mean[k] as number)) * (factors[k] as number);
    }
  return { targets, variance, restore: (network) => restored(network, columns, factors) };
}

/** 1, or the power of two next to the greatest where that is far from 1. */
function unitOf(deviations: Float64Array): number {
  const exponent = Math.floor(Math.log2(deviations.reduce((most, deviation) => Math.max(most, deviation), 0)));
  return Math.abs(exponent) > usualExponent && exponent > -Infinity ? 2 ** Math.max(exponent, -1000) : 1;
}

async function restored(network: Network, { mean }: Columns, factors: Float64Array): Promise<Network> {
  const top = network.layers.at(-1) as Layer;
  const weights = allocate(top.weights, top.weights.length);
  for await (const [begin, end] of turns(weights.length))
    for (let i = begin; i < end; i++) {
      const k = i % top.units;
      const isBias = i >= top.inputs * top.units;
      weights[i] = (top.weights[i] as number) / (factors[k] as number) + (isBias ? (mean[k] as number) : 0);
    }
  return new Network([...network.layers.slice(0, -1), { ...top, weights }], network.standardization);
}

async function robustDeviations(data: FloatArray, cols: number, weights?: FloatArray): Promise<Float64Array> {
  const rows = await probeOf(data.length / cols, weights);
  const own = weightsAt(rows, weights);
  const centred = (k: number) => {
    const column = Float64Array.from(rows, (row) => data[row * cols + k] as number);
    const centre = median(column, own);
    return column.map((y) => y - centre);
  };
  return eachDeviation(cols, 2 * rows.length, centred, own);
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
}
