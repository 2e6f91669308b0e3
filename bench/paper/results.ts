import { existsSync, readFileSync } from 'node:fs';
import type { Environment } from '../environment.js';
import { writeWhole } from '../written.js';
import type { Curve } from './curve.js';
import type { Effort, Measured } from './experiment.js';

/** What an experiment measured, and where, when and with what effort. */
export type Result = Measured & Effort & { environment: Environment; seconds: number };

/** All that has been measured, by the names of the experiments: each as it was run last. */
export type Results = Partial<Record<string, Result>>;

export function readResults(path: string): Results {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {};
}

/** Times and values to five digits: more is noise, and the file is kept. */
export function writeResults(path: string, results: Results): void {
  const short = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);
  writeWhole(path, `${JSON.stringify(results, short, 1)}\n`);
}

/** The curves of a problem, whichever experiments they come from. */
export function curvesOf(results: Results, problem: string): Curve[] {
  return Object.values(results).flatMap((result) => result?.curves.filter((curve) => curve.problem === problem) ?? []);
}
