import { gaussNewton } from './gauss-newton.js';
import { SingularError } from './errors.js';
import { heldScores, iterationsOf } from './held-out.js';
import { initialise } from './init.js';
import { searchSizes } from './layout.js';
import { allocate, epsilon, type FloatArray } from './matrix.js';
import type { Settings } from './options.js';
import { createRandom, drawRows } from './random.js';
import type { RidgeSearch } from './report.js';
import { inverseTemperature, type HeldScores } from './temperature.js';
import { Training, type Problem } from './training.js';

/**
 * Iterations of a trial: what two say of one layer's ridge, eight do not change. Each further layer takes longer to learn,
 * and before it has, the strongest ridge looks best.
 */
const trialIterations = (layers: number) => layers + 1;
/** From one trial to the next. */
const stride = 4;
const mostStrides = 10;
/** A ridge of less than some 30 times the rounding unit no longer makes a layer well posed: the least scale over ε. */
const leastScale = 2 ** 16;
/** A trial is better if its loss is less by this share; one that is worse by that share ends the way in its direction. */
const better = 2e-3;
const hopeless = 0.05;

/**
 * The penalty per sample that is best falls about as the rows to the power of −¾; at so many rows it is `autoRidge`
 * itself. Both measured, like all figures here, on validation parts of the training data: MNIST, Fashion-MNIST, and tables
 * of 350 to 80,000 rows.
 */
const scaleAt = (rows: number, strides: number) => (100_000 / rows) ** 0.75 * stride ** strides;

/** Settings of a trial. */
export function trialSettings(settings: Settings): Settings {
  const iterations = Math.min(iterationsOf(settings, 0), trialIterations(settings.hidden.length));
  return { ...settings, iterations, validation: undefined, onIteration: undefined };
}

/**
 * Chooses the scale of `ridge: 'auto'`: short trainings on a part of the rows, each judged by its residuals on rows held
 * out, at scales four times apart, from the usual one as far as the loss falls. What is best for those rows is carried
 * over to all of them, and so is how the probabilities of the best trial are to be calibrated. The trials take the memory that the training itself takes afterwards.
 */
export async function searchRidge(training: Training): Promise<void> {
  const { problem, settings } = training;
  const { inputs } = problem;
  const shape = { rows: inputs.rows, inputs: inputs.cols, outputs: problem.outputs };
  const sizes = searchSizes(shape, settings, inputs.data.BYTES_PER_ELEMENT);
  if (!sizes) return;
  const { fit, held } = sizes;
  const started = performance.now();
  const before = training.operations;
  const order = drawRows(inputs.rows, fit + held, createRandom(settings.seed));
  const parts: Part[] = Array.from({ length: sizes.folds }, (_, fold) => {
    const [first, last] = [fold * held, (fold + 1) * held];
    const rest = new Int32Array(fit);
    rest.set(order.subarray(0, first));
    rest.set(order.subarray(last), first);
    return { fit: take(problem, rest), held: order.slice(first, last) };
  });
  const blank = training.snapshot();
  const trials: RidgeSearch['trials'] = [];
  const losses = new Map<number, number>();
  let scores: HeldScores[] = [];
  const loss = async (strides: number): Promise<number> => {
    const scale = scaleAt(fit, strides);
    let squares = 0;
    scores = [];
    for (const part of parts) {
      const judged = await training.memory.lend(() => judge(training, part, scale));
      squares += judged.squares;
      if (judged.scores) scores.push(judged.scores);
    }
    trials.push({ scale, loss: squares / (held * parts.length) });
    losses.set(strides, squares);
    return squares;
  };

  let best = 0;
  let least = await loss(0);
  let bestScores = scores;
  // Both ways from the start: where a strong ridge leaves nothing to learn, the loss is level on one side.
  for (const direction of [1, -1]) {
    for (let strides = direction; Math.abs(strides) <= mostStrides; strides += direction) {
      if (scaleAt(inputs.rows, strides) < leastScale * epsilon(inputs.data)) break;
      const squares = await loss(strides);
      const edge = Math.sign(best) === direction ? best : 0;
      if (squares < least * (1 - better)) [best, least, bestScores] = [strides, squares, scores];
      else if (strides !== edge + direction || !(squares < least * (1 + hopeless))) break;
    }
  }
  training.restore(blank);
  training.residualBounds = undefined;
  const scale = scaleAt(inputs.rows, best + vertex(losses.get(best - 1), least, losses.get(best + 1)));
  training.ridgeScale = scale;
  training.ridgeSearch = {
    scale,
    rows: fit + held,
    folds: parts.length,
    trials,
    operations: training.operations - before,
    seconds: (performance.now() - started) / 1000,
  };
  if (bestScores.length > 0) training.inverseTemperature = await inverseTemperature(bestScores);
}

/** Where between -½ and ½ the parabola through (-1, below), (0, least), (1, above) has its least; 0 where one is unknown. */
function vertex(below = Infinity, least: number, above = Infinity): number {
  const curvature = below - 2 * least + above;
  return Number.isFinite(curvature) && curvature > 0 ? (below - above) / (2 * curvature) : 0;
}

/** Rows to train on, and the numbers of those to judge by. */
interface Part {
  fit: Problem;
  held: Int32Array;
}

/** Sum of squares of the residuals on the held-out rows, of a network trained on the others; and its scores there. */
async function judge(
  training: Training,
  { fit, held }: Part,
  scale: number,
): Promise<{ squares: number; scores?: HeldScores }> {
  const trial = new Training(fit, trialSettings(training.settings), training.memory);
  trial.standardization = training.standardization;
  trial.ridgeScale = scale;
  try {
    await initialise(trial);
    await gaussNewton(trial);
  } catch (error) {
    if (error instanceof SingularError) return { squares: Infinity };
    throw error;
  } finally {
    training.operations += trial.operations;
  }
  training.restore(trial.snapshot());
  // All trials are judged by one loss.
  training.residualBounds ??= trial.residualBounds;
  const { squares } = await training.sweep(training.rowSet(held), { cached: false });
  const scores = await heldScores(training, held);
  return { squares, ...(scores && { scores }) };
}

/** The problem of some of the rows. */
function take(problem: Problem, rows: Int32Array): Problem {
  const { inputs, outputs, labels, targets, weights, variance, positive, negative } = problem;
  const gather = <T extends FloatArray>(from: T, cols: number): T => {
    const to = allocate(from, rows.length * cols) as T;
    rows.forEach((row, i) => to.set(from.subarray(row * cols, (row + 1) * cols), i * cols));
    return to;
  };
  return {
    inputs: { data: gather(inputs.data, inputs.cols), rows: rows.length, cols: inputs.cols },
    outputs,
    ...(labels && { labels: rows.map((row) => labels[row] as number) }),
    ...(targets && { targets: gather(targets, outputs) }),
    ...(weights && { weights: gather(weights, 1) }),
    ...(variance !== undefined && { variance }),
    ...(positive !== undefined && { positive }),
    ...(negative !== undefined && { negative }),
  };
}
