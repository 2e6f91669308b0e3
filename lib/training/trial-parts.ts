import { allocate, type FloatArray } from '../matrix.js';
import { turns } from '../turns.js';
import type { Standardization } from '../network/network.js';
import type { SearchSizes } from './layout.js';
import type { Problem } from './problem.js';
import type { Training } from './training.js';
import { toMeanOne } from './weights.js';
import { coordinates } from './wide.js';

/** Rows to train on, and those to judge by; standardised, so that no pass of a trial has to. */
export interface Part {
  fit: Problem;
  held: Problem;
}

/** Of the rows that a fold holds out no copy is among those to train on. */
export async function partOf(
  { problem, standardization }: Training,
  { held, copies }: SearchSizes,
  order: Int32Array,
  fold: number,
): Promise<Part> {
  const rows = heldLast(order, held, fold);
  return {
    fit: await take(problem, standardization, rows.subarray(0, -held), copies),
    held: await take(problem, standardization, rows.subarray(-held)),
  };
}

/** The same on coordinates in the space that the rows to train on span: of more columns than rows (wide.ts). */
export async function spannedPart(
  training: Training,
  { fit, held }: SearchSizes,
  order: Int32Array,
  fold: number,
): Promise<Part> {
  const { problem, standardization } = training;
  const rows = heldLast(order, held, fold);
  const { inputs } = await coordinates(training, problem.inputs, standardization, rows.subarray(0, fit), rows);
  const part = async (begin: number, end: number): Promise<Problem> => ({
    inputs: { data: inputs.data.subarray(begin * fit, end * fit), rows: end - begin, cols: fit },
    originals: end - begin,
    ...(await wantedOf(problem, rows.subarray(begin, end))),
  });
  return { fit: await part(0, fit), held: await part(fit, rows.length) };
}

/** The rows with those that the fold holds out behind the others. */
function heldLast(order: Int32Array, held: number, fold: number): Int32Array {
  const [first, end] = [fold * held, (fold + 1) * held];
  const rows = order.slice();
  rows.set(order.subarray(end), first);
  rows.set(order.subarray(first, end), rows.length - held);
  return rows;
}

/** The problem of some of the rows, standardised, and of so many copies of each. */
async function take(
  problem: Problem,
  standardization: Standardization | undefined,
  own: Int32Array,
  copies = 0,
): Promise<Problem> {
  const { inputs, originals = 0 } = problem;
  const count = own.length * (1 + copies);
  const rows = new Int32Array(count).map(
    (_, i) => (own[i % own.length] as number) + originals * Math.floor(i / own.length),
  );
  const data = await gather(inputs.data, rows, inputs.cols);
  if (standardization) await standardise(data, standardization);
  return {
    inputs: { data, rows: count, cols: inputs.cols },
    originals: own.length,
    ...(await wantedOf(problem, rows)),
  };
}

/** What is wanted of some of the rows. */
export async function wantedOf(problem: Problem, rows: Int32Array): Promise<Omit<Problem, 'inputs' | 'originals'>> {
  const { outputs, labels, targets, variance, bias, positive, negative } = problem;
  const weights = problem.weights && toMeanOne(await gather(problem.weights, rows, 1));
  return {
    outputs,
    ...(labels && { labels: rows.map((row) => labels[row] as number) }),
    ...(targets && { targets: await gather(targets, rows, outputs) }),
    ...(weights && { weights }),
    ...(variance !== undefined && { variance }),
    ...(bias && { bias }),
    ...(positive !== undefined && { positive }),
    ...(negative !== undefined && { negative }),
  };
}

/** Of an asinh, in numbers that are only touched. */
const costOfAsinh = 16;

/** Rows (S×n) in place: z = (x − shift) · scale, or asinh z. */
async function standardise(rows: FloatArray, { shift, scale, asinh }: Standardization): Promise<void> {
  const cols = shift.length;
  for await (const [begin, end] of turns(rows.length / cols, cols * (asinh ? costOfAsinh : 1)))
    for (let i = begin * cols; i < end * cols; i += cols)
      for (let j = 0; j < cols; j++) {
        const z = ((rows[i + j] as number) - (shift[j] as number)) * (scale[j] as number);
        rows[i + j] = asinh?.[j] ? Math.asinh(z) : z;
      }
}

async function gather<T extends FloatArray>(from: T, rows: Int32Array, cols: number): Promise<T> {
  const to = allocate(from, rows.length * cols) as T;
  for await (const [begin, end] of turns(rows.length, cols))
    for (let i = begin; i < end; i++) {
      const start = (rows[i] as number) * cols;
      to.set(from.subarray(start, start + cols), i * cols);
    }
  return to;
}
