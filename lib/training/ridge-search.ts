import { epsilon } from '../matrix.js';
import { usualActivation, type Activation } from '../network/activation.js';
import type { Standardization } from '../network/network.js';
import { calibration, type Calibration, type HeldScores } from '../network/temperature.js';
import { isCalibrated } from '../options.js';
import { createRandom } from '../random.js';
import type { RidgeSearch } from '../report.js';
import type { Columns } from './columns.js';
import { fewestFolds, mostTrialRows, searchSizes, type SearchSizes } from './layout.js';
import { Memory } from './memory.js';
import { manyRows } from './progress.js';
import { copiesTogether } from './repeats.js';
import { shrinkageOf, type OutputSums } from './shrinkage.js';
import { compressTails } from './standardize.js';
import type { Training } from './training.js';
import { partOf, spannedPart, type Part } from './trial-parts.js';
import { judge, trialIterations, trialSettings, type Judged } from './trial.js';

/** From one trial to the next. */
const stride = 4;
/** From the usual scale either way. */
const mostStrides = 16;
/** Weaker than the usual scale, or the best, where once more is looked, with each activation; or as far as there is room. */
const [farStrides, leastFarStrides] = [6, 3];
/** A ridge of less than some 30 times the rounding unit no longer makes a layer well posed: the least scale over ε. */
const leastScale = 2 ** 16;
/** A trial is better if its loss is less by this share. */
const better = 2e-3;
/** A trial that has this many times the loss of the best in each of the first folds is not made in the others. */
const ruledOut = 1.1;
/** Elu is taken where its loss is slightly less, by this share; of many rows, and two-sided targets, clearly. */
const [slightly, clearly] = [0.01, 0.05];
/** Rows of which a linear model may be the best. Where the trials have not all of them, it has to be so clearly. */
const mostLinearRows = 4 * mostTrialRows;
/** Of a linear model that loses so many times what hidden units do no other ridge is tried. */
const outclassed = 2;
/** A linear model that loses so many times what hidden units do, within these, is compared with them in all folds. */
const [closeBelow, closeAbove] = [2 / 3, 1.15];

/**
 * The penalty per sample that is best falls about as the rows to the power of −¾; at so many rows it is `autoRidge`
 * itself. Both measured, like all figures here, on validation parts of the training data: MNIST, Fashion-MNIST, and tables
 * of 350 to 80,000 rows.
 */
const scaleAt = (rows: number, strides: number) => (100_000 / rows) ** 0.75 * stride ** strides;

/**
 * Chooses the scale of `ridge: 'auto'`: short trainings on a part of the rows, each judged by its residuals on rows held
 * out, at scales four times apart, from the usual one as far as the loss falls; and the activation that is left to `auto`.
 * What is best for those rows and narrow layers is carried over to all of them, and so is how the probabilities of the best
 * trial are to be calibrated. The trials take their memory in turn, where sizes agree what the training takes afterwards.
 */
export async function searchRidge(training: Training, columns: Columns): Promise<void> {
  const { problem, settings } = training;
  const { inputs } = problem;
  const shape = { rows: training.weightedRows, inputs: inputs.cols, outputs: problem.outputs };
  const sizes = searchSizes(shape, settings, inputs.data.BYTES_PER_ELEMENT);
  // Of classes that are met once no row can be spared to judge by.
  const isMetOnce = problem.labels && shape.rows < 2 * problem.outputs;
  if (!sizes || isMetOnce) return;
  const started = performance.now();
  const before = training.operations;
  const search = await Search.of(training, sizes);
  let best = await search.leastAround(await search.trial(usualActivation, 0));
  // Of coordinates in the space of the rows none has another unit.
  const compressed = search.spans ? undefined : await compressTails(training, columns);
  best = await search.withoutTails(best, compressed);
  best = await search.farWeaker(best);
  const isFree = settings.hidden.some(({ activation }) => activation === 'auto');
  if (isFree) best = await search.bestActivation(best);
  // What has no bound follows a far value as far as it goes.
  if (best.activation !== usualActivation) best = await search.withoutTails(best, compressed);
  best = await search.twoSided(best);
  training.residualBounds = undefined;
  training.activate(best.activation);
  training.inverseTemperature = (await search.calibration(best))?.inverseTemperature;
  const scale = search.scaleOf(best);
  training.ridgeScales.fill(scale);
  const shrinkage = best.sums.length > 0 && shrinkageOf(best.sums, sizes.fit, training.weightedRows);
  training.ridgeSearch = {
    scale,
    ...(isFree && { activation: best.activation }),
    ...(training.standardization?.asinh && { asinh: true }),
    ...search.samples,
    ...(shrinkage && { shrinkage }),
    rows: sizes.fit + sizes.held,
    folds: sizes.folds,
    trials: search.trials.map(({ activation, ...rest }) => ({ ...rest, ...(isFree && { activation }) })),
    operations: training.operations - before,
    seconds: (performance.now() - started) / 1000,
  };
}

/** One scale and activation in all folds. */
interface Trial {
  activation: Activation;
  /** From the usual scale. */
  strides: number;
  /** A mean over the held-out rows; of a trial given up, a rival's times the ratio of both where both were judged. */
  loss: number;
  /** Fold by fold. */
  squares: number[];
  scores: HeldScores[];
  /** Of a regressor of several outputs, fold by fold. */
  sums: OutputSums[];
  /** Of the scores, once it was asked for. */
  calibration?: Calibration;
  /** Its entry in the report. */
  note: RidgeSearch['trials'][number];
}

class Search {
  readonly trials: (RidgeSearch['trials'][number] & { activation: Activation })[] = [];
  readonly #training: Training;
  readonly #sizes: SearchSizes;
  /** Rows, of which each fold holds out others. */
  readonly #order: Int32Array;
  readonly #parts: Part[] = [];
  /** Under the present standardisation. */
  #made = new Map<string, Trial>();
  /** Of the folds that are judged beside another. */
  readonly #memories: Memory[] = [];
  readonly #iterations: number;

  private constructor(training: Training, sizes: SearchSizes, order: Int32Array) {
    this.#training = training;
    this.#sizes = sizes;
    this.#order = order;
    this.#iterations = trialIterations(training.settings);
  }

  static async of(training: Training, sizes: SearchSizes): Promise<Search> {
    const drawn = training.drawRows(sizes.fit + sizes.held);
    const { problem, settings, signal } = training;
    const order = await copiesTogether(problem, drawn, createRandom(settings.seed), signal);
    const search = new Search(training, sizes, order);
    await search.#divide();
    return search;
  }

  /** The rows of the folds, under the training's standardisation. */
  async #divide(): Promise<void> {
    this.#parts.length = 0;
    for (let fold = 0; fold < this.#sizes.folds; fold++) this.#parts.push(await this.#part(fold));
  }

  /** Whether trials are on coordinates in the space of their rows. */
  get spans(): boolean {
    return this.#sizes.inputs < this.#training.problem.inputs.cols;
  }

  #part(fold: number): Promise<Part> {
    const [training, sizes, order] = [this.#training, this.#sizes, this.#order];
    return this.spans ? spannedPart(training, sizes, order, fold) : partOf(training, sizes, order, fold);
  }

  /** Given up where each of the first folds had `bound` times the loss of the rival. */
  async trial(activation: Activation, strides: number, rival?: Trial, bound = ruledOut): Promise<Trial> {
    const key = this.#keyOf(activation, strides);
    const known = this.#made.get(key);
    if (known) return known;
    const { fit, held, folds, abreast } = this.#sizes;
    const scale = scaleAt(fit, strides);
    const squares: number[] = [];
    const scores: HeldScores[] = [];
    const sums: OutputSums[] = [];
    while (squares.length < folds) {
      const begin = squares.length;
      // The first trial of Huber's loss finds what all are judged by.
      const most = this.#training.findsBounds ? 1 : begin < fewestFolds ? fewestFolds - begin : folds;
      const parts = this.#parts.slice(begin, begin + Math.min(most, abreast));
      for (const judged of await this.#judge(parts, activation, scale)) {
        squares.push(judged.squares);
        if (judged.scores) scores.push(judged.scores);
        if (judged.sums) sums.push(judged.sums);
      }
      const worse =
        rival?.squares.filter((theirs, fold) => theirs > 0 && (squares[fold] ?? 0) > bound * theirs).length ?? 0;
      if (worse === squares.length && worse === fewestFolds && Number.isFinite(rival?.loss)) break;
    }
    const ratio = rival ? sum(squares) / sum(rival.squares.slice(0, squares.length)) : NaN;
    const loss = squares.length < folds && rival ? rival.loss * ratio : sum(squares) / (held * folds);
    const note = this.#note(activation, scale, loss);
    // Those of one that is clearly not the best are never asked for.
    const trial: Trial = {
      activation,
      strides,
      loss,
      squares,
      scores: rival && !(loss < rival.loss * closeAbove) ? [] : scores,
      sums,
      note,
    };
    this.#made.set(key, trial);
    return trial;
  }

  #keyOf(activation: Activation, strides: number): string {
    return [activation, strides, this.#training.sampleRule].join(' ');
  }

  /** Both ways from a trial: where a strong ridge leaves nothing to learn, the loss is level on one side. */
  async leastAround(first: Trial): Promise<Trial> {
    let best = first;
    for (const direction of [1, -1]) {
      for (let strides = first.strides + direction; this.#isUsable(strides); strides += direction) {
        const next = await this.trial(first.activation, strides, best);
        const edge = (best.strides - first.strides) * direction > 0 ? best.strides : first.strides;
        const isOver = strides !== edge + direction || !(next.loss < best.loss);
        if (next.loss < best.loss * (1 - better)) best = instead(next, best);
        else {
          instead(best, next);
          if (isOver) break;
        }
      }
    }
    return best;
  }

  /** With asinh of the columns that have heavy tails, where that loses less; leaves the training so. */
  async withoutTails(plain: Trial, compressed: Standardization | undefined): Promise<Trial> {
    const training = this.#training;
    const [made, { standardization }] = [this.#made, training];
    if (!compressed || compressed === standardization) return plain;
    this.#made = new Map();
    training.standardization = compressed;
    await this.#divide();
    const other = await this.leastAround(await this.trial(plain.activation, plain.strides, plain));
    if (other.loss < plain.loss * (1 - better)) return other;
    this.#made = made;
    training.standardization = standardization;
    await this.#divide();
    return plain;
  }

  /**
   * Where the loss is level about the usual ridge since nothing is learnt there, a far weaker one may show that there
   * is.
   */
  async farWeaker(best: Trial): Promise<Trial> {
    const far = await this.#farFrom(best, best.activation);
    return far && far.loss < best.loss * (1 - better) ? this.leastAround(far) : best;
  }

  async #farFrom(best: Trial, activation: Activation): Promise<Trial | undefined> {
    const from = Math.min(best.strides, 0);
    let strides = from - farStrides;
    while (strides < from - leastFarStrides && !this.#isUsable(strides)) strides++;
    return this.#isUsable(strides) ? this.trial(activation, strides, best, 1) : undefined;
  }

  #note(activation: Activation, scale: number, loss: number): Trial['note'] {
    const asinh = this.#training.standardization?.asinh !== undefined;
    const note = { activation, scale, iterations: this.#iterations, loss, ...(asinh && { asinh }), ...this.samples };
    this.trials.push(note);
    return note;
  }

  /** What the report says of the targets where these were to be found. */
  get samples(): Pick<RidgeSearch, 'samples'> {
    const { settings, sampleRule } = this.#training;
    return settings.samples === 'auto' && sampleRule === 'all' ? { samples: sampleRule } : {};
  }

  /** What makes the scores of the held-out rows, which are let go of then, probabilities; undefined where there are none. */
  async calibration(trial: Trial): Promise<Calibration | undefined> {
    if (trial.calibration) return trial.calibration;
    const { problem, settings } = this.#training;
    if (!problem.labels || !isCalibrated(settings)) return undefined;
    if (trial.scores.length < this.#parts.length) trial.scores = await this.#scoresOf(trial);
    const found = await calibration(trial.scores);
    if (found) [trial.calibration, trial.scores, trial.note.logLoss] = [found, [], found.logLoss];
    return trial.calibration;
  }

  /** Those that were let go of, once more. */
  async #scoresOf(trial: Trial): Promise<HeldScores[]> {
    const all: HeldScores[] = [];
    for (const part of this.#parts) {
      const { scores } = await this.#judgeOnce(part, trial);
      if (scores) all.push(scores);
    }
    return all;
  }

  /**
   * With two-sided targets, where the classes of the held-out rows are clearly likelier with them, or likelier by a linear
   * model than by hidden units; leaves the training so.
   */
  async twoSided(oneSided: Trial): Promise<Trial> {
    const training = this.#training;
    const loss = training.settings.samples === 'auto' ? await this.#logLoss(oneSided) : Infinity;
    if (loss === Infinity) return oneSided;
    training.sampleRule = 'all';
    let [best, least] = [oneSided, loss];
    const { activation, strides } = oneSided;
    // With the ridge of the one-sided one; a linear one costs next to nothing, and its best ridge may be far from that.
    let trial = await this.trial(activation, strides);
    if (this.#isLinear(activation)) trial = await this.leastAround(trial);
    const own = await this.#logLoss(trial);
    if (own < loss * (1 - clearly)) [best, least] = [trial, own];
    if (!this.#isLinear(activation) && this.#mayBeLinear()) {
      let linear = await this.trial('identity', strides);
      if ((await this.#logLoss(linear)) < least * outclassed) linear = await this.leastAround(linear);
      if ((await this.#logLoss(linear)) < least * (1 - this.#leadOfLinear)) best = linear;
    }
    if (best === oneSided) training.sampleRule = 'margin';
    return best;
  }

  #isLinear(activation: Activation): boolean {
    return activation === 'identity' || this.#training.settings.hidden.length === 0;
  }

  async #logLoss(trial: Trial): Promise<number> {
    return (await this.calibration(trial))?.logLoss ?? Infinity;
  }

  /** Of the usual activation's best trial and others. */
  async bestActivation(usual: Trial): Promise<Trial> {
    let best = usual;
    // What has no bound above wants a weaker penalty, or the same; a linear model one weaker still.
    const elu = lesser(await this.#rival('elu', best, 1), await this.#farFrom(best, 'elu'));
    const isMany = this.#training.weightedRows >= manyRows;
    const isElu = elu.loss < best.loss * (1 - (isMany ? clearly : slightly));
    best = isElu ? await this.leastAround(instead(elu, best)) : instead(best, elu);
    if (!this.#mayBeLinear()) return best;
    const around = (trial: Trial) => (trial.loss < best.loss * outclassed ? this.leastAround(trial) : trial);
    const near = await around(await this.#rival('identity', best, 2));
    const linear = await around(lesser(near, await this.#farFrom(best, 'identity')));
    const leading = await this.#leading(linear, best, this.#leadOfLinear);
    return leading ? instead(leading, best) : instead(best, linear);
  }

  /**
   * A linear model, where it loses less by that share than another trial: in all folds, where those of a trial are fewer and
   * leave it open; then with the ridge of least loss in these, its own or next to it, which costs little.
   */
  async #leading(linear: Trial, other: Trial, share: number): Promise<Trial | undefined> {
    const ratio = linear.loss / other.loss;
    const isJudged = [linear, other].every(({ squares }) => squares.length === this.#sizes.mostFolds);
    if (isJudged || !(ratio > closeBelow && ratio < closeAbove)) return ratio < 1 - share ? linear : undefined;
    const near = [linear, ...this.#neighbours(linear).filter((trial) => trial !== undefined)];
    await this.#crossJudge([other, ...near]);
    const least = near.reduce((a, b) => (crossLoss(b) < crossLoss(a) ? b : a));
    if (!(crossLoss(least) < crossLoss(other) * (1 - share))) return undefined;
    return instead(least, linear);
  }

  async #crossJudge(trials: Trial[]): Promise<void> {
    const { mostFolds, held } = this.#sizes;
    const sums = trials.map(({ squares }) => sum(squares));
    for (let fold = 0; fold < mostFolds; fold++) {
      const part = this.#parts[fold] ?? (await this.#part(fold));
      for (const [k, trial] of trials.entries())
        if (fold >= trial.squares.length) sums[k] = (sums[k] as number) + (await this.#judgeOnce(part, trial)).squares;
    }
    trials.forEach(({ note }, k) => (note.crossLoss = (sums[k] as number) / (mostFolds * held)));
  }

  async #judgeOnce(part: Part, { activation, strides }: Trial): Promise<Judged> {
    return (await this.#judge([part], activation, scaleAt(this.#sizes.fit, strides)))[0] as Judged;
  }

  /** With a ridge one stride weaker and stronger, where these were made. */
  #neighbours({ activation, strides }: Trial): [Trial | undefined, Trial | undefined] {
    const at = (way: number) => this.#made.get(this.#keyOf(activation, strides + way));
    return [at(-1), at(1)];
  }

  get #leadOfLinear(): number {
    return this.#training.weightedRows <= mostTrialRows ? 0 : clearly;
  }

  /**
   * Nothing asks for hidden units; and rows are not so many that they might show what is not linear where the trials do
   * not.
   */
  #mayBeLinear(): boolean {
    const { settings, weightedRows } = this.#training;
    const { hidden, image, mask, iterations } = settings;
    const asked = image ?? mask ?? (iterations === 0 || hidden.some(({ activation }) => activation !== 'auto'));
    return weightedRows <= mostLinearRows && hidden.length > 0 && !asked;
  }

  /** For all rows: from a trial and its neighbours, by all folds where these judged them. */
  scaleOf(trial: Trial): number {
    const near = this.#neighbours(trial);
    const lossOf = near.some((other) => other?.note.crossLoss) ? crossLoss : ({ loss }: Trial) => loss;
    const [below, above] = near.map((other) => other && lossOf(other));
    return scaleAt(this.#training.weightedRows, trial.strides + vertex(below, lossOf(trial), above));
  }

  /** Of another activation, with the same ridge or one weaker by so many strides, again and again as the loss falls. */
  async #rival(activation: Activation, best: Trial, weaker: number): Promise<Trial> {
    let least = await this.trial(activation, best.strides, best, 1);
    for (let strides = best.strides - weaker; this.#isUsable(strides); strides -= weaker) {
      const next = await this.trial(activation, strides, best, 1);
      if (!(next.loss < least.loss * (1 - better))) return lesser(least, next);
      least = instead(next, least);
    }
    return least;
  }

  #isUsable(strides: number): boolean {
    const { weightedRows, problem } = this.#training;
    return (
      Math.abs(strides) <= mostStrides && scaleAt(weightedRows, strides) >= leastScale * epsilon(problem.inputs.data)
    );
  }

  /** Some of the folds, side by side: of few rows a call takes less than the way to it and back. */
  async #judge(parts: Part[], activation: Activation, scale: number): Promise<Judged[]> {
    const own = trialSettings(this.#training.settings, this.#sizes);
    // Where identity is tried instead of another activation, it is a linear model, solved as such.
    const hidden = activation === 'identity' ? [] : own.hidden;
    const settings = { ...own, hidden, samples: this.#training.sampleRule };
    const judging = parts.map((part, i) => {
      const memory = i === 0 ? this.#training.memory : (this.#memories[i - 1] ??= new Memory(part.fit.inputs.data));
      return memory.lend(() => judge(this.#training, part, memory, settings, activation, scale));
    });
    // Where one fails, the others are still at work on what they were lent.
    await Promise.allSettled(judging);
    return Promise.all(judging);
  }
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
/** By all folds, where they judged it. */
const crossLoss = ({ note }: Trial): number => note.crossLoss ?? Infinity;
/** The one of less loss; the other's scores are let go of. */
function lesser(a: Trial, b?: Trial): Trial {
  if (!b) return a;
  return b.loss < a.loss ? instead(b, a) : instead(a, b);
}

/** The one that is taken; the other's scores are let go of. */
function instead(taken: Trial, left: Trial): Trial {
  if (left !== taken) left.scores = [];
  return taken;
}

/**
 * Where between -½ and ½ the parabola through (-1, below), (0, least), (1, above) has its least; 0 where one is unknown. A
 * neighbour that is hardly lower was not followed: without the bounds the least might be far away.
 */
export function vertex(below = Infinity, least: number, above = Infinity): number {
  const curvature = below - 2 * least + above;
  if (!Number.isFinite(curvature) || curvature <= 0) return 0;
  return Math.max(-1 / 2, Math.min(1 / 2, (below - above) / (2 * curvature)));
}
