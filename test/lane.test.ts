import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { AbortedError, AddonError, matrix, trainClassifier } from '../lib/index.js';
import { call, callEach, native, type Lane } from '../lib/lane.js';
import { expectBplsError } from './support/expect.js';
import { lane } from './support/problem.js';
import { run } from './support/processes.js';
import { source } from './support/random.js';

const f64 = (length: number, value = 1) => new Float64Array(length).fill(value);

/** A product of 2 · size³ operations: one call that takes a while. */
function product(size: number, own: Lane = lane()) {
  const [a, b, solution] = [f64(size * size), f64(size * size), f64(size * size)];
  return call(own, 'multiply', { a, b, rows: size, inner: size, columns: size, transposed: false, solution });
}

describe('the lane', () => {
  it('runs calls one after the other, in the order in which they came', async () => {
    const settled: number[] = [];
    const random = source(1);
    const sizes = Array.from({ length: 200 }, () => 1 + random.integer(120));
    const calls = sizes.map(async (size, i) => {
      const { operations } = await product(size);
      settled.push(i);
      expect(operations).toBe(2 * size ** 3);
    });
    await Promise.all(calls);
    expect(settled).toEqual(sizes.map((_, i) => i));
  });

  it('tells of a call whatever setters and read-only properties Object.prototype has', async () => {
    const throws = { get: () => 0, set: () => expect.unreachable(), configurable: true };
    Object.defineProperties(Object.prototype, {
      seconds: throws,
      operations: { value: NaN, writable: false, configurable: true },
      code: throws,
    });
    let outcome: unknown, error: unknown;
    try {
      outcome = await product(2);
      const values = f64(4);
      const taken = call(lane(), 'findNonFinite', { values, length: 4 }).catch((reason: unknown) => (error = reason));
      structuredClone(values.buffer, { transfer: [values.buffer] });
      await taken;
    } finally {
      for (const name of ['seconds', 'operations', 'code'] as const) Reflect.deleteProperty(Object.prototype, name);
    }
    expect(outcome).toEqual({ operations: 16, seconds: expect.any(Number) as number });
    expect(error).toMatchObject({ code: 'UNSUPPORTED_BUFFER' });
  });

  it('gives up a call that waits its turn when its signal aborts, and no other', async () => {
    const events: string[] = [];
    const noted = (name: string, settled: Promise<unknown>) =>
      settled.then(
        () => events.push(name),
        (error: unknown) => events.push(`${name} ${(error as AbortedError).code}`),
      );
    const controller = new AbortController();
    const own = { threads: 1, operations: 0, signal: controller.signal };
    const other = { threads: 1, operations: 0, signal: new AbortController().signal };
    const values = f64(10);
    const long = noted('long', product(1500));
    const waiting = [own, own, other].map((given, i) =>
      noted(`call ${i}`, call(given, 'findNonFinite', { values, length: 10 })),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error('enough'));
    await Promise.all([long, ...waiting]);
    expect(events).toEqual(['call 0 ABORTED', 'call 1 ABORTED', 'long', 'call 2']);
    await expect(call(own, 'findNonFinite', { values, length: 10 })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: controller.signal.reason as Error,
    });
  });

  it('listens to a signal once, however many calls share it, and not after the last', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on('warning', warned);
    for (let time = 1; time <= 2; time++) {
      const own = { threads: 1, operations: 0, signal };
      await Promise.all(Array.from({ length: 20 }, () => call(own, 'findNonFinite', { values: f64(10), length: 10 })));
      expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([time, time]);
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  it('withdraws what waits alone', async () => {
    const raw = native();
    for (const ticket of [0, 1e9, NaN, -1, undefined, 'x', {}]) raw.withdraw(ticket as number);
    const [first, second] = [raw.ticket(), raw.ticket()];
    expect(second).toBeGreaterThan(first);
    const values = f64(10);
    const done = raw.findNonFinite({ values, length: 10, threads: 1, ticket: first });
    // Those without a ticket are no one's to withdraw.
    const waiting = [product(600), raw.findNonFinite({ values, length: 10, threads: 1 })];
    for (const ticket of [0, NaN]) raw.withdraw(ticket);
    await Promise.all(waiting);
    await done;
    raw.withdraw(first);
    await expect(done).resolves.toMatchObject({ nonFinite: -1 });
  });

  it('leaves the event loop free while a call runs', async () => {
    let turns = 0;
    let running = true;
    const turn = () => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await product(1200);
    running = false;
    expect(turns).toBeGreaterThan(10);
  });

  it('leaves the event loop free while a training runs', async () => {
    const random = source(2);
    const X = matrix(random.uniforms(4000, 10).data, 4000, 10);
    const labels = random.labels(4000, 3);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await trainClassifier(X, labels, { hidden: [200], iterations: 5, threads: 1 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it('does not begin a call whose signal is aborted, and finishes the one that runs', async () => {
    const controller = new AbortController();
    const values = f64(4);
    const own = { ...lane(), signal: controller.signal };
    const first = product(2);
    const before = product(1500, own);
    await first;
    await new Promise((resolve) => setTimeout(resolve, 50)); // The next has begun.
    controller.abort('enough');
    const after = call(own, 'findNonFinite', { values, length: 4 });
    const error = await expectBplsError(after, AbortedError, 'ABORTED', 'The operation was aborted');
    expect(error.cause).toBe('enough');
    await expect(before).resolves.toMatchObject({ operations: 2 * 1500 ** 3 });
  });

  it('queues the next of several calls ahead, and is over when both are, whichever fails', async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    const values = f64(2 ** 22);
    const [good, bad] = [
      { values, length: values.length },
      { values, length: -1 },
    ];
    const found: number[] = [];
    const all = (...calls: (typeof good)[]) =>
      callEach(lane(), 'findNonFinite', calls, ({ nonFinite }) => found.push(nonFinite));
    await all(good, good, good);
    expect(found).toEqual([-1, -1, -1]);
    // The second fails at once, while the first runs.
    await expect(all(good, bad, good)).rejects.toBeInstanceOf(AddonError);
    expect(found).toHaveLength(4);
    await expect(all(bad, good)).rejects.toBeInstanceOf(AddonError);
    expect(found).toHaveLength(4);
    // What makes the arguments fails, while a call runs: it is over before the caller may have its arrays back.
    const size = 400;
    const [a, b, solution] = [f64(size ** 2), f64(size ** 2), f64(size ** 2, 0)];
    function* broken() {
      yield { a, b, rows: size, inner: size, columns: size, transposed: false, solution };
      throw new RangeError('no memory');
    }
    await expect(callEach(lane(), 'multiply', broken())).rejects.toBeInstanceOf(RangeError);
    expect(solution.every((sum) => sum === size)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', listen);
    expect(unhandled).toEqual([]);
  });
});

const support = join(__dirname, 'support');

/** The weights that a worker thread finds. */
function trainInWorker(seed: number): Promise<Float64Array[]> {
  return new Promise((resolve, reject) => {
    const workerData = { rows: 1500, hidden: [60, 20], iterations: 4, seed };
    const worker = new Worker(join(support, 'train-worker.mjs'), { workerData });
    worker.on('error', reject);
    worker.on('message', ({ weights }: { weights?: Float64Array[] }) => {
      if (weights) resolve(weights);
    });
  });
}

describe('the built package', () => {
  beforeAll(() => {
    expect(existsSync(join(support, '../../dist/lib/index.js')), '`npm run compile` builds dist/').toBe(true);
  });

  it('gives the same bits in two worker threads at once as in turn', async () => {
    const inTurn = [await trainInWorker(1), await trainInWorker(2)];
    const atOnce = await Promise.all([trainInWorker(1), trainInWorker(2)]);
    expect(atOnce).toEqual(inTurn);
    expect(inTurn[0]).not.toEqual(inTurn[1]);
  });

  it('survives worker threads that end in the middle of their trainings', async () => {
    expect(await run('terminate-workers.mjs')).toEqual({ code: 0, signal: null, output: 'done', errors: '' });
  });

  it.each([
    ['exit', 7],
    ['exit in a callback', 8],
  ])('lets a process go in the middle of a training with its own code: %s', async (how, code) => {
    expect(await run('exit-mid-training.mjs', [how])).toEqual({ code, signal: null, output: '', errors: '' });
  });

  it('lets a process go that dies of an error of its own', async () => {
    const { code, signal, errors } = await run('exit-mid-training.mjs', ['throw']);
    expect([code, signal]).toEqual([1, null]);
    expect(errors).toContain('Error: nobody catches this');
  });

  it('keeps a process alive until a training is over, and no longer', async () => {
    const exit = { code: 0, signal: null, errors: '' };
    expect(await run('exit-mid-training.mjs', ['not awaited'])).toEqual({ ...exit, output: 'settled' });
    expect(await run('exit-mid-training.mjs', ['nothing'])).toEqual({ ...exit, output: '' });
  });

  it('keeps the arrays of a running call from the garbage collector', async () => {
    const exit = { code: 0, signal: null, output: 'done', errors: '' };
    expect(await run('collect-garbage.mjs', [], { flags: ['--expose-gc'] })).toEqual(exit);
  });
});
