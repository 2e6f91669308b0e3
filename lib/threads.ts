import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `quota period`, in microseconds, as cores; Infinity where there is none ("max", or −1). */
function cores(text: string): number {
  const [quota, period] = text.trim().split(/\s+/).map(Number);
  return quota && period && quota > 0 ? quota / period : Infinity;
}

/** A folder and those above it, up to and with `/`: each of them may set a quota. */
function* upwards(folder: string): Generator<string> {
  for (let at = posix.join('/', folder); ; at = posix.dirname(at)) {
    yield at === '/' ? '' : at;
    if (at === '/') return;
  }
}

/** `quota period` of every control group that this process is in, of version 2 and 1. */
function* quotas(): Generator<string> {
  const groups = '/sys/fs/cgroup';
  // hierarchy:controllers:folder; version 2 names no controllers. In a container the folder may be one that only the host
  // sees, and the root is the container's own.
  const lines = ['0::/', '1:cpu:/', ...read('/proc/self/cgroup').split('\n')];
  for (const [, controllers, folder = '/'] of lines.map((line) => line.split(':')))
    for (const at of upwards(folder)) {
      if (controllers === '') yield read(`${groups}${at}/cpu.max`);
      if (!controllers?.split(',').includes('cpu')) continue;
      const [quota, period] = ['quota', 'period'].map((what) => read(`${groups}/cpu${at}/cpu.cfs_${what}_us`));
      yield `${quota} ${period}`;
    }
}

/**
 * Threads to use where the caller does not say: the affinity mask and the least quota of the control groups, at most 64.
 *
 * @source https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and cgroups(7) on /proc/self/cgroup
 */
export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(Math.min(...Array.from(quotas(), cores))), 64));
}

let usual: number | undefined;

/** The same, found out once: a prediction takes less time than reading the files of the control groups. */
export function usualThreads(): number {
  return (usual ??= defaultThreads());
}
