import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Curve } from '../bench/paper/curve.js';
import { alternate } from '../bench/alternation.js';
import { benchmark, parts, type Benchmark } from '../bench/benchmark.js';
import { callTimes } from '../bench/call-times.js';
import { count, UsageError } from '../bench/command-line.js';
import { clouds } from '../bench/data/clouds.js';
import { uniforms, zeros } from '../bench/data/floats.js';
import { cases, type Case, type Precision } from '../bench/data/matrices.js';
import { loadFashionMnist, MissingDataError } from '../bench/data/mnist.js';
import { mulberry32 } from '../bench/data/toy.js';
import { demonstrate } from '../bench/demonstration.js';
import { draw } from '../bench/drawing.js';
import { eventLoopDelay } from '../bench/event-loop.js';
import { onnxModel } from '../bench/onnx.js';
import { OnnxRuntime } from '../bench/onnxruntime.js';
import { Kept } from '../bench/kept.js';
import { imageSets } from '../bench/part.js';
import { beside, type Contest } from '../bench/contests.js';
import { exponentsTable, type Point } from '../bench/parts/growth.js';
import { delayRow } from '../bench/parts/latency.js';
import { memoryRow } from '../bench/parts/memory.js';
import { duelRow } from '../bench/parts/numpy.js';
import { trainingRow } from '../bench/parts/peers.js';
import { latencyRows } from '../bench/parts/predict.js';
import { rateRow } from '../bench/parts/rate.js';
import { peakMemory } from '../bench/peak-memory.js';
import { hasModule, Peer, versionsLine } from '../bench/python.js';
import { consistentRatio, leastSquaresRatio, product } from '../bench/ratios.js';
import { named } from '../bench/splits.js';
import { deviation, exponent, mean, median, percentile } from '../bench/statistics.js';
import { timed } from '../bench/stopwatch.js';
import { markdown, type Cell } from '../bench/table.js';
import { atLeast, atMost } from '../bench/wanted.js';
import { matrix, Network, plan } from '../lib/index.js';

describe('kept figures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bpls-kept-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are there for the same settings, and for no others', () => {
    const path = join(folder, 'figures.json');
    const first = new Kept<number>(path, { threads: 2 });
    expect(first.get('a')).toBeUndefined();
    first.set('a', 1.5);
    expect(new Kept<number>(path, { threads: 2 }).get('a')).toBe(1.5);
    const other = new Kept<number>(path, { threads: 3 });
    expect(other.get('a')).toBeUndefined();
    other.set('b', 2);
    expect(new Kept<number>(path, { threads: 2 }).get('a')).toBeUndefined();
  });
});

describe('cases', () => {
  /** Singular values by Jacobi rotations of the rows, the greatest first. */
  function singularValues({ a, rows, cols }: Case): number[] {
    const vectors = Array.from({ length: Math.min(rows, cols) }, (_, k) =>
      rows <= cols
        ? a.slice(k * cols, (k + 1) * cols)
        : Float64Array.from({ length: rows }, (_, i) => a[i * cols + k]!),
    );
    const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    for (let sweep = 0; sweep < 20; sweep++)
      for (let p = 0; p < vectors.length; p++)
        for (let q = p + 1; q < vectors.length; q++) {
          const [x, y] = [vectors[p]!, vectors[q]!];
          const angle = Math.atan2(2 * dot(x, y), dot(x, x) - dot(y, y)) / 2;
          const [c, s] = [Math.cos(angle), Math.sin(angle)];
          vectors[p] = x.map((value, i) => c * value + s * y[i]!);
          vectors[q] = y.map((value, i) => c * value - s * x[i]!);
        }
    return vectors.map((x) => Math.sqrt(dot(x, x))).sort((a, b) => b - a);
  }

  const epsilon = { float64: 2 ** -52, float32: 2 ** -23 };

  it.each<Precision>(['float64', 'float32'])('have the rank and the condition that they name, in %s', (precision) => {
    for (const one of cases(mulberry32(3), precision)) {
      const a = precision === 'float64' ? one.a : Float64Array.from(Float32Array.from(one.a));
      const sigma = singularValues({ ...one, a });
      const threshold = epsilon[precision] * Math.max(one.rows, one.cols) * sigma[0]!;
      expect(a.length, one.name).toBe(one.rows * one.cols);
      expect(sigma.filter((value) => value > threshold).length, one.name).toBe(one.rank);
      if (one.condition === Infinity) continue;
      const log = Math.log10(sigma[0]! / sigma.at(-1)! / one.condition);
      expect(Math.abs(log), one.name).toBeLessThan(0.5);
    }
  });

  it('are the same for the same seed', () => {
    expect(cases(mulberry32(1))).toEqual(cases(mulberry32(1)));
    expect(cases(mulberry32(1))).not.toEqual(cases(mulberry32(2)));
  });
});

describe('ratios', () => {
  const random = mulberry32(4);
  const draw = (rows: number, cols: number) =>
    matrix(
      Float64Array.from({ length: rows * cols }, () => 2 * random() - 1),
      rows,
      cols,
    );
  const [A, X] = [draw(30, 5), draw(5, 2)];
  const B = product(A, X);
  const moved = (by: number) => ({ ...X, data: X.data.map((x) => x * (1 + by)) });

  it('are small for the solution and great for another', () => {
    expect(consistentRatio(A, X, B)).toBe(0);
    expect(leastSquaresRatio(A, X, B)).toBe(0);
    expect(consistentRatio(A, moved(1e-12), B)).toBeGreaterThan(30);
    expect(leastSquaresRatio(A, moved(1e-10), B)).toBeGreaterThan(30);
  });

  it('know rounding errors of single precision', () => {
    const single = { ...A, data: Float32Array.from(A.data) };
    const exact = product(single, X);
    expect(consistentRatio(single, moved(1e-6), exact)).toBeLessThan(30);
    expect(consistentRatio(single, moved(1e-3), exact)).toBeGreaterThan(30);
  });

  it('take the penalty in', () => {
    // (AᵀA + λ) X = Aᵀ B for the single column A of ones: X = Σ b / (rows + λ)
    const ones = matrix(new Float64Array(10).fill(1), 10, 1);
    const b = draw(10, 1);
    const x = matrix(Float64Array.of(b.data.reduce((sum, value) => sum + value) / 12), 1, 1);
    expect(leastSquaresRatio(ones, x, b, 2)).toBeLessThan(1);
    expect(leastSquaresRatio(ones, x, b, 1)).toBeGreaterThan(30);
  });
});

describe('statistics', () => {
  it('are those of the sample', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(median([6, 1, 2])).toBe(2);
    expect(median([6, 1, 2, 3])).toBe(2.5);
    expect(deviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
    expect(deviation([1])).toBeUndefined();
  });

  it('find the value that a share does not exceed', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
    expect(percentile([7], 0)).toBe(7);
  });

  it('fit the exponent of a power law', () => {
    const x = [250, 500, 1000, 4000];
    expect(
      exponent(
        x,
        x.map((value) => 3 * value ** 1.7),
      ),
    ).toBeCloseTo(1.7, 12);
    expect(exponent(x, [5, 5, 5, 5])).toBe(0);
    // Doubled twice and then halved: the slope of the regression of 0, 1, 2, 1 on 0, 1, 2, 3.
    expect(exponent([1, 2, 4, 8], [1, 2, 4, 2])).toBeCloseTo(0.4, 12);
  });
});

describe('alternate', () => {
  it('gives every rival its turn, by turns in either order', async () => {
    const order: string[] = [];
    const rival = (name: string) => (repeat: number) => {
      order.push(name + String(repeat));
      return Promise.resolve(name + String(repeat));
    };
    expect(await alternate(2, [rival('a'), rival('b')])).toEqual([
      ['a0', 'a1'],
      ['b0', 'b1'],
    ]);
    expect(order).toEqual(['a0', 'b0', 'b1', 'a1']);
  });
});

describe('clocks', () => {
  it('wait for what they time', async () => {
    const { value, seconds } = await timed(() => sleep(20, 'done'));
    expect(value).toBe('done');
    expect(seconds).toBeGreaterThan(0.015);
  });

  it('time single calls, and many short ones together', async () => {
    const calls: number[] = [];
    const once = await callTimes(10, (call) => sleep(2, calls.push(call)));
    expect(once).toHaveLength(10);
    expect(Math.min(...once)).toBeGreaterThan(1000);
    expect(calls).toEqual(Array.from({ length: 11 }, (_, call) => call));

    let count = 0;
    const mean = await callTimes(10, () => count++, 100);
    expect(count).toBe(1100);
    expect(median(mean)).toBeLessThan(1000);
  });

  it('see an event loop that is held up', async () => {
    const { value, delay } = await eventLoopDelay(async () => {
      const until = performance.now() + 60;
      while (performance.now() < until);
      return sleep(20, 'done');
    });
    expect(value).toBe('done');
    expect(delay.max).toBeGreaterThan(50);
    expect(delay.max).toBeLessThan(1000);
    expect(delay.median).toBeLessThan(delay.max);
  });
});

describe('peakMemory', () => {
  it.skipIf(!existsSync('/proc/self/clear_refs'))('sees memory that is given back in between', async () => {
    setFlagsFromString('--expose-gc');
    vi.stubGlobal('gc', runInNewContext('gc') as () => void);
    try {
      const fill = () => Buffer.alloc(64 * 2 ** 20, 1).length;
      const { value, bytes } = await peakMemory(() => Promise.resolve(fill()));
      expect(value).toBe(64 * 2 ** 20);
      expect(bytes).toBeGreaterThan(60 * 2 ** 20);
      expect(bytes).toBeLessThan(128 * 2 ** 20);
    } finally {
      vi.unstubAllGlobals();
    }
    await expect(peakMemory(() => Promise.resolve())).rejects.toThrow('--expose-gc');
  });
});

describe('synthetic data', () => {
  it('is uniform in the precision asked for', () => {
    expect(zeros('float64', 2)).toEqual(new Float64Array(2));
    const values = uniforms('float32', 1000, mulberry32(1));
    expect(values).toBeInstanceOf(Float32Array);
    expect(Math.max(...values)).toBeGreaterThan(0.9);
    expect(Math.min(...values)).toBeLessThan(-0.9);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  it('begins the same, whatever its length', () => {
    const [few, many] = [clouds(10, 3, 5, mulberry32(1)), clouds(40, 3, 5, mulberry32(1))];
    expect(many.inputs.subarray(0, 30)).toEqual(few.inputs);
    expect([...few.labels]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  });
});

describe('wanted', () => {
  it('says what, and whether it is so', () => {
    expect(atLeast(0.75, 0.75)).toEqual({ wanted: '≥ 0.75', met: true });
    expect(atLeast(0.74, 0.75).met).toBe(false);
    expect(atMost(96, 96)).toEqual({ wanted: '≤ 96', met: true });
    expect(atMost(NaN, 96).met).toBe(false);
  });
});

describe('rows', () => {
  it('of rates are shares of the products about each run', () => {
    const runs = [
      { operations: 8e9, seconds: 1, rate: 1e10 },
      { operations: 9e9, seconds: 1, rate: 1e10 },
      { operations: 8e9, seconds: 2, rate: 5e9 },
    ];
    expect(rateRow('float32', 'work', runs, 0.75)).toEqual({
      precision: 'float32',
      work: 'work',
      '10⁹ operations': 8,
      seconds: 1,
      'GFLOP/s': 8,
      'GEMM GFLOP/s': 10,
      share: 0.8,
      wanted: '≥ 0.75',
      met: true,
    });
    expect(rateRow('float32', 'work', runs)).toMatchObject({ wanted: undefined, met: undefined });
  });

  it('of duels are ratios of medians', () => {
    const duel = { task: 'a', precision: 'float64', wanted: 1.5 } as const;
    const row = duelRow(duel, [{ seconds: 2 }, { seconds: 1 }, { seconds: 4 }], [{ seconds: 3 }]);
    expect(row).toMatchObject({ runs: 3, 'bpls, s': 2, 'NumPy, s': 3, ratio: 1.5, met: true });
    expect(row['bpls accuracy']).toBeUndefined();
    const accurate = [0.5, 0.7].map((accuracy) => ({ seconds: 1, accuracy }));
    expect(duelRow(duel, accurate, accurate)).toMatchObject({ ratio: 1, met: false, 'NumPy accuracy': 0.6 });
  });

  it('of latency compare with the first caller', () => {
    const rows = latencyRows(
      ['a', 'b'],
      [
        [1, 2, 3],
        [4, 6, 9],
      ],
    );
    expect(rows.map(Object.values)).toEqual([
      ['a', 2, 3, 1],
      ['b', 6, 9, 3],
    ]);
  });

  it('of memory have the worst peak and the median time', () => {
    const run = (MiB: number, seconds: number) => ({ seconds, accuracy: 0.9, bytes: MiB * 2 ** 20 });
    const limit = { memoryLimit: 96 * 2 ** 20, wanted: 96, wantedTime: 1.35 };
    const row = memoryRow(limit, [run(90, 12), run(97, 14), run(80, 13)], [run(300, 10)]);
    expect(row).toMatchObject({ memoryLimit: '96 MiB', 'peak, MiB': 97, met: false, 'time ratio': 1.3 });
    expect(row).toMatchObject({ wanted: '≤ 96', 'wanted ratio': '≤ 1.35', 'ratio met': true });
    const shape = { rows: 60_000, inputs: 784, outputs: 10 };
    const settings = { hidden: [1000], image: { height: 28, width: 28 }, precision: 'float32' } as const;
    const { bytes } = plan(shape, { ...settings, memoryLimit: limit.memoryLimit });
    expect(row['planned, MiB']).toBe(bytes / 2 ** 20);
    const usual = memoryRow({ memoryLimit: undefined, wanted: 400 }, [run(300, 10)], [run(300, 10)]);
    expect(usual).toMatchObject({ memoryLimit: 'default', met: true, 'ratio met': undefined });
  });

  it('of the event loop judge only what is barred', () => {
    const delay = { median: 0.1, p999: 11, max: 20, count: 1000 };
    const served = { times: [3, 1, 2], due: 4 };
    const row = delayRow({ name: 'a training', bars: true }, delay, served);
    expect(row).toMatchObject({ 'p99.9 met': false, 'max met': true, served: '3 of 4', 'request, median, µs': 2 });
    const idle = delayRow({ name: 'nothing', bars: false }, delay, { times: [], due: 0 });
    expect(idle).toMatchObject({ 'p99.9 met': undefined, served: undefined, 'request, p99, µs': undefined });
    expect(Object.keys(idle)).toEqual(Object.keys(row));
  });

  it('of growth have an exponent for each series', () => {
    const point = (growing: string, size: number, power: number): Point => {
      const cost = size ** power;
      return { growing, size, samples: 'all', runs: 1, seconds: cost, counted: cost ** 2, planned: 2 * cost };
    };
    const points = [point('rows', 10, 1), point('rows', 1000, 1), point('units', 2, 1.5), point('units', 8, 1.5)];
    const { rows } = exponentsTable(points);
    expect(rows.map(({ growing, sizes }) => `${String(growing)} ${String(sizes)}`)).toEqual([
      'rows 10 to 1,000',
      'units 2 to 8',
    ]);
    expect(rows[0]!.seconds).toBeCloseTo(1, 12);
    expect(rows[1]!.counted).toBeCloseTo(3, 12);
    expect(rows[1]!.planned).toBeCloseTo(1.5, 12);
  });
});

describe('data sets', () => {
  const sets = ['iris', 'wine'].map((name) => ({ name, args: [] }));

  it('are all of them, or those asked for', () => {
    expect(named(sets)).toEqual(sets);
    expect(named(sets, ['wine'])).toEqual([sets[1]]);
    expect(() => named(sets, ['wine', 'beer'])).toThrow('Expected --data to be one of iris, wine but received beer');
  });

  it('are for the parts that have many', async () => {
    const print = vi.fn();
    await expect(benchmark(['accuracy', 'rate', '--data', 'wine'], print)).rejects.toThrow(
      'but received accuracy rate',
    );
    await expect(benchmark(['--data', 'wine'], print)).rejects.toThrow(
      'Expected --data with accuracy, problems, ablation alone',
    );
    expect(print).not.toHaveBeenCalled();
  });
});

describe('beside the best rival', () => {
  const names = ['bpls', 'MLP', 'MLP, 500 epochs', 'ridge', 'random features'];
  const contest = (...splits: number[][]): Contest => ({
    data: 'some',
    scores: splits.map((split) => split.map((score, i) => ({ name: names[i]!, seconds: 1, score }))),
  });

  it('is the mean of the differences, split by split, and its standard error', () => {
    const found = beside(contest([0.9, 0.5, 0.8, 0.2, 0.1], [0.7, 0.9, 0.8, 0.2, 0.1]));
    // 0.1 and -0.1 from the second: a deviation of 0.2 / √2, over √2.
    expect(found.best).toBe('MLP, 500 epochs');
    expect(found.ahead).toBeCloseTo(0, 12);
    expect(found.error).toBeCloseTo(0.1, 12);
    // A deviation of 0.2 / √2, times √(½ + ¼).
    expect(found.overlap).toBeCloseTo(Math.sqrt(0.02 * 0.75), 12);
    expect(beside(contest([0.9, 0.5, 0.8, 0.2, 0.1], [0.7, 0.9, 0.8, 0.2, 0.1]), ['ridge']).ahead).toBeCloseTo(0.6, 12);
  });

  it('is without an error for one split', () => {
    expect(beside(contest([0.5, 0.1, 0.2, 0.3, 0.9]))).toMatchObject({
      best: 'random features',
      ahead: -0.4,
      error: 0,
    });
  });
});

describe('a training beside Adam', () => {
  const curve = (...points: [seconds: number, value: number][]): Curve => ({
    problem: 'MNIST',
    measure: 'accuracy',
    trainer: 'Adam',
    setting: 'batch 128',
    points: points.map(([seconds, value]) => ({ seconds, value })),
    tuning: 0,
    limit: 40,
  });
  const adam = {
    constant: [curve([1, 0.9], [3, 0.97], [4, 0.98]), curve([1, 0.95], [2, 0.96])],
    cosine: [curve([1, 0.9], [1.5, 0.97])],
  };

  it('is compared at the target, or at the same accuracy, with the sooner schedule', () => {
    const training = {
      options: { hidden: [7] },
      runs: [0.4, 0.5, 0.9].map((seconds) => ({ seconds, accuracy: 0.96875 })),
    };
    const goal = { target: 0.96, wanted: 3, options: training.options };
    const row = trainingRow('MNIST', training, adam, goal);
    expect(row).toMatchObject({ trainer: 'bpls { hidden: [ 7 ] }', seconds: 0.5, 'Adam to': 0.96 });
    expect(row).toMatchObject({ 'constant rate, s': 2, 'falling rate, s': 1.5, ratio: 3, wanted: '≥ 3', met: true });
    expect(trainingRow('MNIST', training, adam, { ...goal, target: 0.98 })).toMatchObject({
      'constant rate, s': 4,
      'falling rate, s': 'not in 40',
      ratio: 8,
      met: false,
    });
    const same = trainingRow('MNIST', training, adam, undefined);
    expect(same).toMatchObject({ 'Adam to': 0.96875, 'constant rate, s': 3, met: undefined });

    const better = { ...training, runs: [{ seconds: 0.5, accuracy: 0.99 }] };
    const beyond = trainingRow('MNIST', better, adam, { ...goal, target: 0.985 });
    expect(beyond).toMatchObject({ 'constant rate, s': 'not in 40', ratio: '> 80.0', met: true });
    const alone = trainingRow('MNIST', better, undefined, goal);
    expect(alone).toMatchObject({ 'Adam to': undefined, ratio: undefined, met: undefined });
    expect(Object.keys(alone)).toEqual(Object.keys(row));
  });
});

describe('onnxModel', () => {
  const network = new Network([
    { weights: Float32Array.of(1, 2, 3, 4, 5, 6), inputs: 2, units: 2, activation: 'tanh' },
    { weights: Float32Array.of(7, 8, 9), inputs: 2, units: 1, activation: 'softmax' },
  ]);

  it('is the layers as products with a bias, tanh between them', () => {
    const { graph } = onnxModel(network);
    expect(graph.node.map(({ opType, input, output }) => `${opType} ${input.join(' ')} → ${output.join(' ')}`)).toEqual(
      ['Gemm X V0 bias0 → Z0', 'Tanh Z0 → H0', 'Gemm H0 V1 bias1 → scores'],
    );
    const floats = ({ rawData }: { rawData: Uint8Array }) => [...new Float32Array(rawData.slice().buffer)];
    expect(graph.initializer.map(({ name, dims }) => [name, ...dims])).toEqual([
      ['V0', 2n, 2n],
      ['bias0', 2n],
      ['V1', 2n, 1n],
      ['bias1', 1n],
    ]);
    expect(graph.initializer.map(floats)).toEqual([[1, 2, 3, 4], [5, 6], [7, 8], [9]]);
  });

  it('refuses what it does not write', () => {
    const relu = new Network(network.layers.map((layer) => ({ ...layer, activation: 'relu' as const })));
    expect(() => onnxModel(relu)).toThrow('Expected hidden layers of tanh but layer 1 is of relu');
  });
});

describe('rivals that may be missing', () => {
  it('are noted where they are', async () => {
    const notes: string[] = [];
    const onnx = await OnnxRuntime.load(notes);
    if (onnx) expect(onnx.version).toMatch(/^\d+\./);
    else expect(notes).toEqual([expect.stringContaining('npm run setup -- --peers')]);

    expect(await hasModule('no_such_module', 'python3-none', notes)).toBe(false);
    expect(notes.at(-1)).toBe("Left out: Debian's python3-none is missing: npm run setup -- --peers");
  });

  it('run once for each time that they are asked', async ({ skip }) => {
    if (!(await hasModule('scipy', 'python3-scipy', []))) skip();
    const { peer, versions } = await Peer.start('bpls_numpy.py', ['ridge'], { openblas: 1, openmp: 1 });
    expect(versionsLine(versions)).toMatch(/^NumPy \d.*, SciPy \d.* on .*\.$/);
    for (const seed of [1, 2]) expect((await peer.next(seed)).seconds).toBeGreaterThan(0);
    await peer.close();
    await expect(peer.next(3)).rejects.toThrow('bpls_numpy.py ridge');
  });

  it('tell why they failed', async ({ skip }) => {
    if (!(await hasModule('scipy', 'python3-scipy', []))) skip();
    const start = Peer.start('bpls_numpy.py', ['nope'], { openblas: 1, openmp: 1 });
    await expect(start).rejects.toThrow(
      'bpls_numpy.py nope failed: bpls_numpy.py: error: argument task: invalid choice',
    );
  });
});

describe('markdown', () => {
  it('aligns columns and writes cells by their format', () => {
    const text = markdown({
      title: 'Ten',
      settings: { hidden: [10], seeds: 2 },
      columns: { name: 'text', share: 'percent', rcond: 'scientific', rows: 'integer', s: 'seconds', mean: 'decimal' },
      rows: [
        { name: 'a', share: 0.98765, rcond: 1.26e-7, rows: 60000, s: 1.234, mean: 2.4 },
        { name: 'longer', share: 1, rcond: undefined, rows: true, s: 12.34, mean: 30 },
      ],
    });
    expect(text.split('\n')).toEqual([
      '**Ten**',
      '',
      '`{ hidden: [ 10 ], seeds: 2 }`',
      '',
      '| name   |    share |  rcond |   rows |    s | mean |',
      '| ------ | -------: | -----: | -----: | ---: | ---: |',
      '| a      |  98.77 % | 1.3e-7 | 60,000 | 1.23 |  2.4 |',
      '| longer | 100.00 % |      – |    yes | 12.3 |   30 |',
      '',
    ]);
  });
});

describe('draw', () => {
  it('takes two rows of pixels for a line', () => {
    expect(draw([0, 1, 0.5, 0, 0, 1, 0.5, 1], 2, 4)).toBe(' @++');
    expect(draw([1, 0, 1, 0, 0, 0, 0, 0], 4, 2)).toBe('@\n');
  });
});

describe('count', () => {
  it('takes whole numbers from 1', () => {
    expect(count('--seeds', '20')).toBe(20);
    for (const text of ['0', '-1', '1.5', '1e3', '', 'x'])
      expect(() => count('--seeds', text)).toThrow(`Expected --seeds to be a number from 1 but received ${text}`);
  });
});

describe('missing data', () => {
  it('is an error of its own that says what to install', () => {
    expect(() => loadFashionMnist('/nowhere')).toThrow(MissingDataError);
    expect(() => loadFashionMnist('/nowhere')).toThrow('sudo apt-get install dataset-fashion-mnist');
  });

  it('is noted, and the rest goes on', () => {
    const notes: string[] = [];
    const names = [...imageSets(notes)].map(({ name }) => name);
    expect(names[0]).toBe('MNIST');
    expect(names.length + notes.length).toBe(2);
  });
});

describe('benchmark', () => {
  let folder: string;
  let measured: Benchmark;
  let printed: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bpls-bench-'));
    const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const lines: string[] = [];
    const json = join(folder, 'out.json');
    await benchmark(['numerics', 'injective', 'toys', '--seeds', '1', '--json', json], (text) => lines.push(text));
    progress.mockRestore();
    printed = lines.join('\n');
    measured = JSON.parse(readFileSync(json, 'utf8')) as Benchmark;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const rows = (part: string, table: number): Record<string, Cell>[] =>
    measured.parts.find(({ name }) => name === part)!.tables[table]!.rows;

  it('prints where it ran and every table, and writes the same as JSON', () => {
    expect(printed).toContain(`Node.js ${process.version}; OpenBLAS`);
    expect(measured.parts.map(({ name }) => name)).toEqual(['numerics', 'injective', 'toys']);
    for (const { tables } of measured.parts) for (const table of tables) expect(printed).toContain(markdown(table));
    expect(readdirSync(folder)).toEqual(['out.json']);
  });

  it('fills every column of every row', () => {
    for (const { tables } of measured.parts)
      for (const table of tables) {
        expect(table.rows.length).toBeGreaterThan(0);
        for (const row of table.rows) expect(Object.keys(row).sort()).toEqual(Object.keys(table.columns).sort());
      }
  });

  it('finds the solvers right: ratios below 30 and the true rank', () => {
    for (const row of rows('numerics', 0)) {
      for (const name of ['least squares', 'consistent', 'ridge']) expect(row[name]).toBeLessThan(30);
      expect(row.rank).toBe(row.of);
    }
  });

  it('finds a linear map learnt exactly in one pass', () => {
    // Three square layers of random weights are ill-conditioned together, as the table of their layers says.
    for (const row of rows('injective', 0)) {
      const limit = row['hidden layers'] === '3 × 64' ? 1e-7 : 1e-12;
      expect(row.worst).toBeLessThan(limit);
      expect(row['held out, worst']).toBeLessThan(limit);
    }
  });

  it('finds the teacher learnt by gauss-newton', () => {
    const last = rows('injective', 2).filter((row) => row.targets === 'gauss-newton' && Number(row.passes) >= 30);
    expect(last.map((row) => row.passes)).toEqual([30, 100]);
    for (const row of last) expect(row['held out']).toBeLessThan(1e-3);
  });

  it('finds the toy problems solved with one set of options', () => {
    for (const row of rows('toys', 0)) expect(row.worst).toBeGreaterThan(row.options === 'defaults' ? 0.95 : 0.995);
  });

  it('lists its parts', async () => {
    const lines: string[] = [];
    await benchmark(['--help'], (text) => lines.push(text));
    for (const name of Object.keys(parts)) expect(lines.join()).toContain(name);
  });

  it('refuses what it does not know', async () => {
    await expect(benchmark(['nope'])).rejects.toThrow(UsageError);
    await expect(benchmark(['toString'])).rejects.toThrow('Expected one of numerics, injective');
    await expect(benchmark(['toys', '--seeds', '0'])).rejects.toThrow('--seeds');
    await expect(benchmark(['--nope'])).rejects.toMatchObject({ code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' });
  });

  it('leaves nothing behind where it cannot write', async () => {
    await expect(benchmark(['numerics', '--json', folder], () => undefined)).rejects.toThrow();
    expect(readdirSync(join(folder, '..')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('demonstrate', () => {
  it('shows a training on MNIST from its first iteration to a digit', async () => {
    const lines: string[] = [];
    await demonstrate(['--hidden', '10'], (text) => lines.push(text));
    const text = lines.join('\n');
    expect(lines.filter((line) => /^ +\d+ .* (yes|no) +[\d.]+$/.test(line))).toHaveLength(9);
    const accuracy = Number(/test accuracy +([\d.]+) %/.exec(text)?.[1]);
    expect(accuracy).toBeGreaterThan(85);
    const [, counted, planned] = /operations +([\d.]+) × 10⁹ counted, at most ([\d.]+)/.exec(text) ?? [];
    expect(Number(counted)).toBeLessThanOrEqual(Number(planned));
    expect(text).toMatch(/\| +1 \| 784 → 10 \| tanh +\| cholesky \| +785 \|/);
    const confusion = lines.find((line) => line.includes('class | as 0'))!;
    const counts = confusion
      .split('\n')
      .filter((line) => /^\| \d/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(2, -1)
          .map((cell) => Number(cell.replace(',', ''))),
      );
    expect(counts.map((row) => row.length)).toEqual(Array(10).fill(10));
    expect(counts.flat().reduce((sum, n) => sum + n)).toBe(10_000);
    expect(text).toContain('The first test image is of class 7');
    expect(text).toContain('@');
  });

  it('refuses what it does not know', async () => {
    await expect(demonstrate(['--hidden', '0'])).rejects.toThrow(UsageError);
    await expect(demonstrate(['MNIST'])).rejects.toMatchObject({ code: 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL' });
  });
});
