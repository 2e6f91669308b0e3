import { refuseAborted } from '../errors.js';
import type { Network } from '../network/network.js';
import { laneOf, type Settings } from '../options.js';
import type { TrainReport } from '../report.js';
import { withCopies } from './augment.js';
import { Checkpoint } from './checkpoint.js';
import { columnsOf } from './columns.js';
import { gaussNewton } from './gauss-newton.js';
import { HeldOut } from './held-out.js';
import { initialise } from './init.js';
import { peelLayers } from './peel.js';
import { holdsOut } from './progress.js';
import { searchRidge } from './ridge-search.js';
import { compressTails, standardizationOf } from './standardize.js';
import type { Problem } from './problem.js';
import { Training, type TrainingState } from './training.js';
import { weightedRows } from './weights.js';
import { isWide, narrow } from './wide.js';

interface Trained {
  network: Network;
  report: TrainReport;
}

/** Trains a network for a checked problem: what both public trainers are made of. */
export async function train(given: Problem, settings: Settings): Promise<Trained> {
  const path = settings.checkpoint;
  if (path === undefined) return trainWith(undefined, given, settings);
  return Checkpoint.with(path, given, settings, (checkpoint) => trainWith(checkpoint, given, settings));
}

async function trainWith(checkpoint: Checkpoint | undefined, given: Problem, settings: Settings): Promise<Trained> {
  const started = performance.now();
  const lane = laneOf(settings);
  const columns = await columnsOf(lane, 'X', given.inputs, given.weights);
  const standardization = await standardizationOf(columns, given, settings);
  const { rows, cols } = given.inputs;
  const weighted = await weightedRows(given.weights);
  const hasFewRows = isWide(settings, weighted?.length ?? rows, cols);
  const counted = { ...given, weighted };
  const narrowed = hasFewRows ? await narrow(lane, counted, standardization) : undefined;
  const problem = narrowed?.problem ?? (await withCopies(lane, counted, settings));
  let training = new Training(problem, settings);
  if (!narrowed) training.standardization = standardization;
  training.operations = lane.operations;
  training.seconds = (performance.now() - started) / 1000;
  if (checkpoint?.found) {
    const { ridgeSearch } = (checkpoint.found.values as { training?: Partial<TrainingState> }).training ?? {};
    training.ridgeSearch = ridgeSearch;
    if (ridgeSearch?.asinh) training.standardization = await compressTails(training, columns);
  } else await searchRidge(training, columns);
  if (training.ridgeSearch?.activation === 'identity') training = linearOf(training);
  if (!checkpoint?.found) await initialise(training);
  const heldOut = holdsOut(settings, training.weightedRows) ? await HeldOut.of(training) : undefined;
  if (settings.targets === 'gauss-newton') await gaussNewton(training, heldOut, checkpoint);
  else await peelLayers(training, checkpoint);
  // Aborted in the last onIteration: no model comes of that either.
  refuseAborted(settings.signal);
  if (heldOut) training.inverseTemperature = (await heldOut.inverseTemperature()) ?? training.inverseTemperature;
  await training.calibrate();
  const network = (await narrowed?.lift(training, training.network())) ?? training.network();
  await checkpoint?.remove();
  return { network, report: training.report(network) };
}

/** The same without hidden layers. */
function linearOf(training: Training): Training {
  const { problem, settings, memory, standardization } = training;
  const linear = new Training(problem, { ...settings, hidden: [] }, memory);
  linear.standardization = standardization;
  linear.resume({
    ...training.state(),
    layerReports: linear.layerReports,
    ridgeScales: training.ridgeScales.slice(-1),
  });
  return linear;
}
