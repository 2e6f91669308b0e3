import { ArgumentError } from '../errors.js';
import { checkBuffer, checkEqual, describe, isArrayLike } from '../matrix.js';
import { turns } from '../turns.js';

/** Class names: numbers or strings, as the labels gave them. */
export type Label = number | string;
/** All numbers or all strings. */
export type Labels = ArrayLike<number> | readonly Label[];

/** Classes that may be fractions whatever the rows. */
const fewClasses = 20;

/** Visits one label for each row, all numbers or all strings; reads each once, since in between other code may run. */
async function visitLabels(
  name: string,
  value: unknown,
  [rows, rowsName]: readonly [number, string],
  visit: (label: Label, i: number) => void,
): Promise<void> {
  if (!isArrayLike(value))
    throw new ArgumentError(
      `Expected ${name} to be a typed array, number[] or string[] but received ${describe(value)}`,
    );
  if (ArrayBuffer.isView(value)) checkBuffer(name, value);
  checkEqual(`${name}.length`, value.length, rowsName, rows);
  const kind = typeof value[0];
  for await (const [begin, end] of turns(rows))
    for (let i = begin; i < end; i++) {
      const label = value[i];
      if (typeof label !== kind || (typeof label !== 'string' && !Number.isFinite(label)))
        throw new ArgumentError(
          `Expected ${name} to be all finite numbers or all strings but received ${describe(label)} at index ${i}`,
        );
      visit(label as Label, i);
    }
}

/** The classes in ascending order, and the index of each sample's class among them. */
export async function encodeLabels(value: unknown, rows: number): Promise<{ classes: Label[]; indices: Int32Array }> {
  const met = new Map<Label, number>();
  const indices = new Int32Array(rows);
  await visitLabels('labels', value, [rows, 'X.rows'], (label, i) => {
    const found = met.get(label) ?? met.size;
    if (found === met.size) met.set(label, found);
    indices[i] = found;
  });
  const classes = [...met.keys()];
  if (classes.length < 2)
    throw new ArgumentError(`Expected labels of at least two classes but received only ${describe(classes[0])}`);
  checkClasses(classes, rows);
  classes.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const places = new Int32Array(classes.length);
  classes.forEach((label, place) => (places[met.get(label) as number] = place));
  for await (const [begin, end] of turns(rows))
    for (let i = begin; i < end; i++) indices[i] = places[indices[i] as number] as number;
  return { classes, indices };
}

/** @throws ArgumentError where labels are measurements: sooner than a network of nearly as many outputs as rows */
function checkClasses(classes: readonly Label[], rows: number): void {
  const isFraction = (label: Label) => typeof label === 'number' && !Number.isInteger(label);
  if (classes.length > Math.max(fewClasses, rows / 2) && classes.some(isFraction))
    throw new ArgumentError(
      `Expected labels of classes but received ${classes.length} different numbers in ${rows} rows, not all of them integers: trainRegressor takes such targets`,
    );
}

/** Indices among known classes. */
export async function indexLabels(
  name: string,
  value: unknown,
  rows: readonly [number, string],
  classes: readonly Label[],
): Promise<Int32Array> {
  const index = new Map(classes.map((label, i) => [label, i]));
  const indices = new Int32Array(rows[0]);
  await visitLabels(name, value, rows, (label, i) => {
    const found = index.get(label);
    if (found === undefined)
      throw new ArgumentError(
        `Expected ${name} to be among the model's classes but received ${describe(label)} at index ${i}`,
      );
    indices[i] = found;
  });
  return indices;
}
