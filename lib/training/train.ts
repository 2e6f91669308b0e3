import { AbortedError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Settings } from '../options.js';
import type { TrainReport } from '../report.js';
import { Checkpoint } from './checkpoint.js';
import { gaussNewton } from './gauss-newton.js';
import { HeldOut, holdsOut } from './held-out.js';
import { initialise } from './init.js';
import { peelLayers } from './peel.js';
import { searchRidge } from './ridge-search.js';
import { standardize } from './standardize.js';
import { Training, type Problem } from './training.js';

/** Trains a network for a checked problem: what both public trainers are made of. */
export async function train(problem: Problem, settings: Settings): Promise<{ network: Network; report: TrainReport }> {
  const training = new Training(problem, settings);
  await standardize(training);
  const checkpoint = settings.checkpoint === undefined ? undefined : await Checkpoint.open(settings.checkpoint, problem, settings); // prettier-ignore
  if (!checkpoint?.found) {
    await searchRidge(training);
    await initialise(training);
  }
  const heldOut = holdsOut(settings, training.rows) ? new HeldOut(training) : undefined;
  if (settings.targets === 'gauss-newton') await gaussNewton(training, heldOut, checkpoint);
  else await peelLayers(training, checkpoint);
  // Aborted in the last onIteration: no model comes of that either.
  if (settings.signal?.aborted) throw new AbortedError(settings.signal.reason);
  if (heldOut) training.inverseTemperature = (await heldOut.inverseTemperature()) ?? training.inverseTemperature;
  training.calibrate();
  await checkpoint?.remove();
  return { network: training.network(), report: training.report() };
}
