import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIdx, readIdx } from '../bench/data/idx.js';
import { loadIris } from '../bench/data/iris.js';
import { FASHION_MNIST_FOLDER, loadFashionMnist, loadMnist, pixels } from '../bench/data/mnist.js';
import { checkerboard3, linearMap, mulberry32, teacher, twoSpirals, xor } from '../bench/data/toy.js';
import type { Classes } from '../bench/data/toy.js';

/** How often each class occurs. */
function counts(labels: Uint8Array | Int32Array, classes: number): number[] {
  const result = new Array<number>(classes).fill(0);
  for (const label of labels) result[label]! += 1;
  return result;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function eachPoint({ inputs, labels, rows }: Classes, check: (x: number, y: number, label: number) => void): void {
  for (let row = 0; row < rows; row++) check(inputs[2 * row]!, inputs[2 * row + 1]!, labels[row]!);
}

describe('readIdx', () => {
  const bytes = Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bpls-idx-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads dimensions and data, plain and gzipped', () => {
    for (const [name, content] of [['a', bytes] as const, ['a.gz', gzipSync(bytes)] as const]) {
      writeFileSync(join(folder, name), content);
      const { dims, data } = readIdx(join(folder, name), 2);
      expect(dims).toEqual([2, 3]);
      expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
    }
  });

  it.each([
    ['another rank', bytes, 3],
    ['another type', Uint8Array.from([0, 0, 9, 2, ...bytes.subarray(4)]), 2],
    ['other first bytes', Uint8Array.from([0, 1, 8, 2, ...bytes.subarray(4)]), 2],
    ['a header cut short', bytes.subarray(0, 11), 2],
    ['nothing', new Uint8Array(), 2],
  ])('refuses %s', (_, content, rank) => {
    expect(() => parseIdx(content, rank, 'a.idx')).toThrow(/Expected a\.idx to be IDX with the magic bytes/);
  });

  it.each([
    ['too little', bytes.subarray(0, 17)],
    ['too much', Uint8Array.from([...bytes, 7])],
  ])('refuses %s data', (_, content) => {
    expect(() => parseIdx(content, 2, 'a.idx')).toThrow(/Expected a\.idx to hold 2 × 3 bytes but it holds [57]/);
  });
});

describe('loadMnist', () => {
  it('is the whole of MNIST', () => {
    const { name, train, test, height, width, classes } = loadMnist();
    expect({ name, height, width }).toEqual({ name: 'MNIST', height: 28, width: 28 });
    expect(classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect([train.rows, train.labels.length, train.images.length]).toEqual([60_000, 60_000, 60_000 * 784]);
    expect([test.rows, test.labels.length, test.images.length]).toEqual([10_000, 10_000, 10_000 * 784]);
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([...test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(counts(train.labels, 10)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(test.labels, 10)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    // The mean pixel that everybody normalises by.
    expect(sum(train.images) / train.images.length / 255).toBeCloseTo(0.1307, 4);
  });
});

describe('loadFashionMnist', () => {
  it.skipIf(!existsSync(FASHION_MNIST_FOLDER))('is the whole of Fashion-MNIST', () => {
    const { name, train, test, classes } = loadFashionMnist();
    expect(name).toBe('Fashion-MNIST');
    expect([train.rows, train.images.length, test.rows, test.images.length]).toEqual([
      60_000,
      60_000 * 784,
      10_000,
      10_000 * 784,
    ]);
    expect([...train.labels.subarray(0, 5)]).toEqual([9, 0, 0, 3, 0]);
    expect([...test.labels.subarray(0, 5)]).toEqual([9, 2, 1, 1, 6]);
    expect(classes[train.labels[0]!]).toBe('Ankle boot');
    expect(counts(train.labels, 10)).toEqual(new Array(10).fill(6000));
    expect(counts(test.labels, 10)).toEqual(new Array(10).fill(1000));
    expect(sum(train.images) / train.images.length / 255).toBeCloseTo(0.286, 3);
  });

  it('says how to install what is missing', () => {
    expect(() => loadFashionMnist('/nowhere/fashion')).toThrow(
      'Fashion-MNIST is not in /nowhere/fashion: sudo apt-get install dataset-fashion-mnist',
    );
  });
});

describe('pixels', () => {
  it.each([
    ['float32', Float32Array],
    ['float64', Float64Array],
  ] as const)('scales to [0, 1] in %s', (precision, FloatArray) => {
    expect(pixels(Uint8Array.of(0, 51, 255), precision)).toEqual(FloatArray.of(0, 0.2, 1));
  });
});

describe('loadIris', () => {
  it("is Fisher's data", () => {
    const { inputs, labels, rows, cols, classes } = loadIris();
    expect([rows, cols, inputs.length, labels.length]).toEqual([150, 4, 600, 150]);
    expect(classes).toEqual(['setosa', 'versicolor', 'virginica']);
    expect(counts(labels, 3)).toEqual([50, 50, 50]);
    expect([...inputs.subarray(0, 4)]).toEqual([5.1, 3.5, 1.4, 0.2]);
    expect([...inputs.subarray(596)]).toEqual([5.9, 3.0, 5.1, 1.8]);
    // The two flowers that the UCI file has wrong.
    expect([...inputs.subarray(34 * 4, 35 * 4)]).toEqual([4.9, 3.1, 1.5, 0.2]);
    expect([...inputs.subarray(37 * 4, 38 * 4)]).toEqual([4.9, 3.6, 1.4, 0.1]);
    // The sums that R's `colSums(iris[, 1:4])` prints.
    const sums = [0, 1, 2, 3].map((col) => sum(inputs.filter((_, i) => i % 4 === col)));
    [876.5, 458.6, 563.7, 179.9].forEach((expected, col) => expect(sums[col]).toBeCloseTo(expected, 9));
  });
});

describe('mulberry32', () => {
  it('repeats for the same seed and is uniform in [0, 1)', () => {
    const [a, b, other] = [mulberry32(1), mulberry32(1), mulberry32(2)];
    const numbers = Array.from({ length: 10_000 }, a);
    expect(Array.from({ length: 10_000 }, b)).toEqual(numbers);
    expect(other()).not.toBe(numbers[0]);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    // Five standard deviations of the mean of 10,000 uniform numbers.
    expect(Math.abs(sum(numbers) / 10_000 - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 10_000));
  });
});

describe('toy problems', () => {
  it.each([
    ['xor', () => xor(40, mulberry32(3))],
    ['twoSpirals', () => twoSpirals(40, 2, 0.01, mulberry32(3))],
    ['checkerboard3', () => checkerboard3(40, mulberry32(3))],
    ['linearMap', () => linearMap(40, 3, 2, mulberry32(3))],
    ['teacher', () => teacher(40, 3, 5, 2, mulberry32(3))],
  ])('%s repeats for the same seed', (_, make) => {
    expect(make()).toEqual(make());
  });

  it('xor: the sign of the product decides, with a gap about the axes', () => {
    const problem = xor(1000, mulberry32(4));
    expect([problem.rows, problem.cols, problem.inputs.length, problem.labels.length]).toEqual([1000, 2, 2000, 1000]);
    expect(counts(problem.labels, 2)).toEqual([500, 500]);
    const quadrants = new Set<string>();
    eachPoint(problem, (x, y, label) => {
      expect(label).toBe(x * y < 0 ? 1 : 0);
      for (const coordinate of [x, y]) {
        expect(Math.abs(coordinate)).toBeGreaterThanOrEqual(0.05);
        expect(Math.abs(coordinate)).toBeLessThanOrEqual(1);
      }
      quadrants.add(`${Math.sign(x)} ${Math.sign(y)}`);
    });
    expect(quadrants.size).toBe(4);
  });

  it('twoSpirals: every point is on its arm, but for the noise', () => {
    const [turns, noise] = [2, 0.01];
    const problem = twoSpirals(1000, turns, noise, mulberry32(5));
    expect(counts(problem.labels, 2)).toEqual([500, 500]);
    eachPoint(problem, (x, y, label) => {
      // The arm at this angle has the radii angle / (2π turns) + k / turns, the other arm half a step further.
      const radius = Math.hypot(x, y);
      const phase = turns * radius - Math.atan2(y, x) / (2 * Math.PI) + label / 2;
      const off = Math.abs(phase - Math.round(phase)) / turns;
      expect(off).toBeLessThan(1 / (4 * turns));
      expect(radius).toBeLessThanOrEqual(1 + 2 * noise);
    });
  });

  it('twoSpirals: without noise the arms are exact', () => {
    const turns = 1.5;
    eachPoint(twoSpirals(100, turns, 0, mulberry32(6)), (x, y, label) => {
      const angle = 2 * Math.PI * turns * Math.hypot(x, y) + Math.PI * label;
      expect(Math.cos(angle) * Math.hypot(x, y)).toBeCloseTo(x, 12);
      expect(Math.sin(angle) * Math.hypot(x, y)).toBeCloseTo(y, 12);
    });
  });

  it('checkerboard3: sixteen cells of three classes, with a gap between them', () => {
    const problem = checkerboard3(1600, mulberry32(7));
    expect(counts(problem.labels, 3)).toEqual([600, 500, 500]);
    const cells = new Set<number>();
    eachPoint(problem, (x, y, label) => {
      const [i, j] = [Math.floor(2 * (x + 1)), Math.floor(2 * (y + 1))];
      expect(label).toBe((i + j) % 3);
      for (const [coordinate, cell] of [[x, i] as const, [y, j] as const]) {
        const within = 2 * (coordinate + 1) - cell;
        expect(within).toBeGreaterThan(0.1 - 1e-12);
        expect(within).toBeLessThan(0.9 + 1e-12);
      }
      cells.add(4 * j + i);
    });
    expect([...cells].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, cell) => cell));
  });

  it('linearMap: a row is the sum of its weights times its inputs, and the bias', () => {
    const { inputs, targets, rows, cols, outputs, weights } = linearMap(50, 3, 2, mulberry32(8));
    expect([rows, cols, outputs, inputs.length, targets.length]).toEqual([50, 3, 2, 150, 100]);
    const [W] = weights;
    for (let row = 0; row < rows; row++) {
      const [a, b, c] = inputs.subarray(3 * row, 3 * row + 3);
      expect(targets[2 * row]).toBeCloseTo(a! * W![0]! + b! * W![2]! + c! * W![4]! + W![6]!, 12);
      expect(targets[2 * row + 1]).toBeCloseTo(a! * W![1]! + b! * W![3]! + c! * W![5]! + W![7]!, 12);
    }
    expect([...inputs, ...W!].every((value) => value >= -1 && value <= 1)).toBe(true);
  });

  it('teacher: a row is the tanh network of its inputs', () => {
    const { inputs, targets, rows, cols, outputs, weights } = teacher(50, 2, 3, 1, mulberry32(9));
    expect([rows, cols, outputs, inputs.length, targets.length]).toEqual([50, 2, 1, 100, 50]);
    const [first, second] = weights;
    expect([first?.length, second?.length]).toEqual([9, 4]);
    for (let row = 0; row < rows; row++) {
      const [x, y] = inputs.subarray(2 * row, 2 * row + 2);
      const hidden = [0, 1, 2].map((j) => Math.tanh(x! * first![j]! + y! * first![3 + j]! + first![6 + j]!));
      const expected = sum(hidden.map((value, j) => value * second![j]!)) + second![3]!;
      expect(targets[row]).toBeCloseTo(expected, 12);
    }
  });
});
