import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environment } from './environment.js';
import { writeWhole } from './written.js';

const root = dirname(require.resolve('bpls/package.json'));
/** What a figure hangs on. */
const sources = ['dist/lib', 'native', 'bench/peers', 'dist/bench/splits.js'];

/**
 * Figures of a long benchmark so far: one that was cut off goes on where the code, the machine and the settings are the
 * same.
 */
export class Kept<T> {
  readonly #path: string;
  readonly #identity: string;
  readonly #figures: Record<string, T>;

  constructor(path: string, settings: object) {
    this.#path = path;
    const { cpu, cores, node, blas } = environment();
    this.#identity = createHash('sha256')
      .update(JSON.stringify([settings, cpu, cores, node, blas, ...sources.map(digest)]))
      .digest('hex');
    const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { identity: string; figures: Record<string, T> }) : undefined; // prettier-ignore
    this.#figures = found?.identity === this.#identity ? found.figures : {};
  }

  get(key: string): T | undefined {
    return this.#figures[key];
  }

  set(key: string, figure: T): void {
    this.#figures[key] = figure;
    writeWhole(this.#path, JSON.stringify({ identity: this.#identity, figures: this.#figures }, undefined, 1));
  }
}

/** Of a file, or of all sources in a folder. */
function digest(source: string): string {
  const path = join(root, source);
  const hash = createHash('sha256');
  const names = statSync(path).isDirectory() ? (readdirSync(path, { recursive: true }) as string[]).sort() : [''];
  for (const name of names)
    if (/\.(js|py|cpp|h)$/.test(join(path, name))) hash.update(name).update(readFileSync(join(path, name)));
  return hash.digest('hex');
}
