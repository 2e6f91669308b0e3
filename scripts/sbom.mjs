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
bill.components.push({
  'bom-ref': `openblas@${version}`,
  type: 'library',
  name: 'OpenBLAS',
  version,
  scope: 'required',
  purl: `pkg:github/OpenMathLib/OpenBLAS@v${version}`,
  licenses: [{ license: { id: 'BSD-3-Clause' } }],
});
console.log(JSON.stringify(bill, undefined, 2));
