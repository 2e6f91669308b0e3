// Trains once, in a process of its own, and prints what it took as a line of JSON: see parts/memory.ts.
import { trainClassifier, type ClassifierOptions } from '../lib/index.js';
import { imageRows } from './classification.js';
import { runProgram } from './command-line.js';
import { loadMnist } from './data/mnist.js';
import { peakMemory } from './peak-memory.js';
import { timed } from './stopwatch.js';

/** What one training took. */
export interface MemoryRun {
  seconds: number;
  accuracy: number;
  /** Peak of the resident memory above that before the training, in bytes. */
  bytes: number;
}

/** Both sets as floats; what they were made of is garbage when this returns. */
function load() {
  const set = loadMnist();
  return [imageRows(set.train), imageRows(set.test)] as const;
}

runProgram(async () => {
  const options = JSON.parse(process.argv[2]!) as ClassifierOptions;
  const [train, test] = load();
  const { value, bytes } = await peakMemory(() => timed(() => trainClassifier(train.X, train.labels, options)));
  const { accuracy } = await value.value.evaluate(test.X, test.labels);
  const run: MemoryRun = { seconds: value.seconds, accuracy, bytes };
  console.log(JSON.stringify(run));
});
