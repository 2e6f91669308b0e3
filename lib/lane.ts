import { types } from 'node:util';
import { load, type RawAddon, type RawCalls, type RawOutcome } from '../binding/index.js';
import { AbortedError, AddonError, BplsError, BufferError, MemoryError, refuseAborted } from './errors.js';

let addon: RawAddon | undefined;

/** The addon, loaded at the first call, so that importing the package never throws. */
export function native(): RawAddon {
  try {
    return (addon ??= load());
  } catch (error) {
    throw new AddonError(
      `Expected a native addon for ${process.platform}-${process.arch} but found none that loads (${(error as Error).message}); the package has one for linux-x64 with glibc 2.35 or later, a checkout builds its own, by \`npm run compile\``,
      { cause: error },
    );
  }
}

/** How a run's calls share one setting and one count: threads, cancellation, operations. */
export interface Lane {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  operations: number;
}

/** A failure of the addon as an error of this package. */
export function typed(error: unknown): unknown {
  if (error instanceof BplsError || !types.isNativeError(error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'OUT_OF_MEMORY') return new MemoryError(error.message, { cause: error });
  if (code === 'UNSUPPORTED_BUFFER') return new BufferError(error.message);
  return new AddonError(error.message, { cause: error });
}

/** Calls that wait or run under one signal, by their tickets: one listener for all, however many share it. */
interface Group {
  readonly tickets: Set<number>;
  readonly withdraw: () => void;
}

const groups = new WeakMap<AbortSignal, Group>();

function join(signal: AbortSignal, ticket: number): void {
  let group = groups.get(signal);
  if (!group) {
    const tickets = new Set<number>();
    group = { tickets, withdraw: () => tickets.forEach((each) => native().withdraw(each)) };
    groups.set(signal, group);
    signal.addEventListener('abort', group.withdraw, { once: true });
  }
  group.tickets.add(ticket);
}

function leave(signal: AbortSignal, ticket: number): void {
  const group = groups.get(signal);
  group?.tickets.delete(ticket);
  if (group?.tickets.size !== 0) return;
  groups.delete(signal);
  signal.removeEventListener('abort', group.withdraw);
}

/**
 * The one asynchronous wrapper: refuses to start when the signal is aborted, queues the call on the lane, from which an
 * abort withdraws it while it waits its turn, adds its operations to the run's count, and turns failures into errors of
 * this package.
 */
export async function call<Name extends keyof RawCalls>(
  lane: Lane,
  name: Name,
  args: RawCalls[Name][0],
): Promise<RawCalls[Name][1] & RawOutcome> {
  const { signal, threads } = lane;
  refuseAborted(signal);
  const ticket = signal ? native().ticket() : 0;
  if (signal) join(signal, ticket);
  try {
    const outcome = await native()[name]({ ...args, threads, ticket } as never);
    lane.operations += outcome.operations;
    return outcome;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'WITHDRAWN' ? new AbortedError(signal?.reason) : typed(error);
  } finally {
    if (signal) leave(signal, ticket);
  }
}

/**
 * One call for each of the arguments, in order. The next is queued before the last has come back, so that the lane does
 * not wait for this thread.
 */
export async function callEach<Name extends keyof RawCalls>(
  lane: Lane,
  name: Name,
  all: Iterable<RawCalls[Name][0]>,
  add: (outcome: RawCalls[Name][1] & RawOutcome) => void = () => undefined,
): Promise<void> {
  let last: Promise<RawCalls[Name][1] & RawOutcome> | undefined;
  // It may fail before it is waited for below, which Node would take for a failure that nobody handles.
  let ended: Promise<unknown> | undefined;
  try {
    for (const args of all) {
      const next = call(lane, name, args);
      ended = next.catch(() => undefined);
      if (last) add(await last);
      last = next;
    }
    if (last) add(await last);
  } finally {
    // What is still queued reads and writes the caller's arrays.
    await ended;
  }
}
