import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** How late the event loop was, in ms. */
export interface EventLoopDelay {
  median: number;
  p999: number;
  max: number;
  /** Times that it was looked at. */
  count: number;
}

/** The interval of the monitor's timer in ms: the finest there is. */
const resolution = 1;

/**
 * What `run` gives, and how late the event loop was meanwhile. The monitor records the time between two calls of a timer of
 * 1 ms, so that a free event loop has 1 ms and a little: 1 ms is taken off every figure.
 */
export async function eventLoopDelay<T>(run: () => Promise<T>): Promise<{ value: T; delay: EventLoopDelay }> {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  await sleep(10 * resolution); // only the second call of its timer has an interval to record
  const value = await run();
  histogram.disable();
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolution);
  const delay = {
    median: late(histogram.percentile(50)),
    p999: late(histogram.percentile(99.9)),
    max: late(histogram.max),
    count: histogram.count,
  };
  return { value, delay };
}
