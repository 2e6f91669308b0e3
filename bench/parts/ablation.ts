import { matrix, type Activation, type Classifier, type ClassifierOptions, type Matrix } from '../../lib/index.js';
import { allocate } from '../../lib/matrix.js';
import { Network } from '../../lib/network/network.js';
import { logisticClasses } from '../irls.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { dataSets, nothing, onSplits, trainOn, units, type Split } from '../splits.js';
import { mean, range, standardError } from '../statistics.js';
import type { Table } from '../table.js';
import { withoutCurvature, withoutResolving } from '../without.js';

/** What a user would give who gives one ridge for everything. */
const fixedRidge = 1e-4;

interface Run {
  score: number;
  seconds: number;
}

/** Columns of the table, after the first: what is left out. */
const parts = [
  'one-sided targets',
  'two-sided targets',
  'curvature of the units',
  'contrast init',
  'auto ridge',
  'auto activation',
  'more than 8 iterations',
  're-solve',
  'the hidden layer’s steps',
] as const;
/** What might stand in a part's place. */
const others = ['elu for all', 'output by IRLS'] as const;
type Name = 'everything' | (typeof parts)[number] | (typeof others)[number];

/** Each part of the method left out in turn. */
export async function ablation({ seeds = 3, data: names }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const sets: { data: string; runs: Partial<Record<Name, Run>>[] }[] = [];
  for (const data of await dataSets(notes, names)) {
    if (data.name === nothing) continue;
    const runs: Partial<Record<Name, Run>>[] = [];
    try {
      await onSplits(data, { seeds: range(seeds), compete: false, notes }, async (split, seed) => {
        runs.push(await leaveOut(split, seed, data.name));
      });
      sets.push({ data: data.name, runs });
    } catch (error) {
      notes.push(`Left out: ${data.name}: ${(error as Error).message}`);
    }
  }
  const description =
    'Accuracy, or R² for diabetes, Friedman, diamonds, houses, check times, concrete and trains, on the rows held out of the splits of `accuracy`, and how many ' +
    'points it changes when one part of the method is left out. Without one-sided targets: `samples: "all"`; without two-sided ones: `"margin"`. Without the ' +
    'curvature of the units, all units are damped alike: the left factor of a step alone is two-sided. Without contrast ' +
    `init: \`init: "orthogonal"\`. Without auto ridge: \`ridge: ${fixedRidge}\`. Without re-solve: the output layer is solved on the ` +
    'first features and the last ones alone. Without auto activation: tanh. Without steps: `iterations: 0`. A linear model, ' +
    'where the search finds one, is its own in the columns of more iterations, re-solve and IRLS. The last two put ' +
    'something else in a part’s place: elu everywhere; and the features stay, but the output layer is solved for ' +
    'cross-entropy, by iteratively reweighted least squares, its ridge chosen on a fifth of up to 10,000 training rows.';
  return { description, tables: [differences(sets), costs(sets)], notes };
}

async function leaveOut(split: Split, seed: number, name: string): Promise<Partial<Record<Name, Run>>> {
  const train = async (options: ClassifierOptions) => {
    const { score, model } = await trainOn(split, { seed, ...options });
    return { run: { score: score.score, seconds: score.seconds }, model };
  };
  const runs: Partial<Record<Name, Run>> = {};
  const add = async (what: Name, run: () => Promise<{ run: Run }>) => {
    progress(`ablation: ${name}, seed ${seed}, ${what}`);
    runs[what] = (await run()).run;
  };
  const all = await train({});
  runs.everything = all.run;
  const isLinear = all.model.network.layers.length === 1;
  const activation = all.model.network.layers[0]!.activation as Activation;
  const [hidden, output] = all.model.report.layers.map(({ ridge }) => ridge) as [number, number];
  const { samples = 'margin' } = all.model.report.ridgeSearch!;
  const found: ClassifierOptions = isLinear ? { hidden: [], samples } : { activation, samples };
  if (split.classes) {
    await add('one-sided targets', () => train({ samples: 'all' }));
    await add('two-sided targets', () => train({ samples: 'margin' }));
  }
  await add('curvature of the units', () => withoutCurvature(() => train({})));
  await add('contrast init', () => train({ init: 'orthogonal' }));
  await add('auto ridge', () => train({ ...found, ridge: fixedRidge }));
  await add('auto activation', () => train({ activation: 'tanh' }));
  if (isLinear) {
    runs['more than 8 iterations'] = runs['re-solve'] = all.run;
    if (split.classes) runs['output by IRLS'] = all.run;
  } else {
    await add('more than 8 iterations', () => train({ iterations: 8 }));
    const made = all.model.report.iterations.length - 1;
    const same = { ...found, ridge: { hidden, output }, iterations: made };
    await add('re-solve', () => withoutResolving(made + 1, () => train(same)));
    if (split.classes)
      await add('output by IRLS', async () => ({ run: await byCrossEntropy(split, all.model as Classifier, output) }));
  }
  await add('the hidden layer’s steps', () => train({ iterations: 0 }));
  await add('elu for all', () => train({ activation: 'elu' }));
  return runs;
}

/** The network's features under an output layer of another kind. */
async function byCrossEntropy({ X, y, test, truth }: Split, model: Classifier, ridge: number): Promise<Run> {
  const started = performance.now();
  const below = new Network(model.network.layers.slice(0, -1), model.network.standardization);
  const [H, T] = [await features(below, X), await features(below, test)];
  const classes = model.classes.length;
  const held = Math.min(2000, Math.floor(X.rows / 5));
  const part = (from: number, to: number) => matrix(H.data.subarray(from * H.cols, to * H.cols), to - from, H.cols);
  const [last, first] = [part(0, held), part(held, Math.min(X.rows, 5 * held))];
  const right = (found: Int32Array, labels: ArrayLike<number>) =>
    found.reduce((sum, k, i) => sum + Number(model.classes[k] === labels[i]), 0) / found.length;
  const indices = Array.from(y, (label) => model.classes.indexOf(label));
  let best = { score: -1, penalty: 0 };
  // The curvature of a logistic loss is at most a quarter.
  for (const factor of [1 / 64, 1 / 16, 1 / 4, 1]) {
    const penalty = factor * ridge;
    const found = await logisticClasses(first, indices.slice(held, 5 * held), classes, penalty, last);
    const score = right(found, y.subarray(0, held));
    if (score > best.score) best = { score, penalty };
  }
  const found = await logisticClasses(H, indices, classes, best.penalty, T);
  return { score: right(found, truth), seconds: (performance.now() - started) / 1000 };
}

/** [H, 1] */
async function features(network: Network, X: Matrix): Promise<Matrix> {
  const { data, rows, cols } = await network.forward(X, { threads: 2 });
  const result = allocate(data, rows * (cols + 1)).fill(1);
  for (let i = 0; i < rows; i++) result.set(data.subarray(i * cols, (i + 1) * cols), i * (cols + 1));
  return matrix(result, rows, cols + 1);
}

type Sets = readonly { data: string; runs: Partial<Record<Name, Run>>[] }[];

const average = (runs: readonly Partial<Record<Name, Run>>[], name: Name, figure: keyof Run): number | undefined =>
  runs[0]?.[name] && mean(runs.map((run) => run[name]![figure]));

function differences(sets: Sets): Table {
  const names = [...parts, ...others] as const;
  const changes = sets.map(({ data, runs }) => ({
    data,
    all: average(runs, 'everything', 'score')!,
    changes: names.map((name) =>
      runs[0]?.[name] ? runs.map((run) => 100 * (run[name]!.score - run.everything!.score)) : undefined,
    ),
  }));
  const total = names.map((_, i) => {
    const known = changes.flatMap((row) => (row.changes[i] ? [mean(row.changes[i])] : []));
    return known.length > 0 ? signed(mean(known)) : undefined;
  });
  const cells = (values: readonly (string | undefined)[]) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));
  return {
    title: 'Points that the score changes without, and with another: mean of the paired differences ± standard error',
    settings: { seeds: sets[0]?.runs.length, units },
    columns: {
      data: 'text',
      everything: 'percent',
      ...(Object.fromEntries(names.map((name) => [name, 'text'])) as Record<string, 'text'>),
    },
    rows: [
      ...changes.map((row) => ({
        data: row.data,
        everything: row.all,
        ...cells(row.changes.map((values) => values && withError(values))),
      })),
      { data: 'mean', everything: mean(changes.map(({ all }) => all)), ...cells(total) },
    ],
  };
}

function withError(values: readonly number[]): string {
  const error = standardError(values);
  return signed(mean(values)) + (error === undefined ? '' : ` ± ${error.toFixed(2)}`);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

function costs(sets: Sets): Table {
  const names: Name[] = ['everything', ...parts, ...others];
  return {
    title: 'Seconds, geometric mean over the data sets, as a share of those with everything',
    settings: {},
    columns: { 'without, and with another': 'text', share: 'decimal' },
    rows: names.map((name) => {
      const ratios = sets
        .filter(({ runs }) => runs[0]?.[name])
        .map(({ runs }) => average(runs, name, 'seconds')! / average(runs, 'everything', 'seconds')!);
      return { 'without, and with another': name, share: Math.exp(mean(ratios.map(Math.log))) };
    }),
  };
}
