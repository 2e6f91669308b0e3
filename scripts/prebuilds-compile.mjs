#!/usr/bin/env node
// Stands in for node-gyp under prebuildify, which calls it as `rebuild --target=... --arch=... --release ...` in the
// folder whose build/Release it reads afterwards. Of these, only --arch means something to cmake-js and Node-API.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const arch = process.argv.filter((argument) => argument.startsWith('--arch='));
execFileSync(
  `${root}node_modules/.bin/cmake-js`,
  ['rebuild', '--log-level', 'error', '--directory', root, '--out', 'build', '--CDBPLS_STATIC=ON', ...arch],
  { stdio: 'inherit' },
);
