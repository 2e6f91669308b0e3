import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

function readNumbers(path: string): number[] {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

/** CPU quota of the control group (version 2, then 1) in cores; Infinity where there is none. */
function quota(): number {
  const [limit, period] = readNumbers('/sys/fs/cgroup/cpu.max');
  if (limit && period) return limit / period; // "max" is NaN
  const [limit1] = readNumbers('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const [period1] = readNumbers('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return limit1 && period1 && limit1 > 0 ? limit1 / period1 : Infinity;
}

/** Threads to use where the caller does not say: the affinity mask and the control group's quota, at most 64. */
export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota()), 64));
}
