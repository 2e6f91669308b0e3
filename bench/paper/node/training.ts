import { Network, type Layer } from '../../../lib/index.js';
import { someRows, type Labelled } from '../../classification.js';
import type { TraceLine } from '../trace.js';
import { Moments } from './moments.js';
import type { NodePeer, NodeSetting } from './peer.js';
import { bestRate } from './rates.js';

/** What a process of its own is asked for. */
export interface NodeRun {
  units: number;
  limit: number;
  gridLimit: number;
  validation: number;
}

/** Training seconds and accuracy on other rows as a training goes on; evaluations are not counted. */
export async function* trainNode(
  peer: NodePeer,
  setting: NodeSetting,
  limit: number,
  rows: Labelled,
  others: Labelled,
): AsyncGenerator<{ seconds: number; accuracy: number }> {
  const now = () => performance.now() / 1000;
  const trainee = await peer.start(rows, setting);
  const moments = new Moments();
  let seconds = 0;
  for (let step = 1; ; step++) {
    let started = now();
    const more = await trainee.step();
    seconds += now() - started;
    const over = !more || seconds >= limit;
    if (moments.due(step) || over) {
      started = now();
      const layers = await trainee.layers();
      const solving = peer.solves ? now() - started : 0;
      yield { seconds: seconds + solving, accuracy: await accuracy(layers, others) };
    }
    if (over) return;
  }
}

/** The lines of a peer: the rates of its grid, judged by the last rows, then the best of them on all. */
export async function* tuneAndTrain(
  peer: NodePeer,
  { units, limit, gridLimit, validation }: NodeRun,
  classes: number,
  train: Labelled,
  test: Labelled,
): AsyncGenerator<TraceLine> {
  const split = train.X.rows - validation;
  const [first, last] = [someRows(train, 0, split), someRows(train, split)];
  const tried: TraceLine[] = [];
  const chosen = await bestRate(peer.rates, async (rate) => {
    let line = { seconds: 0, accuracy: 0 };
    for await (const moment of trainNode(peer, { units, rate, classes }, gridLimit, first, last)) line = moment;
    tried.push({ rate, seconds: line.seconds, validation: line.accuracy });
    return line.accuracy;
  });
  yield* tried;
  for await (const moment of trainNode(peer, { units, rate: chosen, classes }, limit, train, test))
    yield { rate: chosen, ...moment };
}

async function accuracy(layers: Layer<Float32Array>[], { X, labels }: Labelled): Promise<number> {
  const { data, cols } = await new Network(layers).forward(X as never);
  let right = 0;
  for (let i = 0; i < X.rows; i++) {
    let largest = 0;
    for (let k = 1; k < cols; k++) if (data[i * cols + k]! > data[i * cols + largest]!) largest = k;
    if (largest === labels[i]) right++;
  }
  return right / X.rows;
}
