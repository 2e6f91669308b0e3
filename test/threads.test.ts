import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkerboard3, mulberry32 } from '../bench/data/toy.js';
import { lstsq, matrix, trainClassifier } from '../lib/index.js';
import { defaultThreads } from '../lib/threads.js';
import { expectClose } from './support/expect.js';
import { bits } from './support/models.js';
import { source } from './support/random.js';

const machine = vi.hoisted(() => ({ files: undefined as Record<string, string> | undefined, cores: 0 }));

vi.mock('node:fs', async (load) => {
  const actual = await load<typeof import('node:fs')>();
  const readFileSync = (path: string, options: unknown) => {
    if (!machine.files) return actual.readFileSync(path, options as 'utf8');
    const text = machine.files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
  return { ...actual, readFileSync };
});

vi.mock('node:os', async (load) => {
  const actual = await load<typeof import('node:os')>();
  return { ...actual, availableParallelism: () => machine.cores || actual.availableParallelism() };
});

beforeEach(() => {
  machine.files = undefined;
  machine.cores = 0;
});

describe('defaultThreads', () => {
  const own = '/proc/self/cgroup';
  const groups = '/sys/fs/cgroup';
  const second = '/sys/fs/cgroup/cpu.max';
  const [quota, period] = ['/sys/fs/cgroup/cpu/cpu.cfs_quota_us', '/sys/fs/cgroup/cpu/cpu.cfs_period_us'];

  it.each([
    ['no control group', 8, {}, 8],
    ['no quota', 8, { [second]: 'max 100000\n' }, 8],
    ['a quota of three cores', 8, { [second]: '300000 100000\n' }, 3],
    ['a quota beyond the cores', 2, { [second]: '300000 100000\n' }, 2],
    ['a quota of two and a half', 8, { [second]: '250000 100000\n' }, 2],
    ['a quota of less than one', 8, { [second]: '50000 100000\n' }, 1],
    [
      'the quota of its own group',
      8,
      { [own]: '0::/system.slice/it\n', [`${groups}/system.slice/it/cpu.max`]: '200000 100000\n' },
      2,
    ],
    [
      'the quota of a group above',
      8,
      { [own]: '0::/a/b\n', [`${groups}/a/cpu.max`]: '300000 100000\n', [`${groups}/a/b/cpu.max`]: 'max 100000\n' },
      3,
    ],
    [
      'the least of several',
      8,
      { [own]: '0::/a\n', [second]: '500000 100000\n', [`${groups}/a/cpu.max`]: '600000 100000\n' },
      5,
    ],
    [
      'the quota of its own group, version 1',
      8,
      {
        [own]: '4:memory:/a\n3:cpu,cpuacct:/a\n',
        [`${groups}/cpu/a/cpu.cfs_quota_us`]: '200000\n',
        [`${groups}/cpu/a/cpu.cfs_period_us`]: '100000\n',
      },
      2,
    ],
    ['version 1 without a quota', 8, { [quota]: '-1\n', [period]: '100000\n' }, 8],
    ['version 1 with a quota', 8, { [quota]: '400000\n', [period]: '100000\n' }, 4],
    ['version 1, half a core', 8, { [quota]: '50000\n', [period]: '100000\n' }, 1],
    ['very many cores', 256, {}, 64],
    ['nonsense', 8, { [second]: 'what?' }, 8],
  ])('with %s of %i cores', (_, cores, files, expected) => {
    machine.files = files;
    machine.cores = cores;
    expect(defaultThreads()).toBe(expected);
  });

  it('is what a training uses and reports', async () => {
    const X = matrix(Float64Array.of(1, 2, 3, 4), 4, 1);
    machine.cores = 3;
    machine.files = {};
    const { report } = await trainClassifier(X, [0, 0, 1, 1], { hidden: [2], iterations: 1 });
    expect(report.threads).toBe(3);
    const { report: asked } = await trainClassifier(X, [0, 0, 1, 1], { hidden: [2], iterations: 1, threads: 5 });
    expect(asked.threads).toBe(5);
  });
});

describe('the number of threads', () => {
  const { inputs, labels, rows } = checkerboard3(3000, mulberry32(1));
  const X = matrix(inputs, rows, 2);
  const train = async (threads: number) => trainClassifier(X, labels, { hidden: [100, 40], iterations: 2, threads });

  it.each([1, 2, 5])('%i gives the same bits every time', async (threads) => {
    expect(bits((await train(threads)).network)).toBe(bits((await train(threads)).network));
  });

  it('changes nothing but rounding', async () => {
    const expected = (await train(1)).network.forwardSync(X).data;
    for (const threads of [2, 3, 16]) expectClose((await train(threads)).network.forwardSync(X).data, expected, 2 ** -52, 1e7); // prettier-ignore
  });

  it('may change from call to call', async () => {
    const random = source(3);
    const A = matrix(random.uniforms(4000, 60).data, 4000, 60);
    const B = matrix(random.uniforms(4000, 3).data, 4000, 3);
    const solve = (threads: number) => lstsq(A, B, { threads });
    const [one, two, again] = await Promise.all([solve(1), solve(2), solve(1)]);
    expect(again.weights.data).toEqual(one.weights.data);
    expectClose(two.weights.data, one.weights.data, 2 ** -52, 100);
  });
});

describe.runIf(process.platform === 'linux')('priority', () => {
  /** Of every thread of this process. */
  const niceness = () =>
    readdirSync('/proc/self/task').map((thread) => {
      const status = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
      return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[16]);
    });

  it('of the arithmetic is behind that of the event loop', async () => {
    const A = source(1).normals(3000, 100);
    await lstsq(A, source(2).normals(3000, 1), { threads: 2 });
    const own = getPriority();
    const behind = niceness().filter((nice) => nice === Math.min(19, own + 5));
    expect(behind.length).toBeGreaterThanOrEqual(2);
    expect(niceness().filter((nice) => nice > Math.min(19, own + 5))).toEqual([]);
  });
});
