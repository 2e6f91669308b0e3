import type { RawAdvance } from '../../binding/index.js';
import { smallestRcond } from '../least-squares/normal-equations.js';
import { epsilon, type FloatArray } from '../matrix.js';
import type { Settings } from '../options.js';
import type { LayerReport } from '../report.js';
import { turns } from '../turns.js';
import { copyOf, copyTo, innerProduct } from '../vectors.js';
import { byCholesky, solveLayer, type LayerSolution } from './solve.js';
import { eachDeviation, probeOf } from './robust.js';
import type { PassTotals, Training } from './training.js';
import { weightsAt } from './weights.js';

/**
 * Accelerated steps of the one-sided problem, and of Huber's; a two-sided one is exact after the first. So many where an
 * iteration of the hidden layers follows, and so many to the end of a linear model.
 */
const [oneSidedSteps, linearSteps] = [8, 64];

/** Kept rows for each weight of an output below which they do not stand for all: steps would fit their noise. */
const leastInnerRows = 32;
/** Steps more, where the last one raised the objective. */
const mostRepeats = 8;
/** A one-sided problem is at its end where two steps in a row change the objective by less than this share. */
const settled = 1e-8;

/**
 * Of all rows those that the steps after the first go over: the kept ones, if those of them that have a weight are
 * enough to stand for the rest.
 */
export function innerRows(rows: number, kept: number, inputs: number, weighted = kept): number {
  return weighted >= leastInnerRows * (inputs + 1) ? kept : rows;
}

/**
 * Least-squares solves of the output layer in an evaluation. Where those after the first would have to compute activations
 * again, only the last evaluation has more than one.
 */
export function outputSteps(
  { samples, loss, hidden }: Pick<Settings, 'samples' | 'loss' | 'hidden'>,
  rows: number,
  kept: number,
  inner: number,
  isLast: boolean,
): number {
  const isFree = isLast || kept === rows || inner < rows;
  if (!isFree || isSolvedAtOnce({ samples, loss })) return 1;
  return stepsOf(hidden);
}

const stepsOf = (hidden: Settings['hidden']) => (hidden.length === 0 ? linearSteps : oneSidedSteps);

/** What the steps descend on. */
interface StepProblem {
  /** Half the squares of the residuals, at the first weights. */
  loss: number;
  /** The same at the present weights, after a step of them where one is given; leaves the right-hand side there in #rhs. */
  gradient: (step?: RawAdvance) => Promise<number>;
  /** Of those after the first. */
  stepLength: number;
  /** Whether the loss over all rows falls with the one here. */
  falls: boolean;
}

/**
 * Solves the output layer on the present hidden layers and leaves it in `training.output`.
 *
 * One-sided targets T* = where(y·z > margin, z, margin·y) make the squared-hinge problem of the fixed features. Each step
 * solves the least-squares problem that majorises it, W ← W + (G + ridge)⁻¹(Aᵀ(T* − A W)/S − ridge V), with the one
 * factor of G = AᵀA/S, and Nesterov's acceleration. Huber's loss has the same form: T* = A W + clip(T − A W, ±δ).
 */
export class OutputLayer {
  readonly #training: Training;
  readonly gram: FloatArray;
  readonly #factor: FloatArray;
  readonly #rhs: FloatArray;
  readonly marks: Uint8Array;
  /** Samples with a residual, by output. */
  readonly share: FloatArray;
  ridge = 0;
  /** Of the factor, where rounding asks for more than the ridge. */
  damping = 0;
  /** (AᵀA + S ridge)⁻¹ B with the present factor. */
  #solve: (rhs: FloatArray) => Promise<FloatArray> = () => this.#factorAndSolve();
  /** Rows that the steps after the first go over, once they are counted, and how many of as many say as much. */
  #inner: number | undefined;
  #effectiveShare = 1;

  constructor(training: Training) {
    const { inputs, units } = training.output;
    this.#training = training;
    this.gram = training.memory.take((inputs + 1) ** 2);
    this.#factor = training.memory.take(this.gram.length);
    this.#rhs = training.memory.take((inputs + 1) * units);
    this.marks = new Uint8Array(training.rows);
    this.share = training.memory.take(units);
  }

  async #countInner(): Promise<number> {
    const { rows, kept, weights, output } = this.#training;
    if (kept.count === rows) return rows;
    const inner = innerRows(rows, kept.count, output.inputs, await this.#training.weightedKept());
    if (inner < rows && weights) this.#effectiveShare = await effectiveShare(weights);
    return inner;
  }

  /**
   * One pass forward, which fills the cache and the Gram matrices of the layers (`grams[l]` of [H_l, 1], null to skip),
   * then the steps. Returns the totals at the new weights.
   */
  async solve(grams: (FloatArray | null)[], isLast: boolean, chooseRidge: () => void): Promise<PassTotals> {
    const training = this.#training;
    const everything = { count: training.rows };
    const { squares } = await training.sweep(everything, {
      cached: false,
      grams: [...grams, this.gram],
      outputRhs: this.#rhs,
    });
    chooseRidge();
    // Beyond the range of the precision: a step to take back, or first weights to tell of.
    if (!Number.isFinite(squares + meanSquare(this.gram, training.rows)))
      return { squares: NaN, active: 0, weight: 0, misclassified: 0 };
    const inner = (this.#inner ??= await this.#countInner());
    const steps = this.#steps(isLast);
    // Bounds that are being found are of all rows: the outliers among the others would go on pulling.
    const rows = steps > 1 && !training.findsBounds ? inner : training.rows;
    return this.#descend(await this.#problem(squares / 2, rows), steps);
  }

  /** Whether each evaluation, after the first, has as many steps as the last. */
  get isThorough(): boolean {
    return this.#steps(false) === this.#steps(true);
  }

  #steps(isLast: boolean): number {
    const { settings, rows, kept, sampleRule: samples } = this.#training;
    return outputSteps({ ...settings, samples }, rows, kept.count, this.#inner ?? rows, isLast);
  }

  /** Whether the present factor is Cholesky's, in #factor. */
  get #isCholesky(): boolean {
    return (this.#training.layerReports.at(-1) as LayerReport).solver === 'cholesky';
  }

  /**
   * The steps. In float32 a Gram matrix and its factor may be off by more than the ridge; then a step goes too far
   * where little else holds the weights, and the next one farther. So one that raised the objective is taken back, and
   * the next has no momentum; where it had none itself, the factor is made anew with more ridge, which shortens steps
   * and moves no goal. While Huber's bounds are being found they follow each step that the bounds before it let stand.
   *
   * @source O'Donoghue and Candès 2015 (arXiv 1204.3982) for the restart
   */
  async #descend({ loss, gradient, stepLength, falls }: StepProblem, steps: number): Promise<PassTotals> {
    const training = this.#training;
    const { weights } = training.output;
    const { variance = 1 } = training.problem;
    const { findsBounds } = training;
    const rounding = 64 * epsilon(weights);
    let least = loss + (await this.#penalise(weights));
    const [best, bestRhs, previous] = [await copyOf(weights), await copyOf(this.#rhs), await copyOf(weights)];
    const rebound = async () => {
      await this.boundResiduals();
      return (await gradient()) + (await this.#penalise(weights));
    };
    let [isFactored, momentum, end, repeats, still] = [false, 1, steps, 0, 0];
    for (let step = 1; ; step++) {
      // The pass that follows takes the step, and with a Cholesky factor solves for it, which saves a call.
      let change: FloatArray | undefined;
      if (!isFactored) change = await this.#factorAndSolve();
      else if (!this.#isCholesky) change = await this.#solve(this.#rhs);
      isFactored = true;
      // A factor with more than the ridge solves nothing at once, not even a two-sided problem.
      if (this.damping > this.ridge && still < 2) end = Math.max(end, stepsOf(training.settings.hidden));
      const following = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
      const ahead = step < end ? (momentum - 1) / following : 0;
      const stride = step === 1 ? 1 : stepLength;
      const advance = { change, factor: this.#factor, rhs: this.#rhs, previous, stride, ahead };
      momentum = following;
      const totals = step < end ? undefined : await this.totals(advance);
      if (totals && !falls) return totals;
      const objective = (totals ? totals.squares / 2 : await gradient(advance)) + (await this.#penalise(weights));
      // What left the range of the precision will not come back: it is an error for the caller to tell of.
      if (!Number.isFinite(objective)) return totals ?? this.totals();
      still = Math.abs(objective - least) <= Math.max(settled, rounding) * least ? still + 1 : 0;
      if (still >= 2 && training.problem.labels) end = Math.min(end, step + 1);
      if (objective <= least * (1 + rounding) + epsilon(weights) * variance * training.rows) {
        if (totals) return totals;
        least = findsBounds ? await rebound() : objective;
        await copyTo(best, weights);
        await copyTo(bestRhs, this.#rhs);
        continue;
      }
      await copyTo(weights, best);
      await copyTo(previous, best);
      await copyTo(this.#rhs, bestRhs);
      momentum = 1;
      if (totals && ++repeats > mostRepeats) return this.totals();
      if (totals) end++;
      if (ahead === 0 && this.#isCholesky) {
        this.#dampMore();
        isFactored = false;
      }
    }
  }

  /** What `solve` leaves where it found these weights: the cache, the Gram matrices, the factor, the totals. */
  async recall(grams: (FloatArray | null)[], weights: FloatArray): Promise<PassTotals> {
    const training = this.#training;
    await training.sweep(
      { count: training.rows },
      { cached: false, grams: [...grams, this.gram], outputRhs: this.#rhs },
    );
    await this.#factorAndSolve();
    await copyTo(training.output.weights, weights);
    return this.totals();
  }

  /** Sums, marks and shares at the present weights. */
  async totals(step?: RawAdvance): Promise<PassTotals> {
    const training = this.#training;
    return training.sweep({ count: training.rows }, { cached: true, marks: this.marks, share: this.share, ...step });
  }

  /** Huber's δ of each output: 1.345 deviations of its residuals (95 % efficient for normal ones), by their median. */
  async boundResiduals(): Promise<void> {
    const training = this.#training;
    if (training.settings.loss !== 'huber') return;
    const deviations = await residualDeviations(training);
    const least = epsilon(this.gram) * deviations.reduce((most, deviation) => Math.max(most, deviation), 0);
    const bounds = (training.residualBounds ??= training.zeros(deviations.length));
    deviations.forEach((deviation, k) => (bounds[k] = 1.345 * Math.max(deviation, least) || Infinity));
  }

  /**
   * The rows that the steps after the first go over, for a loss at the present weights. Where memory keeps the
   * activations of some only, these stand for all: their gradient, corrected by what the exact one at the first weights
   * (in #rhs) differs from it there. Theirs is a noisy curvature, of up to (1 + √(p/n))² times G for p weights and n
   * rows: steps are shorter by that.
   *
   * @source Johnson and Zhang 2013 (stochastic variance reduced gradient); Marchenko and Pastur 1967 for the bound
   */
  async #problem(loss: number, rows: number): Promise<StepProblem> {
    const training = this.#training;
    const rhs = this.#rhs;
    const kept = training.kept;
    const order = training.output.inputs + 1;
    if (rows === training.rows) {
      const gradient = async (step?: RawAdvance) =>
        (await training.sweep({ count: rows }, { cached: true, outputRhs: rhs, ...step })).squares / 2;
      return { loss, gradient, stepLength: 1, falls: training.sampleRule !== 'misclassified' };
    }
    const share = rows / training.rows;
    const effective = rows * this.#effectiveShare;
    const { weights } = training.output;
    const sumKept = async (step?: RawAdvance) =>
      (await training.sweep(kept, { cached: true, outputRhs: rhs, ...step })).squares / 2 / share;
    const exact = await copyOf(rhs);
    let keptLoss = await sumKept();
    const correction = training.zeros(rhs.length);
    for await (const [begin, end] of turns(rhs.length))
      for (let i = begin; i < end; i++) correction[i] = (exact[i] as number) - (rhs[i] as number) / share;
    keptLoss -= await innerProduct(correction, weights);
    await copyTo(rhs, exact);
    const gradient = async (step?: RawAdvance) => {
      const squares = await sumKept(step);
      for await (const [begin, end] of turns(rhs.length))
        for (let i = begin; i < end; i++) rhs[i] = (rhs[i] as number) / share + (correction[i] as number);
      return squares - (await innerProduct(correction, weights));
    };
    return { loss: keptLoss, gradient, stepLength: (1 + Math.sqrt(order / effective)) ** -2, falls: false };
  }

  /** rhs −= ridge S V; returns half the penalty, S ridge ‖V‖²/2. */
  async #penalise(weights: FloatArray): Promise<number> {
    const penalty = this.ridge * this.#training.rows;
    let squares = 0;
    for await (const [begin, end] of turns(weights.length - this.#training.output.units))
      for (let i = begin; i < end; i++) {
        const weight = weights[i] as number;
        squares += weight ** 2;
        (this.#rhs[i] as number) -= penalty * weight;
      }
    return (penalty * squares) / 2;
  }

  /**
   * How much of Σ dZ_i · dZ_j the output layer takes up when it is solved again, for i, j = 00, 01, 11: with B_i = AᵀdZ_i,
   * <B_i, (AᵀA + S ridge)⁻¹ B_j>. The rest is what the hidden layers' change does by itself (variable projection).
   */
  async takenUp([first, second]: readonly [FloatArray, FloatArray]): Promise<[number, number, number]> {
    const [x, y] = await Promise.all([this.#solve(first), this.#solve(second)]);
    return [await innerProduct(first, x), await innerProduct(first, y), await innerProduct(second, y)];
  }

  get #factorRidge(): number {
    return Math.max(this.ridge, this.damping);
  }

  /** Shorter steps from now on, by more ridge in the factor. */
  #dampMore(): void {
    const least = epsilon(this.gram) * meanSquare(this.gram, this.#training.rows);
    this.damping = Math.max(4 * this.#factorRidge, least);
  }

  /** Factors the Gram matrix, which sets #solve, and solves with the present right-hand side. */
  async #factorAndSolve(): Promise<FloatArray> {
    const training = this.#training;
    const { inputs } = training.output;
    const report = training.layerReports.at(-1) as LayerReport;
    const isAtOnce = isSolvedAtOnce({ samples: training.sampleRule, loss: training.settings.loss });
    const system = () => ({
      name: 'the output layer',
      report,
      gram: this.gram,
      factor: this.#factor,
      rhs: this.#rhs,
      ridge: this.#factorRidge,
      count: training.rows,
      // A ridge makes the problem well posed; and steps refine each other, where there are more than one.
      leastRcond: this.#factorRidge > 0 ? 0 : isAtOnce ? smallestRcond(this.gram) : epsilon(this.gram),
      accumulate: (triangle: FloatArray) => training.sweep({ count: training.rows }, { cached: true, triangle }),
    });
    let solution: LayerSolution | undefined;
    // Steps make good for what the factor has more than the ridge, at far less than the SVD costs.
    if (this.ridge > 0 && training.settings.solver === 'auto') {
      const trace = inputs * meanSquare(this.gram, training.rows);
      while (!(solution = await byCholesky(training, system(), true)) && this.#factorRidge < trace) this.#dampMore();
    }
    solution ??= await solveLayer(training, system());
    report.ridge = this.ridge;
    this.#solve = solution.solve;
    return solution.weights;
  }
}

/** Two-sided least squares are. */
function isSolvedAtOnce({ samples, loss }: Pick<Settings, 'samples' | 'loss'>): boolean {
  return samples !== 'margin' && samples !== 'auto' && loss !== 'huber';
}

/** Mean over the inputs of their mean square: of the Gram matrix of [H, 1], the diagonal without the constant's. */
export function meanSquare(gram: FloatArray, rows: number): number {
  const inputs = Math.sqrt(gram.length) - 1;
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += gram[i * (inputs + 2)] as number;
  return trace / inputs / rows;
}

/** Of as many rows, the share that has as much to say where all count the same: (Σs)² / (S Σs²), Kish's effective size. */
async function effectiveShare(weights: FloatArray): Promise<number> {
  let [total, squares] = [0, 0];
  for await (const [begin, end] of turns(weights.length))
    for (let i = begin; i < end; i++) {
      const weight = weights[i] as number;
      total += weight;
      squares += weight ** 2;
    }
  return total ** 2 / (weights.length * squares);
}

/** Standard deviation of each output's residuals as their median tells it. */
async function residualDeviations(training: Training): Promise<Float64Array> {
  const { targets, outputs } = training.problem;
  const indices = await probeOf(training.rows, training.weights);
  const predicted = await training.scores(indices);
  const residual = (row: number, i: number, k: number) =>
    ((targets as FloatArray)[row * outputs + k] as number) - (predicted[i * outputs + k] as number);
  const column = (k: number) => Float64Array.from(indices, (row, i) => residual(row, i, k));
  return eachDeviation(outputs, indices.length, column, weightsAt(indices, training.weights));
}
