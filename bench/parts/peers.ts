import { defaultThreads } from '../../lib/threads.js';
import { classify, imageRows } from '../classification.js';
import type { ImageSet } from '../data/mnist.js';
import { imageSets, type PartOptions, type PartResult } from '../part.js';
import { progress } from '../progress.js';
import { hasModule, peer } from '../python.js';
import { mean, median, range } from '../statistics.js';
import type { Table } from '../table.js';

const image = { height: 28, width: 28 };
const iterationCounts = [1, 2, 4, 8];
const adamSeconds = 60;
const adamSettings = [
  { hidden: 512, batch: 128, rate: 1e-3 },
  { hidden: 1000, batch: 128, rate: 1e-3 },
];

interface Trace {
  name: string;
  points: { seconds: number; accuracy: number }[];
}

/** Training time and test accuracy beside PyTorch's Adam and the same algorithm in NumPy. */
export async function peers({ seeds = 3 }: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const table: Table = {
    title: 'Seconds of training, the test accuracy they give, and what Adam needs for it',
    settings: { seeds, threads: defaultThreads(), precision: 'float32' },
    columns: {
      data: 'text',
      trainer: 'text',
      seconds: 'seconds',
      'test accuracy': 'percent',
      'Adam to the same': 'text',
      ratio: 'decimal',
    },
    rows: [],
  };
  for (const set of imageSets(notes)) {
    const adam = await traceAdam(set, notes);
    for (const iterations of iterationCounts) {
      const row = await measure(set, iterations, seeds);
      const to = timeTo(adam, row.accuracy);
      table.rows.push({
        data: set.name,
        trainer: `bpls, 784-1000-10, ${iterations} iteration${iterations > 1 ? 's' : ''}`,
        seconds: row.seconds,
        'test accuracy': row.accuracy,
        'Adam to the same': to === undefined ? `not in ${adamSeconds} s` : `${to.toFixed(1)} s`,
        ratio: to === undefined ? undefined : to / row.seconds,
      });
    }
    for (const { name, points } of adam) {
      const best = points.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
      table.rows.push({
        data: set.name,
        trainer: name,
        seconds: best.seconds,
        'test accuracy': best.accuracy,
        'Adam to the same': '',
        ratio: undefined,
      });
    }
    table.rows.push(...(await numpy(set, notes)));
  }
  const description =
    'bpls: medians and means over the seeds. Adam: cross-entropy, relu, at the best moment of each setting, evaluation not ' +
    'counted; "Adam to the same" is the soonest of its settings. NumPy: the same algorithm, 8 iterations, one run.';
  return { description, tables: [table], notes };
}

async function measure(set: ImageSet, iterations: number, seeds: number) {
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  const runs = [];
  for (const seed of range(seeds)) {
    progress(`peers: ${set.name}, bpls, ${iterations} iterations, seed ${seed}`);
    runs.push(await classify(train, test, { hidden: [1000], image, iterations, seed }));
  }
  return { seconds: median(runs.map((run) => run.seconds)), accuracy: mean(runs.map((run) => run.accuracy)) };
}

async function traceAdam(set: ImageSet, notes: string[]): Promise<Trace[]> {
  if (!(await hasModule('torch', 'python3-torch', notes))) return [];
  const traces: Trace[] = [];
  for (const { hidden, batch, rate } of adamSettings) {
    const name = `PyTorch's Adam, 784-${hidden}-10, batch ${batch}, rate ${rate}`;
    progress(`peers: ${set.name}, ${name}`);
    const args = [set.folder, '--hidden', hidden, '--batch', batch, '--rate', rate, '--limit', adamSeconds];
    const lines = await peer('adam.py', args.map(String), defaultThreads());
    const points = lines.flatMap(({ seconds, accuracy }) =>
      seconds !== undefined && accuracy !== undefined ? [{ seconds, accuracy }] : [],
    );
    traces.push({ name, points });
  }
  return traces;
}

/** Seconds of the first point of any trace that is at least as accurate. */
function timeTo(traces: readonly Trace[], accuracy: number): number | undefined {
  const times = traces.flatMap(({ points }) => points.find((point) => point.accuracy >= accuracy)?.seconds ?? []);
  return times.length > 0 ? Math.min(...times) : undefined;
}

async function numpy(set: ImageSet, notes: string[]): Promise<Table['rows']> {
  if (!(await hasModule('scipy', 'python3-scipy', notes))) return [];
  progress(`peers: ${set.name}, NumPy`);
  const [run] = await peer('bpls_numpy.py', ['train', '--folder', set.folder, '--repeat', '1'], defaultThreads());
  return [
    {
      data: set.name,
      trainer: 'the same algorithm in NumPy, 8 iterations',
      seconds: run?.['seconds'],
      'test accuracy': run?.['accuracy'],
      'Adam to the same': '',
      ratio: undefined,
    },
  ];
}
