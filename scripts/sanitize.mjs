// Runs the tests under the compiler's sanitizers; any finding ends it with a status other than 0.
//
//   address    AddressSanitizer and UndefinedBehaviorSanitizer: the addon, loaded by the quick tests and by the hostile callers
//   thread     ThreadSanitizer, which cannot be loaded into Node: the arithmetic alone, driven by test/native/units.cpp
//
// Without an argument, both. There are no suppressions. Leaks are not looked for at exit: V8 leaves its heap to the system,
// and what the addon may leak, test/hard/leaks.hard.ts counts. OpenBLAS is not instrumented: what it reads and writes goes
// unseen, but not what is done with it here.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
process.chdir(root);

const parts = { address, thread };
for (const part of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) parts[part]();

function address() {
  run('npx', ['cmake-js', 'build', '--out', 'build/address/build', '--CDBPLS_SANITIZE=address,undefined', '--log-level', 'error']); // prettier-ignore
  const runtimes = ['libasan.so', 'libubsan.so'].map((name) => output('c++', [`-print-file-name=${name}`]).trim());
  const env = {
    // node-gyp-build looks for the addon there.
    BPLS_PREBUILD: `${root}/build/address`,
    LD_PRELOAD: runtimes.join(' '),
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  // Under AddressSanitizer a `new` that is refused ends the process, and errors.test.ts has one refused on purpose.
  run('npx', ['vitest', 'run', '--reporter=dot', '--exclude', 'test/errors.test.ts'], env);
  run('npx', ['vitest', 'run', '--reporter=dot', '--config', 'vitest.hard.config.mts', 'hostile'], env);
}

function thread() {
  const options = ['-DBPLS_SANITIZE=thread', '-DCMAKE_BUILD_TYPE=RelWithDebInfo'];
  run('cmake', ['-S', '.', '-B', 'build/thread', ...options]);
  run('cmake', ['--build', 'build/thread', '--target', 'units', '--parallel', '2']);
  run('build/thread/units', [], { TSAN_OPTIONS: 'halt_on_error=1' });
}

function run(command, args, env = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status === 0) return;
  console.error(`sanitize: ${[command, ...args].join(' ')}: ${error?.message ?? signal ?? `status ${status}`}`);
  process.exit(1);
}

function output(command, args) {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout;
}
