import type { Matrix } from '../matrix.js';
import type { Random } from '../random.js';
import { turns } from '../turns.js';
import type { Problem } from './problem.js';

/** Columns that are looked at, those of most values, and the fewest of these by which rows are looked up. */
const [mostColumns, fewestKeys] = [4096, 8];
/** Rows by which columns are chosen: fewer, where these are many. */
const probeRows = (cols: number) => Math.max(32, Math.min(256, Math.floor(2 ** 18 / cols)));
/** Values that a column has at least, of so many rows as are told apart by all, where it tells them apart by itself. */
const [leastValues, shareOfRows] = [16, 1 / 2];
/** Of the rows so many repeat others, at least, before it matters; and of those so many have the same target. */
const [leastShare, alikeShare] = [0.01, 0.95];
/** One that is met more often, by number and by share, is no copy but what is often so: a machine at rest, an empty image. */
const [mostCopies, mostShare] = [32, 0.01];
/** Different rows, of all: where they are fewer, new rows will be some of them again. */
const leastDistinct = 1 / 12;
/** Different rows that are the same in what they are looked up by, at most: what tells them apart is elsewhere. */
const mostAlike = 32;
/** A number that is hashed, or one of a few hundred that are sorted, takes as long as so many that are only touched. */
const [costOfHash, costOfSorted] = [2, 8];
/** Rows of which it is asked whether they agree in all with what they agree with in half; and of so many it is so. */
const [askedRows, wholeShare] = [2 ** 16, 0.95];

/** Rows that repeat others. */
export interface Repeats {
  /** For each of the rows the first of `among` that has the same inputs, as a place in `among`; −1 where none has. */
  first: Int32Array;
  /** For each of these places how many rows have these inputs. */
  counts: Int32Array;
}

/**
 * Which rows repeat some of them, or undefined where there are no copies to speak of: such as are made when rare classes
 * are drawn again and again, or by a bootstrap. Rows of few values that agree by chance are none, nor are measurements
 * repeated under the same conditions, whose targets differ, nor what is always one of a few or often the same: what comes
 * of a choice by rows held out is as good there as on new rows. It is no chance where one column tells most rows apart, or
 * where rows that agree in one half of the columns or the other, as two images never do, agree in all.
 */
export async function repeatsOf(
  problem: Problem,
  among: Int32Array,
  signal?: AbortSignal,
): Promise<Repeats | undefined> {
  const rows = new Rows(problem.inputs);
  const probe = among.subarray(0, probeRows(rows.cols));
  const values = await valuesOf(problem.inputs, probe);
  const columns = byCount(values).subarray(0, mostColumns);
  const distinct = (keys: Int32Array) => new Set(Array.from(probe, rows.hashBy(keys))).size;
  const apart = distinct(columns);
  if (apart < leastValues) return undefined;
  let keys = columns.subarray(0, fewestKeys);
  while (distinct(keys) < apart) keys = columns.subarray(0, 2 * keys.length);

  const lookUp = (await lookUpBy(keys, rows, among)) ?? (await lookUpBy(columns, rows, among));
  if (!lookUp) return undefined;
  const count = problem.originals ?? problem.inputs.rows;
  const [first, counts, alike] = [new Int32Array(count), new Int32Array(among.length), new Int32Array(among.length)];
  for await (const [begin, end] of turns(count, lookUp.cost, signal))
    for (let row = begin; row < end; row++) {
      const place = (first[row] = lookUp.placeOf(row) ?? -1);
      if (place < 0) continue;
      (counts[place] as number)++;
      if (haveSameTarget(problem, row, among[place] as number)) (alike[place] as number)++;
    }
  const most = Math.max(mostCopies, mostShare * count);
  let [repeated, same, asked, different] = [0, 0, 0, 0];
  for (const row of among) {
    const place = first[row] as number;
    const copies = counts[place] as number;
    if (copies > most) continue;
    asked++;
    different += 1 / copies;
    if (among[place] !== row) continue;
    repeated += copies - 1;
    same += (alike[place] as number) - 1;
  }
  if (repeated === 0 || repeated < leastShare * among.length || same < alikeShare * repeated) return undefined;
  if (different < leastDistinct * asked) return undefined;
  const ofColumn = values[columns[0] as number] as number;
  const isTold = ofColumn >= leastValues && ofColumn >= shareOfRows * apart;
  if (!isTold && !(await agreeInAll(rows, columns, among, count))) return undefined;
  for await (const [begin, end] of turns(count))
    for (let row = begin; row < end; row++) if ((counts[first[row] as number] as number) > most) first[row] = -1;
  return { first, counts };
}

/** Drawn rows with copies side by side, so that what a fold holds out is not among what it trains on. */
export async function copiesTogether(
  problem: Problem,
  drawn: Int32Array,
  random: Random,
  signal?: AbortSignal,
): Promise<Int32Array> {
  const repeats = await repeatsOf(problem, drawn, signal);
  if (!repeats) return drawn;
  // In an order of their own: the first of many copies is met early.
  const keys = Float64Array.from(drawn, () => random.uniform());
  const places = drawn.map((row, i) => ((repeats.first[row] as number) < 0 ? i : (repeats.first[row] as number)));
  const keyOf = (i: number) => keys[places[i] as number] as number;
  return Int32Array.from(drawn.keys())
    .sort((i, j) => keyOf(i) - keyOf(j) || i - j)
    .map((i) => drawn[i] as number);
}

/**
 * Of some rows drawn at random those whose copies are to be held out with them, and these copies: so that a row with many
 * copies is as likely one of them as a row that has none.
 */
export async function withCopiesOf(problem: Problem, drawn: Int32Array, signal?: AbortSignal): Promise<Int32Array> {
  const repeats = await repeatsOf(problem, drawn, signal);
  if (!repeats) return drawn;
  const { first, counts } = repeats;
  const isTaken = new Uint8Array(drawn.length);
  const alone: number[] = [];
  let sum = 0;
  for (const row of drawn) {
    const place = first[row] as number;
    if (place < 0) {
      alone.push(row);
      continue;
    }
    // One of as many draws as it has copies.
    const before = Math.floor(sum);
    sum += 1 / (counts[place] as number);
    if (Math.floor(sum) > before) isTaken[place] = 1;
  }
  const taken: number[] = [];
  for await (const [begin, end] of turns(first.length))
    for (let row = begin; row < end; row++) if (isTaken[first[row] as number]) taken.push(row);
  return Int32Array.from([...alone, ...taken]);
}

/** Rows of a matrix, which are the same where their bits are. */
export class Rows {
  readonly cols: number;
  readonly #bits: Uint32Array;
  /** Of a number. */
  readonly #words: number;

  constructor({ data, cols }: Matrix) {
    this.cols = cols;
    this.#bits = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / Uint32Array.BYTES_PER_ELEMENT);
    this.#words = data.BYTES_PER_ELEMENT / Uint32Array.BYTES_PER_ELEMENT;
  }

  hashBy(columns: Int32Array): (row: number) => number {
    return (row) => {
      let hash = 0;
      for (let k = 0; k < columns.length; k++) {
        const first = (row * this.cols + (columns[k] as number)) * this.#words;
        for (let word = 0; word < this.#words; word++) hash = mixed(hash ^ (this.#bits[first + word] as number));
      }
      return hash;
    };
  }

  isSame(row: number, other: number): boolean {
    const words = this.cols * this.#words;
    for (let word = 0; word < words; word++)
      if (this.#bits[row * words + word] !== this.#bits[other * words + word]) return false;
    return true;
  }
}

/** Places of rows in `among` by their values in some columns; undefined where too many have the same. */
export async function lookUpBy(keys: Int32Array, rows: Rows, among: Int32Array) {
  const hashOf = rows.hashBy(keys);
  const places = new Map<number, number[]>();
  const placeAmong = (row: number, alike?: number[]) =>
    alike?.find((place) => rows.isSame(row, among[place] as number));
  // Numbers that are only compared, and only of rows that look alike, take next to no time.
  const cost = costOfHash * keys.length + rows.cols / 4;
  for await (const [begin, end] of turns(among.length, cost))
    for (let i = begin; i < end; i++) {
      const row = among[i] as number;
      const hash = hashOf(row);
      const known = places.get(hash);
      if (!known) places.set(hash, [i]);
      // One that is known already is never the first.
      else if (placeAmong(row, known) === undefined && known.push(i) > mostAlike) return undefined;
    }
  return { placeOf: (row: number) => placeAmong(row, places.get(hashOf(row))), cost };
}

/** Whether rows that agree with one of `among` in every other of the columns, or in the rest, agree with it in all. */
async function agreeInAll(rows: Rows, columns: Int32Array, among: Int32Array, count: number) {
  const stride = Math.max(1, count / askedRows);
  const cost = costOfHash * columns.length;
  for (const half of [0, 1]) {
    const hashOf = rows.hashBy(columns.filter((_, k) => k % 2 === half));
    const firsts = new Map<number, number>();
    for await (const [begin, end] of turns(among.length, cost))
      for (const row of among.subarray(begin, end)) {
        const hash = hashOf(row);
        if (!firsts.has(hash)) firsts.set(hash, row);
      }
    let [agreeing, same] = [0, 0];
    for await (const [begin, end] of turns(Math.floor(count / stride), cost))
      for (let k = begin; k < end; k++) {
        const row = Math.floor(k * stride);
        const first = firsts.get(hashOf(row));
        if (first === undefined || first === row) continue;
        agreeing++;
        if (rows.isSame(row, first)) same++;
      }
    if (agreeing === 0 || same < wholeShare * agreeing) return false;
  }
  return true;
}

/** How many values each column has in some of the rows. */
async function valuesOf({ data, cols }: Matrix, rows: Int32Array): Promise<Int32Array> {
  const counts = new Int32Array(cols);
  const values = new Float64Array(rows.length);
  for await (const [begin, end] of turns(cols, costOfSorted * rows.length))
    for (let j = begin; j < end; j++) {
      for (let i = 0; i < rows.length; i++) values[i] = data[(rows[i] as number) * cols + j] as number;
      values.sort();
      for (let i = 0; i < rows.length; i++) if (values[i] !== values[i - 1]) (counts[j] as number)++;
    }
  return counts;
}

/** The places of counts, the greatest first. */
function byCount(counts: Int32Array): Int32Array {
  const starts = new Int32Array(counts.reduce((most, count) => Math.max(most, count), 0) + 1);
  // Behind those with more.
  for (const count of counts) if (count > 0) (starts[count - 1] as number)++;
  for (let less = starts.length - 2; less >= 0; less--) (starts[less] as number) += starts[less + 1] as number;
  const order = new Int32Array(counts.length);
  for (const [j, count] of counts.entries()) order[(starts[count] as number)++] = j;
  return order;
}

function haveSameTarget({ labels, targets, outputs }: Problem, row: number, other: number): boolean {
  if (labels) return labels[row] === labels[other];
  for (let k = 0; k < outputs; k++) if (targets?.[row * outputs + k] !== targets?.[other * outputs + k]) return false;
  return true;
}

/** The finaliser of MurmurHash3, in one step. */
function mixed(bits: number): number {
  const hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
