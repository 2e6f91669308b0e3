import { ArgumentError, ShapeError } from '../errors.js';
import { describe, checkBuffer, checkEqual } from '../matrix.js';

/** Class names: numbers or strings, as the labels gave them. */
export type Label = number | string;
export type Labels = ArrayLike<number> | readonly string[];

function isLabels(value: unknown): value is ArrayLike<Label> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** One label for each row, all numbers or all strings. */
export function checkLabels(name: string, value: unknown, rows: number, rowsName = 'X.rows'): ArrayLike<Label> {
  if (!isLabels(value))
    throw new ArgumentError(
      `Expected ${name} to be a typed array, number[] or string[] but received ${describe(value)}`,
    );
  if (ArrayBuffer.isView(value)) checkBuffer(name, value);
  checkEqual(`${name}.length`, value.length, rowsName, rows);
  const kind = typeof value[0];
  for (let i = 0; i < rows; i++) {
    const label = value[i];
    if (typeof label !== kind || (typeof label !== 'string' && !Number.isFinite(label)))
      throw new ArgumentError(
        `Expected ${name} to be all finite numbers or all strings but received ${describe(label)} at index ${i}`,
      );
  }
  return value;
}

/** The classes in ascending order, and the index of each sample's class among them. */
export function encodeLabels(labels: ArrayLike<Label>): { classes: Label[]; indices: Int32Array } {
  const index = new Map<Label, number>();
  for (let i = 0; i < labels.length; i++) index.set(labels[i] as Label, 0);
  const classes = [...index.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (classes.length < 2)
    throw new ArgumentError(`Expected labels of at least two classes but received only ${describe(classes[0])}`);
  classes.forEach((label, i) => index.set(label, i));
  return { classes, indices: Int32Array.from(labels as ArrayLike<number>, (label) => index.get(label) as number) };
}

/** Indices among known classes. */
export function indexLabels(name: string, labels: ArrayLike<Label>, classes: readonly Label[]): Int32Array {
  const index = new Map(classes.map((label, i) => [label, i]));
  const indices = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const found = index.get(labels[i] as Label);
    if (found === undefined)
      throw new ShapeError(
        `Expected ${name} to be among the model's classes but received ${describe(labels[i])} at index ${i}`,
      );
    indices[i] = found;
  }
  return indices;
}
