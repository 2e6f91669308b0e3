import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** A program, running, that prints JSON lines. The first is about itself. */
export class Script {
  readonly #what: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<number | null>;
  #errors = '';

  /** @param what it is called where it fails */
  constructor(what: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#what = what;
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
    this.#child.stdin.on('error', () => undefined); // a script that has ended is told of by #read
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** What it says of itself when it has loaded its data. */
  async about<Versions>(): Promise<Versions> {
    return (await this.#read()) as Versions;
  }

  /** Asks for one run, with this seed, and waits for what it prints. */
  async next<Line>(seed: number): Promise<Line> {
    this.#child.stdin.write(`${seed}\n`);
    return (await this.#read()) as Line;
  }

  /** All lines to its end, of a script that asks for nothing. */
  async *rest<Line>(): AsyncGenerator<Line> {
    for (let line = await this.#read(false); line !== undefined; line = await this.#read(false)) yield line as Line;
  }

  /** No more will be asked of it. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }

  /** Ends it, whatever it is at. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #read(needed = true): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done !== true) return JSON.parse(line.value);
    if ((await this.#ended) === 0 && !needed) return undefined;
    throw new Error(`${this.#what} failed: ${this.#errors.trim().split('\n').at(-1) ?? ''}`);
  }
}
