import type { Network } from '../lib/index.js';

/** Of ONNX's TensorProto.DataType. */
const FLOAT = 1;

/** The dimensions of a tensor; a name stands for any number. */
function tensorType(name: string, dimensions: readonly (string | number)[]) {
  const dim = dimensions.map((size) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue', value: BigInt(size) } }
      : { value: { case: 'dimParam', value: size } },
  );
  return { name, type: { value: { case: 'tensorType', value: { elemType: FLOAT, shape: { dim } } } } };
}

function tensor(name: string, dims: readonly number[], data: Float32Array) {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: dims.map(BigInt), dataType: FLOAT, rawData };
}

/**
 * The scores of a float32 network of tanh layers as an ONNX ModelProto, in the plain form that protobuf's `create` takes:
 * Gemm, Tanh, …, Gemm from `X` to `scores`. What the outputs' activation does is left out, as a classifier leaves it out.
 */
export function onnxModel({ layers, inputs, outputs }: Network<Float32Array>) {
  const nodes: { opType: string; input: string[]; output: string[] }[] = [];
  const initializer: ReturnType<typeof tensor>[] = [];
  let below = 'X';
  for (const [l, { weights, inputs: n, units, activation }] of layers.entries()) {
    const last = l + 1 === layers.length;
    const [V, bias, Z] = [`V${l}`, `bias${l}`, last ? 'scores' : `Z${l}`];
    initializer.push(tensor(V, [n, units], weights.subarray(0, n * units)));
    initializer.push(tensor(bias, [units], weights.subarray(n * units)));
    nodes.push({ opType: 'Gemm', input: [below, V, bias], output: [Z] });
    if (last) break;
    if (activation !== 'tanh') throw new Error(`Expected hidden layers of tanh but layer ${l + 1} is of ${activation}`);
    below = `H${l}`;
    nodes.push({ opType: 'Tanh', input: [Z], output: [below] });
  }
  return {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 13n }],
    graph: {
      name: 'bpls',
      node: nodes,
      initializer,
      input: [tensorType('X', ['rows', inputs])],
      output: [tensorType('scores', ['rows', outputs])],
    },
  };
}
