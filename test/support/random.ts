import { mulberry32 } from '../../bench/data/toy.js';
import { dense, type Dense } from './dense.js';

/** A seeded source of what the tests draw. */
export interface Source {
  /** Uniform in [−limit, limit). */
  readonly uniform: (limit?: number) => number;
  readonly normal: () => number;
  /** Uniform among 0 … limit − 1. */
  readonly integer: (limit: number) => number;
  readonly uniforms: (rows: number, cols: number, limit?: number) => Dense;
  readonly normals: (rows: number, cols: number) => Dense;
  readonly labels: (rows: number, classes: number) => Int32Array;
}

export function source(seed: number): Source {
  const next = mulberry32(seed);
  const uniform = (limit = 1) => limit * (2 * next() - 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const integer = (limit: number) => Math.floor(next() * limit);
  return {
    uniform,
    normal,
    integer,
    uniforms: (rows, cols, limit = 1) => dense(rows, cols, () => uniform(limit)),
    normals: (rows, cols) => dense(rows, cols, normal),
    labels: (rows, classes) => Int32Array.from({ length: rows }, () => integer(classes)),
  };
}
