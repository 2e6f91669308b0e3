import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { matrix, trainClassifier, type Matrix, type Network } from '../../lib/index.js';
import { distance } from '../support/expect.js';
import { bits, float32, parameters } from '../support/models.js';
import { source } from '../support/random.js';

const random = source(1);
const rows = 6000;
const X64 = matrix(random.normals(rows, 30).data, rows, 30);
const labels = Int32Array.from({ length: rows }, (_, i) => Number(X64.data[30 * i]! > X64.data[30 * i + 1]! ** 2));
const kinds: Record<'float64' | 'float32', Matrix> = { float64: X64, float32: float32(X64) };

async function train(name: 'float64' | 'float32', threads: number): Promise<Network> {
  const options = { hidden: [120, 60], iterations: 5, ridge: 1e-2, seed: 7, threads };
  return (await trainClassifier(kinds[name], labels, options)).network;
}

describe.each(['float64', 'float32'] as const)('a training in %s', (name) => {
  it.each([1, 2, 3, 8])('by %i threads gives the same bits ten times, also beside another', async (threads) => {
    const first = bits(await train(name, threads));
    for (let i = 0; i < 7; i++) expect(bits(await train(name, threads))).toBe(first);
    const atOnce = await Promise.all([train(name, threads), train(name, 2), train(name, threads)]);
    expect([bits(atOnce[0]), bits(atOnce[2])]).toEqual([first, first]);
  });

  // Rounding differs, five iterations multiply it by the condition of what they solve.
  it('by any number of threads gives the same weights to 10⁴ ε', async () => {
    const epsilon = name === 'float64' ? 2 ** -52 : 2 ** -23;
    const reference = parameters(await train(name, 1));
    const distances: number[] = [];
    for (const threads of [2, 3, 4, 8, 16]) {
      distances.push(distance(parameters(await train(name, threads)), reference, epsilon));
    }
    console.log(`${name}: ${distances.map((units) => units.toFixed(0)).join(', ')} ε · max |weight|`);
    expect(Math.max(...distances)).toBeLessThan(1e4);
    // A tolerance that bits met would say nothing.
    expect(Math.max(...distances)).toBeGreaterThan(0);
  });
});

describe('threads', () => {
  const script = join(__dirname, '../../dist/lib/threads.js');
  const program = `console.log(require(${JSON.stringify(script)}).defaultThreads())`;
  const threads = async (command: string, ...args: string[]) =>
    Number((await promisify(execFile)(command, [...args, process.execPath, '-e', program])).stdout);

  it('follow the affinity mask', async () => {
    expect(await threads('taskset', '-c', '0')).toBe(1);
    expect(await threads('env')).toBeGreaterThanOrEqual(1);
  });

  it('are those that the caller asks for, whatever the mask', async () => {
    const count = `
      const bpls = require(${JSON.stringify(join(__dirname, '../../dist/lib/index.js'))});
      const n = 600, data = Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i));
      const A = bpls.matrix(data, n, n);
      bpls.lstsq(A, A, { threads: 5, solver: 'svd' }).then(() => {
        console.log(require('node:fs').readdirSync('/proc/self/task').length);
      });`;
    const tasks = async (text: string) =>
      Number((await promisify(execFile)('taskset', ['-c', '0', process.execPath, '-e', text])).stdout);
    const [five, one] = [await tasks(count), await tasks(count.replace('threads: 5', 'threads: 1'))];
    expect(five - one).toBe(4);
  });
});
