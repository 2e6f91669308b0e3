import {
  matrix,
  paper,
  trainRegressor,
  type Matrix,
  type RegressorOptions,
  type TrainReport,
} from '../../lib/index.js';
import { linearMap, mulberry32, teacher, type Mapping } from '../data/toy.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { mean, median, range } from '../statistics.js';
import type { Table } from '../table.js';

const rows = { train: 5000, heldOut: 1000 };
const allRows = rows.train + rows.heldOut;

/** Relative errors ‖Ŷ − Y‖ / ‖Y‖ after one training. */
interface Errors {
  train: number;
  heldOut: number;
  report: TrainReport;
}

/** Maps that a network can learn exactly. */
export async function injective({ seeds = 5 }: PartOptions): Promise<PartResult> {
  return {
    description: 'Maps that the network can learn exactly: relative errors ‖Ŷ − Y‖ / ‖Y‖ in float64.',
    tables: [...(await linear(seeds)), await student(seeds)],
    notes: [],
  };
}

async function linear(seeds: number): Promise<Table[]> {
  const shape = { inputs: 64, outputs: 32 };
  const preset = { ...paper, iterations: 1, activation: 'identity' } as const;
  const errors: Table = {
    title: 'A linear map in one pass of the paper (options `paper`; to be at most 1e-12)',
    settings: { ...shape, ...rows, seeds, options: preset },
    columns: { 'hidden layers': 'text', mean: 'scientific', worst: 'scientific', 'held out, worst': 'scientific' },
    rows: [],
  };
  const layers: Table = {
    title: 'How its layers were solved, first seed',
    settings: {},
    columns: {
      'hidden layers': 'text',
      layer: 'integer',
      inputs: 'integer',
      units: 'integer',
      solver: 'text',
      rank: 'integer',
      rcond: 'scientific',
    },
    rows: [],
  };
  for (const units of [64, 100])
    for (const depth of [1, 3]) {
      const network = `${depth} × ${units}`;
      const options = { ...preset, hidden: Array<number>(depth).fill(units) };
      const runs: Errors[] = [];
      for (const seed of range(seeds)) {
        progress(`injective: linear map, ${network}, seed ${seed}`);
        const data = linearMap(allRows, shape.inputs, shape.outputs, mulberry32(1000 + seed));
        runs.push(await learn(data, { ...options, seed }));
      }
      const train = runs.map((run) => run.train);
      const heldOut = runs.map((run) => run.heldOut);
      errors.rows.push({
        'hidden layers': network,
        mean: mean(train),
        worst: Math.max(...train),
        'held out, worst': Math.max(...heldOut),
      });
      for (const { layer, inputs, units, solver, rank, rcond } of runs[0]!.report.layers)
        layers.rows.push({ 'hidden layers': network, layer, inputs, units, solver, rank, rcond });
    }
  return [errors, layers];
}

async function student(seeds: number): Promise<Table> {
  const shape = { inputs: 64, hidden: 16, outputs: 8 };
  const options = { hidden: [64], activation: 'tanh', ridge: 0 } as const;
  const table: Table = {
    title: 'A network of 16 tanh units, learnt by one of 64 (`gauss-newton` after 30 passes: mean to be at most 1e-3)',
    settings: { teacher: shape, ...rows, seeds, options },
    columns: {
      targets: 'text',
      passes: 'integer',
      'passes made': 'decimal',
      train: 'scientific',
      'held out': 'scientific',
      'held out, worst': 'scientific',
      'seconds (median)': 'seconds',
    },
    rows: [],
  };
  for (const targets of ['inverse', 'nearest', 'gauss-newton'] as const)
    for (const iterations of targets === 'gauss-newton' ? [1, 5, 30, 100] : [1, 5, 30]) {
      const runs: Errors[] = [];
      for (const seed of range(seeds)) {
        progress(`injective: teacher, ${targets}, ${iterations} passes, seed ${seed}`);
        const data = teacher(allRows, shape.inputs, shape.hidden, shape.outputs, mulberry32(2000 + seed));
        runs.push(await learn(data, { ...options, targets, iterations, seed }));
      }
      table.rows.push({
        targets,
        passes: iterations,
        'passes made': mean(runs.map(({ report }) => report.iterations.at(-1)!.iteration)),
        train: mean(runs.map((run) => run.train)),
        'held out': mean(runs.map((run) => run.heldOut)),
        'held out, worst': Math.max(...runs.map((run) => run.heldOut)),
        'seconds (median)': median(runs.map((run) => run.report.seconds)),
      });
    }
  return table;
}

/** Trains on the first rows and measures on these and on the others. */
async function learn({ inputs, targets, cols, outputs }: Mapping, options: RegressorOptions): Promise<Errors> {
  const part = (data: Float64Array, width: number, from: number, count: number): Matrix<Float64Array> =>
    matrix(data.subarray(from * width, (from + count) * width), count, width);
  const both = (from: number, count: number) =>
    [part(inputs, cols, from, count), part(targets, outputs, from, count)] as const;
  const train = both(0, rows.train);
  const model = await trainRegressor(...train, options);
  return {
    train: (await model.evaluate(...train)).relativeError,
    heldOut: (await model.evaluate(...both(rows.train, rows.heldOut))).relativeError,
    report: model.report,
  };
}
