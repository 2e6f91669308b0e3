import type { RawLayer } from '../../binding/index.js';
import { svdFailed } from '../errors.js';
import { checkObjective } from '../finite.js';
import { call } from '../lane.js';
import { smallestRcond } from '../least-squares/normal-equations.js';
import { epsilon, type FloatArray } from '../matrix.js';
import type { SampleRule } from '../options.js';
import type { LayerReport } from '../report.js';
import { addTo } from '../vectors.js';
import { arraysOf, resuming, snapshotOf, type Checkpoint, type State } from './checkpoint.js';
import { Patience } from './patience.js';
import { iterationsOf } from './progress.js';
import { notPositiveDefinite, solveLayer } from './solve.js';
import { copyOfSnapshot, marked, type PassTotals, type RowSet, type Training, type TrainingState } from './training.js';

type Solved = RawLayer & { pseudoInverse: FloatArray };

/**
 * The rules `inverse` and `nearest`, the paper's pass: solve the output layer for the desired outputs, take the desired
 * values of the layer below from the solved weights, solve that layer, and so on down to the input. Each further
 * iteration is one more pass from the new weights; with `samples: 'misclassified'` on the misclassified samples alone.
 * Passes end where `patience` in a row bring no improvement. The weights kept are those of the iteration with the
 * fewest misclassified samples (the least objective, for a regressor), or the best on the validation data.
 */
export async function peelLayers(training: Training, checkpoint?: Checkpoint): Promise<void> {
  const { settings, rows } = training;
  const marks = new Uint8Array(rows);
  const everything: RowSet = { count: rows };
  const patience = new Patience(training);
  let best = Infinity;
  let waited = 0;
  let accepted = training.present();
  let first = 1;
  let set = everything;
  const found = checkpoint?.found;
  if (found) {
    await resuming(async () => {
      const own = found.values as unknown as OwnState;
      training.resume(own.training);
      await patience.resume({ ...found, values: own.patience });
      [first, best, waited] = [own.iteration + 1, own.best, own.waited];
      accepted = await copyOfSnapshot(snapshotOf('accepted', found, accepted));
      training.restore(await copyOfSnapshot(snapshotOf('present', found, accepted)));
    });
  }
  // The first weights are random: nothing is misclassified by them yet, so the first pass is on all samples.
  const present = await training.sweep(everything, { cached: false, marks }, found ? 'all' : training.sampleRule);
  const misclassified = async ({ misclassified: count }: PassTotals) =>
    training.sampleRule === 'misclassified'
      ? await training.markedRows(marks, marked.misclassified, count)
      : everything;
  if (found) set = await misclassified(present);
  const iterations = iterationsOf(settings);
  for (let iteration = first; iteration <= iterations; iteration++) {
    await peelOnce(
      training,
      set,
      iteration === 1 && training.sampleRule === 'misclassified' ? 'all' : training.sampleRule,
    );
    const totals = await training.sweep(everything, { cached: false, marks }, 'all');
    if (iteration === 1) checkObjective(totals.squares);
    const measure = training.problem.labels ? totals.misclassified : totals.squares;
    const better = measure < best;
    const report = await training.record(
      {
        iteration,
        objective: totals.squares / (2 * rows),
        ...(training.problem.labels && { misclassified: totals.misclassified }),
        activeShare: set.count / rows,
        accepted: better,
        damping: 0,
      },
      true,
    ); // None is taken back: each may be the best on the validation data.
    const weights = training.present(); // Each pass makes new ones.
    if (better) [best, waited, accepted] = [measure, 0, weights];
    else waited++;
    if (report.validation !== undefined || better) {
      if (await patience.spent(report)) break;
    } else if (waited === settings.patience || !training.problem.labels) {
      // Converged, or forgetting: the passes on the misclassified samples alone need not improve on the first.
      break;
    }
    if (measure === 0 || !Number.isFinite(measure) || training.isStopped) break;
    set = await misclassified(totals);
    const { values, arrays: bestArrays } = patience.state();
    const own: OwnState = { training: training.state(), patience: values, iteration, best, waited };
    const arrays = { ...bestArrays, ...arraysOf('accepted', accepted) };
    await checkpoint?.write({ values: { ...own }, arrays: { ...arrays, ...arraysOf('present', training.present()) } });
  }
  patience.restore(accepted);
}

/** What a checkpoint has beside arrays. */
interface OwnState {
  training: TrainingState;
  patience: State['values'];
  iteration: number;
  best: number;
  waited: number;
}

async function peelOnce(training: Training, set: RowSet, samples: SampleRule): Promise<void> {
  const solved: Solved[] = [];
  const next: FloatArray[] = [];
  for (let l = training.hidden.length; l >= 0; l--) {
    const weights = await solvePeeled(training, set, samples, solved, l);
    next[l] = weights;
    const layer = l === training.hidden.length ? training.output : (training.hidden[l] as RawLayer);
    const { solver, rank, rcond } = training.layerReports[l] as LayerReport;
    // Weights are as exact as the condition of [H, 1] lets them be; below that is noise. The SVD has cut off what is
    // singular.
    const condition = solver === 'cholesky' ? 1 / Math.sqrt(rcond) : rank > layer.inputs ? 1 / rcond : 1;
    const noise = epsilon(weights) * condition;
    if (l > 0) solved.push({ ...layer, weights, pseudoInverse: await pseudoInverse(training, layer, weights, noise) });
  }
  training.restore({ hidden: next.slice(0, -1), output: next.at(-1) as FloatArray });
}

/** W_l = argmin ‖[H, 1] W − T‖² + S ridge ‖V‖², refined once with its residual. */
async function solvePeeled(
  training: Training,
  set: RowSet,
  samples: SampleRule,
  solved: readonly Solved[],
  l: number,
): Promise<FloatArray> {
  const { targets } = training.settings;
  const isOutput = l === training.hidden.length;
  const { inputs, units } = isOutput ? training.output : (training.hidden[l] as RawLayer);
  const order = inputs + 1;
  const gram = training.zeros(order ** 2);
  const rhs = training.zeros(order * units);
  const common = { rule: targets === 'inverse' ? 0 : 1, solved };
  await training.peel(set, { ...common, gram, rhs }, samples);
  // The paper has no ridge; `auto` stays with it.
  const { ridge: penalty } = training.settings;
  const ridge = penalty === 'auto' ? 0 : isOutput ? penalty.output : penalty.hidden;
  const { weights, solve } = await solveLayer(training, {
    name: isOutput ? 'the output layer' : `hidden layer ${l + 1}`,
    report: training.layerReports[l] as LayerReport,
    gram,
    factor: training.zeros(gram.length),
    rhs,
    ridge,
    count: set.count,
    leastRcond: smallestRcond(gram),
    accumulate: (triangle) => training.peel(set, { ...common, triangle }, samples),
  });
  await training.peel(set, { ...common, rhs, weights }, samples);
  await addTo(rhs, -ridge * set.count, weights.subarray(0, inputs * units));
  const change = await solve(rhs);
  await addTo(weights, 1, change);
  return weights;
}

/** V⁺ (units×inputs) of the weights' V, by Cholesky where V's condition allows, else by the SVD down to the `noise` in V. */
async function pseudoInverse(
  training: Training,
  layer: RawLayer,
  weights: FloatArray,
  noise: number,
): Promise<FloatArray> {
  const { inputs, units } = layer;
  const a = weights.subarray(0, inputs * units);
  const solution = training.zeros(inputs * units);
  const { solver } = training.settings;
  if (solver !== 'svd') {
    const { info, rcond } = await call(training, 'pseudoInverse', { a, rows: inputs, columns: units, solution });
    if (info === 0 && (rcond >= Math.sqrt(epsilon(a)) || solver === 'cholesky')) return solution;
    if (solver === 'cholesky') throw notPositiveDefinite("a layer's weights");
  }
  const identity = training.zeros(inputs ** 2);
  for (let i = 0; i < inputs; i++) identity[i * inputs + i] = 1;
  const { info } = await call(training, 'solveSvd', {
    a,
    rows: inputs,
    columns: units,
    b: identity,
    rightHandSides: inputs,
    cut: Math.min(Math.max(inputs, units) * noise, 0.5),
    solution,
  });
  if (info > 0) throw svdFailed("a layer's weights");
  return solution;
}
