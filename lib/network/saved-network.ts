import { types } from 'node:util';
import { ArgumentError, ModelFileError, NonFiniteError } from '../errors.js';
import { checkBuffer, describe, precisionName, type Bytes, type FloatArray } from '../matrix.js';
import { checkPath, mostUnits } from '../options.js';
import type { TrainReport } from '../report.js';
import { outputActivations, type OutputActivation } from './activation.js';
import { decodeTensors, encodeTensors, readTensors, writeTensors, type Tensor, type TensorFile } from './model-file.js';
import { turns } from '../turns.js';
import { Network, type Layer } from './network.js';

/** Version of the metadata below; the tensors and the checksum are model-file.ts's. */
const format = '1';

export interface SavedNetwork {
  kind: 'classifier' | 'regressor';
  network: Network;
  report: TrainReport;
  /** What the kind needs besides, as JSON. */
  extra: unknown;
}

/** Written beside and renamed. */
export async function saveNetwork(path: string, saved: SavedNetwork): Promise<void> {
  await writeTensors(checkPath('path', path), await fileOf(saved));
}

/** What {@link saveNetwork} would write. */
export async function networkBytes(saved: SavedNetwork): Promise<Bytes> {
  return encodeTensors(await fileOf(saved));
}

/** One file: every layer's weights as a tensor, the rest as JSON in the header. */
async function fileOf({ kind, network, report, extra }: SavedNetwork): Promise<TensorFile> {
  const tensors: Record<string, Tensor> = {};
  network.layers.forEach(({ weights, inputs, units }, l) => {
    tensors[`layers.${l}.weights`] = { shape: [inputs + 1, units], data: weights };
  });
  const { standardization } = network;
  if (standardization) {
    tensors['standardization.shift'] = { shape: [network.inputs], data: standardization.shift };
    tensors['standardization.scale'] = { shape: [network.inputs], data: standardization.scale };
    if (standardization.asinh)
      tensors['standardization.asinh'] = { shape: [network.inputs], data: standardization.asinh };
  }
  await checkNumbers(tensors, (name, value) => {
    throw new NonFiniteError(`Expected ${name} to be finite but received ${value}`);
  });
  const metadata = {
    'bpls.format': format,
    'bpls.kind': kind,
    'bpls.activations': JSON.stringify(network.layers.map(({ activation }) => activation)),
    'bpls.extra': jsonOf('classes', extra),
    'bpls.report': jsonOf('report', report),
  };
  return { metadata, tensors };
}

/** @throws ArgumentError where a caller's own value is none */
function jsonOf(name: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new ArgumentError(`Expected the ${name} of a model to be plain data, as JSON has it`, { cause: error });
  }
}

/**
 * @param source the path of a file, or the bytes of one, which are copied
 * @throws ModelFileError where the file cannot be read, is damaged, or holds something else
 */
export async function loadNetwork(
  source: string | Uint8Array,
  kind: SavedNetwork['kind'],
): Promise<SavedNetwork & { name: string }> {
  const [path, file] = await openSource(source);
  const { metadata } = file;
  const refuse = (expected: string, received: unknown): never => {
    throw new ModelFileError(`Expected ${path} to hold ${expected} but received ${describe(received)}`);
  };
  if (metadata['bpls.format'] !== format) refuse(`a bpls model of format ${format}`, metadata['bpls.format']);
  if (metadata['bpls.kind'] !== kind) refuse(`a ${kind}`, metadata['bpls.kind']);
  const [activations, report, extra] = ['activations', 'report', 'extra'].map((key) =>
    parseJson(path, metadata[`bpls.${key}`]),
  );
  if (typeof report !== 'object' || report === null) refuse('a report', report);
  await checkNumbers(file.tensors, (name, value) => refuse(`finite numbers in ${name}`, value));
  return { name: path, kind, network: networkOf(file, activations, refuse), report: report as TrainReport, extra };
}

async function checkNumbers(
  tensors: TensorFile['tensors'],
  refuse: (name: string, value: number | undefined) => never,
): Promise<void> {
  for (const [name, { data }] of Object.entries(tensors))
    for await (const [begin, end] of turns(data.length))
      for (let i = begin; i < end; i++) if (!Number.isFinite(data[i])) refuse(name, data[i]);
}

/** The file, and what messages call it. */
async function openSource(source: unknown): Promise<[name: string, file: TensorFile]> {
  if (typeof source === 'string') {
    const path = checkPath('source', source);
    return [path, await readTensors(path)];
  }
  if (!types.isUint8Array(source))
    throw new ArgumentError(
      `Expected source to be the path of a file or the bytes of one but received ${describe(source)}`,
    );
  checkBuffer('source', source);
  return ['the bytes', await decodeTensors(source)];
}

/** @throws ModelFileError where the text of a file's metadata is no JSON */
export function parseJson(path: string, text = 'null'): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ModelFileError(`Expected ${path} to hold JSON metadata`, { cause: error });
  }
}

function networkOf(
  { tensors }: TensorFile,
  activations: unknown,
  refuse: (expected: string, received: unknown) => never,
): Network {
  if (!Array.isArray(activations) || activations.length === 0) return refuse('a list of activations', activations);
  let inputs: number | undefined;
  let precision: string | undefined;
  const tensorOf = (name: string, shape: (number | undefined)[]): Tensor => {
    const tensor = tensors[name] ?? refuse(`a tensor ${name}`, undefined);
    const fits =
      tensor.shape.length === shape.length && shape.every((n, i) => (n ?? tensor.shape[i]) === tensor.shape[i]);
    if (!fits || tensor.data.length === 0) refuse(`a tensor ${name} that fits its layer`, tensor.shape.join('×'));
    precision ??= precisionName(tensor.data);
    if (precisionName(tensor.data) !== precision) refuse('tensors of one precision', name);
    return tensor;
  };
  const layers = activations.map((activation: unknown, l): Layer => {
    if (!outputActivations.includes(activation as OutputActivation)) refuse('a known activation', activation);
    const { shape, data } = tensorOf(`layers.${l}.weights`, [inputs === undefined ? undefined : inputs + 1, undefined]);
    const [rows, units] = shape as [number, number];
    if (rows < 2) refuse('layers with inputs', rows);
    if (units > mostUnits) refuse(`layers of at most ${mostUnits} units`, units);
    inputs = units;
    return { weights: data, inputs: rows - 1, units, activation: activation as OutputActivation };
  });
  const width = (layers[0] as Layer).inputs;
  if (!('standardization.shift' in tensors)) return new Network(layers);
  const part = (name: string): FloatArray => tensorOf(`standardization.${name}`, [width]).data;
  const asinh = 'standardization.asinh' in tensors ? { asinh: part('asinh') } : {};
  return new Network(layers, { shift: part('shift'), scale: part('scale'), ...asinh });
}
