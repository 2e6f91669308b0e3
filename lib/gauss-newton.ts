import { call } from '../binding/index.js';
import type { FloatArray } from './matrix.js';
import { OutputLayer } from './output-layer.js';
import { Patience } from './patience.js';
import type { HiddenState, Snapshot, Training } from './training.js';

/** Ridge of `auto`, as a share of the mean square of a layer's inputs. */
const autoRidge = 1e-4;
const firstDamping = 0.1;
const leastDamping = 1e-5;
/** Beyond this damping a step changes nothing. */
const mostDamping = 1e6;

/** What a step from accepted weights needs, kept in case the step is refused. */
interface Accepted {
  weights: Snapshot;
  objective: number;
  predicted: number;
}

/**
 * The rule `gauss-newton`: every iteration solves, for each hidden layer, (G + aI) ΔW (C + bI) = AᵀE/S − ridge V, and
 * then the output layer on the new features. A step that raises the objective is taken back and tried again with
 * more damping (Levenberg–Marquardt), so that the objective never rises.
 */
export async function gaussNewton(training: Training): Promise<void> {
  const { hidden, settings, rows } = training;
  const output = new OutputLayer(training);
  const L = hidden.length;
  // grams[l] belongs to [H_l, 1]; that of the inputs is summed once, the others with every forward pass.
  let grams = hidden.map((layer) => training.zeros((layer.inputs + 1) ** 2));
  let trialGrams = grams.map((gram, l) => (l === 0 ? gram : training.zeros(gram.length)));
  const rhs = hidden.map((layer) => training.zeros((layer.inputs + 1) * layer.units));
  const slopes = hidden.map((layer) => training.zeros(layer.units ** 2));
  let trialWeights = hidden.map((layer) => training.zeros(layer.weights.length));
  const ridges = hidden.map(() => 0);
  const patience = new Patience(training);

  let accepted: Accepted | undefined;
  let damping = firstDamping;
  for (let iteration = 0; ; iteration++) {
    const first = iteration === 0;
    const totals = await output.solve(
      [...trialGrams.map((gram, l) => (l === 0 && !first ? null : gram)), output.gram],
      () => {
        if (first) chooseRidges(training, trialGrams, output, ridges);
      },
    );
    const penalty = await squaredNorms(training, ridges, output.ridge);
    const objective = totals.squares / (2 * rows) + penalty / 2;
    const better = accepted === undefined || objective <= accepted.objective;
    const taken = damping;
    if (accepted) damping = adapt(damping, (accepted.objective - objective) / Math.max(accepted.predicted, 1e-300), better);
    const report = await training.record({
      iteration,
      objective,
      ...(training.problem.labels && { misclassified: totals.misclassified }),
      activeShare: totals.active / rows,
      accepted: better,
      damping: first ? 0 : taken,
    });
    const last = iteration === settings.iterations || L === 0 || totals.active === 0 || damping > mostDamping;
    if (better) {
      [grams, trialGrams] = [trialGrams, grams];
      trialGrams[0] = grams[0] as FloatArray;
      const weights = training.snapshot();
      if (accepted) trialWeights = accepted.weights.hidden;
      accepted = { weights, objective, predicted: 0 };
      if (patience.spent(report, weights) || last) break;
      await descend(training, output, totals.active, rhs, slopes);
    } else if (last) {
      break;
    }
    const from = accepted as Accepted;
    for (;;) {
      const predicted = await step(training, from, grams, rhs, slopes, ridges, damping, trialWeights);
      if (predicted !== undefined) {
        from.predicted = predicted;
        break;
      }
      damping *= 4;
      if (damping > mostDamping) break;
    }
    if (damping > mostDamping) break;
    hidden.forEach((layer, l) => (layer.weights = trialWeights[l] as FloatArray));
    training.output.weights.set(from.weights.output);
  }
  patience.restore(accepted?.weights);
}

/** Levenberg–Marquardt: more where the objective rose, less where it fell as the quadratic model said. */
function adapt(damping: number, gain: number, better: boolean): number {
  if (!better) return damping * 4;
  if (gain > 0.75) return Math.max(damping / 2, leastDamping);
  return gain < 0.25 ? damping * 2 : damping;
}

function chooseRidges(training: Training, grams: FloatArray[], output: OutputLayer, ridges: number[]): void {
  const { ridge } = training.settings;
  const share = (gram: FloatArray, n: number): number => {
    let trace = 0;
    for (let i = 0; i < n; i++) trace += gram[i * (n + 1) + i] as number;
    return (autoRidge * trace) / n / training.rows;
  };
  training.hidden.forEach((layer, l) => {
    ridges[l] = ridge === 'auto' ? share(grams[l] as FloatArray, layer.inputs) : ridge.hidden;
  });
  output.ridge = ridge === 'auto' ? share(output.gram, training.output.inputs) : ridge.output;
}

/** Σ ridge ‖V‖² over all layers. */
async function squaredNorms(training: Training, ridges: number[], outputRidge: number): Promise<number> {
  let sum = 0;
  for (const [l, layer] of [...training.hidden, training.output].entries()) {
    const length = layer.inputs * layer.units;
    const { squaredNorm } = await call(training, 'squaredNorm', { values: layer.weights, length });
    sum += (ridges[l] ?? outputRidge) * squaredNorm;
  }
  return sum;
}

/** Desired changes of all hidden layers, from the active samples alone, and the curvature of each. */
async function descend(
  training: Training,
  output: OutputLayer,
  active: number,
  rhs: FloatArray[],
  slopes: FloatArray[],
): Promise<void> {
  const rows = training.markedRows(output.marks, 1, active);
  await training.sweep(rows, { cached: true, hiddenRhs: rhs, slopes });
  await call(training, 'curvature', {
    hidden: training.hidden,
    output: training.output,
    columns: training.problem.inputs.cols,
    slopes,
    share: output.share,
    samples: training.rows,
    active,
  });
}

/** Trial weights of every hidden layer; the decrease that the models predict, or undefined where a factor failed. */
async function step(
  training: Training,
  from: Accepted,
  grams: FloatArray[],
  rhs: FloatArray[],
  slopes: FloatArray[],
  ridges: number[],
  damping: number,
  trial: FloatArray[],
): Promise<number | undefined> {
  const { hidden } = training;
  let predicted = 0;
  for (let l = 0; l < hidden.length; l++) {
    const { inputs, units } = hidden[l] as HiddenState;
    const outcome = await call(training, 'step', {
      gram: grams[l] as FloatArray,
      columns: inputs,
      curvature: slopes[l] as FloatArray,
      units,
      rhs: rhs[l] as FloatArray,
      weights: from.weights.hidden[l] as FloatArray,
      samples: training.rows,
      ridge: ridges[l] as number,
      damping,
      scale: 1 / hidden.length,
      next: trial[l] as FloatArray,
    });
    if (outcome.info > 0) return undefined;
    predicted += outcome.predicted;
    Object.assign(training.layerReports[l] as object, {
      solver: 'cholesky',
      rank: inputs + 1,
      rcond: outcome.rcond,
      ridge: ridges[l],
    });
  }
  return predicted;
}
