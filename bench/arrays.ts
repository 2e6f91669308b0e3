import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Row-major values of the rows to train on and to test: `X`, `Y`, `X_test`, `Y_test`. */
export type Arrays = Record<'X' | 'Y' | 'X_test' | 'Y_test', Float64Array>;

/** Runs with a folder that has the arrays as bench/peers/arrays.py reads them, and takes it away again. */
export async function withArrays<T>(arrays: Arrays, run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bpls-arrays-'));
  try {
    for (const [name, values] of Object.entries(arrays)) writeFileSync(join(folder, name), values);
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
