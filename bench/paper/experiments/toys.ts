import { paper } from '../../../lib/index.js';
import { withArrays, type Arrays } from '../../arrays.js';
import { points as labelled } from '../../classification.js';
import { linearMap, mulberry32, teacher, xor, type Classes, type Mapping } from '../../data/toy.js';
import { hasModule } from '../../python.js';
import type { Optimizer, TorchSetting } from '../../torch.js';
import type { Curve } from '../curve.js';
import { share, type Effort, type Measured } from '../experiment.js';
import { budgetCurve, classification, regression, split, type Budgets, type Options, type Task } from '../task.js';
import { optimizers, torchCurves } from '../torch-curve.js';

const rows = { train: 1000, test: 1000 };

/** A problem for both sides. */
interface Toy {
  task: Task;
  arrays: Arrays;
  outputs?: number;
  columns: number;
  options: Options & { ridge: number; hidden: number[]; activation: 'tanh' | 'identity' };
}

function map(problem: string, mapping: Mapping, options: Toy['options']): Toy {
  const [train, test] = split(mapping, rows.train);
  return {
    task: regression(problem, mapping, rows.train),
    arrays: { X: train.X.data, Y: train.Y.data, X_test: test.X.data, Y_test: test.Y.data },
    columns: mapping.cols,
    outputs: mapping.outputs,
    options,
  };
}

function classes(problem: string, train: Classes, test: Classes, options: Toy['options']): Toy {
  const float = ({ labels }: Classes) => Float64Array.from(labels);
  return {
    task: classification(problem, labelled(train), labelled(test)),
    arrays: { X: train.inputs, Y: float(train), X_test: test.inputs, Y_test: float(test) },
    columns: train.cols,
    options,
  };
}

function problems(): Toy[] {
  const all = rows.train + rows.test;
  return [
    map('linear toy', linearMap(all, 4, 3, mulberry32(1)), { hidden: [16], activation: 'identity', ridge: 0 }),
    map('nonlinear toy', teacher(all, 4, 6, 2, mulberry32(2)), { hidden: [32], activation: 'tanh', ridge: 0 }),
    classes('XOR', xor(rows.train, mulberry32(3)), xor(rows.test, mulberry32(4)), {
      hidden: [20],
      activation: 'tanh',
      ridge: 1e-6,
    }),
  ];
}

const rates: Record<Optimizer, number[]> = {
  adam: [1e-3, 3e-3, 1e-2, 3e-2],
  sgd: [0.01, 0.03, 0.1, 0.3],
  nag: [0.003, 0.01, 0.03, 0.1],
  adagrad: [0.01, 0.03, 0.1, 0.3],
};

/** The paper's small problems: a linear and a nonlinear map, and XOR. */
export async function toys(effort: Effort): Promise<Measured> {
  const curves: Curve[] = [];
  const notes: string[] = [];
  const hasTorch = await hasModule('torch', 'python3-torch', notes);
  for (const { task, arrays, columns, outputs, options } of problems()) {
    await task.fit({ ...options, iterations: 1 }); // the first call of a process takes longer
    for (const one of budgets(options, share(effort, 5))) curves.push(await budgetCurve(task, one));
    if (!hasTorch) continue;
    await withArrays(arrays, async (folder) => {
      const data = { folder, columns, ...(outputs !== undefined && { outputs }), validation: rows.train / 5 };
      for (const optimizer of Object.keys(optimizers) as Optimizer[]) {
        const { hidden, activation } = options;
        const setting: TorchSetting = { optimizer, hidden, activation, batch: 32, rates: rates[optimizer] };
        const seconds = { grid: effort.effort, runs: [5 * effort.effort] };
        curves.push(...(await torchCurves(task.problem, data, setting, { openblas: 1, openmp: 1 }, seconds, notes)));
      }
    });
  }
  return { curves, tables: [], notes };
}

function budgets(options: Toy['options'], runs: number): Budgets[] {
  const { hidden, activation } = options;
  const rule = (targets: 'inverse' | 'nearest' | 'gauss-newton'): Budgets => ({
    trainer: targets === 'gauss-newton' ? 'bpls' : `bpls, ${targets}`,
    setting: `${targets}, ridge ${options.ridge}`,
    options: { ...options, targets },
    iterations: targets === 'gauss-newton' ? [1, 3, 10, 30, 100] : [1, 3, 10],
    runs,
  });
  return [
    {
      trainer: 'bpls, paper',
      setting: 'the preset `paper`',
      options: { ...paper, hidden, activation },
      iterations: [1, 3, 10],
      runs,
    },
    rule('inverse'),
    rule('nearest'),
    rule('gauss-newton'),
    { trainer: 'bpls', setting: 'the defaults', options: { hidden, activation }, iterations: ['auto'], runs },
  ];
}
