import type { Matrix, Network } from '../lib/index.js';
import { imported } from './imported.js';
import { onnxModel } from './onnx.js';

/** What is used of the packages, which are not installed with this one. */
interface Packages {
  onnxruntime: {
    InferenceSession: {
      create(model: Uint8Array, options: { intraOpNumThreads: number }): Promise<Session>;
    };
    Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Feed;
    env: { versions: { node?: string } };
  };
  protobuf: {
    create(schema: unknown, init: object): object;
    toBinary(schema: unknown, message: object): Uint8Array;
  };
  onnx: { ModelProtoSchema: unknown };
}

/** An input, ready made. */
export interface Feed {
  dims: readonly number[];
}

interface Session {
  run(feeds: { X: Feed }): Promise<{ scores: { data: Float32Array } }>;
}

/** onnxruntime-node, where it is installed. */
export class OnnxRuntime {
  readonly #packages: Packages;

  private constructor(packages: Packages) {
    this.#packages = packages;
  }

  /** Undefined, and noted as left out, where a package is missing. */
  static async load(notes: string[]): Promise<OnnxRuntime | undefined> {
    try {
      return new OnnxRuntime({
        onnxruntime: await imported<Packages['onnxruntime']>('onnxruntime-node'),
        protobuf: await imported<Packages['protobuf']>('@bufbuild/protobuf'),
        onnx: await imported<Packages['onnx']>('onnx-buf'),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
      notes.push('Left out: onnxruntime-node and onnx-buf are missing: npm run setup -- --peers');
      return undefined;
    }
  }

  get version(): string {
    return this.#packages.onnxruntime.env.versions.node ?? 'of an unknown version';
  }

  /** The network's scores, with the default options but for the threads of one operator. */
  async session(network: Network<Float32Array>, intraOpNumThreads: number): Promise<Session> {
    const { protobuf, onnx, onnxruntime } = this.#packages;
    const message = protobuf.create(onnx.ModelProtoSchema, onnxModel(network));
    const model = protobuf.toBinary(onnx.ModelProtoSchema, message);
    return onnxruntime.InferenceSession.create(model, { intraOpNumThreads });
  }

  feed({ data, rows, cols }: Matrix<Float32Array>): Feed {
    return new this.#packages.onnxruntime.Tensor('float32', data, [rows, cols]);
  }
}
