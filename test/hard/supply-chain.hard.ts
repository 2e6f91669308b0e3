import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '../..');
const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;
const run = async (command: string, ...args: string[]) =>
  (await promisify(execFile)(command, args, { cwd: root, maxBuffer: 2 ** 26 })).stdout;

type Versions = Record<string, string>;
const { scripts, dependencies, devDependencies } = json('package.json') as Record<string, Versions>;
const locked = json('package-lock.json').packages as Record<
  string,
  { integrity?: string; version: string; dev?: boolean }
>;

/** The JavaScript that a user gets. */
function published(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

describe('the package', () => {
  it('has one run-time dependency', () => {
    expect(Object.keys(dependencies!)).toEqual(['node-gyp-build']);
    const production = Object.entries(locked).filter(([path, { dev }]) => path !== '' && !dev);
    expect(production.map(([path]) => path)).toEqual(['node_modules/node-gyp-build']);
  });

  it('runs and downloads nothing when it is installed', () => {
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'])
      expect(scripts).not.toHaveProperty(hook);
    // npm would compile a package that has one.
    expect(existsSync(join(root, 'binding.gyp'))).toBe(false);
  });

  it('opens no connection and starts no process', () => {
    const sources = [...published('dist/lib'), ...published('dist/binding')];
    expect(sources.length).toBeGreaterThan(30);
    const modules = sources.flatMap((source) => [...source.matchAll(/require\("(?:node:)?([^."][^"]*)"\)/g)].map(([, name]) => name!)); // prettier-ignore
    expect([...new Set(modules)].sort()).toEqual([
      ...['crypto', 'fs', 'fs/promises', 'node-gyp-build', 'os', 'path', 'timers/promises', 'util'],
    ]);
    for (const source of sources) expect(source).not.toMatch(/\bfetch\(|\beval\(|new Function\(|\bimport\(/);
  });

  it('names exact versions, and the lockfile the hash of each', () => {
    for (const version of Object.values({ ...dependencies, ...devDependencies })) expect(version).toMatch(/^\d+\.\d+\.\d+$/); // prettier-ignore
    const entries = Object.entries(locked).filter(([path]) => path !== '');
    expect(entries.length).toBeGreaterThan(100);
    for (const [path, { integrity }] of entries) expect(integrity, path).toMatch(/^sha512-/);
  });

  it('has a bill of materials of exactly that, OpenBLAS, and the compiler’s runtime', async () => {
    const bill = JSON.parse(await run('node', 'scripts/sbom.mjs')) as {
      bomFormat: string;
      components: { name: string; version: string }[];
      metadata: { component: { name: string } };
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    expect(bill.metadata.component.name).toBe('bpls');
    expect(bill.components.map(({ name }) => name)).toEqual([
      'node-gyp-build',
      'OpenBLAS',
      'libgcc',
      'libstdc++',
      'libgfortran',
      'libquadmath',
    ]);
    expect(bill.components[0]!.version).toBe(dependencies!['node-gyp-build']);
    expect(bill.components[1]!.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('has no known vulnerability, nor has what it is built with', async ({ skip }) => {
    const { stdout } = await promisify(execFile)('npm', ['audit', '--json'], { cwd: root }).catch((error: unknown) => error as { stdout: string }); // prettier-ignore
    const report = JSON.parse(stdout || '{}') as { metadata?: { vulnerabilities: { total: number } } };
    // Not every registry has the service; what it does not say is not known.
    if (!report.metadata) skip('the registry answers no audit: nothing is known');
    expect(report.metadata?.vulnerabilities.total).toBe(0);
  });
});
