import type { Lane } from '../lane.js';
import { allocate, type FloatArray, type Matrix } from '../matrix.js';
import { Network, type Layer } from '../network/network.js';
import type { Settings } from '../options.js';
import { turns } from '../turns.js';
import { columnsOf, fits, isConstant, sharedRange, type Columns } from './columns.js';
import { median, medianDeviation, probeOf } from './robust.js';

/** What a regression is trained on, and what its network is to become. */
export interface ScaledTargets {
  /** T, or with each column's own centre and spread taken to 0 and those of all. */
  readonly targets: FloatArray;
  /** Mean over the columns of the variance, as medians tell it for Huber's loss; 1 where nothing varies. */
  readonly variance: number;
  /** Mean of each column of T, where they are not centred. */
  readonly bias?: Float64Array;
  /** The network of T from that of the targets. */
  readonly restore: (network: Network) => Network;
}

/**
 * Of several outputs each has the same say under `ridge: 'auto'`: all are taken to one deviation, so that the objective is
 * not that of the one in the greatest units. Columns that measure one thing on one scale (`sharedRange`) keep theirs, and
 * so does whatever a ridge in numbers, which has the units of the targets, or a rule of the paper is given for.
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
  const variance = meanSquare(deviations) || 1;
  const asGiven = { targets: data, variance, bias: columns.mean, restore: (network: Network) => network };
  const range = sharedRange(columns);
  const isAlike = cols === 1 || (range !== undefined && columns.mean.every((_, k) => fits(columns, k, range)));
  if (isAlike || ridge !== 'auto' || rule !== 'gauss-newton') return asGiven;
  const factors = deviations.map((deviation, k) => {
    const own = deviation > 0 ? deviation : (columns.deviation[k] as number);
    return isConstant(columns, k, data) ? 1 : Math.sqrt(variance) / own;
  });
  const targets = allocate(data, data.length);
  for await (const [begin, end] of turns(data.length))
    for (let i = begin; i < end; i++) {
      const k = i % cols;
      targets[i] = ((data[i] as number) - (columns.mean[k] as number)) * (factors[k] as number);
    }
  return { targets, variance, restore: (network) => restored(network, columns, factors) };
}

function restored(network: Network, { mean }: Columns, factors: Float64Array): Network {
  const top = network.layers.at(-1) as Layer;
  const weights = top.weights.map((weight, i) => {
    const k = i % top.units;
    const isBias = i >= top.inputs * top.units;
    return weight / (factors[k] as number) + (isBias ? (mean[k] as number) : 0);
  });
  return new Network([...network.layers.slice(0, -1), { ...top, weights }], network.standardization);
}

async function robustDeviations(data: FloatArray, cols: number, weights?: FloatArray): Promise<Float64Array> {
  const rows = await probeOf(data.length / cols, weights);
  return Float64Array.from({ length: cols }, (_, k) => {
    const column = Float64Array.from(rows, (row) => data[row * cols + k] as number);
    const centre = median(column);
    return medianDeviation(column.map((y) => y - centre));
  });
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
}
