import { call } from './lane.js';
import { epsilon, type FloatArray } from './matrix.js';
import type { Settings } from './options.js';
import type { LayerReport } from './report.js';
import { notPositiveDefinite, solveBySvd } from './solve.js';
import type { PassTotals, Training } from './training.js';

/** Accelerated steps of the one-sided problem; a two-sided one is exact after the first. */
const oneSidedSteps = 8;

/** Least-squares solves of the output layer in each evaluation. */
export function outputSteps({ samples }: Pick<Settings, 'samples'>): number {
  return samples === 'margin' ? oneSidedSteps : 1;
}

/**
 * Solves the output layer on the present hidden layers and leaves it in `training.output`.
 *
 * One-sided targets T* = where(y·z > margin, z, margin·y) make the squared-hinge problem of the fixed features. Each step
 * solves the least-squares problem that majorises it, W ← W + (G + ridge)⁻¹(Aᵀ(T* − A W)/S − ridge V), with the one
 * factor of G = AᵀA/S, and Nesterov's acceleration.
 */
export class OutputLayer {
  readonly #training: Training;
  readonly #order: number;
  readonly gram: FloatArray;
  readonly #rhs: FloatArray;
  readonly #factor: FloatArray;
  readonly marks: Uint8Array;
  /** Samples with a residual, by output. */
  readonly share: FloatArray;
  ridge = 0;
  /** (AᵀA + S ridge)⁻¹ B with the present factor. */
  #solve: (rhs: FloatArray) => Promise<FloatArray> = () => this.#factorAndSolve();

  constructor(training: Training) {
    const { inputs, units } = training.output;
    this.#training = training;
    this.#order = inputs + 1;
    this.gram = training.zeros(this.#order ** 2);
    this.#rhs = training.zeros(this.#order * units);
    this.#factor = training.zeros(this.#order ** 2);
    this.marks = new Uint8Array(training.rows);
    this.share = training.zeros(units);
  }

  /**
   * One pass forward, which fills the cache and the Gram matrices of the layers (`grams[l]` of [H_l, 1], null to skip),
   * then the steps. Returns the totals at the new weights.
   */
  async solve(grams: (FloatArray | null)[], chooseRidge: () => void): Promise<PassTotals> {
    const training = this.#training;
    const everything = { count: training.rows };
    const { weights } = training.output;
    await training.sweep(everything, {
      cached: false,
      grams: [...grams.slice(0, -1), this.gram],
      outputRhs: this.#rhs,
    });
    chooseRidge();
    const steps = outputSteps(training.settings);
    let previous = weights.slice();
    let momentum = 1;
    for (let step = 0; step < steps; step++) {
      if (step > 0) await training.sweep(everything, { cached: true, outputRhs: this.#rhs });
      this.#penalise(weights);
      const change = step === 0 ? await this.#factorAndSolve() : await this.#solve(this.#rhs);
      const next = weights.map((w, i) => w + (change[i] as number));
      const following = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
      const ahead = step + 1 < steps ? (momentum - 1) / following : 0;
      for (let i = 0; i < weights.length; i++)
        weights[i] = (next[i] as number) + ahead * ((next[i] as number) - (previous[i] as number));
      previous = next;
      momentum = following;
    }
    return training.sweep(everything, { cached: true, marks: this.marks, share: this.share });
  }

  /** rhs −= ridge S V */
  #penalise(weights: FloatArray): void {
    const penalty = this.ridge * this.#training.rows;
    const end = weights.length - this.#training.output.units;
    for (let i = 0; i < end; i++) (this.#rhs[i] as number) -= penalty * (weights[i] as number);
  }

  /**
   * How much of Σ dZ_i · dZ_j the output layer takes up when it is solved again, for i, j = 00, 01, 11: with B_i = AᵀdZ_i,
   * <B_i, (AᵀA + S ridge)⁻¹ B_j>. The rest is what the hidden layers' change does by itself (variable projection).
   */
  async takenUp([first, second]: readonly [FloatArray, FloatArray]): Promise<[number, number, number]> {
    const inner = async (x: FloatArray, y: FloatArray) =>
      (await call(this.#training, 'innerProduct', { x, y, length: x.length })).product;
    const [x, y] = [await this.#solve(first), await this.#solve(second)];
    return [await inner(first, x), await inner(first, y), await inner(second, y)];
  }

  /** Factors the Gram matrix, which sets #solve, and solves with the present right-hand side. */
  async #factorAndSolve(): Promise<FloatArray> {
    const training = this.#training;
    const { solver } = training.settings;
    const report = training.layerReports.at(-1) as LayerReport;
    report.ridge = this.ridge;
    if (solver !== 'svd') {
      const system = { order: this.#order, rhs: this.#rhs, rightHandSides: training.output.units };
      const solution = training.zeros(this.#rhs.length);
      const ridge = this.ridge * training.rows;
      const { info, rcond } = await call(training, 'solveCholesky', {
        ...system,
        gram: this.gram,
        weight: 1,
        ridge,
        lastRidge: 0,
        factor: this.#factor,
        solution,
      });
      // A ridge makes the problem well posed, and the steps refine each other.
      if (info === 0 && (ridge > 0 || rcond >= epsilon(this.gram) || solver === 'cholesky')) {
        Object.assign(report, { solver: 'cholesky', rank: this.#order, rcond });
        this.#solve = async (rhs) => {
          const solution = training.zeros(rhs.length);
          await call(training, 'solveFactored', { ...system, rhs, factor: this.#factor, solution });
          return solution;
        };
        return solution;
      }
      if (solver === 'cholesky') throw notPositiveDefinite('the output layer');
    }
    const svd = await solveBySvd(training, this.#order, this.ridge, (triangle) =>
      training.sweep({ count: training.rows }, { cached: true, triangle }),
    );
    Object.assign(report, { solver: 'svd', rank: svd.rank, rcond: svd.rcond });
    this.#solve = svd.solve;
    return svd.solve(this.#rhs);
  }
}
