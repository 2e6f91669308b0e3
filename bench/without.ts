import type { RawAddon, RawCalls } from '../binding/index.js';
import { native } from '../lib/lane.js';

type Raw = (args: never) => Promise<object>;
type Args<Name extends keyof RawCalls> = RawCalls[Name][0] & { threads: number };

/** Puts other functions in the place of some of the addon's while `run` lasts. */
async function replacing<T>(
  replace: (original: RawAddon) => Partial<Record<keyof RawCalls, Raw>>,
  run: () => Promise<T>,
): Promise<T> {
  const addon = native() as unknown as Record<string, Raw>;
  const replacements = replace({ ...addon } as unknown as RawAddon) as Record<string, Raw>;
  const before = Object.keys(replacements).map((name) => [name, addon[name]!] as const);
  Object.assign(addon, replacements);
  try {
    return await run();
  } finally {
    for (const [name, original] of before) addon[name] = original;
  }
}

/** Trains with steps (G + aI) ΔW c = AᵀE/S − ridge V, c the mean of the curvature C's diagonal: all units are alike. */
export function withoutCurvature<T>(run: () => Promise<T>): Promise<T> {
  return replacing(
    ({ step }) => ({
      step: (args: Args<'step'>) => {
        const { curvature, units } = args;
        let trace = 0;
        for (let i = 0; i < units; i++) trace += curvature[i * (units + 1)]!;
        const alike = curvature.map((_, i) => (i % (units + 1) === 0 ? trace / units : 0));
        return step({ ...args, curvature: alike });
      },
    }),
    run,
  );
}

/**
 * Trains with the output layer solved on the first features and on the last ones alone. Between them the hidden layers
 * learn for the output layer as it is: its solves change nothing, nor does the model of a step count on them.
 *
 * @param evaluations of the training, for which the ridge must be given: a search would have its own
 */
export function withoutResolving<T>(evaluations: number, run: () => Promise<T>): Promise<T> {
  let evaluation = 0;
  let isSolving = false;
  const isLeftOut = () => (isSolving ? evaluation > 1 && evaluation < evaluations : evaluation < evaluations - 1);
  const emptied = async <Outcome>(outcome: Promise<Outcome>, solution: Float64Array | Float32Array) => {
    const result = await outcome;
    if (isLeftOut()) solution.fill(0);
    return result;
  };
  return replacing(
    ({ sweep, solveCholesky, solveFactored }) => ({
      sweep: (args: Args<'sweep'>) => {
        if (args.grams && args.clear) {
          evaluation++;
          isSolving = true;
        }
        if (args.marks) isSolving = false;
        return sweep(args);
      },
      solveCholesky: (args: Args<'solveCholesky'>) => emptied(solveCholesky(args), args.solution),
      solveFactored: (args: Args<'solveFactored'>) => emptied(solveFactored(args), args.solution),
    }),
    run,
  );
}
