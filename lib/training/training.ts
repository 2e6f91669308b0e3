import type {
  RawCalls,
  RawLayer,
  RawOutcome,
  RawPass,
  RawPeel,
  RawRows,
  RawSweep,
  RawTargets,
} from '../../binding/index.js';
import { inBatches } from '../batches.js';
import { AbortedError } from '../errors.js';
import { callEach, type Lane } from '../lane.js';
import { allocate, type FloatArray } from '../matrix.js';
import { activationCode, activationOf, usualActivation, type Activation } from '../network/activation.js';
import { Network, type Standardization } from '../network/network.js';
import type { SampleRule, Settings } from '../options.js';
import { createRandom, drawRows, type Random } from '../random.js';
import type { IterationReport, LayerReport, RidgeSearch, TrainReport } from '../report.js';
import { turns } from '../turns.js';
import { copyOf, scale } from '../vectors.js';
import { layout } from './layout.js';
import { Memory } from './memory.js';
import type { Problem } from './problem.js';

export interface HiddenState {
  readonly inputs: number;
  readonly units: number;
  activation: number;
  weights: FloatArray;
}

/**
 * All rows, or a part of them: those whose activations are `kept`, or those of `indices`, the kept ones first; `slots` is
 * where these are.
 */
export interface RowSet {
  readonly count: number;
  readonly kept?: boolean;
  readonly indices?: Int32Array;
  readonly slots?: Int32Array;
}

interface Batch extends Partial<RowSet> {
  readonly start: number;
  readonly count: number;
  readonly slot?: number;
}

/** What a caller asks a pass for, beside the rows and the targets. */
type Asked<Raw extends RawPass & Partial<RawTargets>> = Omit<Raw, keyof RawPass | keyof RawTargets>;

/** Sums over a pass. */
export interface PassTotals {
  squares: number;
  active: number;
  /** Weights of the active rows, in sum. */
  weight: number;
  misclassified: number;
}

const demands: Record<SampleRule, number> = { all: 0, misclassified: 1, margin: 2 };

/** What a sweep marks rows with. */
export const marked = { active: 1, misclassified: 2 };

/** Weights of all layers as they were at one moment. */
export interface Snapshot {
  hidden: FloatArray[];
  output: FloatArray;
}

/** Of a training that is under way, as JSON takes it. */
export interface TrainingState {
  layerReports: LayerReport[];
  iterations: IterationReport[];
  bestIteration: number;
  operations: number;
  seconds: number;
  ridgeScales: number[];
  ridgeSearch?: RidgeSearch | undefined;
  inverseTemperature?: number | undefined;
}

/** Numbers that could be touched while one slot is computed. */
const costOfSlot = 4;

/**
 * The state of one training, and the passes over its rows. The rules for the hidden layers (gauss-newton.ts, peel.ts)
 * decide which passes to make and what to solve; nothing here decides.
 */
export class Training implements Lane {
  readonly problem: Problem;
  readonly settings: Settings;
  /** Where what lasts as long as the training comes from. */
  readonly memory: Memory;
  readonly random: Random;
  readonly hidden: HiddenState[];
  readonly output: RawLayer;
  layerReports: LayerReport[];
  readonly iterations: IterationReport[] = [];
  readonly batch: number;
  readonly #topBatch: number;
  standardization: Standardization | undefined;
  /** Of the samples: the problem's, less those that are held out. */
  weights: FloatArray | undefined;
  /** What samples ask for; left to `auto`, the search may change it. */
  sampleRule: SampleRule;
  /** Rows that a HeldOut took out. */
  heldOut = 0;
  operations = 0;
  /** Of `ridge: 'auto'`, layer by layer, what ridge-search.ts finds. */
  ridgeScales: number[];
  ridgeSearch: RidgeSearch | undefined;
  /** Of the scores of a classifier, what held-out rows say that their factor is to be. */
  inverseTemperature: number | undefined;
  /** Of Huber's loss, one for each output. */
  residualBounds: FloatArray | undefined;
  bestIteration = 0;
  /** Whether the caller has had enough. */
  isStopped = false;
  readonly #cache: FloatArray | undefined;
  readonly #cacheRows: number;
  /** Batches of all rows, and how many of them are kept. */
  readonly #blocks: number;
  readonly #keptBlocks: number;
  #started = performance.now();

  /** `keeps`: activations, for later passes over the same rows. */
  constructor(problem: Problem, settings: Settings, memory = new Memory(problem.inputs.data), keeps = true) {
    this.memory = memory;
    this.problem = problem;
    this.weights = problem.weights;
    this.settings = settings;
    this.sampleRule = settings.samples === 'auto' ? 'margin' : settings.samples;
    this.random = createRandom(settings.seed);
    let inputs = problem.inputs.cols;
    this.hidden = settings.hidden.map(({ units, activation }) => {
      const layer = {
        inputs,
        units,
        activation: activationCode(activation === 'auto' ? usualActivation : activation),
        weights: memory.take((inputs + 1) * units),
      };
      inputs = units;
      return layer;
    });
    this.output = {
      weights: memory.take((inputs + 1) * problem.outputs),
      inputs,
      units: problem.outputs,
      activation: 0,
    };
    if (problem.bias) this.output.weights.set(problem.bias, inputs * problem.outputs);
    this.layerReports = [...this.hidden, this.output].map((layer, l) => ({
      layer: l + 1,
      inputs: layer.inputs,
      units: layer.units,
      solver: 'none',
      rank: 0,
      rcond: 0,
      ridge: 0,
    }));
    this.ridgeScales = this.layerReports.map(() => 1);
    const shape = { rows: this.originals, inputs: problem.inputs.cols, outputs: problem.outputs };
    const { batch, topBatch, cacheRows: kept } = layout(shape, settings, problem.inputs.data.BYTES_PER_ELEMENT);
    const cacheRows = keeps ? kept : 0;
    const width = this.hidden.reduce((sum, layer) => sum + layer.units, 0);
    this.batch = batch;
    this.#topBatch = topBatch;
    this.#cacheRows = cacheRows;
    this.#blocks = Math.ceil(this.rows / batch);
    this.#keptBlocks = cacheRows === this.rows ? this.#blocks : cacheRows / batch;
    this.#cache = cacheRows > 0 ? memory.take(cacheRows * width) : undefined;
  }

  /** Whether Huber's bounds are still to be found. */
  get findsBounds(): boolean {
    return this.settings.loss === 'huber' && this.residualBounds === undefined;
  }

  get threads(): number {
    return this.settings.threads;
  }

  get signal(): AbortSignal | undefined {
    return this.settings.signal;
  }

  get rows(): number {
    return this.problem.inputs.rows;
  }

  /** Of the rows, those that are no copies: what is drawn is drawn of these. */
  get originals(): number {
    return this.problem.originals ?? this.rows;
  }

  /** Of them, those that have a weight. */
  get weightedRows(): number {
    return this.problem.weighted?.length ?? this.originals;
  }

  /** One of them, of the training's own random numbers. */
  drawRow(): number {
    const drawn = this.random.integer(this.weightedRows);
    return this.problem.weighted?.[drawn] ?? drawn;
  }

  /** So many of them, no two the same, by the seed alone. */
  drawRows(count: number): Int32Array {
    const drawn = drawRows(this.weightedRows, count, createRandom(this.settings.seed));
    const { weighted } = this.problem;
    return weighted ? drawn.map((i) => weighted[i] as number) : drawn;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** That it has taken so long already. */
  set seconds(taken: number) {
    this.#started = performance.now() - 1000 * taken;
  }

  zeros(length: number): FloatArray {
    return allocate(this.problem.inputs.data, length);
  }

  samples(): Pick<RawRows, 'inputs' | 'samples' | 'columns' | 'shift' | 'scale' | 'asinh'> {
    const { data, rows, cols } = this.problem.inputs;
    return { inputs: data, samples: rows, columns: cols, ...this.standardization };
  }

  /** The rows whose activations are kept, spread evenly over all of them; as many as `cachedShare` says. */
  get kept(): RowSet {
    return { count: this.#cacheRows, kept: true };
  }

  /** How many of them have a weight. */
  async weightedKept(): Promise<number> {
    const weights = this.weights;
    if (!weights || this.#cacheRows === 0) return this.#cacheRows;
    let count = 0;
    for await (const [begin, end] of turns(this.rows, costOfSlot))
      for (let row = begin; row < end; row++) if ((weights[row] as number) > 0 && this.#slotOf(row) >= 0) count++;
    return count;
  }

  /**
   * Where a row's activations are kept, -1 where they are not. Of every run of blocks the same share is, and the last,
   * shorter one only if all are.
   */
  #slotOf(row: number): number {
    const block = Math.floor(row / this.batch);
    const slot = Math.ceil((block * this.#keptBlocks) / this.#blocks);
    const isKept = Math.ceil(((block + 1) * this.#keptBlocks) / this.#blocks) > slot;
    return isKept ? slot * this.batch + (row % this.batch) : -1;
  }

  async rowSet(indices: Int32Array): Promise<RowSet> {
    const count = indices.length;
    if (this.#keptBlocks === this.#blocks) return { count, indices, slots: indices };
    const ordered = new Int32Array(count);
    const slots = new Int32Array(count);
    let [kept, rest] = [0, count];
    for await (const [begin, end] of turns(count, costOfSlot))
      for (let i = begin; i < end; i++) {
        const row = indices[i] as number;
        const slot = this.#slotOf(row);
        if (slot >= 0) {
          slots[kept] = slot;
          ordered[kept++] = row;
        } else ordered[--rest] = row;
      }
    ordered.subarray(kept).reverse();
    return { count, indices: ordered, slots: slots.subarray(0, kept) };
  }

  /** Batches of a row set, each kept or not; larger ones where no layer but the top is read, and that is kept. */
  *#batches({ count: total, indices, slots, kept = false }: RowSet, ofTop: boolean): Generator<Batch> {
    if (!indices) {
      if (ofTop && this.#keptBlocks === this.#blocks) {
        for (const { start, count } of inBatches(this.rows, this.#topBatch, {})) yield { start, count, slot: start };
        return;
      }
      for (let start = 0; start < this.rows; start += this.batch) {
        const slot = this.#slotOf(start);
        const count = Math.min(this.batch, this.rows - start);
        if (slot >= 0) yield { start, count, slot };
        else if (!kept) yield { start, count };
      }
      return;
    }
    const edge = slots?.length ?? 0;
    for (let start = 0; start < total;) {
      const end = start < edge ? edge : total;
      const count = Math.min(this.batch, end - start);
      yield { start, count, indices, ...(start < edge && { slots }) };
      start += count;
    }
  }

  /** One native call for each batch of the rows; `args` is the rest of its arguments. */
  async #pass<Name extends 'sweep' | 'peel' | 'tangent'>(
    name: Name,
    set: RowSet,
    args: Omit<RawCalls[Name][0], keyof RawPass>,
    add?: (outcome: RawCalls[Name][1] & RawOutcome) => void,
    ofTop = false,
  ): Promise<void> {
    await callEach(this, name, this.#calls<Name>(set, args, ofTop), add);
  }

  *#calls<Name extends 'sweep' | 'peel' | 'tangent'>(
    set: RowSet,
    args: Omit<RawCalls[Name][0], keyof RawPass>,
    ofTop: boolean,
  ): Generator<RawCalls[Name][0]> {
    const fixed = { ...this.samples(), hidden: this.hidden, output: this.output };
    const cache = { cache: this.#cache, cacheRows: this.#cacheRows };
    let clear = true;
    for (const rows of this.#batches(set, ofTop)) {
      const isKept = rows.slot !== undefined || rows.slots;
      const pass: RawPass = { ...fixed, ...rows, ...(isKept && cache), clear };
      yield { ...args, ...pass } as RawCalls[Name][0];
      clear = false;
    }
  }

  #targets(samples: SampleRule): RawTargets {
    const { labels, targets, positive = 1, negative = -1 } = this.problem;
    return {
      ...(labels && { labels }),
      ...(targets && { targets }),
      ...(this.weights && { sampleWeights: this.weights }),
      ...(this.residualBounds && { residualBounds: this.residualBounds }),
      positive,
      negative,
      demand: demands[samples],
    };
  }

  /** Forward or from the cache, residuals by the sample rule, and the sums that `into` names. */
  async sweep(
    set: RowSet,
    into: Asked<RawSweep> & Pick<RawTargets, 'sampleWeights'>,
    samples: SampleRule = this.sampleRule,
  ): Promise<PassTotals> {
    const totals = { squares: 0, active: 0, weight: 0, misclassified: 0 };
    const add = (outcome: PassTotals) => {
      totals.squares += outcome.squares;
      totals.active += outcome.active;
      totals.weight += outcome.weight;
      totals.misclassified += outcome.misclassified;
    };
    const ofTop = into.cached && this.hidden.length > 0 && !into.grams && !into.triangle && !into.hiddenRhs;
    await this.#pass('sweep', set, { ...this.#targets(samples), ...into }, add, ofTop);
    return totals;
  }

  /** Sums along one or two changes of the hidden layers' weights; see tangent.h. */
  async tangent(
    set: RowSet,
    change: readonly FloatArray[],
    momentum: readonly FloatArray[] | undefined,
    outputRhs: readonly [FloatArray, FloatArray],
  ): Promise<{ slope: [number, number]; curvature: [number, number, number] }> {
    const slope: [number, number] = [0, 0];
    const curvature: [number, number, number] = [0, 0, 0];
    const args = { ...this.#targets(this.sampleRule), change, ...(momentum && { momentum }), outputRhs };
    await this.#pass('tangent', set, args, (outcome) => {
      slope[0] += outcome.slope0;
      slope[1] += outcome.slope1;
      curvature[0] += outcome.curvature00;
      curvature[1] += outcome.curvature01;
      curvature[2] += outcome.curvature11;
    });
    return { slope, curvature };
  }

  /** The paper's pass at the layer below the solved ones. */
  async peel(set: RowSet, into: Asked<RawPeel>, samples: SampleRule): Promise<void> {
    await this.#pass('peel', set, { ...this.#targets(samples), ...into });
  }

  /** Pre-activations of the outputs (rows × outputs) of some rows, at the present weights. */
  async scores(indices: Int32Array): Promise<FloatArray> {
    const outputs = this.zeros(indices.length * this.problem.outputs);
    const args = { ...this.samples(), indices, layers: [...this.hidden, this.output], outputs };
    await callEach(this, 'predict', inBatches(indices.length, this.batch, args));
    return outputs;
  }

  /** Rows whose mark has one of the bits; undefined indices where all have. */
  async markedRows(marks: Uint8Array, bits: number, count: number): Promise<RowSet> {
    if (count === this.rows) return { count };
    const indices = new Int32Array(count);
    let found = 0;
    for await (const [begin, end] of turns(marks.length))
      for (let row = begin; row < end; row++) if (((marks[row] as number) & bits) !== 0) indices[found++] = row;
    return this.rowSet(indices);
  }

  /**
   * Scores times the inverse temperature, which changes their probabilities and no class; the outputs of a regressor that
   * has several times the shrinkage that the search found, about the means of their targets.
   */
  async calibrate(): Promise<void> {
    const { weights, inputs, units } = this.output;
    const beta = this.inverseTemperature;
    if (beta !== undefined) await scale(weights, beta);
    const shrinkage = this.ridgeSearch?.shrinkage;
    if (!shrinkage) return;
    for await (const [begin, end] of turns(weights.length))
      for (let i = begin; i < end; i++) {
        const k = i % units;
        const centre = i < inputs * units ? 0 : (this.problem.bias?.[k] ?? 0);
        weights[i] = centre + (shrinkage[k] ?? 1) * ((weights[i] as number) - centre);
      }
  }

  /** The weights, where the training may go on to write. */
  present(): Snapshot {
    return { hidden: this.hidden.map((layer) => layer.weights), output: this.output.weights };
  }

  /** The activation of the layers where it is left to `auto`. */
  activate(free: Activation): void {
    this.hidden.forEach((layer, l) => {
      if (this.settings.hidden[l]?.activation === 'auto') layer.activation = activationCode(free);
    });
  }

  /** Takes the arrays over. */
  restore({ hidden, output }: Snapshot): void {
    this.hidden.forEach((layer, l) => (layer.weights = hidden[l] as FloatArray));
    this.output.weights = output;
  }

  /** What the rest of the training hangs on, beside the weights. */
  state(): TrainingState {
    const { layerReports, iterations, bestIteration, operations, seconds } = this;
    const { ridgeScales, ridgeSearch, inverseTemperature } = this;
    const found = { ridgeScales, ridgeSearch, inverseTemperature };
    return { layerReports, iterations, bestIteration, operations, seconds, ...found };
  }

  /** The state is from a file: nothing else of it may get into this object. */
  resume(state: TrainingState): void {
    const { layerReports, iterations, seconds, bestIteration, operations } = state;
    const { ridgeScales, ridgeSearch, inverseTemperature } = state;
    this.layerReports.forEach((report, l) => Object.assign(report, layerReports[l]));
    for (const iteration of iterations) this.iterations.push(iteration);
    Object.assign(this, { bestIteration, operations, seconds, ridgeScales, ridgeSearch, inverseTemperature });
    if (ridgeSearch?.activation) this.activate(ridgeSearch.activation);
    if (ridgeSearch?.samples === 'all') this.sampleRule = 'all';
  }

  /** The network of the present weights. They stay shared until the training is over. */
  network(): Network {
    const layers = this.hidden.map(({ weights, inputs, units, activation }) => ({
      weights,
      inputs,
      units,
      activation: activationOf(activation),
    }));
    const { weights, inputs, units } = this.output;
    const top = { weights, inputs, units, activation: this.settings.output };
    return new Network([...layers, top], this.standardization);
  }

  /** Adds an iteration to the report, with the validation score where there is one, and tells the listener. */
  async record(
    iteration: Omit<IterationReport, 'seconds' | 'operations' | 'validation'>,
    isCandidate = iteration.accepted,
  ): Promise<IterationReport> {
    const { validate } = this.problem;
    const score = validate && isCandidate ? await validate(this.network(), this) : undefined;
    const report: IterationReport = {
      ...iteration,
      ...(score !== undefined && { validation: score }),
      seconds: this.seconds,
      operations: this.operations,
    };
    this.iterations.push(report);
    const said = this.settings.onIteration?.({ ...report });
    const answer = isThenable(said) ? await untilAborted(Promise.resolve(said), this.signal) : said;
    if (answer === 'stop') this.isStopped = true;
    return report;
  }

  report({ standardization }: Network): TrainReport {
    return {
      iterations: this.iterations,
      bestIteration: this.bestIteration,
      layers: this.layerReports,
      operations: this.operations,
      seconds: this.seconds,
      rows: this.rows,
      heldOut: this.heldOut,
      threads: this.threads,
      standardized: standardization !== undefined,
      cachedShare: this.#cacheRows / this.rows,
      ...(this.ridgeSearch && { ridgeSearch: this.ridgeSearch }),
      ...(this.inverseTemperature !== undefined && { temperature: 1 / this.inverseTemperature }),
    };
  }
}

/** The weights as they are now. */
export async function copyOfSnapshot({ hidden, output }: Snapshot): Promise<Snapshot> {
  const copies: FloatArray[] = [];
  for (const weights of hidden) copies.push(await copyOf(weights));
  return { hidden: copies, output: await copyOf(output) };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayHave = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayHave && 'then' in value && typeof value.then === 'function';
}

/** Waits for what a caller promised, which need not come. */
async function untilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise<unknown>((resolve, reject) => {
    const stop = () => reject(new AbortedError(signal?.reason));
    signal?.addEventListener('abort', stop, { once: true });
    // The call that made the promise may have aborted already.
    if (signal?.aborted) stop();
    promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', stop));
  });
}
