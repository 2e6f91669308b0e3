import {
  matrix,
  Network,
  trainClassifier,
  type Classifier,
  type ClassifierOptions,
  type Matrix,
} from '../../lib/index.js';
import { call, native, type Lane } from '../../lib/lane.js';
import { defaultThreads } from '../../lib/threads.js';
import { alternate } from '../alternation.js';
import { callTimes } from '../call-times.js';
import { imageRows } from '../classification.js';
import { loadMnist } from '../data/mnist.js';
import { OnnxRuntime } from '../onnxruntime.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { median, percentile, range } from '../statistics.js';
import type { Cell, Table } from '../table.js';
import { atMost, nothingWanted, wantedColumns } from '../wanted.js';

const threads = defaultThreads();
const hidden = [500];
const blocks = 20;
const latencyCalls = 1000;
/** Calls of one block of the throughput, by the rows of a call. */
const throughputCalls = { 1: 500, 32: 100, 1024: 10 };
/** Batches that the calls take in turn. */
const batches = 8;
const tolerance = 1e-4;

type Row = Matrix<Float32Array>;

/** One way to a prediction. */
interface Caller {
  name: string;
  /** A function of the number of a call, on batches made beforehand. */
  on: (batches: readonly Row[]) => (call: number) => unknown;
}

/** Predictions a few rows at a time, beside onnxruntime-node on the same network. */
export async function predict(_options: PartOptions): Promise<PartResult> {
  const notes: string[] = [];
  const set = loadMnist();
  const [train, test] = [imageRows(set.train, 10_000), imageRows(set.test)];
  // The ONNX model that is made of it knows tanh alone.
  const image = { height: set.height, width: set.width };
  const options: ClassifierOptions = { hidden, activation: 'tanh', image, iterations: 1, threads };
  progress('predict: training 784-500-10');
  const model = await trainClassifier(train.X as Row, train.labels, options);
  const take = (rows: number) => (k: number) =>
    matrix((test.X as Row).data.subarray(k * rows * test.X.cols, (k + 1) * rows * test.X.cols), rows, test.X.cols);
  const sessions = await onnxCallers(model, range(100).map(take(1)), notes);
  const sync: Caller = { name: '`predictSync`', on: (X) => (k) => model.predictSync(X[k % X.length]!) };
  const lane: Caller = {
    name: `\`predict\`, ${threads} threads`,
    on: (X) => (k) => model.predict(X[k % X.length]!, { threads }),
  };
  const description =
    'A 784-500-10 tanh network in float32 on test rows of MNIST. The callers take turns, block by block. onnxruntime-node ' +
    'has its default session options but for the threads of an operator; its tensors are made beforehand, its `run` is ' +
    'asynchronous, and what it returns are scores, where this package returns classes.';
  const tables = [
    await latency([sync, ...sessions], range(1000).map(take(1))),
    await throughput([sync, lane, ...sessions], (rows) => range(batches).map(take(rows))),
    await boundary(),
  ];
  return { description, tables, notes };
}

/** Sessions of one and of two threads, whose scores have been found to be this package's. */
async function onnxCallers(
  model: Classifier<number, Float32Array>,
  probe: readonly Row[],
  notes: string[],
): Promise<Caller[]> {
  const onnx = await OnnxRuntime.load(notes);
  if (!onnx) return [];
  const scores = model.network.withOutput('identity');
  let greatest = 0;
  const callers: Caller[] = [];
  for (const count of [1, 2]) {
    const session = await onnx.session(model.network, count);
    for (const X of probe) {
      const { data } = (await session.run({ X: onnx.feed(X) })).scores;
      scores.forwardSync(X).data.forEach((score, k) => (greatest = Math.max(greatest, Math.abs(score - data[k]!))));
    }
    const on = (X: readonly Row[]) => {
      const feeds = X.map((batch) => ({ X: onnx.feed(batch) }));
      return (k: number) => session.run(feeds[k % feeds.length]!);
    };
    callers.push({ name: `onnxruntime, ${count} thread${count > 1 ? 's' : ''}`, on });
  }
  if (!(greatest <= tolerance))
    throw new Error(`Expected the scores of both to differ by at most ${tolerance} but they do by ${greatest}`);
  notes.push(`onnxruntime-node ${onnx.version}; scores of both differ by at most ${greatest.toExponential(1)}.`);
  return callers;
}

async function latency(callers: readonly Caller[], rows: readonly Row[]): Promise<Table> {
  progress('predict: one row');
  const runs = callers.map(({ on }) => on(rows));
  const times = await alternate(
    blocks,
    runs.map((run) => () => callTimes(latencyCalls, run)),
  );
  return {
    title: 'Latency of one row',
    settings: { blocks, calls: blocks * latencyCalls },
    columns: { caller: 'text', 'median, µs': 'decimal', 'p99, µs': 'decimal', 'median, × `predictSync`': 'decimal' },
    rows: latencyRows(
      callers.map(({ name }) => name),
      times.map((some) => some.flat()),
    ),
  };
}

/** Against the first caller. */
export function latencyRows(names: readonly string[], times: readonly number[][]): Record<string, Cell>[] {
  return names.map((caller, k) => ({
    caller,
    'median, µs': median(times[k]!),
    'p99, µs': percentile(times[k]!, 0.99),
    'median, × `predictSync`': median(times[k]!) / median(times[0]!),
  }));
}

async function throughput(callers: readonly Caller[], take: (rows: number) => readonly Row[]): Promise<Table> {
  const table: Table = {
    title: 'Throughput',
    settings: { blocks, threads },
    columns: { 'rows a call': 'integer', caller: 'text', 'median, µs': 'decimal', 'rows a second': 'integer' },
    rows: [],
  };
  for (const [text, calls] of Object.entries(throughputCalls)) {
    const rows = Number(text);
    progress(`predict: ${rows} rows a call`);
    const runs = callers.map(({ on }) => on(take(rows)));
    const times = await alternate(
      blocks,
      runs.map((run) => () => callTimes(calls, run)),
    );
    times.forEach((some, k) => {
      const time = median(some.flat());
      const row = { 'rows a call': rows, caller: callers[k]!.name };
      table.rows.push({ ...row, 'median, µs': time, 'rows a second': (rows / time) * 1e6 });
    });
  }
  return table;
}

/** What a call of the addon costs that has next to nothing to do. */
async function boundary(): Promise<Table> {
  progress('predict: empty calls');
  const raw = native();
  const lane: Lane = { threads, operations: 0 };
  const one = Float32Array.of(1);
  const smallest = new Network([{ weights: Float32Array.of(1, 0), inputs: 1, units: 1, activation: 'identity' }]);
  const X = matrix(one, 1, 1);
  const layers = [{ weights: Float32Array.of(1, 0), inputs: 1, units: 1, activation: 0 }];
  const args = { inputs: one, samples: 1, columns: 1, layers, outputs: new Float32Array(1) };
  const calls = [
    { name: 'no argument: raw `blas`', each: 1000, run: () => raw.blas(), bar: 1 },
    { name: 'a 1-1 network: raw `predictSync`', each: 1000, run: () => raw.predictSync(args) },
    { name: 'a 1-1 network: `network.forwardSync`', each: 1000, run: () => smallest.forwardSync(X) },
    {
      name: 'there and back on the lane: `findNonFinite` of length 1',
      each: 1,
      run: () => call(lane, 'findNonFinite', { values: one, length: 1 }),
      bar: 30,
    },
  ];
  const table: Table = {
    title: 'Calls of the addon with next to nothing to do',
    settings: { blocks },
    columns: { call: 'text', 'median, µs': 'decimal', 'p99, µs': 'decimal', ...wantedColumns },
    rows: [],
  };
  for (const { name, each, run, bar } of calls) {
    const times = (await alternate(blocks, [() => callTimes(200, run, each)])).flat(2);
    table.rows.push({
      call: name,
      'median, µs': median(times),
      'p99, µs': percentile(times, 0.99),
      ...(bar === undefined ? nothingWanted : atMost(median(times), bar)),
    });
  }
  return table;
}
