// Prints the bill of materials (CycloneDX) of what runs at a user's: the run-time dependencies, as the lockfile has them, and
// OpenBLAS, which the addon is linked with and the prebuild carries in itself, with the compiler's runtime.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import binding from '../dist/binding/index.js';

const npm = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only'];
const bill = JSON.parse(execFileSync('npm', npm, { encoding: 'utf8', maxBuffer: 2 ** 26 }));
const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
// npm takes the folder's name.
bill.metadata.component.name = name;
const version = /OpenBLAS ([\d.]+)/.exec(binding.load().blas())?.[1] ?? 'unknown';
const required = { type: 'library', scope: 'required' };
bill.components.push({
  ...required,
  'bom-ref': `openblas@${version}`,
  name: 'OpenBLAS',
  version,
  purl: `pkg:github/OpenMathLib/OpenBLAS@v${version}`,
  licenses: [{ license: { id: 'BSD-3-Clause' } }],
});
const gcc = execFileSync('c++', ['-dumpfullversion', '-dumpversion'], { encoding: 'utf8' }).trim();
const withException = 'GPL-3.0-or-later WITH GCC-exception-3.1';
const runtimes = { libgcc: withException, 'libstdc++': withException, libgfortran: withException };
for (const [runtime, expression] of Object.entries({ ...runtimes, libquadmath: 'LGPL-2.1-or-later' }))
  bill.components.push({
    ...required,
    'bom-ref': `${runtime}@${gcc}`,
    name: runtime,
    version: gcc,
    licenses: [{ expression }],
  });
console.log(JSON.stringify(bill, undefined, 2));
