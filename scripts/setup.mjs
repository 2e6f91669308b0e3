// Makes a fresh clone ready to run: system packages, node_modules, the addon, the JavaScript. Does only what is missing,
// and needs nothing but Node, because `npm test` runs it before node_modules exists.
//
//   --lint    also what `npm run check` needs (clang-format, doctest)
//   --hard    also what `npm run test:hard` needs (doctest, and libFuzzer for Jazzer.js, which is built here)
//   --static  also what the self-contained prebuild needs (the static Fortran runtime)
//   --data    also the Fashion-MNIST files for the demo and the benchmarks; goes on without when they can't be had
//   --peers   also what the benchmarks compare with: SciPy, PyTorch, scikit-learn, ggplot2's and modeldata's tables,
//             onnxruntime-node,
//             TensorFlow.js, brain.js, ml-matrix; goes on without as well

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
process.chdir(root);

const { values: wanted } = parseArgs({
  options: {
    lint: { type: 'boolean' },
    hard: { type: 'boolean' },
    static: { type: 'boolean' },
    data: { type: 'boolean' },
    peers: { type: 'boolean' },
  },
});

installSystemPackages();
if (wanted.data) installData();
installNodeModules();
if (wanted.peers) installPeers();
if (wanted.hard) buildFuzzer();
buildNative();
buildTypeScript();
say('ready');

// --- System packages ---------------------------------------------------------------------------------------------------

function installSystemPackages() {
  const missing = requirements().filter((requirement) => !requirement.present());
  if (missing.length === 0) return;

  const packages = missing.map((requirement) => requirement.package);
  say(`missing: ${missing.map((requirement) => requirement.name).join(', ')}`);
  if (aptInstall(packages) && missing.every((requirement) => requirement.present())) return;

  if (process.platform === 'darwin')
    fail('install with: xcode-select --install; brew install cmake openblas clang-format doctest');
  fail(`install with: sudo apt-get update && sudo apt-get install -y ${packages.join(' ')}`);
}

/** What must be there, how to see that it is, and the Debian package that brings it. */
function requirements() {
  const cxx = process.env.CXX ?? 'c++';
  const list = [
    {
      name: 'a C++ compiler and make',
      package: 'build-essential',
      present: () => succeeds(cxx, '--version') && (succeeds('make', '--version') || succeeds('ninja', '--version')),
    },
    { name: 'cmake 3.18 or newer', package: 'cmake', present: hasCmake },
    { name: 'OpenBLAS with cblas.h', package: 'libopenblas-pthread-dev', present: hasOpenBlas },
  ];
  if (wanted.lint) {
    list.push({ name: 'clang-format', package: 'clang-format', present: () => succeeds('clang-format', '--version') });
  }
  if (wanted.lint || wanted.hard) {
    const header = () => existsSync('/usr/include/doctest/doctest.h');
    list.push({ name: 'doctest', package: 'doctest-dev', present: header });
  }
  if (wanted.hard) {
    list.push({ name: 'libFuzzer', package: 'libclang-rt-14-dev', present: () => libFuzzer() !== undefined });
  }
  if (wanted.static) {
    const present = () => output(cxx, '-print-file-name=libgfortran.a').startsWith('/');
    list.push({ name: 'the static Fortran runtime', package: 'gfortran', present });
  }
  return list;
}

function hasCmake() {
  const [major, minor] = (/version (\d+)\.(\d+)/.exec(output('cmake', '--version')) ?? []).slice(1).map(Number);
  return major > 3 || (major === 3 && minor >= 18);
}

/** The places where CMakeLists.txt looks. */
function hasOpenBlas() {
  const debian = existsSync('/usr/include')
    ? readdirSync('/usr/include').map((arch) => `/usr/include/${arch}/openblas-pthread`)
    : [];
  const others = ['/usr/include/openblas', '/opt/homebrew/opt/openblas/include', '/usr/local/opt/openblas/include'];
  return (
    [...debian, ...others].some((dir) => existsSync(`${dir}/cblas.h`)) || succeeds('pkg-config', '--exists', 'openblas')
  );
}

/** True when apt-get could be run with the rights it needs and installed everything. */
function aptInstall(packages) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (!succeeds('apt-get', '--version') || (sudo.length > 0 && !succeeds('sudo', '-n', 'true'))) return false;
  const [command, ...prefix] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const apt = (...args) =>
    spawnSync(command, [...prefix, ...args], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  const install = () => apt('install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...packages);

  say(`apt-get install ${packages.join(' ')}`);
  let result = install();
  if (result.status !== 0) {
    // A fresh machine or container has no package lists yet, or old ones.
    say('apt-get update');
    apt('update');
    result = install();
  }
  if (result.status !== 0) console.error(result.stderr.trim());
  return result.status === 0;
}

function installData() {
  const debian = 'dataset-fashion-mnist';
  const folder = () => /^(.*)\/train-images-idx3-ubyte/m.exec(output('dpkg', '-L', debian))?.[1];
  if (folder() === undefined) aptInstall([debian]);
  say(
    folder() ? `Fashion-MNIST is in ${folder()}` : `no Fashion-MNIST (Debian package ${debian}): going on without it`,
  );
}

// --- node_modules, addon, JavaScript -----------------------------------------------------------------------------------

function installNodeModules() {
  const lock = packagesOf('package-lock.json');
  const installed = packagesOf('node_modules/.package-lock.json');
  const current = Object.entries(lock).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
  if (current) return;
  say('npm ci');
  // The development dependencies are needed under NODE_ENV=production too.
  run('npm', 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
}

/** Not in package.json: nothing but the benchmarks wants them, and they take some hundred megabytes. */
function installPeers() {
  const imports = (module) => succeeds('/usr/bin/python3', '-c', `import ${module}`);
  const hasData = (name) => succeeds('Rscript', '-e', `invisible(${name})`);
  const missing = () => [
    ...['scipy', 'torch', 'sklearn'].filter((module) => !imports(module)).map((module) => `python3-${module}`),
    ...(hasData('ggplot2::diamonds') ? [] : ['r-cran-ggplot2']),
    ...(hasData('modeldata::ames') ? [] : ['r-cran-modeldata']),
  ];
  if (missing().length > 0) aptInstall(missing());

  const versions = {
    'onnxruntime-node': '1.30.0',
    'onnx-buf': '1.20.0-1',
    '@tensorflow/tfjs': '4.22.0',
    '@tensorflow/tfjs-backend-wasm': '4.22.0',
    'brain.js': '2.0.0-beta.24',
    'ml-matrix': '6.15.1',
  };
  const absent = () => {
    const installed = packagesOf('node_modules/.package-lock.json');
    return Object.keys(versions).filter((name) => installed[`node_modules/${name}`]?.version !== versions[name]);
  };
  if (absent().length > 0) {
    const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
    say(`npm install --no-save ${packages.join(' ')}`);
    // All in one call, because npm takes away what an earlier one left. Without their scripts, which would fetch the
    // libraries of a GPU (onnxruntime-node) and build OpenGL (brain.js's gpu.js): neither is needed on a CPU.
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    spawnSync('npm', ['install', '--no-save', ...quiet, ...packages], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  const without = [...missing(), ...absent()];
  say(without.length === 0 ? 'the peers are installed' : `no ${without.join(', ')}: going on without`);
}

/** In test/fuzz/node_modules, with a lockfile of their own: nothing but the fuzzing wants them. */
function buildFuzzer() {
  const addon = 'test/fuzz/node_modules/@jazzer.js/fuzzer/build/Release/jazzerjs.node';
  if (modified(addon) > newest('test/fuzz/package-lock.json', 'test/fuzz/fuzzer')) return;
  say('building Jazzer.js');
  // Its install script would fetch the sources of LLVM; the distribution's libFuzzer serves.
  run('npm', 'ci', '--prefix', 'test/fuzz', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
  const folder = 'test/fuzz/node_modules/@jazzer.js/fuzzer';
  const sources = [folder, `${folder}/shared`, 'test/fuzz/fuzzer'].flatMap((path) =>
    readdirSync(path).flatMap((name) => (name.endsWith('.cpp') ? [`${path}/${name}`] : [])),
  );
  const includes = ['test/fuzz', folder, 'node_modules/node-api-headers/include', 'node_modules/node-addon-api'];
  mkdirSync(dirname(addon), { recursive: true });
  run(
    process.env.CXX ?? 'c++',
    ...['-O2', '-std=c++17', '-fPIC', '-shared', '-DNAPI_VERSION=4', '-DNAPI_CPP_EXCEPTIONS'],
    ...includes.map((path) => `-I${path}`),
    ...sources,
    ...['-Wl,--whole-archive', libFuzzer(), '-Wl,--no-whole-archive', '-lpthread', '-ldl', '-lrt', '-o', addon],
  );
}

function libFuzzer() {
  const name = /^libclang_rt\.fuzzer_no_main(-x86_64|-aarch64)?\.a$/;
  const llvm = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((folder) => folder.startsWith('llvm-')) : [];
  const clang = llvm.map((folder) => `/usr/lib/${folder}/lib/clang`).filter((path) => existsSync(path));
  return clang
    .flatMap((path) => readdirSync(path, { recursive: true }).map((file) => `${path}/${file}`))
    .find((path) => name.test(path.slice(path.lastIndexOf('/') + 1)));
}

function packagesOf(lockfile) {
  return existsSync(lockfile) ? JSON.parse(readFileSync(lockfile, 'utf8')).packages : {};
}

function buildNative() {
  const addon = 'build/Release/bpls.node';
  if (modified(addon) > newest('native', 'CMakeLists.txt', 'package.json')) return;
  say('building the addon');
  const start = new Date();
  // CMake refuses a build folder that came along when the repository was copied or moved.
  const cache = 'build/CMakeCache.txt';
  if (existsSync(cache) && !readFileSync(cache, 'utf8').includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${root}\n`)) {
    rmSync('build', { recursive: true });
  }
  run('npm', 'run', '--silent', 'build:native');
  // Nothing may have been linked anew; the date says that it was looked at.
  utimesSync(addon, start, start);
}

function buildTypeScript() {
  const stamp = 'dist/.built';
  if (modified(stamp) > newest('lib', 'binding', 'bench', 'tsconfig.json', 'package.json')) return;
  say('building the JavaScript');
  const start = new Date();
  rmSync('dist', { recursive: true, force: true }); // a deleted source must not leave its output behind
  run('npm', 'run', '--silent', 'build:ts');
  writeFileSync(stamp, '');
  utimesSync(stamp, start, start);
}

// --- Small change ------------------------------------------------------------------------------------------------------

/** The latest change below the paths, in ms; folders count too, because deleting a file changes its folder. */
function newest(...paths) {
  return Math.max(
    ...paths.map((path) => {
      const entries = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path) : [];
      return Math.max(modified(path), newest(...entries.map((entry) => `${path}/${entry}`)));
    }),
  );
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(command, ...args) {
  const env = { CMAKE_BUILD_PARALLEL_LEVEL: String(availableParallelism()), ...process.env };
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  if (status !== 0) fail(`\`${[command, ...args].join(' ')}\` failed${error ? `: ${error.message}` : ''}`);
}

/** The command's standard output; empty when it can't be run. */
function output(command, ...args) {
  return spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).stdout ?? '';
}

function succeeds(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function say(message) {
  console.log(`setup: ${message}`);
}

function fail(message) {
  console.error(`setup: ${message}`);
  process.exit(1);
}
