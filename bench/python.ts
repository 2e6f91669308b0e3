import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

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

/** Whether Debian's package with this Python module is installed; noted as left out where it is not. */
export async function hasModule(module: string, debian: string, notes: string[]): Promise<boolean> {
  if (existsSync(interpreter)) {
    const child = spawn(interpreter, ['-c', `import ${module}`], { stdio: 'ignore' });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return true;
  }
  const note = `Left out: Python's ${module} is missing: sudo apt-get install ${debian}`;
  if (!notes.includes(note)) notes.push(note);
  return false;
}
