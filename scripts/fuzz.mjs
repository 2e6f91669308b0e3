// Coverage-guided fuzzing of every parser of bytes: libFuzzer, by Jazzer.js, on the targets test/fuzz/*.cjs, each for so many
// seconds (the first argument, or 60). Seeds are made of real files; an input that fails is left in build/fuzz/.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import bpls from '../dist/lib/index.js';
import support from '../test/fuzz/support.cjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
process.chdir(root);
const [seconds = '60', ...names] = process.argv.slice(2);

const seeds = { model, checkpoint, idx };
for (const target of names.length > 0 ? names : Object.keys(seeds)) {
  const corpus = `build/fuzz/${target}`;
  mkdirSync(corpus, { recursive: true });
  await seeds[target](`${corpus}/seed`);
  fuzz(target, corpus);
}

function fuzz(target, corpus) {
  const args = [
    `${root}/test/fuzz/node_modules/@jazzer.js/core/dist/cli.js`,
    `test/fuzz/${target}.cjs`,
    corpus,
    ...['--includes', 'dist/lib', '--includes', 'dist/bench/data', '--excludes', 'node_modules', '--timeout', '10000'],
    ...(target === 'idx' ? ['--sync'] : []),
    ...['--', `-max_total_time=${seconds}`, '-max_len=8192', '-print_final_stats=1', `-artifact_prefix=build/fuzz/`],
  ];
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const lines = stderr.trimEnd().split('\n');
  const last = lines.findLast((line) => / cov: \d+ /.test(line)) ?? '';
  const runs = /stat::number_of_executed_units: *(\d+)/.exec(stderr)?.[1];
  console.log(
    `fuzz: ${target}: ${runs} runs, ${/cov: \d+ ft: \d+/.exec(last)?.[0]}, ${readdirSync(corpus).length} inputs kept`,
  );
  if (status === 0 && Number(runs) > 0) return;
  console.error(lines.slice(-40).join('\n'));
  process.exit(1);
}

async function model(seed) {
  const { X, labels } = support.problem();
  const models = {
    classifier: await bpls.trainClassifier(X, labels.map(String), {
      hidden: [2, 2],
      iterations: 1,
      standardize: true,
      ridge: 1e-3,
    }),
    regressor: await bpls.trainRegressor(X, X, { hidden: [], ridge: 1e-3 }),
  };
  for (const [kind, trained] of Object.entries(models)) await trained.save(`${seed}-${kind}`);
}

/** A training that ends in the middle leaves its checkpoint. */
async function checkpoint(seed) {
  const { X, labels, options } = support.problem();
  for (const last of [1, 2]) {
    rmSync(`${seed}-${last}`, { force: true });
    const onIteration = ({ iteration }) => {
      if (iteration > last) throw new Error('enough');
    };
    await bpls
      .trainClassifier(X, labels, { ...options, onIteration, checkpoint: `${seed}-${last}` })
      .catch(() => undefined);
    if (!existsSync(`${seed}-${last}`)) throw new Error('Expected a checkpoint');
  }
}

function idx(seed) {
  writeFileSync(`${seed}-labels`, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3));
  writeFileSync(`${seed}-images`, Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4));
}
