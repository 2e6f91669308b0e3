import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { plan, type ClassifierOptions } from '../../lib/index.js';
import { defaultThreads } from '../../lib/threads.js';
import { alternate } from '../alternation.js';
import type { MemoryRun } from '../memory-run.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { mean, median } from '../statistics.js';
import type { Cell, Table } from '../table.js';
import { atMost, nothingWanted } from '../wanted.js';

const MiB = 2 ** 20;
const shape = { rows: 60_000, inputs: 784, outputs: 10 };
const options: ClassifierOptions = {
  hidden: [1000],
  image: { height: 28, width: 28 },
  threads: defaultThreads(),
};

/** A limit (undefined: the default), the MiB that the peak is to stay within, and the time it may take, × the default's. */
interface Limit {
  memoryLimit: number | undefined;
  wanted: number;
  wantedTime?: number;
}

const limits: Limit[] = [
  { memoryLimit: undefined, wanted: 400 },
  { memoryLimit: 96 * MiB, wanted: 96, wantedTime: 1.35 },
];

/** Memory that a training takes beside its inputs, by default and with little allowed. */
export async function memory({ seeds = 3 }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const table: Table = {
    title: 'Peak of the resident memory above the inputs, 784-1000-10 on the 60,000 rows of MNIST, float32',
    settings: { options, seeds },
    columns: {
      memoryLimit: 'text',
      'planned, MiB': 'decimal',
      'peak, MiB': 'decimal',
      wanted: 'text',
      met: 'text',
      seconds: 'seconds',
      'time ratio': 'decimal',
      'wanted ratio': 'text',
      'ratio met': 'text',
      'test accuracy': 'percent',
    },
    rows: [],
  };
  if (existsSync('/proc/self/clear_refs')) {
    const rivals = limits.map(
      ({ memoryLimit }) =>
        (seed: number) =>
          trainAlone(memoryLimit, seed),
    );
    const runs = await alternate(seeds, rivals);
    table.rows.push(...limits.map((limit, k) => memoryRow(limit, runs[k]!, runs[0]!)));
  } else notes.push('Left out: only Linux tells the peak of the resident memory of one moment.');
  const description =
    'Each training in a process of its own, by turns. The peak is the greatest of the runs: resident memory at its highest ' +
    'less that before the training with all inputs loaded and garbage collected. It holds what the plan ' +
    'does not: the stacks and buffers of threads and BLAS, the JavaScript heap.';
  return { description, tables: [table], notes };
}

async function trainAlone(memoryLimit: number | undefined, seed: number): Promise<MemoryRun> {
  progress(`memory: limit ${limitName(memoryLimit)}, seed ${seed}`);
  const script = join(dirname(require.resolve('bpls/package.json')), 'dist/bench/memory-run.js');
  const args = ['--expose-gc', script, JSON.stringify({ ...options, memoryLimit, seed })];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as MemoryRun;
}

function limitName(memoryLimit: number | undefined): string {
  return memoryLimit === undefined ? 'default' : `${memoryLimit / MiB} MiB`;
}

/** The peak is the worst of the runs, the time their median beside that of the default's. */
export function memoryRow(
  { memoryLimit, wanted, wantedTime }: Limit,
  runs: readonly MemoryRun[],
  usual: readonly MemoryRun[],
): Record<string, Cell> {
  const { bytes } = plan(shape, { ...options, precision: 'float32', ...(memoryLimit && { memoryLimit }) });
  const peak = Math.max(...runs.map((run) => run.bytes)) / MiB;
  const seconds = (of: readonly MemoryRun[]) => median(of.map((run) => run.seconds));
  const ratio = seconds(runs) / seconds(usual);
  const time = wantedTime === undefined ? nothingWanted : atMost(ratio, wantedTime);
  return {
    memoryLimit: limitName(memoryLimit),
    'planned, MiB': bytes / MiB,
    'peak, MiB': peak,
    ...atMost(peak, wanted),
    seconds: seconds(runs),
    'time ratio': ratio,
    'wanted ratio': time.wanted,
    'ratio met': time.met,
    'test accuracy': mean(runs.map((run) => run.accuracy)),
  };
}
