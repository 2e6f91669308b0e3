import { progress } from '../progress.js';
import type { PeerThreads } from '../python.js';
import { torch, type Optimizer, type TorchData, type TorchSetting } from '../torch.js';
import type { Curve, Measure } from './curve.js';

/** The paper's rivals, NAG with a momentum of 0.9. */
export const optimizers: Readonly<Record<Optimizer, string>> = {
  adam: 'Adam',
  sgd: 'SGD',
  nag: 'NAG',
  adagrad: 'AdaGrad',
};

/** Of a rate of the grid, and of each training by the best of them, in training seconds. */
export interface TorchSeconds {
  grid: number;
  runs: readonly number[];
}

/** Trainings by one of PyTorch's optimizers as curves, its rate chosen beforehand. Notes which versions it ran on. */
export async function torchCurves(
  problem: string,
  data: TorchData,
  setting: TorchSetting,
  threads: PeerThreads,
  seconds: TorchSeconds,
  notes: string[],
): Promise<Curve[]> {
  const { optimizer, hidden, batch, schedule, precision = 'float32' } = setting;
  const measure: Measure = data.outputs === undefined ? 'accuracy' : 'error';
  const trainer = optimizers[optimizer] + (precision === 'float64' ? ', float64' : '');
  const [units] = hidden;
  const curves: Curve[] = [];
  let [rates, tuning] = [setting.rates, 0];
  for (const limit of seconds.runs) {
    progress(`${problem}, PyTorch's ${trainer}, ${hidden.join('-')} units, batch ${batch}, ${limit.toFixed(1)} s`);
    const limits = { limit, gridLimit: seconds.grid };
    const { rate, grid, points, versions } = await torch(data, { ...setting, rates }, threads, limits);
    if (!notes.includes(versions)) notes.push(versions);
    rates = [rate];
    tuning += grid.reduce((sum, { seconds }) => sum + seconds, 0);
    curves.push({
      problem,
      measure,
      trainer,
      setting: `batch ${batch}, rate ${rate}${schedule === 'cosine' ? ' falling along a cosine' : ''}`,
      ...(units !== undefined && { units }),
      points: points.map(({ seconds, [measure]: value = NaN }) => ({ seconds, value })),
      tuning,
      limit,
    });
  }
  return curves;
}
