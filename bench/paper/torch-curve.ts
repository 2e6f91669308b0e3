import { progress } from '../progress.js';
import type { PeerThreads } from '../python.js';
import { torch, type Optimizer, type TorchData, type TorchLimits, type TorchSetting } from '../torch.js';
import type { Curve, Measure } from './curve.js';

/** The paper's rivals, NAG with a momentum of 0.9. */
export const optimizers: Readonly<Record<Optimizer, string>> = {
  adam: 'Adam',
  sgd: 'SGD',
  nag: 'NAG',
  adagrad: 'AdaGrad',
};

/** A training by one of PyTorch's optimizers as a curve, its rate chosen beforehand. Notes which versions it ran on. */
export async function torchCurve(
  problem: string,
  data: TorchData,
  setting: TorchSetting,
  threads: PeerThreads,
  limits: TorchLimits & { limit: number },
  notes: string[],
): Promise<Curve> {
  const { optimizer, hidden, batch, schedule, precision = 'float32' } = setting;
  const measure: Measure = data.outputs === undefined ? 'accuracy' : 'error';
  const trainer = optimizers[optimizer] + (precision === 'float64' ? ', float64' : '');
  progress(`paper: ${problem}, PyTorch's ${trainer}, ${hidden.join('-')} units, ${limits.limit.toFixed(1)} s`);
  const { rate, grid, points, versions } = await torch(data, setting, threads, limits);
  if (!notes.includes(versions)) notes.push(versions);
  const [units] = hidden;
  return {
    problem,
    measure,
    trainer,
    setting: `batch ${batch}, rate ${rate}${schedule === 'cosine' ? ' falling along a cosine' : ''}`,
    ...(units !== undefined && { units }),
    points: points.map(({ seconds, [measure]: value = NaN }) => ({ seconds, value })),
    tuning: grid.reduce((sum, { seconds }) => sum + seconds, 0),
    limit: limits.limit,
  };
}
