import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { matrix, trainClassifier, type Network } from '../../lib/index.js';
import { parameters } from '../support/models.js';
import { run } from '../support/processes.js';
import { source } from '../support/random.js';

describe('trainings at once', () => {
  it('give the same bits as in turn, from one thread', async () => {
    const random = source(1);
    const problems = Array.from({ length: 8 }, (_, i) => {
      const rows = 500 + 300 * i;
      return { X: matrix(random.normals(rows, 6).data, rows, 6), labels: random.labels(rows, 2 + (i % 3)), seed: i };
    });
    const train = async ({ X, labels, seed }: (typeof problems)[number]): Promise<Network> =>
      (await trainClassifier(X, labels, { hidden: [40 + 10 * seed, 20], seed, iterations: 5 })).network;
    const inTurn: Network[] = [];
    for (const problem of problems) inTurn.push(await train(problem));
    const atOnce = await Promise.all(problems.map(train));
    expect(atOnce.map(parameters)).toEqual(inTurn.map(parameters));
  });

  it('give the same bits as in turn, from four worker threads with two each', async () => {
    const script = join(__dirname, '../support/train-worker.mjs');
    type Weights = Record<number, Float64Array[]>;
    const train = (seeds: number[]) =>
      new Promise<Weights>((resolve, reject) => {
        const workerData = seeds.map((seed) => ({ rows: 1500, hidden: [60, 20], iterations: 4, seed }));
        const worker = new Worker(script, { workerData });
        const all: Weights = {};
        worker.on('error', reject);
        worker.on('message', ({ seed, weights }: { seed: number; weights?: Float64Array[] }) => {
          if (weights) all[seed] = weights;
        });
        worker.on('exit', () => resolve(all));
      });
    let inTurn: Weights = {};
    for (let seed = 0; seed < 8; seed++) inTurn = { ...inTurn, ...(await train([seed])) };
    expect(Object.keys(inTurn)).toHaveLength(8);
    for (let round = 0; round < 3; round++) {
      const parts = await Promise.all([train([0, 1]), train([2, 3]), train([4, 5]), train([6, 7])]);
      expect(Object.assign({}, ...parts)).toEqual(inTurn);
    }
  });
});

describe('the addon', () => {
  it.each([
    ['in workers that end in the middle of their trainings, again and again', 'terminate-workers.mjs'],
    ['in realms that come and go, and twice in one', 'realms.mjs'],
  ])('is loaded %s', async (_, script) => {
    for (let round = 0; round < 5; round++) {
      const { code, signal, output, errors } = await run(script, [], { flags: ['--expose-gc'] });
      expect({ code, signal, output, errors }).toEqual({ code: 0, signal: null, output: 'done', errors: '' });
    }
  });

  it.each([
    ['exit', 7],
    ['exit in a callback', 8],
    ['throw', 1],
  ])('lets a process go at 20 moments of a training: %s', async (how, code) => {
    for (let round = 0; round < 20; round++) {
      const { signal, ...exit } = await run('exit-mid-training.mjs', [how]);
      expect({ code: exit.code, signal }).toEqual({ code, signal: null });
    }
  });
});
