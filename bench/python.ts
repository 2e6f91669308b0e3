import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Debian's own interpreter, which sees Debian's packages whatever else is installed. */
const interpreter = '/usr/bin/python3';

/** A line that a script prints of one run, or of one moment of it. */
export interface PeerLine {
  seconds: number;
  accuracy?: number;
}

/** What a script says of itself. */
export interface PeerVersions {
  numpy?: string;
  scipy?: string;
  torch?: string;
  sklearn?: string;
  blas?: string;
}

/** Threads of a script: OpenBLAS's, and those of OpenMP, which spin while they wait unless they are told to sleep. */
export interface PeerThreads {
  openblas: number;
  openmp: number;
  sleep?: boolean;
}

/** A script of bench/peers, running. The first line that it prints is about itself. */
export class Peer {
  readonly #what: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<number | null>;
  #errors = '';

  private constructor(script: string, args: readonly string[], { openblas, openmp, sleep }: PeerThreads) {
    const folder = join(dirname(require.resolve('bpls/package.json')), 'bench/peers');
    const env = {
      ...process.env,
      OPENBLAS_NUM_THREADS: String(openblas),
      OMP_NUM_THREADS: String(openmp),
      ...(sleep && { OMP_WAIT_POLICY: 'passive' }),
    };
    this.#what = [script, ...args].join(' ');
    this.#child = spawn(interpreter, [join(folder, script), ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
    this.#child.stdin.on('error', () => undefined); // a script that has ended is told of by #read
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** Starts bench/peers/SCRIPT and waits until it has loaded its data. */
  static async start(
    script: string,
    args: readonly string[],
    threads: PeerThreads,
  ): Promise<{ peer: Peer; versions: PeerVersions }> {
    const peer = new Peer(script, args, threads);
    return { peer, versions: (await peer.#read()) as PeerVersions };
  }

  /** Asks for one run, with this seed, and waits for what it prints. */
  async next<Line = PeerLine>(seed: number): Promise<Line> {
    this.#child.stdin.write(`${seed}\n`);
    return (await this.#read()) as Line;
  }

  /** All lines to its end, of a script that asks for nothing. */
  async *rest(): AsyncGenerator<PeerLine> {
    for (let line = await this.#read(false); line !== undefined; line = await this.#read(false)) yield line as PeerLine;
  }

  /** No more will be asked of it. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }

  async #read(needed = true): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done !== true) return JSON.parse(line.value);
    if ((await this.#ended) === 0 && !needed) return undefined;
    throw new Error(`${this.#what} failed: ${this.#errors.trim().split('\n').at(-1) ?? ''}`);
  }
}

/** What a script says of itself, for the notes. */
export function versionsLine({ numpy, scipy, torch, sklearn, blas }: PeerVersions): string {
  const names = { NumPy: numpy, SciPy: scipy, PyTorch: torch, 'scikit-learn': sklearn };
  const libraries = Object.entries(names).flatMap(([name, version]) =>
    version === undefined ? [] : `${name} ${version}`,
  );
  return `${libraries.join(', ')} on ${blas ?? 'another BLAS than OpenBLAS'}.`;
}

/** Whether Debian's package with this Python module is installed; noted as left out where it is not. */
export async function hasModule(module: string, debian: string, notes: string[]): Promise<boolean> {
  if (existsSync(interpreter)) {
    const child = spawn(interpreter, ['-c', `import ${module}`], { stdio: 'ignore' });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return true;
  }
  const note = `Left out: Debian's ${debian} is missing: npm run setup -- --peers`;
  if (!notes.includes(note)) notes.push(note);
  return false;
}
