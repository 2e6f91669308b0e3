import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: string | null;
  output: string;
  errors: string;
}

/** Runs one of the scripts beside this file in a process of its own, which is ended after `timeout` milliseconds. */
export function run(
  script: string,
  args: readonly string[] = [],
  { flags = [], timeout = 100_000 }: { flags?: readonly string[]; timeout?: number } = {},
): Promise<Exit> {
  return new Promise((resolve, reject) => {
    const options = { timeout, killSignal: 'SIGKILL' } as const;
    const child = spawn(process.execPath, [...flags, join(__dirname, script), ...args], options);
    let output = '';
    let errors = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output: output.trim(), errors: errors.trim() }));
  });
}
