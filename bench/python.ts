import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from './script.js';

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
  /** Of the problems that it makes. */
  problems?: string[];
}

/** Threads of a script: OpenBLAS's, and those of OpenMP, which spin while they wait unless they are told to sleep. */
export interface PeerThreads {
  openblas: number;
  openmp: number;
  sleep?: boolean;
}

/** A script of bench/peers, running. */
export class Peer extends Script {
  private constructor(script: string, args: readonly string[], { openblas, openmp, sleep }: PeerThreads) {
    const folder = join(dirname(require.resolve('bpls/package.json')), 'bench/peers');
    super([script, ...args].join(' '), interpreter, [join(folder, script), ...args], {
      OPENBLAS_NUM_THREADS: String(openblas),
      OMP_NUM_THREADS: String(openmp),
      PYTHONDONTWRITEBYTECODE: '1',
      ...(sleep && { OMP_WAIT_POLICY: 'passive' }),
    });
  }

  /** Starts bench/peers/SCRIPT and waits until it has loaded its data. */
  static async start(
    script: string,
    args: readonly string[],
    threads: PeerThreads,
  ): Promise<{ peer: Peer; versions: PeerVersions }> {
    const peer = new Peer(script, args, threads);
    return { peer, versions: await peer.about<PeerVersions>() };
  }

  override async next<Line = PeerLine>(seed: number): Promise<Line> {
    return super.next<Line>(seed);
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
