import type { FloatArray } from '../matrix.js';
import { turns } from '../turns.js';
import type { Problem } from './problem.js';

/** Columns by which rows are looked up, and rows by which these are chosen: fewer, where columns are many. */
const mostKeys = 8;
const probeRows = (cols: number) => Math.max(32, Math.min(256, Math.floor(2 ** 18 / cols)));
/** Values that a column has at least, of so many rows as are told apart by all: where none does, rows agree by chance. */
const [leastValues, shareOfRows] = [16, 1 / 2];
/** Of the rows so many repeat others, at least, before it matters; and of those so many have the same target. */
const [leastShare, alikeShare] = [0.01, 0.95];

/**
 * For each of the rows, or of some, the first of `among` that has the same inputs, as a place in `among`; −1 where none
 * has. Undefined where there are no copies to speak of: such as are made when rare classes are drawn again and again, or
 * by a bootstrap. Rows of few values that agree by chance are none, nor are measurements repeated under the same
 * conditions, whose targets differ: what comes of a choice by rows held out is as good there as on new rows.
 */
export async function repeatsOf(
  problem: Problem,
  among: Int32Array,
  some?: Int32Array,
): Promise<Int32Array | undefined> {
  const { data, cols } = problem.inputs;
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / Uint32Array.BYTES_PER_ELEMENT);
  const words = data.BYTES_PER_ELEMENT / Uint32Array.BYTES_PER_ELEMENT;
  const keys = await keyColumns(data, cols, among.subarray(0, probeRows(cols)));
  if (!keys) return undefined;
  const hashOf = (row: number) => {
    let hash = 0;
    for (const j of keys)
      for (let word = 0; word < words; word++) hash = mixed(hash ^ (bits[(row * cols + j) * words + word] as number));
    return hash;
  };
  const isSame = (row: number, other: number) => {
    for (let word = 0; word < cols * words; word++)
      if (bits[row * cols * words + word] !== bits[other * cols * words + word]) return false;
    return true;
  };
  const places = new Map<number, number[]>();
  const costOfRow = mostKeys * mostKeys + cols;
  for await (const [begin, end] of turns(among.length, costOfRow))
    for (let i = begin; i < end; i++) {
      const row = among[i] as number;
      const hash = hashOf(row);
      const known = places.get(hash);
      if (!known) places.set(hash, [i]);
      // One that is known already is never the first.
      else if (!known.some((place) => isSame(row, among[place] as number))) known.push(i);
    }
  const rows = some?.length ?? problem.originals ?? problem.inputs.rows;
  const found = new Int32Array(rows).fill(-1);
  let [repeated, alike] = [0, 0];
  for await (const [begin, end] of turns(rows, costOfRow))
    for (let i = begin; i < end; i++) {
      const row = some ? (some[i] as number) : i;
      const place = places.get(hashOf(row))?.find((other) => isSame(row, among[other] as number));
      if (place === undefined) continue;
      found[i] = place;
      const first = among[place] as number;
      if (first === row) continue;
      repeated++;
      if (haveSameTarget(problem, row, first)) alike++;
    }
  return repeated > 0 && repeated >= leastShare * among.length && alike >= alikeShare * repeated ? found : undefined;
}

/** Drawn rows with copies side by side, so that what a fold holds out is not among what it trains on. */
export async function copiesTogether(problem: Problem, drawn: Int32Array): Promise<Int32Array> {
  const first = await repeatsOf(problem, drawn, drawn);
  if (!first) return drawn;
  const order = Int32Array.from(drawn.keys()).sort((i, j) => (first[i] as number) - (first[j] as number) || i - j);
  return order.map((i) => drawn[i] as number);
}

/** Those that have most values in some of the rows; undefined where these are so few that rows agree by chance. */
async function keyColumns(data: FloatArray, cols: number, rows: Int32Array): Promise<number[] | undefined> {
  const counts = new Int32Array(cols);
  const values = new Float64Array(rows.length);
  for await (const [begin, end] of turns(cols, mostKeys * rows.length))
    for (let j = begin; j < end; j++) {
      for (let i = 0; i < rows.length; i++) values[i] = data[(rows[i] as number) * cols + j] as number;
      values.sort();
      for (let i = 0; i < rows.length; i++) if (values[i] !== values[i - 1]) (counts[j] as number)++;
    }
  const keys = [...counts.keys()].sort((a, b) => (counts[b] as number) - (counts[a] as number)).slice(0, mostKeys);
  const distinct = new Set(Array.from(rows, (row) => keys.map((j) => data[row * cols + j]).join(' '))).size;
  const most = counts[keys[0] as number] as number;
  return most >= leastValues && most >= shareOfRows * distinct ? keys : undefined;
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
