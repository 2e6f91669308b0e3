import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { native } from '../lib/lane.js';

/** Where and with what a benchmark ran. */
export interface Environment {
  date: string;
  cpu: string;
  cores: number;
  node: string;
  blas: string;
  version: string;
}

export function environment(): Environment {
  const stored = JSON.parse(readFileSync(require.resolve('bpls/package.json'), 'utf8')) as { version: string };
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    blas: native().blas(),
    version: stored.version,
  };
}
