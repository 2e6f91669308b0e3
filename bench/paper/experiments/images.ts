import { paper } from '../../../lib/index.js';
import { imageRows, someRows, type Labelled } from '../../classification.js';
import type { ImageSet } from '../../data/mnist.js';
import { imageSets } from '../../part.js';
import { progress } from '../../progress.js';
import { hasModule } from '../../python.js';
import { inline } from '../../table.js';
import type { Optimizer } from '../../torch.js';
import { envelope, type Curve, type Point } from '../curve.js';
import { share, type Effort, type Experiment, type Measured } from '../experiment.js';
import { sklearnCurve } from '../sklearn-curve.js';
import { budgetCurve, classification, fitOften, type Budgets, type Options } from '../task.js';
import { optimizers } from '../torch-curve.js';
import { limits, TorchOnImages, validation } from '../torch-on-images.js';

const image = { height: 28, width: 28 };
const sizes = [100, 1000];

/** MNIST or Fashion-MNIST by one hidden layer and softmax. */
export function images(name: string): Experiment {
  return (effort) => measure(name, effort);
}

async function measure(name: string, effort: Effort): Promise<Measured> {
  const curves: Curve[] = [];
  const notes: string[] = [];
  const hasTorch = await hasModule('torch', 'python3-torch', notes);
  const hasSklearn = await hasModule('sklearn', 'python3-sklearn', notes);
  const pytorch = new TorchOnImages(effort, notes);
  for (const set of imageSets(notes)) {
    if (set.name !== name) continue;
    curves.push(...(await ours(set, effort)));
    if (hasTorch) curves.push(...(await gradientCurves(set, pytorch)));
    if (hasSklearn) curves.push(...(await sklearnCurves(set, effort, notes)));
  }
  return { curves, tables: [], notes };
}

async function ours(set: ImageSet, effort: Effort): Promise<Curve[]> {
  const rows = share(effort, set.train.rows);
  const [train, test] = [imageRows(set.train, rows), imageRows(set.test)];
  const task = classification(set.name, train, test);
  await task.fit({ hidden: [100], iterations: 0, ridge: 1e-4 }); // the first call of a process takes longer
  const curves = [await tuned(set.name, train, test, effort)];
  for (const budgets of sizes.flatMap(settings)) curves.push(await budgetCurve(task, budgets));
  return curves;
}

/** The defaults with and without image windows, the rules, and the paper's method. */
function settings(units: number): Budgets[] {
  const hidden = [units];
  // A pass of the peeling rules takes seconds, and later ones hardly help.
  const passes = units > 100 ? [1] : [1, 4];
  const budgets = (trainer: string, setting: string, options: Options, iterations: Budgets['iterations']): Budgets => ({
    trainer,
    setting,
    options: { ...options, hidden },
    iterations,
    runs: 1,
  });
  const rules = (['nearest', 'inverse'] as const).map((targets) =>
    budgets(`bpls, ${targets}`, targets, { targets }, passes),
  );
  return [
    budgets('bpls', 'the defaults, with image windows', { image }, [0, 1, 2, 4, 8, 'auto']),
    budgets('bpls', 'the defaults', {}, ['auto']),
    budgets('bpls, paper', 'the preset `paper`', paper, passes),
    ...(units > 100 ? [] : rules),
  ];
}

/** A setting for those in a hurry: units, iterations and ridge, with image windows, on all rows or on the first of them. */
export interface Candidate {
  rows?: number;
  options: Options;
}

/** Gradient methods come to their first levels on a part of the rows; so may we. Fewer rows want a stronger ridge. */
export function grid(): Candidate[] {
  const candidates = (rows: number | undefined, units: number[], iterations: number[], ridges: number[]): Candidate[] =>
    units.flatMap((count) =>
      iterations.flatMap((times) =>
        ridges.map((ridge) => ({
          ...(rows !== undefined && { rows }),
          options: { hidden: [count], image, iterations: times, ridge },
        })),
      ),
    );
  return [
    ...[1500, 3000, 6000].flatMap((rows) => candidates(rows, [100, 300, 650], [0, 1], [1e-3, 3e-3])),
    ...[12_000, 18_000, 25_000, 40_000].flatMap((rows) =>
      candidates(rows, [100, 200, 300, 450, 650], [0, 1, 2], [5e-4]),
    ),
    ...candidates(undefined, [100, 200, 300, 450], [0, 1, 2, 4], [1e-4]),
    ...candidates(undefined, [650, 1000], [0, 1, 2, 4], [5e-5]),
  ];
}

/** The settings that nothing was both sooner and better than on the validation rows, judged by the test rows. */
async function tuned(problem: string, train: Labelled, test: Labelled, effort: Effort): Promise<Curve> {
  const split = train.X.rows - Math.min(validation, Math.round(train.X.rows / 6));
  const [first, last] = [someRows(train, 0, split), someRows(train, split)];
  const on = (all: Labelled, rows: number | undefined, others: Labelled) =>
    classification(problem, rows === undefined ? all : someRows(all, 0, Math.min(rows, all.X.rows)), others);
  const tried: (Point & Candidate)[] = [];
  const every = Math.round(1 / effort.effort); // to try it out
  for (const { rows, options } of grid().filter((_, k) => k % every === 0)) {
    progress(`paper: ${problem}, bpls, validation of ${inline({ ...options, rows })}`);
    tried.push({ rows, options, ...(await on(first, rows, last).fit(options)) } as Point & Candidate);
  }
  const kept = envelope({ measure: 'accuracy', points: tried }) as typeof tried;
  const points: Point[] = [];
  for (const { rows, options } of kept) {
    progress(`paper: ${problem}, bpls ${inline({ ...options, rows })}`);
    const { hidden, iterations, ridge } = options;
    const at = inline({ ...(rows !== undefined && { rows }), hidden, iterations, ridge });
    points.push({ ...(await fitOften(on(train, rows, test), options, share(effort, 3))), at });
  }
  points.sort((a, b) => a.seconds - b.seconds);
  return {
    problem,
    measure: 'accuracy',
    trainer: 'bpls',
    setting: 'rows, units, iterations and ridge chosen on validation rows, with image windows',
    points,
    tuning: tried.reduce((sum, { seconds }) => sum + seconds, 0),
    limit: points.at(-1)!.seconds,
  };
}

async function gradientCurves(set: ImageSet, pytorch: TorchOnImages): Promise<Curve[]> {
  const { constant, cosine } = await pytorch.adam(set);
  const curves = [...constant, ...cosine];
  for (const units of sizes)
    for (const optimizer of Object.keys(optimizers) as Optimizer[])
      if (optimizer !== 'adam') curves.push(...(await pytorch.curves(set, units, optimizer)));
  return curves;
}

async function sklearnCurves({ name, folder }: ImageSet, { effort }: Effort, notes: string[]): Promise<Curve[]> {
  const scaled = { gridLimit: limits.grid * effort, limit: limits.run * effort, validation };
  const curves = [await sklearnCurve(name, folder, 'ridge', undefined, scaled, notes)];
  for (const units of sizes) curves.push(await sklearnCurve(name, folder, 'mlp', units, scaled, notes));
  return curves;
}
