import { parseArgs } from 'node:util';
import { UsageError } from '../command-line.js';
import { environment } from '../environment.js';
import { endProgress, progress } from '../progress.js';
import { timed } from '../stopwatch.js';
import { markdown } from '../table.js';
import { writeWhole } from '../written.js';
import type { Experiment } from './experiment.js';
import { depth } from './experiments/depth.js';
import { images } from './experiments/images.js';
import { injective } from './experiments/injective.js';
import { node } from './experiments/node.js';
import { time } from './experiments/time.js';
import { toys } from './experiments/toys.js';
import { page } from './page.js';
import { readResults, writeResults } from './results.js';
import { summaryTables } from './summary.js';
import { verdict } from './verdict.js';

const experiments: Readonly<Record<string, Experiment>> = {
  toys,
  injective,
  mnist: images('MNIST'),
  'fashion-mnist': images('Fashion-MNIST'),
  node,
  time,
  depth,
};

/** Experiments, and the one that only draws what there is. */
const names = [...Object.keys(experiments), 'page'];

const usage = `npm run bench -- paper [NAME…] [--json FILE] [--page FILE] [--effort SHARE]

  NAME            ${names.join(', ')}; all of them where none is named. The page is drawn in any case
  --json FILE     what was measured; experiments that are not named stay as they are (bench/results/paper.json)
  --page FILE     the page of results (docs/paper.html)
  --effort SHARE  of the usual time limits, rows and repeats, to try it out; then the files are in build/
`;

/** Runs the experiments that the arguments name, keeps what they measured, and draws the page. */
export async function comparison(args: string[], print: (text: string) => void = console.log): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      page: { type: 'string' },
      effort: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    print(usage);
    return;
  }
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`Expected one of ${names.join(', ')} but received ${unknown}`);
  const effort = Number(values.effort);
  if (!(effort > 0 && effort <= 1))
    throw new UsageError(`Expected --effort to be in (0, 1] but received ${values.effort}`);
  const json = values.json ?? (effort < 1 ? 'build/paper.json' : 'bench/results/paper.json');
  const html = values.page ?? (effort < 1 ? 'build/paper.html' : 'docs/paper.html');

  const results = readResults(json);
  for (const name of positionals.length > 0 ? positionals : Object.keys(experiments)) {
    const experiment = experiments[name];
    if (!experiment) continue;
    const { value: measured, seconds } = await timed(() => experiment({ effort }));
    progress(`paper: ${name} took ${seconds.toFixed(0)} s`);
    results[name] = { environment: environment(), effort, seconds, ...measured };
    writeResults(json, results); // one by one: a run that is cut off has kept the others
  }
  endProgress();
  const kept = readResults(json); // as any other reader finds them
  print([verdict(kept), '', ...summaryTables(kept).map(markdown)].join('\n'));
  writeWhole(html, await page(kept));
  print(`${json}, ${html}`);
}
