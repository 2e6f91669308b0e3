/** How good a network is: its accuracy on the test rows, or its relative error ‖Ŷ − Y‖ / ‖Y‖ there. */
export type Measure = 'accuracy' | 'error';

/** Training seconds, and what they came to. */
export interface Point {
  seconds: number;
  value: number;
  /** Options of this point, where they are not those of the curve. */
  at?: string;
}

/**
 * One trainer on one problem. The points of a peer are moments of one training, evaluations not counted; those of bpls are
 * whole trainings, each with the most iterations that it was given.
 */
export interface Curve {
  problem: string;
  measure: Measure;
  trainer: string;
  setting: string;
  /** Of the hidden layer; undefined for a linear model, and where the points have several. */
  units?: number;
  points: Point[];
  /** Training seconds of all that the setting was chosen by, beforehand. */
  tuning: number;
  /** Training seconds that it was given. */
  limit: number;
}

/** This package by any of its rules. */
export function isOurs({ trainer }: Curve): boolean {
  return trainer.startsWith('bpls');
}

/** Errors of this size and less are rounding, for sums over 64 inputs in float64: one is as good as another. */
const rounding = 64 * Number.EPSILON;

/** Whether a value is at least as good as a level. */
export function reaches(measure: Measure, value: number, level: number): boolean {
  return measure === 'accuracy' ? value >= level : value <= Math.max(level, rounding);
}

/** A point of one of several curves. */
export interface Found extends Point {
  curve: Curve;
}

/** The first point of any of the curves that is at least as good as the level. */
export function soonest(curves: readonly Curve[], level: number): Found | undefined {
  return all(curves)
    .filter(({ value, curve }) => reaches(curve.measure, value, level))
    .sort((a, b) => a.seconds - b.seconds)[0];
}

/** The best point of all, and of equals the first. */
export function best(curves: readonly Curve[]): Found | undefined {
  return all(curves).sort((a, b) => {
    const worse = a.curve.measure === 'accuracy' ? b.value - a.value : a.value - b.value;
    return worse || a.seconds - b.seconds;
  })[0];
}

function all(curves: readonly Curve[]): Found[] {
  return curves.flatMap((curve) => curve.points.map((point) => ({ ...point, curve })));
}

/** The curve as the best so far: what has been reached by a time. */
export function envelope({ measure, points }: Pick<Curve, 'measure' | 'points'>): Point[] {
  const kept: Point[] = [];
  for (const point of [...points].sort((a, b) => a.seconds - b.seconds)) {
    const last = kept.at(-1);
    if (!last || (reaches(measure, point.value, last.value) && point.value !== last.value)) kept.push(point);
  }
  return kept;
}

/** How many times sooner ours are at a level than a peer that comes to it. */
export function ratio(ours: readonly Curve[], peer: readonly Curve[], level: number): number | undefined {
  const [first, second] = [soonest(ours, level), soonest(peer, level)];
  return first && second ? second.seconds / first.seconds : undefined;
}
