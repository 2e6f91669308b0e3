import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Matrix } from '../matrix.js';
import { costOfExponential, turns } from '../turns.js';

/** Where the logarithm of the factor of the scores is looked for, and how closely. */
const [least, most, precision] = [-10 * Math.LN2, 10 * Math.LN2, 1e-5];

/** Scores of rows that were held out, with their classes. */
export interface HeldScores {
  readonly scores: Matrix;
  readonly truth: Int32Array;
  /** Of the rows, all 1 where not given. */
  readonly weights: ArrayLike<number> | undefined;
}

/** Of what draws β to 1, in rows. */
const drawn = 1 / 4;

/** How scores become probabilities. */
export interface Calibration {
  inverseTemperature: number;
  /** Mean over the rows, in nats. */
  logLoss: number;
}

/**
 * The factor β of the scores that makes the probabilities softmax(β z) likeliest on rows that were held out: the least of
 *
 *     Σ −log p_own + (β − 1 − log β)/4
 *
 * which is convex. What stands beside the log-loss draws β to 1, the scores being made for ±1, so that scores next to zero
 * that tell nothing are not blown up. One row's worth of the labels is any class alike, as in Platt's scaling, so that
 * rows that are all classified right do not make it certain. Undefined where no row has weight or scores are not finite.
 *
 * @source Guo et al. 2017 (arXiv 1706.04599), section 4.2: temperature scaling, β = 1/T
 */
export async function calibration(held: readonly HeldScores[]): Promise<Calibration | undefined> {
  const total = held.reduce((sum, { truth, weights }) => sum + (weights ? add(weights) : truth.length), 0);
  if (total === 0) return undefined;
  const anyClass = 1 / (total + 1);
  const at = async (beta: number) => {
    let [loss, slope] = [0, drawn * (1 - 1 / beta)];
    for (const part of held)
      for await (const [begin, end] of turns(part.truth.length, costOfExponential * part.scores.cols)) {
        const sums = likelihood(part, begin, end, beta, anyClass);
        loss += sums.loss;
        slope += sums.slope;
      }
    return { loss, slope };
  };
  const { slope } = await at(1);
  if (!Number.isFinite(slope)) return undefined;
  const slopeAt = async (logarithm: number) => {
    await nextTurn();
    return (await at(Math.exp(logarithm))).slope;
  };
  const beta = Math.exp(await zero(slopeAt, slope));
  return { inverseTemperature: beta, logLoss: (await at(beta)).loss / total };
}

/**
 * Where a rising function is 0, between the bounds: away from 0, where its value is given, in steps that double, until that
 * is behind; then by secants, with the value of the end that stays halved (Illinois).
 */
async function zero(f: (x: number) => Promise<number>, atZero: number): Promise<number> {
  const way = atZero > 0 ? -1 : 1;
  let to = { x: 0, value: atZero };
  let from = to;
  for (let stride = Math.LN2; to.value * way < 0; stride *= 2) {
    if (to.x === most || to.x === least) return to.x;
    const x = Math.min(most, Math.max(least, to.x + way * stride));
    [from, to] = [to, { x, value: await f(x) }];
  }
  while (Math.abs(to.x - from.x) > precision && to.value !== 0) {
    const x = to.x - (to.value * (to.x - from.x)) / (to.value - from.value);
    const next = { x, value: await f(x) };
    if (next.value * to.value < 0) from = to;
    else from = { x: from.x, value: from.value / 2 };
    if (Math.abs(next.x - to.x) <= precision / 2) return next.x;
    to = next;
  }
  return to.x;
}

function add(weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] as number;
  return sum;
}

/** Σ log Σ_k exp(β z_k) − β z*, z* = (1 − ε) z_own + ε mean_k z_k, and its derivative by β, Σ (Σ_k p_k z_k − z*). */
function likelihood(
  { scores: { data, cols }, truth, weights }: HeldScores,
  begin: number,
  end: number,
  beta: number,
  anyClass: number,
): { loss: number; slope: number } {
  let [loss, slope] = [0, 0];
  for (let i = begin; i < end; i++) {
    const weight = weights?.[i] ?? 1;
    if (weight === 0) continue;
    const first = i * cols;
    let greatest = -Infinity;
    for (let k = 0; k < cols; k++) greatest = Math.max(greatest, data[first + k] as number);
    let [total, expected, mean] = [0, 0, 0];
    for (let k = 0; k < cols; k++) {
      const z = data[first + k] as number;
      const p = Math.exp(beta * (z - greatest));
      total += p;
      expected += p * z;
      mean += z / cols;
    }
    const wanted = (1 - anyClass) * (data[first + (truth[i] as number)] as number) + anyClass * mean;
    loss += weight * (Math.log(total) + beta * (greatest - wanted));
    slope += weight * (expected / total - wanted);
  }
  return { loss, slope };
}
