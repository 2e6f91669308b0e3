import { setTimeout as sleep } from 'node:timers/promises';
import { matrix, trainClassifier, type Classifier, type ClassifierOptions, type Matrix } from '../../lib/index.js';
import { defaultThreads } from '../../lib/threads.js';
import { imageRows, type Labelled } from '../classification.js';
import { loadMnist } from '../data/mnist.js';
import { eventLoopDelay, type EventLoopDelay } from '../event-loop.js';
import type { PartOptions, PartResult } from '../part.js';
import { progress } from '../progress.js';
import { median, percentile, range } from '../statistics.js';
import type { Cell, Table } from '../table.js';
import { atMost, nothingWanted } from '../wanted.js';

const requestsASecond = 100;
const bars = { p999: 10, max: 25 };
const idleMilliseconds = 5000;
const options: ClassifierOptions = {
  hidden: [1000],
  image: { height: 28, width: 28 },
  threads: defaultThreads(),
};

/** What is done while the event loop is watched, and whether requests are served beside it. */
interface Load {
  name: string;
  work: (seed: number) => Promise<unknown>;
  served: boolean;
  bars: boolean;
}

/** How late the event loop is while a training runs, and how fast predictions are served beside it. */
export async function latency({ seeds = 1 }: PartOptions): Promise<PartResult> {
  const set = loadMnist();
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  progress('latency: training the network that serves');
  const model = await trainClassifier(train.X, train.labels, { ...options, iterations: 0 });
  const work = (seed: number) => trainClassifier(train.X, train.labels, { ...options, seed });
  const loads: Load[] = [
    { name: 'nothing', work: () => sleep(idleMilliseconds), served: false, bars: false },
    { name: 'requests', work: () => sleep(idleMilliseconds), served: true, bars: false },
    { name: 'a training', work, served: false, bars: true },
    { name: 'a training and requests', work, served: true, bars: true },
  ];
  const table: Table = {
    title: 'Delay of the event loop',
    settings: { options, runs: seeds, 'requests a second': requestsASecond },
    columns: {
      meanwhile: 'text',
      'p50, ms': 'decimal',
      'p99.9, ms': 'decimal',
      'wanted p99.9': 'text',
      'p99.9 met': 'text',
      'max, ms': 'decimal',
      'wanted max': 'text',
      'max met': 'text',
      'looked at': 'integer',
      served: 'text',
      'request, median, µs': 'decimal',
      'request, p99, µs': 'decimal',
    },
    rows: [],
  };
  for (const load of loads)
    for (const seed of range(seeds)) {
      progress(`latency: ${load.name}, run ${seed}`);
      const requests = new Requests(model, test);
      if (load.served) requests.start();
      const { delay } = await eventLoopDelay(() => load.work(seed));
      requests.stop();
      table.rows.push(delayRow(load, delay, requests));
    }
  const description =
    'The trainings are of 784-1000-10 on the 60,000 rows of MNIST, float32, on all cores. perf_hooks’ monitorEventLoopDelay ' +
    'notes the time between two calls of a timer of 1 ms; printed is what that is above 1 ms. A request is one `predictSync` ' +
    'of one test row by a network of the same size, and its time that of the call; served is out of those due.';
  return { description, tables: [table], notes: [] };
}

/** Predictions of one row, at a fixed rate. */
class Requests {
  readonly #model: Classifier;
  readonly #rows: Matrix[];
  /** Microseconds of each. */
  readonly times: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #started = 0;
  due = 0;

  constructor(model: Classifier, { X }: Labelled) {
    this.#model = model;
    this.#rows = range(1000).map((k) => matrix(X.data.subarray(k * X.cols, (k + 1) * X.cols), 1, X.cols));
  }

  start(): void {
    this.#started = performance.now();
    this.#await();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.due = Math.floor(((performance.now() - this.#started) * requestsASecond) / 1000);
  }

  /** The next is due by the clock, however late the one before was. */
  #await(): void {
    const due = this.#started + ((this.times.length + 1) * 1000) / requestsASecond;
    this.#timer = setTimeout(() => {
      this.#serve();
      this.#await();
    }, due - performance.now());
  }

  #serve(): void {
    const X = this.#rows[this.times.length % this.#rows.length]!;
    const started = performance.now();
    this.#model.predictSync(X);
    this.times.push((performance.now() - started) * 1000);
  }
}

export function delayRow(
  { name, bars: barred }: Pick<Load, 'name' | 'bars'>,
  delay: EventLoopDelay,
  { times, due }: { times: readonly number[]; due: number },
): Record<string, Cell> {
  const [p999, max] = barred
    ? [atMost(delay.p999, bars.p999), atMost(delay.max, bars.max)]
    : [nothingWanted, nothingWanted];
  return {
    meanwhile: name,
    'p50, ms': delay.median,
    'p99.9, ms': delay.p999,
    'wanted p99.9': p999.wanted,
    'p99.9 met': p999.met,
    'max, ms': delay.max,
    'wanted max': max.wanted,
    'max met': max.met,
    'looked at': delay.count,
    served: due > 0 ? `${times.length} of ${due}` : undefined,
    'request, median, µs': due > 0 ? median(times) : undefined,
    'request, p99, µs': due > 0 ? percentile(times, 0.99) : undefined,
  };
}
