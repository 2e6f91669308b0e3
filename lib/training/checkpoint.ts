import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ArgumentError, BplsError, ModelFileError } from '../errors.js';
import { allocate, describe, precisionName, type FloatArray } from '../matrix.js';
import { fileError, readTensors, temporaryName, writeTensors, type Tensor } from '../network/model-file.js';
import { parseJson } from '../network/saved-network.js';
import type { Settings } from '../options.js';
import { createRandom } from '../random.js';
import { turns } from '../turns.js';
import { fillFromFunction } from './init.js';
import type { Problem } from './problem.js';
import type { Snapshot } from './training.js';

/** Version of what `State` holds; the tensors and the checksum are model-file.ts's. */
const format = '1';

/** All that the rest of a training follows from, beside its data and options. */
export interface State {
  /** By whose it is; anything that JSON takes. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, FloatArray>>;
}

/** The file in which a training keeps its state, so that another process can go on with it. */
export class Checkpoint {
  /** Of the trainings under way in this thread. */
  static readonly #open = new Set<string>();
  readonly #path: string;
  readonly #temporary: string;
  readonly #fingerprint: string;
  /** What the file held when the training began. */
  readonly found: State | undefined;

  private constructor(path: string, fingerprint: string, found: State | undefined) {
    this.#path = path;
    // Always the same: what a process leaves that is killed while it writes, the next one replaces.
    this.#temporary = temporaryName(path, createHash('sha256').update(path).digest('hex').slice(0, 32));
    this.#fingerprint = fingerprint;
    this.found = found;
  }

  /**
   * What `work` returns, with the file that is this training's own meanwhile.
   *
   * @throws ModelFileError where the file cannot be read, is damaged, or is of other data or options
   * @throws ArgumentError where another training under way has it
   */
  static async with<R>(
    path: string,
    problem: Problem,
    settings: Settings,
    work: (checkpoint: Checkpoint) => Promise<R>,
  ): Promise<R> {
    // By whatever links it is given; a folder that cannot be found cannot be written to either.
    const folder = await realpath(dirname(path)).catch((error: unknown) => {
      throw fileError('write', path, error);
    });
    const file = join(folder, basename(path));
    if (Checkpoint.#open.has(file))
      throw new ArgumentError(`Expected options.checkpoint to be of one training at a time but another has ${file}`);
    Checkpoint.#open.add(file);
    try {
      return await work(await Checkpoint.#read(file, problem, settings));
    } finally {
      Checkpoint.#open.delete(file);
    }
  }

  static async #read(file: string, problem: Problem, settings: Settings): Promise<Checkpoint> {
    const fingerprint = await fingerprintOf(problem, settings);
    const found = await read(file, fingerprint);
    // Now, not after the first iteration.
    await access(dirname(file), constants.W_OK).catch((error: unknown) => {
      throw fileError('write', file, error);
    });
    return new Checkpoint(file, fingerprint, found);
  }

  /** The arrays may change when the promise has settled. */
  async write({ values, arrays }: State): Promise<void> {
    const metadata = {
      'bpls.format': format,
      'bpls.kind': 'checkpoint',
      'bpls.fingerprint': this.#fingerprint,
      'bpls.state': JSON.stringify(values),
    };
    const tensors: Record<string, Tensor> = {};
    for (const [name, data] of Object.entries(arrays)) tensors[name] = { shape: [data.length], data };
    await rm(this.#temporary, { force: true }).catch(() => undefined);
    await writeTensors(this.#path, { metadata, tensors }, this.#temporary);
  }

  async remove(): Promise<void> {
    try {
      await rm(this.#path, { force: true });
    } catch (error) {
      throw fileError('remove', this.#path, error);
    }
  }
}

async function read(path: string, fingerprint: string): Promise<State | undefined> {
  const file = await readTensors(path).catch((error: unknown) => {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return undefined;
  const { metadata, tensors } = file;
  const expect = (key: string, wanted: string, what: string) => {
    if (metadata[key] === wanted) return;
    throw new ModelFileError(`Expected ${path} to hold ${what} but received ${describe(metadata[key])}`);
  };
  expect('bpls.format', format, `a bpls file of format ${format}`);
  expect('bpls.kind', 'checkpoint', 'a checkpoint');
  if (metadata['bpls.fingerprint'] !== fingerprint)
    throw new ModelFileError(
      `Expected ${path} to hold a checkpoint of these data and options but a training of others left it: remove it to start anew, where none of them is under way`,
    );
  const values = parseJson(path, metadata['bpls.state']) as State['values'] | null;
  const { iteration, training, patience } = values ?? {};
  const isObject = (value: unknown) => typeof value === 'object' && value !== null;
  if (
    !values ||
    !Number.isInteger(iteration) ||
    (iteration as number) < 0 ||
    !isObject(training) ||
    !isObject(patience)
  )
    throw new ModelFileError(`Expected ${path} to hold the state of a training`);
  return {
    values,
    arrays: Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data])),
  };
}

/** Options that decide the weights: neither threads nor memory. */
const deciding = [
  'hidden',
  'output',
  'image',
  'augment',
  'targets',
  'samples',
  'iterations',
  'ridge',
  'solver',
  'standardize',
  'patience',
  'seed',
  'loss',
] as const;

/** What decides the weights: data and options; of `mask` what it returns. */
async function fingerprintOf(problem: Problem, settings: Settings): Promise<string> {
  const { inputs, outputs, labels, targets, weights, validation = [] } = problem;
  const options = Object.fromEntries(deciding.map((name) => [name, settings[name]]));
  const shape = [
    precisionName(inputs.data),
    inputs.rows,
    inputs.cols,
    outputs,
    ...validation.map(({ length }) => length),
  ];
  const hash = createHash('sha256').update(JSON.stringify([format, options, shape]));
  for (const array of [inputs.data, labels, targets, weights, ...validation]) {
    hash.update(array ? 'given' : 'absent');
    if (!array) continue;
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    // Bytes are hashed sixteen times as fast as numbers are touched.
    for await (const [begin, end] of turns(bytes.length, 1 / 16)) hash.update(bytes.subarray(begin, end));
  }
  const { mask, seed, hidden } = settings;
  if (mask && hidden[0]) {
    const random = createRandom(seed);
    const window = allocate(inputs.data, inputs.cols);
    for await (const [begin, end] of turns(hidden[0].units, inputs.cols))
      for (let unit = begin; unit < end; unit++) {
        fillFromFunction(window, mask(random, unit));
        hash.update(new Uint8Array(window.buffer, window.byteOffset, window.byteLength));
      }
  }
  return hash.digest('hex');
}

/** Takes up a state: what fails in it that is no error of this package is the file's fault. */
export async function resuming<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof BplsError && error.code !== 'ADDON') throw error;
    throw new ModelFileError('Expected a checkpoint with the whole state of a training', { cause: error });
  }
}

/** One layer's array of a state, which is the state's own. */
export function arrayOf({ arrays }: State, name: string, like: FloatArray): FloatArray {
  const array = arrays[name];
  if (array?.length !== like.length || precisionName(array) !== precisionName(like))
    throw new ModelFileError(
      `Expected a checkpoint with ${like.length} numbers of ${name} but it has ${array?.length}`,
    );
  return array;
}

/** Weights as arrays of a state. */
export function arraysOf(name: string, { hidden, output }: Snapshot): State['arrays'] {
  const layers = [...hidden, output].map((weights, l) => [`${name}.${l}`, weights]);
  return Object.fromEntries(layers) as State['arrays'];
}

/** The weights of a state, which are the state's own, of the same shapes as `like`. */
export function snapshotOf(name: string, state: State, like: Snapshot): Snapshot {
  const layers = [...like.hidden, like.output].map((weights, l) => arrayOf(state, `${name}.${l}`, weights));
  return { hidden: layers.slice(0, -1), output: layers.at(-1) as FloatArray };
}
