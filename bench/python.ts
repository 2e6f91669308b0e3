import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { MissingDataError } from './data/mnist.js';

/** Debian's own interpreter, which sees Debian's packages whatever else is installed. */
const interpreter = '/usr/bin/python3';

/** Runs bench/peers/SCRIPT and returns the JSON lines that it prints. */
export async function peer(
  script: string,
  args: readonly string[],
  threads: number,
): Promise<Record<string, number>[]> {
  const folder = join(dirname(require.resolve('bpls/package.json')), 'bench/peers');
  const env = { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  const child = spawn(interpreter, [join(folder, script), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Record<string, number>[] = [];
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Record<string, number>));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} failed: ${errors.trim().split('\n').at(-1) ?? ''}`);
  return lines;
}

/** @throws MissingDataError where Debian's package with this Python module is not installed */
export async function requireModule(module: string, debian: string): Promise<void> {
  const missing = new MissingDataError(`Python's ${module} is missing: sudo apt-get install ${debian}`);
  if (!existsSync(interpreter)) throw missing;
  const child = spawn(interpreter, ['-c', `import ${module}`], { stdio: 'ignore' });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw missing;
}
