import { parseArgs } from 'node:util';
import { count, UsageError } from './command-line.js';
import { environment, type Environment } from './environment.js';
import type { Part, PartResult } from './part.js';
import { ablation } from './parts/ablation.js';
import { accuracy } from './parts/accuracy.js';
import { depth } from './parts/depth.js';
import { growth } from './parts/growth.js';
import { images } from './parts/images.js';
import { injective } from './parts/injective.js';
import { latency } from './parts/latency.js';
import { memory } from './parts/memory.js';
import { numerics } from './parts/numerics.js';
import { numpy } from './parts/numpy.js';
import { peers } from './parts/peers.js';
import { predict } from './parts/predict.js';
import { problems } from './parts/problems.js';
import { rate } from './parts/rate.js';
import { tabular } from './parts/tabular.js';
import { toys } from './parts/toys.js';
import { endProgress } from './progress.js';
import { markdown } from './table.js';
import { writeWhole } from './written.js';

export const parts: Readonly<Record<string, Part>> = {
  numerics,
  injective,
  toys,
  tabular,
  accuracy,
  problems,
  ablation,
  depth,
  images,
  rate,
  numpy,
  peers,
  predict,
  latency,
  memory,
  growth,
};

/** The parts that have many data sets. */
const onDataSets = ['accuracy', 'problems', 'ablation'];

const usage = `npm run bench -- [NAME…] [--seeds N] [--data SET]… [--json FILE]
npm run bench -- paper --help

  NAME        ${Object.keys(parts).join(', ')}; all of them where none is named
  --seeds N   runs of each row
  --data SET  a data set of ${onDataSets.join(', ')}, in place of all
  --json FILE also writes what was measured
`;

/** What one run of the benchmark measured. */
export interface Benchmark {
  environment: Environment;
  parts: ({ name: string } & PartResult)[];
}

/** Runs the parts that the arguments name and prints their tables. */
export async function benchmark(args: string[], print: (text: string) => void = console.log): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seeds: { type: 'string' },
      data: { type: 'string', multiple: true },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    print(usage);
    return;
  }
  const unknown = positionals.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined)
    throw new UsageError(`Expected one of ${Object.keys(parts).join(', ')} but received ${unknown}`);
  const seeds = values.seeds === undefined ? undefined : count('--seeds', values.seeds);
  const chosen = positionals.length > 0 ? positionals : Object.keys(parts);
  if (values.data && !chosen.every((name) => onDataSets.includes(name)))
    throw new UsageError(`Expected --data with ${onDataSets.join(', ')} alone but received ${chosen.join(' ')}`);

  const result: Benchmark = { environment: environment(), parts: [] };
  print(heading(result.environment));
  for (const name of chosen) {
    const measured = await parts[name]!({ seeds, data: values.data });
    endProgress();
    result.parts.push({ name, ...measured });
    print(section(name, measured));
  }
  if (values.json !== undefined) writeWhole(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
}

function heading({ date, cpu, cores, node, blas, version }: Environment): string {
  return `bpls ${version}, ${date}\n${cpu}, ${cores} cores; Node.js ${node}; ${blas}\n`;
}

function section(name: string, { description, tables, notes }: PartResult): string {
  return [`## ${name}`, '', description, '', ...tables.map(markdown), ...notes.map((note) => `${note}\n`)].join('\n');
}
