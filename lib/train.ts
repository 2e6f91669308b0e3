import { AbortedError } from './errors.js';
import { gaussNewton } from './gauss-newton.js';
import { HeldOut, holdsOut } from './held-out.js';
import { initialise } from './init.js';
import type { Network } from './network.js';
import type { Settings } from './options.js';
import { peelLayers } from './peel.js';
import { searchRidge } from './ridge-search.js';
import type { TrainReport } from './report.js';
import { standardize } from './standardize.js';
import { Training, type Problem } from './training.js';

/** Trains a network for a checked problem: what both public trainers are made of. */
export async function train(problem: Problem, settings: Settings): Promise<{ network: Network; report: TrainReport }> {
  const training = new Training(problem, settings);
  await standardize(training);
  const found = await searchRidge(training);
  training.ridgeSearch = found?.report;
  training.ridgeScale = found?.report.scale ?? 1;
  await initialise(training);
  const heldOut = holdsOut(settings, training.rows) ? new HeldOut(training) : undefined;
  if (settings.targets === 'gauss-newton') await gaussNewton(training, heldOut);
  else await peelLayers(training);
  // Aborted in the last onIteration: no model comes of that either.
  if (settings.signal?.aborted) throw new AbortedError(settings.signal.reason);
  const inverseTemperature = heldOut ? await heldOut.inverseTemperature() : found?.inverseTemperature;
  if (inverseTemperature !== undefined) training.calibrate(inverseTemperature);
  return { network: training.network(), report: training.report() };
}
