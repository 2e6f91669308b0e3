// Leaves in the middle of a training: by process.exit, by an error that nobody catches, or with nothing left to do.
import { setTimeout } from 'node:timers';
import { long, short, train } from './problem.mjs';

const [how] = process.argv.slice(2);

const leave = {
  exit: () => process.exit(7),
  'exit in a callback': () => process.exit(8),
  throw: () => {
    throw new Error('nobody catches this');
  },
}[how];

if (how === 'nothing') {
  await train(short, () => undefined);
} else if (how === 'not awaited') {
  void train(short, () => undefined).then(() => console.log('settled'));
} else {
  let left = false;
  await train(long, ({ iteration }) => {
    if (iteration < 1 || left) return;
    left = true;
    if (how === 'exit in a callback') leave();
    // While a call of the next iteration runs.
    else setTimeout(leave, 10);
  });
}
