// MiB that stay after one synchronous prediction of many rows. Needs --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises';
import bpls from '../../dist/lib/index.js';

const layer = (inputs, units, activation) => ({
  weights: new Float32Array((inputs + 1) * units).fill(0.1),
  inputs,
  units,
  activation,
});
const network = new bpls.Network([layer(2, 1000, 'tanh'), layer(1000, 1, 'identity')]);
const resident = () => process.memoryUsage().rss / 2 ** 20;
network.forwardSync(bpls.matrix(new Float32Array(8), 4, 2));
globalThis.gc();
const before = resident();
network.forwardSync(bpls.matrix(new Float32Array(120_000), 60_000, 2));
globalThis.gc();
await sleep(500);
console.log(resident() - before);
