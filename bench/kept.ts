import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environment } from './environment.js';
import { writeWhole } from './written.js';

const root = dirname(require.resolve('bpls/package.json'));
/** What a figure hangs on. */
const sources = ['dist/lib', 'dist/bench', 'bench/peers', 'native'];

/** Figures of a long benchmark so far: one that was cut off goes on where the code, the machine and the settings are the same. */
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

/** Of all files of a folder. */
function digest(folder: string): string {
  const hash = createHash('sha256');
  for (const name of (readdirSync(join(root, folder), { recursive: true }) as string[]).sort())
    if (/\.(js|py|cpp|h)$/.test(name)) hash.update(name).update(readFileSync(join(root, folder, name)));
  return hash.digest('hex');
}
