// Trains a library that a Node user may pick, in a process of its own, and prints JSON lines: see training.ts.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageRows } from '../../classification.js';
import { runProgram } from '../../command-line.js';
import { loadFashionMnist, loadMnist } from '../../data/mnist.js';
import { nodePeers, packagesOf, type NodePeerName } from './peers.js';
import { tuneAndTrain, type NodeRun } from './training.js';

runProgram(async () => {
  const { peer, fashion, ...run } = JSON.parse(process.argv[2]!) as NodeRun & { peer: NodePeerName; fashion: boolean };
  console.warn = console.log = () => undefined; // libraries greet; stdout is for the lines
  const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const set = fashion ? loadFashionMnist() : loadMnist();
  print({ packages: packagesOf[peer].map(version) });
  const [train, test] = [imageRows(set.train), imageRows(set.test)];
  for await (const line of tuneAndTrain(nodePeers[peer], run, set.classes.length, train, test)) print(line);
});

/** Of an installed package, some of which do not export their package.json. */
function version(name: string): string {
  const paths = require.resolve.paths(name)!.map((folder) => join(folder, name, 'package.json'));
  const { version } = JSON.parse(readFileSync(paths.find(existsSync)!, 'utf8')) as { version: string };
  return `${name} ${version}`;
}
