// Packs the package, installs it into an empty project as a user would, without scripts or compiler, and there trains a
// small model from CommonJS and from ESM with the prebuilt addon, and type-checks against the published types.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'bpls-package-'));
const installed = join(project, 'node_modules/bpls');

try {
  ensurePrebuild();
  install();
  checkFiles();
  train();
  checkTypes();
  console.log('test:package passed');
} finally {
  rmSync(project, { recursive: true });
}

function ensurePrebuild() {
  // npm run test:package has just brought the development build up to date: an older prebuild is of older sources.
  const modified = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const prebuilds = `prebuilds/${process.platform}-${process.arch}`;
  if (modified(prebuilds) < modified('build/Release/bpls.node')) run(root, process.execPath, 'scripts/prebuilds.mjs');
}

function install() {
  const [tarball] = run(root, 'npm', 'pack', '--silent', '--pack-destination', project).trim().split('\n').slice(-1);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true }));
  run(project, 'npm', 'install', `./${tarball}`, '--ignore-scripts', '--prefer-offline', '--loglevel=error');
  console.log(`installed ${tarball}: ${(statSync(join(project, tarball)).size / 2 ** 20).toFixed(1)} MiB`);
}

function checkFiles() {
  const texts = ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'THIRD_PARTY_LICENSES'];
  const missing = [...texts, 'docs', 'native', 'prebuilds'].filter((name) => !existsSync(join(installed, name)));
  const stray = ['dist/bench', 'test', 'bench', 'build'].filter((name) => existsSync(join(installed, name)));
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
  if (stray.length > 0) throw new Error(`the package should not contain ${stray.join(', ')}`);
}

function train() {
  // Two classes as in XOR: four noisy corners, the label says whether the coordinates' signs differ.
  const body = `
    const rows = 200;
    const data = new Float64Array(2 * rows);
    const labels = [];
    for (let i = 0; i < rows; i++) {
      const [a, b] = [i & 1, (i >> 1) & 1];
      data[2 * i] = 2 * a - 1 + 0.3 * Math.sin(12.9898 * i);
      data[2 * i + 1] = 2 * b - 1 + 0.3 * Math.sin(78.233 * i);
      labels.push(a ^ b);
    }
    const X = matrix(data, rows, 2);
    async function main() {
      const model = await trainClassifier(X, labels, { hidden: [20], seed: 1 });
      const { accuracy } = await model.evaluate(X, labels);
      if (accuracy !== 1) throw new Error('Expected accuracy 1 but received ' + accuracy);
      // By LAPACK's SVD, which is Fortran: the column twice.
      const { rank } = await lstsq(matrix(Float64Array.from({ length: 2 * rows }, (_, i) => data[i & ~1]), rows, 2), X);
      if (rank !== 1) throw new Error('Expected rank 1 but received ' + rank);
    }
    main().catch((error) => { console.error(error); process.exit(1); });
  `;
  const imports = {
    'train.cjs': `const { lstsq, matrix, trainClassifier } = require('bpls');`,
    'train.mjs': `import { lstsq, matrix, trainClassifier } from 'bpls';`,
  };
  for (const [file, line] of Object.entries(imports)) {
    writeFileSync(join(project, file), line + body);
    run(project, process.execPath, file);
    console.log(`${file}: accuracy 1`);
  }
}

function checkTypes() {
  const source = `
    import { matrix, trainClassifier } from 'bpls';
    export async function accuracy(data: Float64Array, labels: number[]): Promise<number> {
      const X = matrix(data, labels.length, 2);
      const model = await trainClassifier(X, labels, { hidden: [20], seed: 1 });
      new Blob([await model.toBytes()]);
      return (await model.evaluate(X, labels)).accuracy;
    }
    // @ts-expect-error: the data must be a typed array
    matrix('data', 1, 1);
  `;
  const files = ['types.cts', 'types.mts'];
  for (const file of files) writeFileSync(join(project, file), source);
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false'];
  run(
    project,
    join(root, 'node_modules/.bin/tsc'),
    '--module',
    'node16',
    '--target',
    'es2020',
    ...strict,
    ...types,
    ...files,
  );
  console.log('types: checked');
}

/** Runs to the end and returns the standard output; shows it when the command fails. */
function run(cwd, command, ...args) {
  try {
    const env = { ...process.env, PREBUILDS_ONLY: '1' };
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (error) {
    console.error(error.stdout);
    throw error;
  }
}
