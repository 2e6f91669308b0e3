import { batchRows } from '../batches.js';
import { ArgumentError } from '../errors.js';
import type { Settings } from '../options.js';
import { holdsOut, manyRows } from './progress.js';
import { isWide } from './wide.js';

/** Sizes of a problem. */
export interface Shape {
  /** Samples. */
  rows: number;
  /** Columns of the inputs. */
  inputs: number;
  /** Classes of a classifier, columns of a regressor's targets. */
  outputs: number;
}

export interface Layout {
  /** Rows that pass through the network at a time. */
  batch: number;
  /** The same, of a pass that begins at kept activations of the last hidden layer: as many as take no more scratch. */
  topBatch: number;
  /** Rows whose hidden activations are kept between passes: all, or whole batches spread evenly over the rows. */
  cacheRows: number;
  /** Working memory in bytes, the inputs apart: arrays, scratch and kept activations. */
  bytes: number;
}

/** What BLAS, the JavaScript of a training and its garbage take: not known before, so a share of a small limit. */
const runtime = (limit: number) => Math.min(32 * 2 ** 20, limit / 3);

/** Numbers that fit into the default memory limit, so that either precision trains the same. */
const defaultElements = 96 * 2 ** 20;

/** Bytes of working memory that a training may take. */
export function memoryLimit(settings: Settings, element: number): number {
  return settings.memoryLimit ?? defaultElements * element;
}

/** Rows on which the deviation of each contrast unit is measured. */
export const contrastProbeRows = 5000;
/** Pairs drawn for each contrast unit: the first whose masked difference is not zero is taken. */
export const contrastCandidates = 4;
/** Units whose pairs are loaded at a time. */
export const contrastUnitsAtOnce = 64;

/** Samples that a call of the contrast init has in hand. */
const contrastRows = (rows: number) => contrastUnitsAtOnce * contrastCandidates * 2 + Math.min(rows, contrastProbeRows);

/**
 * Rows that the search of `ridge: 'auto'` trains and judges by, at most but for `mostJudges`; and at least: of fewer,
 * none can be spared.
 */
export const mostTrialRows = 2500;
const leastTrialRows = 10;
/**
 * On coordinates, where memory has no room for as many, at least so many of what there are: fewer say too little of the
 * others.
 */
const fewestTrialRows = 1000;
/** One part in so many is held out, in turn, until this many rows have been. */
const folds = 5;
const heldOutRows = 200;
/** A trial that looks hopeless in so many folds is not made in the others. */
export const fewestFolds = 2;
/** Where rows are many, so many judge: each costs a forward pass only, and the more they are, the surer is the choice. */
const mostJudges = 4000;

/** Units of a layer in the trials, at most: of few rows fewer say the same, and of many the trials are a small part. */
const trialUnits = (rows: number) => (rows < 1000 ? 128 : rows < manyRows ? 192 : 256);

export interface SearchSizes {
  /** Rows to train on in each fold, and to judge by. */
  fit: number;
  held: number;
  /**
   * Columns of their inputs: the coordinates in the space that the rows to train on span, where these are so few
   * (wide.ts).
   */
  inputs: number;
  /** Units of each hidden layer. */
  units: number[];
  folds: number;
  /** Folds that there are, of which a decision may ask for more. */
  mostFolds: number;
  /** Of each of the rows to train on: those of `augment`, as far as there is room. */
  copies: number;
  /** Folds that are judged side by side, at most: as memory is to spare. */
  abreast: number;
}

/** Of the memory, what the copies of the rows may take, with their activations and scores; */
const copiesShare = 1 / 12;
/** the vectors that the rows to train on span, before there are trials; */
const basisShare = 1 / 4;
/** and the folds that are judged beside another: while they do, the training has not taken its own. */
const shareAbreast = 1 / 48;

/** What a search goes over; undefined where the options leave nothing to choose, or rows or memory are too few. */
export function searchSizes(shape: Shape, settings: Settings, element: number): SearchSizes | undefined {
  if (settings.ridge !== 'auto' || settings.targets !== 'gauss-newton') return undefined;
  const widths = settings.hidden.map(({ units }) => Math.min(units, trialUnits(shape.rows)));
  const most = Math.min(shape.rows, mostTrialRows);
  const spanned = most - Math.floor(most / folds);
  const limit = memoryLimit(settings, element) / element;
  const roomOf = (inputs: number) => Math.floor((copiesShare * limit) / (sum(widths) + inputs + shape.outputs));
  // Where memory has no room for the columns, it may have for fewer coordinates.
  const spans = isWide(settings, spanned, shape.inputs, roomOf(shape.inputs) < most ? 1 : undefined);
  const room = roomOf(spans ? spanned : shape.inputs);
  const ofBasis = Math.floor((basisShare * limit * most) / (shape.inputs * spanned));
  const used = spans ? Math.min(most, room, ofBasis) : most;
  if (used < leastTrialRows || used > room || used < Math.min(shape.rows, fewestTrialRows)) return undefined;
  const part = Math.floor(used / folds);
  const fit = used - part;
  const copies = Math.min(settings.augment?.copies ?? 0, Math.floor((room - used) / fit));
  const all = fit * (1 + copies);
  const held = Math.max(part, Math.min(mostJudges, shape.rows - fit, room - all));
  const mostFolds = used === shape.rows ? folds : 1;
  const inputs = spans ? fit : shape.inputs;
  const others = (shareAbreast * limit) / lastingTrial({ ...shape, inputs }, widths, all);
  return {
    fit,
    held,
    inputs,
    units: widths,
    folds: Math.min(mostFolds, Math.ceil(heldOutRows / part)),
    mostFolds,
    copies,
    abreast: 1 + Math.floor(others),
  };
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** Weights of the hidden layers. */
function hiddenWeights({ inputs }: Shape, widths: number[]): number {
  const below = [inputs, ...widths];
  return sum(widths.map((units, l) => ((below[l] as number) + 1) * units));
}

/** Numbers in the arrays that last as long as a training: of the weights, their steps and Gram matrices. */
function lasting(shape: Shape, widths: number[]): number {
  const below = [shape.inputs, ...widths];
  const last = below.at(-1) as number;
  const weights = hiddenWeights(shape, widths);
  const grams = sum(widths.map((_, l) => ((below[l] as number) + 1) ** 2));
  const output = 2 * (last + 1) ** 2 + 11 * (last + 1) * shape.outputs;
  return 4 * weights + grams + sum(widths.map((units) => units ** 2)) + output;
}

/** Of a trial, with the activations of the rows to train on, and the weights twice: to judge them, too. */
function lastingTrial(shape: Shape, widths: number[], fit: number): number {
  return fit * sum(widths) + lasting(shape, widths) + hiddenWeights(shape, widths);
}

/** Most rows of a matrix. */
const mostRows = 2 ** 31 - 1;

/**
 * Rows that a training goes over, the copies of `augment` among them.
 *
 * @throws ArgumentError where these are too many
 */
export function rowsWithCopies(rows: number, { augment }: Settings): number {
  const copies = augment?.copies ?? 0;
  const all = rows * (1 + copies);
  if (all > mostRows)
    throw new ArgumentError(
      `Expected options.augment.copies to make ${mostRows} rows at most but ${copies} of ${rows} rows are more`,
    );
  return all;
}

/** How a training divides its memory; the same before the run (plan.ts) and in it (training.ts). */
export function layout(shape: Shape, settings: Settings, element: number): Layout {
  const limit = memoryLimit(settings, element);
  const rows = rowsWithCopies(shape.rows, settings);
  const widths = settings.hidden.map(({ units }) => units);
  const below = [shape.inputs, ...widths];
  const last = below.at(-1) as number;
  const widest = Math.max(...widths, 0);

  const solve = Math.max(
    2 * (last + 1) ** 2,
    ...widths.map((units, l) => ((below[l] as number) + 1) * (3 * units + (below[l] as number) + 1) + units ** 2),
    contrastRows(shape.rows) * shape.inputs,
  );
  // Where the ridge may be changed on the way, the weights before that.
  const isKept = settings.ridge === 'auto' && holdsOut(settings, shape.rows);
  const fallback = isKept ? hiddenWeights(shape, widths) + (last + 1) * shape.outputs : 0;
  const arrays = lasting(shape, widths) + fallback;

  // A batch's inputs and activations where they are gathered or not kept, and the widest layer's derivatives.
  const perRow = element * (shape.inputs + sum(widths) + 3 * widest + 6 * shape.outputs);
  const fit = Math.floor(Math.max(limit / 6, element * solve) / perRow / 64) * 64;
  const batch = Math.min(batchRows(Math.max(shape.inputs, widest)), Math.max(64, fit));
  const perTopRow = element * (2 * shape.outputs + 6);
  const topBatch = Math.min(batchRows(Math.max(last, shape.outputs)), Math.floor((batch * perRow) / perTopRow));
  // Of a search, copies of rows and targets (and those of one of the folds that a decision asks for), the scores of
  // five trials at most, and what lasts as long as a trial.
  const search = searchSizes(shape, settings, element);
  const trial = search
    ? (search.fit * (1 + search.copies) + search.held) *
        Math.min(search.folds + 1, search.mostFolds) *
        (search.inputs + shape.outputs) +
      5 * search.held * search.folds * shape.outputs +
      lastingTrial({ ...shape, inputs: search.inputs }, search.units, search.fit * (1 + search.copies))
    : 0;
  const basis = search && search.inputs < shape.inputs ? shape.inputs * search.fit : 0;
  // Labels, marks, the indices of those that ask for change and where these are kept, and a weight where rows are held out.
  const marks = rows * (4 + 1 + 4 + 8 + element);
  const fixed =
    element * (arrays + trial) +
    marks +
    Math.max(element * Math.max(solve, basis), Math.min(batch, rows) * perRow) +
    runtime(limit);

  const row = element * sum(widths);
  const kept = row > 0 ? Math.floor((limit - fixed) / row) : rows;
  const cacheRows = kept >= rows ? rows : Math.max(0, Math.floor(kept / batch) * batch);
  return { batch, topBatch, cacheRows, bytes: Math.ceil(fixed + cacheRows * row) };
}
