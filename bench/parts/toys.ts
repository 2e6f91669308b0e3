import type { ClassifierOptions } from '../../lib/index.js';
import { classify, points, type Run } from '../classification.js';
import { checkerboard3, mulberry32, twoSpirals, xor, type Classes, type Random } from '../data/toy.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { mean, median, range } from '../statistics.js';
import type { Table } from '../table.js';

const rows = { train: 4000, heldOut: 2000 };
const spirals = { turns: 2, noise: 0.02 };

const problems: Record<string, (rows: number, random: Random) => Classes> = {
  XOR: xor,
  'two spirals': (count, random) => twoSpirals(count, spirals.turns, spirals.noise, random),
  '3-class checkerboard': checkerboard3,
};

const settings: [name: string, ClassifierOptions][] = [
  ['one for all three', { hidden: [100, 100], iterations: 30, ridge: 1e-6 }],
  ['defaults', {}],
];

/** Problems of two inputs that no straight line divides, all with the same options. */
export async function toys({ seeds = 20 }: PartOptions): Promise<PartResult> {
  const table: Table = {
    title: 'Toy problems, held-out accuracy',
    settings: { ...rows, seeds, spirals, options: Object.fromEntries(settings) },
    columns: { problem: 'text', options: 'text', mean: 'percent', worst: 'percent', 'seconds (median)': 'seconds' },
    rows: [],
  };
  for (const [problem, draw] of Object.entries(problems))
    for (const [name, options] of settings) {
      const runs: Run[] = [];
      for (const seed of range(seeds)) {
        progress(`toys: ${problem}, ${name}, seed ${seed}`);
        // The data's seeds are none of the training's.
        const data = (offset: number, count: number) => points(draw(count, mulberry32(offset + seed)));
        runs.push(await classify(data(1000, rows.train), data(2000, rows.heldOut), { ...options, seed }));
      }
      const accuracies = runs.map((run) => run.accuracy);
      table.rows.push({
        problem,
        options: name,
        mean: mean(accuracies),
        worst: Math.min(...accuracies),
        'seconds (median)': median(runs.map((run) => run.seconds)),
      });
    }
  return { description: 'Two inputs, float64: 4,000 rows to train on, 2,000 held out.', tables: [table], notes: [] };
}
