import type { Curve } from './curve.js';

/** Training seconds of a run and of each setting of the grid before it. */
export interface Limits {
  limit: number;
  gridLimit: number;
}

/** A line of a peer: what a rate of the grid came to on the validation rows, or a moment of the run by the best rate. */
export interface TraceLine {
  rate: number;
  seconds: number;
  validation?: number;
  accuracy?: number;
}

/** The curve of a peer, from its lines. */
export async function tracedCurve(
  { units, ...of }: Pick<Curve, 'problem' | 'trainer' | 'limit'> & { units: number | undefined },
  what: string,
  lines: AsyncIterable<TraceLine>,
): Promise<Curve> {
  const curve: Curve = {
    ...of,
    measure: 'accuracy',
    setting: '',
    ...(units !== undefined && { units }),
    points: [],
    tuning: 0,
  };
  for await (const { rate, seconds, validation, accuracy } of lines) {
    if (accuracy === undefined) curve.tuning += validation === undefined ? 0 : seconds;
    else {
      curve.setting = `${what} ${rate}`;
      curve.points.push({ seconds, value: accuracy });
    }
  }
  return curve;
}
