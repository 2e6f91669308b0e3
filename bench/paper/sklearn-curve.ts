import { defaultThreads } from '../../lib/threads.js';
import { progress } from '../progress.js';
import { Peer, versionsLine } from '../python.js';
import type { Curve } from './curve.js';
import { tracedCurve, type Limits, type TraceLine } from './trace.js';

const names = { mlp: 'MLPClassifier', ridge: 'RidgeClassifier' };

/** scikit-learn's trainer as a curve; its rate (or penalty) is chosen beforehand. */
export async function sklearnCurve(
  problem: string,
  folder: string,
  model: keyof typeof names,
  units: number | undefined,
  limits: Limits & { validation: number },
  notes: string[],
): Promise<Curve> {
  progress(`paper: ${problem}, scikit-learn's ${names[model]}${units === undefined ? '' : `, ${units} units`}`);
  const args = ['--limit', String(limits.limit), '--grid-limit', String(limits.gridLimit)];
  const more = ['--validation', String(limits.validation), ...(units === undefined ? [] : ['--hidden', String(units)])];
  const threads = { openblas: defaultThreads(), openmp: 1 };
  const { peer, versions } = await Peer.start('sklearn_train.py', [model, folder, ...args, ...more], threads);
  if (!notes.includes(versionsLine(versions))) notes.push(versionsLine(versions));
  const what = model === 'ridge' ? 'alpha' : 'rate';
  return tracedCurve({ problem, trainer: names[model], units, limit: limits.limit }, what, peer.rest<TraceLine>());
}
