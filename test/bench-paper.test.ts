import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withArrays } from '../bench/arrays.js';
import { points, someRows } from '../bench/classification.js';
import { mulberry32, xor } from '../bench/data/toy.js';
import { UsageError } from '../bench/command-line.js';
import { comparison } from '../bench/paper/comparison.js';
import { best, envelope, ratio, reaches, soonest, type Curve, type Measure } from '../bench/paper/curve.js';
import { condition } from '../bench/paper/experiments/depth.js';
import { grid } from '../bench/paper/experiments/images.js';
import { arrivals, summaryRow } from '../bench/paper/experiments/time.js';
import { atTheirBest, levelTable, ratiosTo } from '../bench/paper/levels.js';
import { Moments } from '../bench/paper/node/moments.js';
import { pieces, type NodePeer } from '../bench/paper/node/peer.js';
import { bestRate } from '../bench/paper/node/rates.js';
import { trainNode, tuneAndTrain } from '../bench/paper/node/training.js';
import { page } from '../bench/paper/page.js';
import { drawing, htmlDocument } from '../bench/paper/plotting.js';
import { figures } from '../bench/paper/plots.js';
import { readResults, writeResults, type Result, type Results } from '../bench/paper/results.js';
import { summaryTables } from '../bench/paper/summary.js';
import { tracedCurve, type TraceLine } from '../bench/paper/trace.js';
import { verdict } from '../bench/paper/verdict.js';
import { hasModule } from '../bench/python.js';
import { torch, torchArguments } from '../bench/torch.js';

type Pairs = [seconds: number, value: number][];

function curve(problem: string, trainer: string, pairs: Pairs, measure: Measure = 'accuracy', units = 100): Curve {
  const points = pairs.map(([seconds, value]) => ({ seconds, value }));
  return { problem, measure, trainer, setting: 'a < b', units, points, tuning: 1, limit: 60 };
}

const environment = { date: '2026-01-02T03:04:05Z', cpu: 'a CPU', cores: 2, node: 'v20', blas: 'a BLAS', version: '1' };

function result(curves: Curve[], more: Partial<Result> = {}): Result {
  return { curves, tables: [], notes: ['a note'], environment, effort: 1, seconds: 10, ...more };
}

/** Ours is 2,000 times sooner on the linear map, 4 times on MNIST at 90 %, and later at 97 %. */
function results(): Results {
  return {
    injective: result([
      curve('linear map 64 → 64', 'bpls, paper', [[0.01, 1e-14]], 'error'),
      curve('linear map 64 → 64', 'Adam', [[1, 1e-3], [20, 1e-7]], 'error'), // prettier-ignore
    ]),
    images: result([
      curve('MNIST', 'bpls', [[0.5, 0.92], [2, 0.97], [4, 0.985]]), // prettier-ignore
      curve('MNIST', 'bpls, paper', [[3, 0.84]]),
      curve('MNIST', 'Adam', [[0.2, 0.85], [2, 0.95], [1.5, 0.94], [1.9, 0.975]]), // prettier-ignore
      curve('MNIST', 'SGD', [[9, 0.91]], 'accuracy', 1000),
    ]),
    node: result([curve('MNIST', 'brain.js', [[60, 0.93]])]),
    time: result([], {
      tables: [
        { title: 'Spread', settings: {}, columns: { problem: 'text' }, rows: [{ problem: 'one' }] },
        {
          title: 'Each run',
          settings: {},
          columns: { problem: 'text', trainer: 'text', seconds: 'decimal' },
          rows: [0.1, 0.2].map((seconds) => ({ problem: 'one', trainer: 'bpls', seconds })),
        },
      ],
    }),
    depth: result([], {
      tables: [
        {
          title: 'Depth',
          settings: {},
          columns: { method: 'text', 'hidden layers': 'integer', 'test accuracy': 'percent', seconds: 'seconds' },
          rows: [1, 10].map((count) => ({ method: 'paper, tanh', 'hidden layers': count, 'test accuracy': 0.9 / count, seconds: 1 })), // prettier-ignore
        },
        {
          title: 'Layers',
          settings: {},
          columns: { method: 'text', 'hidden layers': 'integer', layer: 'integer', condition: 'scientific' },
          rows: [1, 2].map((layer) => ({ method: 'paper, tanh', 'hidden layers': 1, layer, condition: 10 ** layer, solver: 'cholesky' })), // prettier-ignore
        },
      ],
    }),
  };
}

describe('curves', () => {
  const accuracies = [curve('p', 'bpls', [[1, 0.9], [3, 0.95]]), curve('p', 'bpls', [[2, 0.95], [4, 0.94]])]; // prettier-ignore

  it('are at a level at the first point that is as good', () => {
    expect(soonest(accuracies, 0.9)).toMatchObject({ seconds: 1, value: 0.9 });
    expect(soonest(accuracies, 0.95)).toMatchObject({ seconds: 2, curve: accuracies[1] });
    expect(soonest(accuracies, 0.96)).toBeUndefined();
    expect(soonest([curve('p', 'x', [[1, 0.1], [2, 0.001]], 'error')], 0.01)).toMatchObject({ seconds: 2 }); // prettier-ignore
    expect(reaches('error', 0.01, 0.01) && reaches('accuracy', 0.01, 0.01)).toBe(true);
  });

  it('are best at the sooner of equals', () => {
    expect(best(accuracies)).toMatchObject({ seconds: 2, value: 0.95 });
    expect(best([])).toBeUndefined();
  });

  it('are what has been reached by a time', () => {
    const kept = envelope(curve('p', 'x', [[3, 0.8], [1, 0.7], [2, 0.6], [4, 0.8], [5, 0.9]])); // prettier-ignore
    expect(kept.map(({ seconds }) => seconds)).toEqual([1, 3, 5]);
    expect(envelope(curve('p', 'x', [[1, 0.3], [2, 0.4], [3, 0.1]], 'error'))).toHaveLength(2); // prettier-ignore
  });

  it('have a ratio where both are there', () => {
    const slow = [curve('p', 'Adam', [[8, 0.93]])];
    expect(ratio(accuracies, slow, 0.93)).toBe(4);
    expect(ratio(accuracies, slow, 0.94)).toBeUndefined();
  });
});

describe('levels', () => {
  it('are a row each, with the peers beside', () => {
    const { rows } = levelTable(results());
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatchObject({ data: 'MNIST', accuracy: '90 %', bpls: '0.5', Adam: '1.5 (3×)', SGD: '9 (18×)' });
    expect(rows[2]).toMatchObject({ bpls: '2', Adam: '1.9 (0.95×)', 'brain.js': '> 60 (30×)', NAG: undefined });
    expect(levelTable(results(), 1000).rows[0]).toMatchObject({ bpls: 'never', SGD: '9', Adam: undefined });
    expect(ratiosTo(results(), 'MNIST', 'Adam')).toEqual([
      { level: 0.9, ratio: 3 },
      { level: 0.95, ratio: 0.95 },
      { level: 0.97, ratio: 0.95 },
    ]);
  });

  it('of rounding are as good as each other', () => {
    expect(reaches('error', 1e-14, 4e-16)).toBe(true);
    expect(reaches('error', 2e-14, 4e-16)).toBe(false);
    expect(reaches('accuracy', 0.9, 0.9 + 1e-15)).toBe(false);
  });

  it('of a peer are those it came to itself', () => {
    const [adam] = atTheirBest(results(), ['linear map 64 → 64']);
    expect(adam).toMatchObject({ trainer: 'Adam', value: 1e-7, seconds: 20, ours: 0.01, ratio: 2000, near: 2000 });
  });
});

describe('verdict', () => {
  it('says where the claim holds and where it does not, with the figures', () => {
    const text = verdict(results());
    expect(text).toContain('On the linear map 64 → 64 the claim of 1,000× holds');
    expect(text).toContain('2,000× sooner');
    expect(text).toContain('For images it does not hold');
    expect(text).toContain('MNIST 3× at 90 %, 0.95× at 95 %, 0.95× at 97 %');
    expect(text).toContain('as it is at 2 of these 3 levels');
    expect(text).toContain('ends at 84 % on MNIST after 3 s, where Adam is after 0.2 s');
    expect(text).not.toContain('teacher');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('follows the figures, whatever they are', () => {
    const slow = { injective: result([curve('linear map 64 → 64', 'bpls', [[1, 1e-9]], 'error'), curve('linear map 64 → 64', 'Adam', [[20, 1e-7]], 'error')]) }; // prettier-ignore
    expect(verdict(slow)).toContain('the claim of 1,000× does not hold');
    const both = { injective: result([
      curve('linear map 64 → 64', 'bpls', [[0.01, 1e-9]], 'error'),
      { ...curve('linear map 64 → 64', 'Adam', [[2, 1e-7]], 'error'), limit: 3 },
      curve('linear map 64 → 64', 'Adam', [[59, 1e-7]], 'error'),
    ]) }; // prettier-ignore
    expect(verdict(both)).toContain('200× sooner');
    expect(verdict(both)).toContain(
      'Against its run of 60 s alone it would be 5,900×, but a shorter run comes as far.',
    );
    expect(verdict(slow)).not.toContain('alone');
    expect(verdict({ images: result([], { effort: 0.1 }) })).toContain('no results');
    expect(verdict({})).toBe('Nothing has been measured yet.');
  });
});

describe('page', () => {
  it('has the verdict, every plot and every table, and needs nothing else', async () => {
    const html = await page(results());
    const document = await htmlDocument(html);
    expect(document.querySelectorAll('.verdict')[0]?.textContent).toBe(verdict(results()).replaceAll('`', ''));
    const drawn = figures(await drawing(), results());
    expect(drawn.map(({ id }) => id)).toEqual([
      'curves-mnist',
      'ratios',
      'curves-linear-map-64-64',
      'node-mnist',
      'spread',
      'condition-paper-tanh',
      'depth',
    ]);
    for (const { id } of drawn) expect(document.querySelectorAll(`figure#${id} svg`).length, id).toBeGreaterThan(0);
    expect(document.querySelectorAll('figure[id]').length).toBe(drawn.length);
    expect(document.querySelectorAll('table').length).toBe(summaryTables(results()).length);
    expect(html.match(/<figure/g)).toHaveLength(html.match(/<\/figure>/g)!.length);
    expect(html).not.toMatch(/<script|<link|src=|NaN|undefined/);
    expect(html).toContain('a &lt; b');
  });
});

describe('results', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'bpls-paper-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are kept with five digits, and read again', () => {
    const path = join(folder, 'deep/paper.json');
    expect(readResults(path)).toEqual({});
    writeResults(path, { toys: result([curve('p', 'bpls', [[1.23456789, 0.5]])]) });
    expect(readResults(path).toys!.curves[0]!.points[0]!.seconds).toBe(1.2346);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['paper.json']);
  });

  it('are drawn without measuring anything', async () => {
    const [json, html] = [join(folder, 'paper.json'), join(folder, 'paper.html')];
    writeResults(json, results());
    const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const lines: string[] = [];
    await comparison(['page', '--json', json, '--page', html], (text) => lines.push(text));
    progress.mockRestore();
    expect(lines[0]).toContain(verdict(results()));
    expect(lines[0]).toContain('| MNIST | 90 %');
    expect(readFileSync(html, 'utf8')).toBe(await page(readResults(json)));
  });

  it('are not begun on a wrong argument', async () => {
    await expect(comparison(['nope'])).rejects.toThrow('Expected one of toys, injective');
    for (const effort of ['0', '2', 'x'])
      await expect(comparison(['page', '--effort', effort])).rejects.toThrow(UsageError);
    const lines: string[] = [];
    await comparison(['--help'], (text) => lines.push(text));
    expect(lines[0]).toContain('--effort');
  });
});

describe('experiments', () => {
  it('have settings that no two are the same of', () => {
    expect(new Set(grid().map((options) => JSON.stringify(options))).size).toBe(grid().length);
  });

  it('know the condition of AᵀA by either solver', () => {
    expect(condition({ solver: 'cholesky', rcond: 1e-3 })).toBeCloseTo(1e3);
    expect(condition({ solver: 'svd', rcond: 1e-3 })).toBeCloseTo(1e6);
    expect(condition({ solver: 'svd', rcond: 0 })).toBe(1e40);
  });

  it('see when each run came to the target, and how far they spread', () => {
    const points = [
      { seed: 0, seconds: 1, error: 0.5 },
      { seed: 0, seconds: 2, error: 0.1 },
      { seed: 0, seconds: 3, error: 0.1 },
      { seed: 1, seconds: 2, error: 0.2 },
    ];
    expect(arrivals(points, 0.1)).toEqual([{ seconds: 2, value: 0.1 }]);
    expect(arrivals([{ seed: 4, seconds: 1, accuracy: 0.9 }], 0.9)).toHaveLength(1);
    const row = summaryRow('p', 'bpls', [1, 3, 2].map((seconds) => ({ seconds, value: 1, operations: 2e9 })), 2e9); // prettier-ignore
    expect(row).toMatchObject({ 'median, s': 2, 'deviation / mean': 0.5, 'counted alike': true, 'as planned': true });
    expect(summaryRow('p', 'Adam', [{ seconds: 1, value: 1 }])).toMatchObject({ 'as planned': undefined });
  });
});

describe('peers in Node', () => {
  it('go through all rows in an order of their own', () => {
    const random = mulberry32(1);
    const twice = pieces(10, 5, random);
    const rows = Array.from({ length: 4 }, () => Array.from(twice.next().value as Int32Array));
    const sorted = (some: number[]) => some.sort((a, b) => a - b);
    expect(sorted([...rows[0]!, ...rows[1]!])).toEqual(Array.from({ length: 10 }, (_, i) => i));
    expect(sorted([...rows[2]!, ...rows[3]!])).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });

  it('are looked at often at first, and then more rarely', () => {
    const moments = new Moments();
    const due = Array.from({ length: 100 }, (_, i) => i + 1).filter((step) => moments.due(step));
    expect(due.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(due.slice(40)).toEqual([42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 63, 66, 69, 72, 75, 78, 81, 85, 89, 93, 97]);
  });

  it('are tuned beyond the ends of a grid while it pays', async () => {
    const rates = async (best: number, grid = [0.01, 0.1, 0.3]) => {
      const seen: number[] = [];
      const found = await bestRate(grid, (rate) => {
        seen.push(rate);
        return Promise.resolve(-Math.abs(Math.log(rate / best)));
      });
      return [found, seen];
    };
    expect(await rates(0.1)).toEqual([0.1, [0.01, 0.1, 0.3]]);
    expect(await rates(0.9)).toEqual([0.9, [0.01, 0.1, 0.3, 0.9, 2.7]]);
    expect(await rates(2e-4)).toEqual([1e-4, [0.01, 0.1, 0.3, 0.001, 1e-4, 1e-5]]);
    expect(await rates(9, [1])).toEqual([1, [1]]);
    expect(await bestRate([1, 2, 4], () => Promise.resolve(0))).toBe(1);
  });

  /** Knows XOR of the signs at the third step by the better rate, and never by the other. */
  const scripted: NodePeer = {
    what: 'rate',
    rates: [1, 2],
    solves: false,
    start: (_, { rate }) => {
      let steps = 0;
      return Promise.resolve({
        step: () => Promise.resolve(++steps < 4),
        layers: () => {
          const sign = rate === 2 && steps >= 3 ? 1 : -1;
          // |x + y| is greater than |x − y| where the signs agree.
          const first = Float32Array.of(1, -1, 1, -1, 1, -1, -1, 1, 0, 0, 0, 0);
          const second = Float32Array.from([1, -1, 1, -1, -1, 1, -1, 1, 0, 0], (value) => sign * value);
          return Promise.resolve([
            { weights: first, inputs: 2, units: 4, activation: 'relu' },
            { weights: second, inputs: 4, units: 2, activation: 'softmax' },
          ]);
        },
      });
    },
  };

  it('are tuned on the last rows and judged by the others', async () => {
    const drawn = points(xor(40, mulberry32(2)));
    const rows = { ...drawn, X: { ...drawn.X, data: Float32Array.from(drawn.X.data) } };
    const setting = { units: 4, rate: 2, classes: 2 };
    const seen: number[] = [];
    for await (const { accuracy } of trainNode(scripted, setting, 60, rows, rows)) seen.push(accuracy);
    expect(seen).toEqual([0, 0, 1, 1]);

    const run = { units: 4, limit: 60, gridLimit: 60, validation: 10 };
    const lines = tuneAndTrain(scripted, run, 2, rows, someRows(rows, 0, 20));
    const found = await tracedCurve({ problem: 'XOR', trainer: 'x', limit: 60, units: 4 }, 'rate', lines);
    expect(found).toMatchObject({ setting: 'rate 2', units: 4, measure: 'accuracy' });
    expect(found.points.map(({ value }) => value)).toEqual([0, 0, 1, 1]);
    expect(found.tuning).toBeGreaterThan(0);
  });

  it('tell of tuning and of moments by lines', async () => {
    async function* lines(): AsyncGenerator<TraceLine> {
      yield { rate: 1, seconds: 2, validation: 0.5 };
      yield await Promise.resolve({ rate: 3, seconds: 4, validation: 0.6 });
      yield { rate: 3, seconds: 0.5, accuracy: 0.7 };
    }
    expect(await tracedCurve({ problem: 'p', trainer: 't', limit: 9, units: undefined }, 'alpha', lines())).toEqual({
      problem: 'p',
      measure: 'accuracy',
      trainer: 't',
      setting: 'alpha 3',
      points: [{ seconds: 0.5, value: 0.7 }],
      tuning: 6,
      limit: 9,
    });
  });
});

describe("PyTorch's optimizers", () => {
  it('are asked by arguments', () => {
    const setting = { hidden: [3, 4], optimizer: 'nag', batch: 8, rates: [0.1, 1] } as const;
    const args = torchArguments(
      { folder: 'f', columns: 2 },
      setting,
      { limit: 5, gridLimit: 1 },
      { openblas: 1, openmp: 2 },
    );
    expect(args.join(' ')).toBe(
      'f --columns 2 --hidden 3,4 --optimizer nag --batch 8 --rates 0.1,1 --limit 5 --grid-limit 1 --threads 2',
    );
  });

  it('learn from arrays, after choosing a rate', async ({ skip }) => {
    if (!(await hasModule('torch', 'python3-torch', []))) skip();
    const { inputs, labels } = xor(200, mulberry32(1));
    const Y = Float64Array.from(labels);
    let kept = '';
    const trace = await withArrays({ X: inputs, Y, X_test: inputs, Y_test: Y }, (folder) => {
      kept = folder;
      const setting = { hidden: [20], optimizer: 'adam', batch: 20, rates: [1e-9, 0.03], activation: 'tanh' } as const;
      const limits = { limit: 5, gridLimit: 0.2, target: 0.99, seeds: 2 };
      return torch({ folder, columns: 2, validation: 40 }, setting, { openblas: 1, openmp: 1 }, limits);
    });
    expect(existsSync(kept)).toBe(false);
    expect(trace.grid.map(({ rate }) => rate)).toEqual([1e-9, 0.03, 9e5]); // the best is not at an end
    expect(trace.rate).toBe(0.03);
    for (const seed of [0, 1]) {
      const own = trace.points.filter((point) => point.seed === seed);
      expect(own.at(-1)!.accuracy).toBeGreaterThanOrEqual(0.99);
      expect(own.slice(0, -1).every(({ accuracy }) => accuracy! < 0.99)).toBe(true);
    }
  });
});
