// Builds prebuilds/<platform>-<arch>/bpls.<libc>.node, an addon that needs nothing but the C library.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

// prebuildify takes build/Release/*.node below --cwd and moves it. A folder of its own keeps the development build.
const work = 'build/prebuild';
const out = `prebuilds/${process.platform}-${process.arch}`;
mkdirSync(work, { recursive: true });
rmSync(out, { recursive: true, force: true });

const options = ['--napi', '--strip', '--tag-libc', '--name', 'bpls'];
execFileSync(
  `${root}node_modules/.bin/prebuildify`,
  [...options, '--cwd', work, '--out', root, '--node-gyp', `${root}scripts/prebuilds-compile.mjs`],
  { stdio: 'inherit' },
);

for (const name of readdirSync(out)) {
  const file = `${out}/${name}`;
  console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
  if (process.platform === 'linux') checkSelfContained(file);
}

function checkSelfContained(file) {
  const libraries = execFileSync('ldd', [file], { encoding: 'utf8' });
  const foreign = libraries
    .split('\n')
    .map((line) => line.trim().split(' ')[0])
    .filter((library) => library && !/^(linux-vdso|\/lib.*\/ld-linux|ld-musl|lib(c|m|dl|rt|pthread)\.)/.test(library));
  if (foreign.length > 0) throw new Error(`${file} needs more than the C library: ${foreign.join(', ')}`);
  // Resolves every symbol at once; one that is missing would otherwise end the process at its first call.
  process.dlopen({ exports: {} }, `${root}${file}`, constants.dlopen.RTLD_NOW);
}
