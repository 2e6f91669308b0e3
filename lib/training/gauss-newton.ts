import { ModelFileError } from '../errors.js';
import { checkObjective } from '../finite.js';
import { call } from '../lane.js';
import { epsilon, type FloatArray } from '../matrix.js';
import type { LayerReport } from '../report.js';
import { turns } from '../turns.js';
import { copyOf, copyTo, innerProduct } from '../vectors.js';
import { arrayOf, arraysOf, resuming, snapshotOf, type Checkpoint, type State } from './checkpoint.js';
import type { HeldOut } from './held-out.js';
import { drawAnew } from './init.js';
import { meanSquare, OutputLayer } from './output-layer.js';
import { Patience } from './patience.js';
import { iterationsOf, leastIterations, progressOf, type Progress } from './progress.js';
import {
  copyOfSnapshot,
  marked,
  type HiddenState,
  type PassTotals,
  type RowSet,
  type Snapshot,
  type Training,
  type TrainingState,
} from './training.js';

/**
 * Ridge of `auto` at scale 1 (ridge-search.ts), as a share of the mean square of a layer's inputs (for a regression, of
 * that times the variance of the targets in the hidden layers). Chosen, like the
 * figures below, on the last 10,000 training rows of MNIST and Fashion-MNIST.
 */
const autoRidge = { hidden: 2e-3, output: 1e-3 };
const firstDamping = 0.5;
const leastDamping = 1e-10;
/** Beyond this damping a step changes nothing. */
const mostDamping = 1e6;
/**
 * One-sided targets let go of a sample that has reached its margin, so that the objective falls for longer than its
 * quadratic model says: such steps go this many times as far.
 */
const oneSidedStride = 1.75;
/** A refused step is tried again at this share of its length. */
const shrinkage = 0.25;
/** Where the loss on the rows held out has stopped falling, so many times the ridge is tried, or one part in so many. */
const ridgeStride = 3;

/**
 * The rule `gauss-newton`. An iteration solves (G + aI) ΔW (C + bI) = AᵀE/S − ridge V for each hidden layer, chooses
 * how far to go along ΔW and along the step before from the exact quadratic model of both (one-sided: `oneSidedStride`
 * times as far), W ← W + α ΔW + β M, and solves the output layer on the new features. A step that raises the objective is
 * taken back and shortened, so that the objective never rises.
 *
 * @source Martens and Grosse 2015 (arXiv 1503.05671), section 7, for the two-direction model
 */
export async function gaussNewton(training: Training, heldOut?: HeldOut, checkpoint?: Checkpoint): Promise<void> {
  await new GaussNewton(training, heldOut, checkpoint).run();
}

/** Of the weights under trial: taken, taken and the last, or refused. */
type Verdict = 'better' | 'enough' | 'worse';

/** What a checkpoint has beside arrays. */
interface OwnState {
  training: TrainingState;
  patience: State['values'];
  progress?: ReturnType<Progress['state']> | undefined;
  iteration: number;
  objective: number;
  penalty: number;
  /** Infinity is null in JSON. */
  loss: number | null;
  damping: number;
  hasMoved: boolean;
  ridges: number[];
  outputRidge: number;
  outputDamping: number;
  factors: number[];
  fallback?: Omit<Fallback, 'weights' | 'loss'> & { loss: number | null };
}

/** Where a training went on with another ridge. */
interface Fallback {
  weights: Snapshot;
  loss: number;
  objective: number;
  penalty: number;
  ridges: number[];
  outputRidge: number;
  progress: ReturnType<Progress['state']> | undefined;
  reported: Pick<TrainingState, 'bestIteration' | 'layerReports' | 'ridgeScales'>;
}

/** Decrease that the quadratic model predicts at a share s of the step: s · linear − s²/2 · quadratic. */
interface Model {
  linear: number;
  quadratic: number;
}

class GaussNewton {
  readonly #training: Training;
  readonly #heldOut: HeldOut | undefined;
  readonly #checkpoint: Checkpoint | undefined;
  readonly #patience: Patience;
  readonly #progress: Progress | undefined;
  readonly #output: OutputLayer;
  /** [H_l, 1]ᵀ[H_l, 1] of each hidden layer's inputs, where a step follows; the first is summed once. */
  readonly #grams: FloatArray[];
  /** AᵀE of each hidden layer, and then ΔW. */
  readonly #change: FloatArray[];
  readonly #slopes: FloatArray[];
  /** The step under trial, and then the one taken last. */
  readonly #moved: FloatArray[];
  #hasMoved = false;
  #fallback: Fallback | undefined;
  /** By which the ridge is changed next, or was last; and what is left to try where that does not pay. */
  #factors = [ridgeStride, 1 / ridgeStride];
  /** At the accepted weights: on the rows held out, or the training's own. */
  #loss = Infinity;
  /** Accepted weights; the training holds those under trial, which are written to the spare arrays. */
  #accepted: FloatArray[];
  #spare: FloatArray[];
  #acceptedOutput: FloatArray;
  readonly #outputRhs: [FloatArray, FloatArray];
  readonly #ridges: number[];
  /** At the accepted weights: the objective, its penalty, and the sums over the rows. */
  #objective = Infinity;
  #penalised = 0;
  #totals: PassTotals = { squares: 0, active: 0, weight: 0, misclassified: 0 };
  /** What the step under trial promised. */
  #model: Model = { linear: 0, quadratic: 0 };
  /** At most. */
  readonly #iterations: number;
  #damping = firstDamping;

  constructor(training: Training, heldOut?: HeldOut, checkpoint?: Checkpoint) {
    const { hidden } = training;
    this.#heldOut = heldOut;
    this.#checkpoint = checkpoint;
    this.#patience = new Patience(training);
    this.#progress = progressOf(training.settings, heldOut !== undefined);
    const like = (size: (layer: HiddenState) => number) => hidden.map((layer) => training.memory.take(size(layer)));
    this.#training = training;
    this.#iterations = iterationsOf(training.settings);
    this.#output = new OutputLayer(training);
    this.#grams = like((layer) => (layer.inputs + 1) ** 2);
    this.#change = like((layer) => layer.weights.length);
    this.#slopes = like((layer) => layer.units ** 2);
    this.#moved = like((layer) => layer.weights.length);
    this.#accepted = like((layer) => layer.weights.length);
    this.#spare = this.#accepted;
    const size = training.output.weights.length;
    this.#acceptedOutput = training.zeros(size);
    this.#outputRhs = [training.memory.take(size), training.memory.take(size)];
    this.#ridges = hidden.map(() => 0);
  }

  async run(): Promise<void> {
    const training = this.#training;
    const { hidden, settings } = training;
    const found = this.#checkpoint?.found;
    let iteration = 0;
    let verdict: Verdict = 'better';
    if (found) iteration = await resuming(() => this.#resume(found));
    else verdict = await this.#assess(0);
    for (;;) {
      while (verdict !== 'enough' && !training.isStopped) {
        if (verdict === 'better') await this.#checkpoint?.write(this.#state(iteration));
        if (iteration >= this.#iterations || hidden.length === 0 || this.#totals.active === 0) break;
        if (verdict === 'better' && settings.loss === 'huber') await this.#boundResiduals();
        const model =
          verdict === 'worse' ? await this.#shorten() : ((await this.#step()) ?? (await this.#drawAnew(iteration)));
        if (!model) break;
        this.#model = model;
        verdict = await this.#assess(++iteration);
      }
      if (!this.#progress || !this.#hasMoved || verdict === 'worse' || training.isStopped) break;
      // A change that did not pay needs no settling.
      if (!this.#fallback || this.#progress.hasFallen) {
        const goesOn = this.#mayRescale && iteration + 1 < this.#iterations;
        const isWhole = training.kept.count === training.rows;
        const isLast = iteration >= this.#iterations || !(isWhole || goesOn);
        verdict = await this.#settle(++iteration, isLast);
        // It had gone to and fro where that makes progress, and goes on from the middle.
        if (verdict === 'better' && !isLast) continue;
        if (!goesOn || this.#training.isStopped) break;
      }
      if (iteration >= this.#iterations || !(await this.#rescale())) break;
      verdict = 'better';
    }
    if (this.#better) await this.#fallBack(this.#better);
    this.#patience.restore({ hidden: this.#accepted, output: this.#acceptedOutput });
  }

  /** Solves the output layer on the hidden weights under trial, and keeps both where the objective has not risen. */
  async #assess(iteration: number, isLast = iteration === this.#iterations): Promise<Verdict> {
    const training = this.#training;
    const totals = await this.#evaluate(iteration, isLast);
    const penalty = (await this.#penalty()) / 2;
    const trial = totals.squares / (2 * training.rows) + penalty;
    if (iteration === 0) checkObjective(trial);
    const better = trial <= this.#objective;
    const heldOutLoss = better ? await this.#heldOut?.loss() : undefined;
    const report = await training.record({
      iteration,
      objective: trial,
      ...(training.problem.labels && { misclassified: totals.misclassified }),
      activeShare: totals.active / training.rows,
      accepted: better,
      damping: iteration === 0 ? 0 : this.#damping,
      ...(heldOutLoss !== undefined && { heldOutLoss }),
      ...(this.#mayRescale && { scale: training.ridgeScales.at(-1) as number }),
    });
    if (iteration > 0) this.#adapt((this.#objective - trial) / predicted(this.#model), better);
    if (!better) return 'worse';
    [this.#objective, this.#penalised, this.#totals] = [trial, penalty, totals];
    await this.#accept();
    this.#loss = heldOutLoss ?? totals.squares;
    if (await this.#patience.spent(report)) return 'enough';
    const isOver = this.#progress?.isOver(this.#loss) && iteration >= leastIterations;
    return isOver ? 'enough' : 'better';
  }

  /** Half of the last step back, the mean of the last two weights: steps go too far for a training that ends there. */
  async #settle(iteration: number, isLast: boolean): Promise<Verdict> {
    const damping = this.#damping;
    await this.#move(this.#moved, -1 / 2, 0);
    const verdict = await this.#assess(iteration, isLast);
    this.#damping = damping; // No quadratic model had said how far it would fall.
    return verdict;
  }

  /**
   * Whether the ridge is this training's own to choose, and rows held out say how it does: not by Huber's loss, whose bounds
   * change with the residuals, nor where only the last evaluation is thorough.
   */
  get #mayRescale(): boolean {
    const { ridge, loss } = this.#training.settings;
    return this.#heldOut !== undefined && ridge === 'auto' && loss !== 'huber' && this.#output.isThorough;
  }

  /** Where the training was before the last change of the ridge, if that did not pay. */
  get #better(): Fallback | undefined {
    const hasPaid = this.#progress?.hasFallen && this.#loss <= (this.#fallback?.loss ?? Infinity);
    return hasPaid ? undefined : this.#fallback;
  }

  /**
   * Goes on with another ridge, since the trials of fewer rows may have chosen one too small, or too large: the same way
   * once more where that has paid, else the other way from before the change. False where nothing is left to try.
   */
  async #rescale(): Promise<boolean> {
    const training = this.#training;
    const better = this.#better;
    if (better) {
      if (this.#factors.length === 1) return false;
      await this.#fallBack(better);
      if (better.progress) this.#progress?.resume(better.progress);
      this.#factors.shift();
    } else {
      if (this.#fallback) this.#factors.length = 1;
      this.#fallback = undefined; // One copy at a time.
      const { bestIteration, layerReports, ridgeScales } = training;
      this.#fallback = {
        weights: await copyOfSnapshot({ hidden: this.#accepted, output: this.#acceptedOutput }),
        loss: this.#loss,
        objective: this.#objective,
        penalty: this.#penalised,
        ridges: [...this.#ridges],
        outputRidge: this.#output.ridge,
        progress: this.#progress?.state(),
        reported: { bestIteration, layerReports, ridgeScales },
      };
    }
    const factor = this.#factors[0] as number;
    training.layerReports = training.layerReports.map((report) => ({ ...report }));
    training.ridgeScales = training.ridgeScales.map((scale) => factor * scale);
    this.#ridges.forEach((ridge, l) => (this.#ridges[l] = factor * ridge));
    this.#output.ridge *= factor;
    this.#objective += (factor - 1) * this.#penalised;
    this.#penalised *= factor;
    this.#progress?.begin();
    // What steps need, at the accepted weights and with the new ridge, be it that the last step was refused.
    training.hidden.forEach((layer, l) => (layer.weights = this.#accepted[l] as FloatArray));
    this.#totals = await this.#output.recall(this.#gramsAfterFirst, this.#acceptedOutput);
    return true;
  }

  /** To where the training was before the last change. */
  async #fallBack({ weights, loss, objective, penalty, ridges, outputRidge, reported }: Fallback): Promise<void> {
    for (const [l, accepted] of this.#accepted.entries()) await copyTo(accepted, weights.hidden[l] as FloatArray);
    await copyTo(this.#acceptedOutput, weights.output);
    [this.#loss, this.#objective, this.#penalised, this.#output.ridge] = [loss, objective, penalty, outputRidge];
    ridges.forEach((ridge, l) => (this.#ridges[l] = ridge));
    Object.assign(this.#training, reported);
  }

  #state(iteration: number): State {
    const patience = this.#patience.state();
    const { weights: earlier, ...fallback } = this.#fallback ?? {};
    const own: OwnState = {
      training: this.#training.state(),
      patience: patience.values,
      progress: this.#progress?.state(),
      iteration,
      objective: this.#objective,
      penalty: this.#penalised,
      loss: this.#loss,
      damping: this.#damping,
      hasMoved: this.#hasMoved,
      ridges: this.#ridges,
      outputRidge: this.#output.ridge,
      outputDamping: this.#output.damping,
      factors: this.#factors,
      ...(earlier && { fallback: fallback as NonNullable<OwnState['fallback']> }),
    };
    const moved = Object.fromEntries(this.#moved.map((step, l) => [`moved.${l}`, step]));
    const { residualBounds } = this.#training;
    const accepted = arraysOf('accepted', { hidden: this.#accepted, output: this.#acceptedOutput });
    return {
      values: { ...own },
      arrays: {
        ...accepted,
        ...moved,
        ...patience.arrays,
        ...(residualBounds && { residualBounds }),
        ...(earlier && arraysOf('fallback', earlier)),
      },
    };
  }

  /** To where `#assess` left it when the state was written; returns that iteration. */
  async #resume(state: State): Promise<number> {
    const training = this.#training;
    const own = state.values as unknown as OwnState;
    const numbers = [
      own.objective,
      own.penalty,
      own.damping,
      own.outputRidge,
      own.outputDamping,
      ...own.ridges,
      ...own.factors,
    ];
    if (!numbers.every(Number.isFinite) || own.damping < leastDamping || own.ridges.length !== this.#ridges.length)
      throw new ModelFileError('Expected a checkpoint with finite numbers of a training');
    training.resume(own.training);
    await this.#patience.resume({ ...state, values: own.patience });
    if (own.progress) this.#progress?.resume(own.progress);
    [this.#objective, this.#penalised, this.#damping] = [own.objective, own.penalty, own.damping];
    this.#loss = own.loss ?? Infinity;
    this.#factors = own.factors;
    this.#hasMoved = own.hasMoved;
    for (const [l, step] of this.#moved.entries()) await copyTo(step, arrayOf(state, `moved.${l}`, step));
    own.ridges.forEach((ridge, l) => (this.#ridges[l] = ridge));
    [this.#output.ridge, this.#output.damping] = [own.outputRidge, own.outputDamping];
    const { hidden, output } = snapshotOf('accepted', state, training.present());
    for (const [l, { weights }] of training.hidden.entries()) await copyTo(weights, hidden[l] as FloatArray);
    if (state.arrays.residualBounds)
      training.residualBounds = await copyOf(
        arrayOf(state, 'residualBounds', training.zeros(training.problem.outputs)),
      );
    if (own.fallback) {
      const weights = await copyOfSnapshot(snapshotOf('fallback', state, training.present()));
      const { bestIteration, layerReports, ridgeScales } = own.fallback.reported;
      const reported = { bestIteration, layerReports, ridgeScales };
      this.#fallback = { ...own.fallback, weights, loss: own.fallback.loss ?? Infinity, reported };
    }
    this.#totals = await this.#output.recall(this.#grams, output);
    await this.#accept();
    return own.iteration;
  }

  /** Huber's bounds from the present residuals, and the objective with them. */
  async #boundResiduals(): Promise<void> {
    await this.#output.boundResiduals();
    this.#totals = await this.#output.totals();
    this.#objective = this.#totals.squares / (2 * this.#training.rows) + this.#penalised;
  }

  /** Forward with the weights under trial, and the output layer solved on them. */
  async #evaluate(iteration: number, isLast: boolean): Promise<PassTotals> {
    const needed = iteration > 0 ? this.#gramsAfterFirst : this.#grams;
    const grams = isLast ? this.#grams.map(() => null) : needed;
    return this.#output.solve(grams, isLast, () => {
      if (iteration === 0) this.#chooseRidges();
    });
  }

  /** Those of hidden values; that of the network's inputs stays what it is. */
  get #gramsAfterFirst(): (FloatArray | null)[] {
    return this.#grams.map((gram, l) => (l === 0 ? null : gram));
  }

  /** Levenberg–Marquardt: more where the objective rose, less where it fell as the model said. */
  #adapt(gain: number, better: boolean): void {
    if (!better) this.#damping *= 4;
    else if (gain > 0.75) this.#damping = Math.max(this.#damping / 2, leastDamping);
    else if (gain < 0.25) this.#damping *= 2;
  }

  async #accept(): Promise<void> {
    this.#spare = this.#accepted;
    this.#accepted = this.#training.hidden.map((layer) => layer.weights);
    await copyTo(this.#acceptedOutput, this.#training.output.weights);
  }

  #chooseRidges(): void {
    const training = this.#training;
    const { ridgeScales, settings } = training;
    const { ridge } = settings;
    // Hidden weights have no units; their penalty has those of the objective. Output weights have the targets' own.
    const { variance = 1 } = training.problem;
    // Without iterations the hidden layers are not solved, and what their ridge hangs on is not summed.
    const solved = this.#iterations > 0 ? training.hidden : [];
    solved.forEach((_, l) => {
      this.#ridges[l] =
        ridge === 'auto'
          ? (ridgeScales[l] as number) *
            autoRidge.hidden *
            variance *
            meanSquare(this.#grams[l] as FloatArray, training.rows)
          : ridge.hidden;
    });
    this.#output.ridge =
      ridge === 'auto'
        ? (ridgeScales.at(-1) as number) * autoRidge.output * meanSquare(this.#output.gram, training.rows)
        : ridge.output;
  }

  /** Σ ridge ‖V‖² over all layers, at the weights under trial. */
  async #penalty(): Promise<number> {
    const training = this.#training;
    const layers = [...training.hidden, training.output];
    const ridges = [...this.#ridges, this.#output.ridge];
    let sum = 0;
    for (const [l, { weights, inputs, units }] of layers.entries())
      sum += (ridges[l] as number) * (await innerProduct(weights, weights, inputs * units));
    return sum;
  }

  /** A new step from the accepted weights, on the active samples; undefined where none can be found. */
  async #step(): Promise<Model | undefined> {
    const training = this.#training;
    const totals = this.#totals;
    const active = await training.markedRows(this.#output.marks, marked.active, totals.active);
    for (; this.#damping <= mostDamping; this.#damping *= 4) {
      await training.sweep(active, { cached: true, hiddenRhs: this.#change, slopes: this.#slopes });
      await call(training, 'curvature', {
        hidden: training.hidden,
        output: training.output,
        columns: training.problem.inputs.cols,
        slopes: this.#slopes,
        share: this.#output.share,
        samples: training.rows,
        weight: totals.weight,
      });
      if (await this.#solve()) return this.#advance(active);
    }
    return undefined;
  }

  /** ΔW of every hidden layer in place of AᵀE; false where a damped factor was not positive definite in this precision. */
  async #solve(): Promise<boolean> {
    const training = this.#training;
    for (const [l, { inputs, units, weights }] of training.hidden.entries()) {
      const { info, rcond, rcondCurvature } = await call(training, 'step', {
        gram: this.#grams[l] as FloatArray,
        columns: inputs,
        curvature: this.#slopes[l] as FloatArray,
        units,
        rhs: this.#change[l] as FloatArray,
        weights,
        samples: training.rows,
        ridge: this.#ridges[l] as number,
        damping: this.#damping,
        change: this.#change[l] as FloatArray,
      });
      if (info > 0) return false;
      const report = training.layerReports[l] as LayerReport;
      const ridge = this.#ridges[l];
      Object.assign(report, { solver: 'cholesky', rank: inputs + 1, rcond, rcondCurvature, ridge });
    }
    return true;
  }

  /** Goes to the least of the quadratic model over the plane of ΔW and the step before, and returns the model. */
  async #advance(active: RowSet): Promise<Model> {
    const training = this.#training;
    const right = this.#outputRhs;
    const { slope, curvature } = await training.tangent(
      active,
      this.#change,
      this.#hasMoved ? this.#moved : undefined,
      right,
    );
    const taken = await this.#output.takenUp(right);
    const left = curvature.map((sum, i) => sum - (taken[i] as number));
    // Rounding may leave less than nothing: then as if the output layer took nothing up.
    const rounding = 16 * epsilon(this.#acceptedOutput);
    const isPositive = [0, 2].every((i) => (left[i] as number) >= rounding * (curvature[i] as number));
    const own = isPositive ? left : curvature;
    const [g0, g1, q00, q01, q11] = [...slope, ...own].map((sum) => sum / training.rows) as Five;
    const [r0, r1, r00, r01, r11] = await this.#ridgeProducts();
    const stride = training.sampleRule === 'margin' && training.problem.labels ? oneSidedStride : 1;
    const least = minimise(g0 - r0, g1 - r1, q00 + r00, q01 + r01, q11 + r11);
    const [alpha, beta] = [stride * least[0], stride * least[1]];
    await this.#move(this.#change, alpha, beta);
    this.#hasMoved = true;
    return {
      linear: alpha * (g0 - r0) + beta * (g1 - r1),
      quadratic: alpha ** 2 * (q00 + r00) + 2 * alpha * beta * (q01 + r01) + beta ** 2 * (q11 + r11),
    };
  }

  /** Σ ridge <W, D_i> and Σ ridge <D_i, D_j> of the two directions, over the weights without biases. */
  async #ridgeProducts(): Promise<Five> {
    const training = this.#training;
    const all: Five = [0, 0, 0, 0, 0];
    for (const [l, { weights, inputs, units }] of training.hidden.entries()) {
      const [change, moved] = [this.#change[l] as FloatArray, this.#moved[l] as FloatArray];
      const sums: Five = [0, 0, 0, 0, 0];
      for await (const [begin, end] of turns(inputs * units, 5)) addProducts(sums, weights, change, moved, begin, end);
      sums.forEach((sum, i) => ((all[i] as number) += (this.#ridges[l] as number) * sum));
    }
    return all;
  }

  /** Trial weights: accepted + α direction + β (the step before), which becomes the step under trial. */
  async #move(direction: FloatArray[], alpha: number, beta: number): Promise<void> {
    const training = this.#training;
    for (const [l, layer] of training.hidden.entries()) {
      const moved = this.#moved[l] as FloatArray;
      const next = this.#spare[l] as FloatArray;
      const weights = this.#accepted[l] as FloatArray;
      const change = direction[l] as FloatArray;
      await call(training, 'combine', { weights, change, moved, alpha, beta, length: moved.length, next });
      layer.weights = next;
    }
    await copyTo(training.output.weights, this.#acceptedOutput);
  }

  /** Other first weights, where those there are tell nothing, so that no step can be found; once. */
  async #drawAnew(iteration: number): Promise<Model | undefined> {
    if (iteration > 0) return undefined;
    const training = this.#training;
    training.hidden.forEach((layer, l) => (layer.weights = this.#spare[l] as FloatArray));
    await drawAnew(training);
    this.#damping = firstDamping;
    return { linear: 0, quadratic: 0 };
  }

  /** The refused step again, shorter. */
  async #shorten(): Promise<Model> {
    await this.#move(this.#moved, shrinkage, 0);
    const { linear, quadratic } = this.#model;
    return { linear: linear * shrinkage, quadratic: quadratic * shrinkage ** 2 };
  }
}

type Five = [number, number, number, number, number];

/** Five products of three vectors, on top of those before. In one function without pairs, which are garbage by the row. */
function addProducts(sums: Five, w: FloatArray, x: FloatArray, y: FloatArray, begin: number, end: number): void {
  let [wx, wy, xx, xy, yy] = sums;
  for (let i = begin; i < end; i++) {
    const own = w[i] as number;
    const first = x[i] as number;
    const second = y[i] as number;
    wx += own * first;
    wy += own * second;
    xx += first * first;
    xy += first * second;
    yy += second * second;
  }
  [sums[0], sums[1], sums[2], sums[3], sums[4]] = [wx, wy, xx, xy, yy];
}

function predicted({ linear, quadratic }: Model): number {
  return Math.max(linear - quadratic / 2, Number.MIN_VALUE);
}

/** (α, β) least for −α g0 − β g1 + ½ (α² q00 + 2αβ q01 + β² q11); β = 0 where the directions are parallel. */
function minimise(g0: number, g1: number, q00: number, q01: number, q11: number): [number, number] {
  const determinant = q00 * q11 - q01 ** 2;
  if (determinant > 1e-6 * q00 * q11) return [(q11 * g0 - q01 * g1) / determinant, (q00 * g1 - q01 * g0) / determinant];
  return [q00 > 0 ? g0 / q00 : 0, 0];
}
