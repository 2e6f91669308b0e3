import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { imageSets } from '../../part.js';
import { progress } from '../../progress.js';
import { Script } from '../../script.js';
import type { Curve } from '../curve.js';
import type { Effort, Measured } from '../experiment.js';
import { nodePeers, packagesOf, type NodePeerName } from '../node/peers.js';
import type { NodeRun } from '../node/training.js';
import { tracedCurve, type TraceLine } from '../trace.js';

const validation = 10_000;

/** Training seconds of a run, until none of the peers gets better by much, and of each rate before it. */
const limits = { limit: 120, gridLimit: 10 };

/** Of the hidden layer; none is the linear model. The second set only confirms the first. */
const sizes = [
  [0, 100, 1000],
  [0, 100],
];

const root = dirname(require.resolve('bpls/package.json'));

/** What a Node user would pick, each in a process of its own. */
export async function node({ effort }: Effort): Promise<Measured> {
  const curves: Curve[] = [];
  const notes = [
    'AsterMind-ELM is not in the registry; what it does, random features and one solve, is ml-matrix with units.',
  ];
  for (const [k, { name }] of [...imageSets(notes)].entries()) {
    for (const peer of Object.keys(nodePeers) as NodePeerName[]) {
      if (!isInstalled(peer, notes)) continue;
      for (const units of sizes[k]!) {
        if (units === 0 && peer !== 'ml-matrix') continue;
        const run = { units, limit: limits.limit * effort, gridLimit: limits.gridLimit * effort, validation };
        try {
          curves.push(await nodeCurve(name, peer, run, notes));
        } catch (error) {
          notes.push(`Left out: ${name}, ${peer}, ${units} units: ${(error as Error).message}`);
        }
      }
    }
  }
  return { curves, tables: [], notes };
}

function isInstalled(peer: NodePeerName, notes: string[]): boolean {
  const missing = packagesOf[peer].find((name) => !existsSync(join(root, 'node_modules', name)));
  if (missing === undefined) return true;
  const note = `Left out: npm's ${missing} is missing: npm run setup -- --peers`;
  if (!notes.includes(note)) notes.push(note);
  return false;
}

async function nodeCurve(problem: string, peer: NodePeerName, run: NodeRun, notes: string[]): Promise<Curve> {
  const { units, limit, gridLimit } = run;
  const trainer = peer === 'ml-matrix' ? `${peer}, ${units > 0 ? 'random features' : 'linear'}` : peer;
  progress(`paper: ${problem}, ${trainer}, ${units} units, ${limit.toFixed(1)} s`);
  const args = { ...run, peer, fashion: problem !== 'MNIST' };
  const script = new Script(`${problem}, ${peer}`, process.execPath, [
    join(root, 'dist/bench/paper/node/run.js'),
    JSON.stringify(args),
  ]);
  // Evaluations and the reading of data are not counted, and a peer may hang.
  const patience = setTimeout(() => script.kill(), 1000 * (60 + 3 * (limit + 10 * gridLimit)));
  try {
    const { packages } = await script.about<{ packages: string[] }>();
    for (const name of packages) if (!notes.includes(name)) notes.push(name);
    const of = { problem, trainer, units: units > 0 ? units : undefined, limit };
    return await tracedCurve(of, nodePeers[peer].what, script.rest<TraceLine>());
  } finally {
    clearTimeout(patience);
    script.kill();
  }
}
