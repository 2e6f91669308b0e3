import { paper } from '../../../lib/index.js';
import { defaultThreads } from '../../../lib/threads.js';
import { withArrays } from '../../arrays.js';
import { linearMap, mulberry32, teacher, type Mapping } from '../../data/toy.js';
import { hasModule } from '../../python.js';
import { fastestThreads, type Optimizer, type TorchSetting } from '../../torch.js';
import type { Curve } from '../curve.js';
import { share, type Effort, type Measured } from '../experiment.js';
import { budgetCurve, regression, split, type Budgets } from '../task.js';
import { optimizers, torchCurves } from '../torch-curve.js';

const rows = { train: 5000, test: 1000 };
const hidden = [64];

interface Problem {
  name: string;
  mapping: Mapping;
  activation: 'identity' | 'tanh';
  /** Of Adam: what it is used in, and, where rounding could be what ends it, ours. */
  precisions: readonly ('float32' | 'float64')[];
  budgets: Omit<Budgets, 'runs'>[];
}

/**
 * Training seconds. Rates fall along a cosine to the end of the training, so that a shorter one is sooner where it will:
 * Adam gets several.
 */
const limits = { adam: [1, 3, 10, 60], others: [60], grid: 1 };

const rates: Record<Optimizer, number[]> = {
  adam: [1e-3, 3e-3, 1e-2, 3e-2],
  sgd: [0.003, 0.01, 0.03, 0.1],
  nag: [0.003, 0.01, 0.03, 0.1],
  adagrad: [0.01, 0.03, 0.1, 0.3],
};

function problems(): Problem[] {
  const all = rows.train + rows.test;
  return [
    {
      name: 'linear map 64 → 64',
      mapping: linearMap(all, 64, 64, mulberry32(1000)),
      activation: 'identity',
      precisions: ['float32', 'float64'],
      budgets: [
        {
          trainer: 'bpls, paper',
          setting: 'the preset `paper`, one pass',
          options: { ...paper, hidden, activation: 'identity' },
          iterations: [1],
        },
        {
          trainer: 'bpls',
          setting: 'orthogonal first weights, the output layer solved',
          options: { hidden, activation: 'identity', init: 'orthogonal', standardize: false, ridge: 0 },
          iterations: [0],
        },
      ],
    },
    {
      name: 'teacher of 16 tanh units',
      mapping: teacher(all, 64, 16, 8, mulberry32(2000)),
      activation: 'tanh',
      precisions: ['float32'],
      budgets: [
        {
          trainer: 'bpls, paper',
          setting: 'the preset `paper`',
          options: { ...paper, hidden, activation: 'tanh' },
          iterations: [1, 5],
        },
        {
          trainer: 'bpls, nearest',
          setting: 'nearest, ridge 0',
          options: { hidden, targets: 'nearest', ridge: 0 },
          iterations: [1, 5, 30],
        },
        {
          trainer: 'bpls',
          setting: 'gauss-newton, ridge 0',
          options: { hidden, ridge: 0 },
          iterations: [0, 1, 2, 5, 10, 20, 30, 50, 100, 200],
        },
      ],
    },
  ];
}

/** Maps that the network can learn exactly, to the error that a minute of Adam comes to. */
export async function injective(effort: Effort): Promise<Measured> {
  const curves: Curve[] = [];
  const notes: string[] = [];
  const hasTorch = await hasModule('torch', 'python3-torch', notes);
  for (const { name, mapping, activation, precisions, budgets } of problems()) {
    const task = regression(name, mapping, rows.train);
    await task.fit({ hidden, activation, iterations: 1, ridge: 0 }); // the first call of a process takes longer
    for (const one of budgets) curves.push(await budgetCurve(task, { ...one, runs: share(effort, 5) }));
    if (!hasTorch) continue;
    const [train, test] = split(mapping, rows.train);
    const arrays = { X: train.X.data, Y: train.Y.data, X_test: test.X.data, Y_test: test.Y.data };
    await withArrays(arrays, async (folder) => {
      const data = { folder, columns: mapping.cols, outputs: mapping.outputs, validation: rows.train / 5 };
      const common = { hidden, activation, batch: 256 };
      const adam: TorchSetting = { ...common, optimizer: 'adam', rates: rates.adam, schedule: 'cosine' };
      const threads = await fastestThreads(data, adam, defaultThreads(), effort.effort);
      const race = async (setting: TorchSetting, runs: number[]) => {
        const seconds = { grid: limits.grid * effort.effort, runs: runs.map((limit) => limit * effort.effort) };
        curves.push(...(await torchCurves(name, data, setting, threads, seconds, notes)));
      };
      for (const precision of precisions) await race({ ...adam, precision }, limits.adam);
      for (const optimizer of Object.keys(optimizers) as Optimizer[])
        if (optimizer !== 'adam')
          await race({ ...common, optimizer, rates: rates[optimizer], schedule: 'cosine' }, limits.others);
    });
  }
  return { curves, tables: [], notes };
}
