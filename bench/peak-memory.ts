import { readFileSync, writeFileSync } from 'node:fs';

/** A figure of /proc/self/status (Linux), in bytes. */
function status(name: 'VmRSS' | 'VmHWM'): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  if (!match) throw new Error(`Expected /proc/self/status to have ${name}`);
  return 1024 * Number(match[1]);
}

/**
 * What `run` gives, and by how many bytes the resident memory of this process rose at its highest above what it was
 * before, as the kernel kept count. Wants node's --expose-gc, so that what was before is no garbage.
 */
export async function peakMemory<T>(run: () => Promise<T>): Promise<{ value: T; bytes: number }> {
  if (!globalThis.gc) throw new Error('Expected node to run with --expose-gc');
  globalThis.gc();
  globalThis.gc(); // the first leaves the memory of dead arrays to a thread of its own, the second waits for that
  writeFileSync('/proc/self/clear_refs', '5'); // the highest so far is now the present one
  const before = status('VmRSS');
  const value = await run();
  return { value, bytes: status('VmHWM') - before };
}
