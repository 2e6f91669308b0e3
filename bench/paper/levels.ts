import type { Cell, Table } from '../table.js';
import { best, isOurs, ratio, reaches, soonest, type Curve } from './curve.js';
import { curvesOf, type Results } from './results.js';

/** Test accuracies to come to. */
export const levels: Readonly<Record<string, number[]>> = {
  MNIST: [0.9, 0.95, 0.97, 0.98],
  'Fashion-MNIST': [0.8, 0.85, 0.87, 0.88, 0.89],
};

export const gradientPeers = ['Adam', 'SGD', 'NAG', 'AdaGrad', 'MLPClassifier', 'RidgeClassifier'];
export const nodePeers = ['tfjs, wasm', 'tfjs, cpu', 'brain.js', 'ml-matrix, random features', 'ml-matrix, linear'];

export function bestValue(curves: readonly Curve[]): number | undefined {
  return best(curves)?.value;
}

/**
 * Seconds of each trainer to each level by whatever of its settings is soonest, and how many times those of bpls that
 * is.
 */
export function levelTable(results: Results, units?: number): Table {
  const trainers = [...gradientPeers, ...nodePeers];
  const table: Table = {
    title:
      units === undefined
        ? 'Seconds of training to a test accuracy, each by its soonest setting, and in brackets how many times those of bpls'
        : `The same at ${units} hidden units on all sides`,
    settings: {},
    columns: {
      data: 'text',
      accuracy: 'text',
      bpls: 'text',
      ...Object.fromEntries(trainers.map((name) => [name, 'text'])),
    },
    rows: [],
  };
  for (const [problem, accuracies] of Object.entries(levels)) {
    const curves = curvesOf(results, problem).filter((curve) => units === undefined || curve.units === units);
    if (curves.length === 0) continue;
    for (const level of accuracies) {
      const ours = soonest(curves.filter(isOurs), level);
      const cells = trainers.map((name): [string, Cell] => {
        const theirs = curves.filter(({ trainer }) => trainer === name);
        return [name, theirs.length === 0 ? undefined : beside(theirs, level, ours?.seconds)];
      });
      table.rows.push({
        data: problem,
        accuracy: percent(level),
        bpls: ours ? seconds(ours.seconds) : 'never',
        ...Object.fromEntries(cells),
      });
    }
  }
  return table;
}

function beside(theirs: readonly Curve[], level: number, ours: number | undefined): string {
  const first = soonest(theirs, level)?.seconds;
  // Where it did not come, what is known is that it takes longer than it was given.
  const after = first ?? Math.max(...theirs.map(({ limit }) => limit));
  const told = ours === undefined ? seconds(after) : `${seconds(after)} (${times(after / ours)})`;
  return first === undefined ? `> ${told}` : told;
}

/** What one trainer came to at its best, and when we were there. */
export interface Overtaken {
  problem: string;
  trainer: string;
  value: number;
  seconds: number;
  ours: number | undefined;
  ratio: number | undefined;
  /** The ratio 0.2 points short of an accuracy, or at ten times an error. */
  near: number | undefined;
  units: number | undefined;
}

const nearTo = ({ measure }: Curve, value: number) => (measure === 'accuracy' ? value - 0.002 : 10 * value);

/** Each of the trainers at its own best on each of the problems. */
export function atTheirBest(results: Results, problems: readonly string[], trainers?: readonly string[]): Overtaken[] {
  return problems.flatMap((problem) => {
    const curves = curvesOf(results, problem);
    const names = trainers ?? [...new Set(curves.filter((curve) => !isOurs(curve)).map(({ trainer }) => trainer))];
    return names.flatMap((trainer): Overtaken[] => {
      const theirs = curves.filter((curve) => curve.trainer === trainer);
      const found = best(theirs);
      if (!found) return [];
      // Where its best is rounding, it may have been as good before.
      const after = soonest(theirs, found.value)?.seconds ?? found.seconds;
      const first = soonest(curves.filter(isOurs), found.value);
      return [
        {
          problem,
          trainer,
          value: found.value,
          seconds: after,
          ours: first?.seconds,
          ratio: first && after / first.seconds,
          near: ratio(curves.filter(isOurs), theirs, nearTo(found.curve, found.value)),
          units: found.curve.units,
        },
      ];
    });
  });
}

/** As a table. `wanted`: the ratio that is to be reached. */
export function bestTable(title: string, overtaken: readonly Overtaken[], wanted: number): Table {
  return {
    title,
    settings: {},
    columns: {
      problem: 'text',
      trainer: 'text',
      units: 'integer',
      'its best': 'text',
      'after, s': 'seconds',
      'bpls there, s': 'text',
      ratio: 'text',
      wanted: 'text',
      met: 'text',
      'ratio 0.2 points short, or at ten times the error': 'text',
    },
    rows: overtaken.map(({ problem, trainer, units, value, seconds: after, ours, ratio, near }) => ({
      problem,
      trainer,
      units,
      'its best': problem in levels || problem === 'XOR' ? percent(value) : scientific(value),
      'after, s': after,
      'bpls there, s': ours === undefined ? 'never' : seconds(ours),
      ratio: ratio === undefined ? '–' : times(ratio),
      wanted: `≥ ${wanted}`,
      met: (ratio ?? 0) >= wanted,
      'ratio 0.2 points short, or at ten times the error': near === undefined ? '–' : times(near),
    })),
  };
}

/** For every peer, the tuning that came before its curves. */
export function tuningTable(results: Results): Table {
  const table: Table = {
    title: 'Seconds of tuning beforehand, and the setting that it chose',
    settings: {},
    columns: {
      problem: 'text',
      trainer: 'text',
      units: 'integer',
      setting: 'text',
      'tuning, s': 'seconds',
      'trained for, s': 'seconds',
      best: 'text',
    },
    rows: [],
  };
  for (const result of Object.values(results))
    for (const curve of result?.curves ?? [])
      table.rows.push({
        problem: curve.problem,
        trainer: curve.trainer,
        units: curve.units,
        setting: curve.setting,
        'tuning, s': curve.tuning,
        'trained for, s': curve.limit,
        best: ((value) =>
          value === undefined ? '–' : curve.measure === 'accuracy' ? percent(value) : scientific(value))(
          bestValue([curve]),
        ),
      });
  return table;
}

/** The levels at which a trainer is there as well, with the ratio of seconds. */
export function ratiosTo(results: Results, problem: string, trainer: string): { level: number; ratio: number }[] {
  const curves = curvesOf(results, problem);
  const theirs = curves.filter((curve) => curve.trainer === trainer);
  return (levels[problem] ?? []).flatMap((level) => {
    const [first, second] = [soonest(curves.filter(isOurs), level), soonest(theirs, level)];
    return first && second && reaches('accuracy', second.value, level)
      ? [{ level, ratio: second.seconds / first.seconds }]
      : [];
  });
}

export function percent(value: number): string {
  return `${Number((100 * value).toFixed(2))} %`;
}

export function seconds(value: number): string {
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

export function scientific(value: number): string {
  return value.toExponential(1).replace('e+', 'e');
}

export function times(value: number): string {
  const digits = Number(value.toPrecision(value < 10 ? 2 : 3));
  return `${digits.toLocaleString('en')}×`;
}
