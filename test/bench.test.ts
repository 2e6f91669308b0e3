import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { benchmark, type Benchmark } from '../bench/benchmark.js';
import { count, UsageError } from '../bench/command-line.js';
import { cases, type Case, type Precision } from '../bench/data/matrices.js';
import { loadFashionMnist, MissingDataError } from '../bench/data/mnist.js';
import { mulberry32 } from '../bench/data/toy.js';
import { demonstrate } from '../bench/demonstration.js';
import { draw } from '../bench/drawing.js';
import { imageSets } from '../bench/part.js';
import { consistentRatio, leastSquaresRatio, product } from '../bench/ratios.js';
import { deviation, mean, median } from '../bench/statistics.js';
import { markdown, type Cell } from '../bench/table.js';
import { matrix } from '../lib/index.js';

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
