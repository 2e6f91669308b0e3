import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import * as os from 'node:os';
import { join } from 'node:path';
import * as timers from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BplsError, ModelFileError } from '../../lib/errors.js';
import type { BplsErrorCode } from '../../lib/errors.js';
import type { FloatArray } from '../../lib/matrix.js';
import { decodeTensors, encodeTensors, readTensors, writeTensors } from '../../lib/network/model-file.js';
import type { TensorFile } from '../../lib/network/model-file.js';

vi.mock('node:os', async (load) => {
  const actual = await load<typeof os>();
  return { ...actual, endianness: vi.fn(actual.endianness) };
});

vi.mock('node:timers/promises', async (load) => {
  const actual = await load<typeof timers>();
  return { ...actual, setImmediate: vi.fn(actual.setImmediate) };
});

const NO_DIGEST = '0'.repeat(64);

/** Both precisions, a scalar, an empty tensor, awkward values; an odd number of float32 before the float64. */
function sample(): TensorFile {
  return {
    metadata: { kind: 'classifier', classes: '["a","β"]' },
    tensors: {
      'layer.0': { shape: [3, 1], data: Float32Array.of(1.5, -0, NaN) },
      'layer.1': { shape: [2, 2], data: Float64Array.of(Math.PI, -Infinity, 5e-324, Number.MAX_VALUE) },
      scalar: { shape: [], data: Float64Array.of(-1) },
      empty: { shape: [0, 7], data: new Float32Array() },
    },
  };
}

/** The checksum as the docstring says. */
function digestOf(bytes: Uint8Array): string {
  const copy = Buffer.from(bytes);
  copy.fill('0', 40, 104);
  return createHash('sha256').update(copy).digest('hex');
}

/** A file with a right checksum and the header `{"__metadata__":{"bpls.sha256":"…"` followed by `rest`. */
function forge(rest: string | Uint8Array, body = new Uint8Array(), padding = ' '): Uint8Array {
  const json = Buffer.concat([Buffer.from(`{"__metadata__":{"bpls.sha256":"${NO_DIGEST}"`), Buffer.from(rest)]);
  const pad = Buffer.from(padding.repeat((8 - (json.length % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + pad.length));
  const bytes = Buffer.concat([length, json, pad, body]);
  bytes.write(digestOf(bytes), 40);
  return new Uint8Array(bytes);
}

/** The file whose header says exactly this of the tensor `a`. */
function forgeTensor(a: string, body = new Uint8Array()): Uint8Array {
  return forge(`},"a":${a}}`, body);
}

async function refusal(promise: Promise<unknown>): Promise<BplsError> {
  const error: unknown = await promise.then(
    () => new Error('Expected a rejection'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BplsError);
  return error as BplsError;
}

async function expectRefused(bytes: Uint8Array, message: RegExp | string): Promise<void> {
  const error = await refusal(decodeTensors(bytes));
  expect(error).toBeInstanceOf(ModelFileError);
  expect(error.code).toBe('MODEL_FILE');
  expect(error.message).toMatch(message);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('encodeTensors and decodeTensors', () => {
  it('give back both precisions, every shape and the metadata, to the last bit', async () => {
    const file = sample();
    const decoded = await decodeTensors(await encodeTensors(file));
    expect({ ...decoded.metadata }).toEqual(file.metadata);
    expect(Object.keys(decoded.tensors).sort()).toEqual(Object.keys(file.tensors).sort());
    for (const [name, { shape, data }] of Object.entries(file.tensors)) {
      const tensor = decoded.tensors[name]!;
      expect(tensor.shape).toEqual(shape);
      expect(tensor.data.constructor).toBe(data.constructor);
      expect(Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)).toEqual(
        Buffer.from(data.buffer),
      );
    }
  });

  it('encode the same content to the same bytes', async () => {
    const bytes = await encodeTensors(sample());
    expect(await encodeTensors(sample())).toEqual(bytes);
    expect(await encodeTensors(await decodeTensors(bytes))).toEqual(bytes);
  });

  it('hold an empty file', async () => {
    const bytes = await encodeTensors({ metadata: {}, tensors: {} });
    expect(bytes).toEqual(forge('}}'));
    expect(await decodeTensors(bytes)).toEqual({ metadata: {}, tensors: {} });
  });

  it('encode a view of a larger array, and only the view', async () => {
    const data = Float64Array.of(1, 2, 3, 4).subarray(1, 3);
    const { tensors } = await decodeTensors(
      await encodeTensors({ metadata: {}, tensors: { a: { shape: [2], data } } }),
    );
    expect([...tensors['a']!.data]).toEqual([2, 3]);
  });

  it('keep names that are special to JavaScript, to JSON or to sorting', async () => {
    const names = ['__proto__', 'constructor', 'toString', '', '"', '\\', '\u0000\n', 'é😀', '10', '9', 'b', 'a', '-1'];
    const metadata = Object.create(null) as Record<string, string>;
    const tensors = Object.create(null) as TensorFile['tensors'];
    names.forEach((name, i) => {
      metadata[name] = name;
      tensors[name] = { shape: [i % 2], data: new (i % 3 === 0 ? Float32Array : Float64Array)(i % 2).fill(i) };
    });
    metadata['__metadata__'] = 'of a key';
    const decoded = await decodeTensors(await encodeTensors({ metadata, tensors }));
    expect(Object.getPrototypeOf(decoded.metadata)).toBeNull();
    expect(Object.getPrototypeOf(decoded.tensors)).toBeNull();
    expect(Object.keys(decoded.metadata).sort()).toEqual([...names, '__metadata__'].sort());
    expect(Object.keys(decoded.tensors).sort()).toEqual([...names].sort());
    for (const name of names) {
      expect(decoded.metadata[name]).toBe(name);
      expect(decoded.tensors[name]).toEqual(tensors[name]);
    }
    expect(({} as Record<string, unknown>)['shape']).toBeUndefined();
  });
});

describe('the layout', () => {
  it('is that of safetensors, read by hand', async () => {
    const file = sample();
    const bytes = await encodeTensors(file);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const headerLength = Number(view.getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    const text = Buffer.from(bytes.subarray(8, 8 + headerLength)).toString('utf8');
    expect(text).toMatch(/^\{.*\} {0,7}$/);
    const { __metadata__: metadata, ...entries } = JSON.parse(text) as {
      __metadata__: Record<string, string>;
    } & Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
    expect(metadata).toEqual({ ...file.metadata, 'bpls.sha256': digestOf(bytes) });
    expect(Object.keys(entries).sort()).toEqual(Object.keys(file.tensors).sort());

    const ranges = Object.values(entries).map((entry) => entry.data_offsets);
    ranges.sort(([begin, end], [otherBegin, otherEnd]) => begin - otherBegin || end - otherEnd);
    let covered = 0;
    for (const [begin, end] of ranges) {
      expect(begin).toBe(covered);
      covered = end;
    }
    expect(8 + headerLength + covered).toBe(bytes.length);

    for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
      const { shape: expectedShape, data } = file.tensors[name]!;
      expect(shape).toEqual(expectedShape);
      expect(dtype).toBe(data instanceof Float64Array ? 'F64' : 'F32');
      const begin = 8 + headerLength + data_offsets[0];
      const values = Array.from(data, (_, i) =>
        dtype === 'F64' ? view.getFloat64(begin + 8 * i, true) : view.getFloat32(begin + 4 * i, true),
      );
      expect(values).toEqual([...data]);
    }
  });

  it('is these bytes for one number', async () => {
    const bytes = await encodeTensors({ metadata: {}, tensors: { weight: { shape: [1], data: Float32Array.of(1) } } });
    const digest = digestOf(bytes);
    const header = `{"__metadata__":{"bpls.sha256":"${digest}"},"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   `;
    expect(Buffer.from(bytes)).toEqual(
      Buffer.concat([Buffer.of(160, 0, 0, 0, 0, 0, 0, 0), Buffer.from(header), Buffer.of(0, 0, 0x80, 0x3f)]),
    );
  });

  it('aligns every tensor', async () => {
    for (let length = 0; length < 16; length++) {
      const file = sample();
      file.metadata['pad'] = 'x'.repeat(length);
      const bytes = await encodeTensors(file);
      for (const { data } of Object.values((await decodeTensors(bytes)).tensors)) {
        expect(data.byteOffset % data.BYTES_PER_ELEMENT).toBe(0);
      }
    }
  });

  it.each([
    ['as they are', (bytes: Uint8Array) => bytes],
    ['at an odd address', (bytes: Uint8Array) => Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)],
    ['in shared memory', (bytes: Uint8Array) => copyInto(new SharedArrayBuffer(bytes.length), bytes)],
    ['in resizable memory', (bytes: Uint8Array) => copyInto(resizable(bytes.length), bytes)],
  ])('is copied once from bytes %s', async (_, place) => {
    const placed = place(await encodeTensors(sample()));
    const { tensors } = await decodeTensors(placed);
    const buffers = new Set(Object.values(tensors).map(({ data }) => data.buffer));
    expect(buffers.size).toBe(1);
    expect(buffers.has(placed.buffer)).toBe(false);
    expect(tensors['layer.1']).toEqual(sample().tensors['layer.1']);
  });
});

function resizable(length: number): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [length, { maxByteLength: 2 * length }]) as ArrayBuffer;
}

function copyInto(buffer: ArrayBufferLike, bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(buffer);
  copy.set(bytes);
  return copy;
}

describe('encodeTensors', () => {
  const refuses = async (file: TensorFile, code: BplsErrorCode, message: string): Promise<void> => {
    const error = await refusal(encodeTensors(file));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  };
  const one = (shape: readonly number[], data: unknown): TensorFile => ({
    metadata: {},
    tensors: { a: { shape, data: data as FloatArray } },
  });

  it('refuses a shape that does not fit its data', async () => {
    const data = new Float64Array(6);
    await refuses(
      one([2, 4], data),
      'SHAPE_MISMATCH',
      'Expected tensor "a" of shape [2,4] to hold 8 numbers but received 6',
    );
    for (const shape of [[], [7], [-2, -3], [1.5, 4], [NaN], new Array<number>(1), [2 ** 40, 2 ** 40]]) {
      await refuses(one(shape, data), 'SHAPE_MISMATCH', 'Expected tensor "a" of shape');
    }
    await refuses(one(new Array<number>(1), new Float64Array(1)), 'SHAPE_MISMATCH', 'Expected tensor "a" of shape');
    await refuses(one([2 ** 40, 2 ** 40, 0], new Float64Array()), 'SHAPE_MISMATCH', 'Expected tensor "a" of shape');
  });

  it('refuses data that is not of the two precisions', async () => {
    for (const data of [new Int32Array(1), [1], undefined]) {
      await refuses(one([1], data), 'INVALID_ARGUMENT', 'Expected tensor "a" to be a Float64Array or Float32Array');
    }
  });

  it('refuses shared, resizable and detached memory', async () => {
    for (const [buffer, what] of [
      [new SharedArrayBuffer(8), 'a SharedArrayBuffer'],
      [resizable(8), 'a resizable ArrayBuffer'],
    ] as const) {
      await refuses(one([1], new Float64Array(buffer)), 'UNSUPPORTED_BUFFER', `not to be backed by ${what}`);
    }
    const detached = Float64Array.of(1);
    structuredClone(detached, { transfer: [detached.buffer] });
    for (const shape of [[0], [1]])
      await refuses(one(shape, detached), 'UNSUPPORTED_BUFFER', 'not to be backed by a detached ArrayBuffer');
  });

  it('refuses the names that the file needs for itself', async () => {
    const tensor = { shape: [], data: Float64Array.of(1) };
    await refuses(
      { metadata: {}, tensors: { ['__metadata__']: tensor } },
      'INVALID_ARGUMENT',
      'other than __metadata__',
    );
    await refuses({ metadata: { 'bpls.sha256': 'x' }, tensors: {} }, 'INVALID_ARGUMENT', 'other than bpls.sha256');
  });

  it('refuses metadata that is not text, and text that has no UTF-8', async () => {
    const tensor = { shape: [], data: Float64Array.of(1) };
    await refuses({ metadata: { a: 1 as unknown as string }, tensors: {} }, 'INVALID_ARGUMENT', 'but received 1');
    await refuses(
      { metadata: { a: '\ud800' }, tensors: {} },
      'INVALID_ARGUMENT',
      'Expected metadata "a" to be well-formed',
    );
    await refuses(
      { metadata: { '\udc00': '' }, tensors: {} },
      'INVALID_ARGUMENT',
      'Expected metadata key to be well-formed',
    );
    await refuses(
      { metadata: {}, tensors: { '\ud800': tensor } },
      'INVALID_ARGUMENT',
      'Expected tensor name to be well-form',
    );
  });

  it('refuses a header that no reader would accept', async () => {
    const metadata = { a: 'x'.repeat(100_000_000) };
    await refuses({ metadata, tensors: {} }, 'MODEL_FILE', 'of at most 100000000 bytes as JSON');
  });
});

describe('decodeTensors', () => {
  const valid = '{"dtype":"F64","shape":[1],"data_offsets":[0,8]}';

  it('accepts what the forger of these tests makes of valid parts', async () => {
    expect((await decodeTensors(forgeTensor(valid, new Uint8Array(8)))).tensors['a']).toEqual({
      shape: [1],
      data: new Float64Array(1),
    });
  });

  it('refuses every flip of one bit', async () => {
    const bytes = await encodeTensors(sample());
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      await expect(decodeTensors(bytes), `bit ${bit}`).rejects.toThrow(ModelFileError);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    await expect(decodeTensors(bytes)).resolves.toBeDefined();
  });

  it('refuses every truncation and every extension', async () => {
    const bytes = await encodeTensors(sample());
    for (let length = 0; length < bytes.length; length++) {
      await expect(decodeTensors(bytes.slice(0, length)), `length ${length}`).rejects.toThrow(ModelFileError);
    }
    for (const extra of [[0], [0x20], [0, 0, 0, 0, 0, 0, 0, 0], [...bytes]]) {
      await expectRefused(Uint8Array.from([...bytes, ...extra]), /the file is damaged or cut short/);
    }
  });

  it('says what is wrong with a file of another kind', async () => {
    await expectRefused(new Uint8Array(), 'Expected a model file of at least 104 bytes but it has 0');
    await expectRefused(new Uint8Array(103), 'Expected a model file of at least 104 bytes but it has 103');
    await expectRefused(
      Uint8Array.from({ length: 200 }, (_, i) => (i === 0 ? 193 : 0)),
      /at most 192 bytes but .* as 193:/,
    );
    await expectRefused(new Uint8Array(200), 'the file is not a bpls model file');
    await expectRefused(new Uint8Array(200).fill(0xff), /at most 192 bytes but its length is given as 1844674407/);
    const huge = new Uint8Array(100_000_200);
    new DataView(huge.buffer).setUint32(0, 100_000_001, true);
    await expectRefused(huge, 'Expected a header of at most 100000000 bytes but its length is given as 100000001');
    const ordinary = Buffer.from(`{"${'a'.repeat(150)}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(ordinary.length));
    await expectRefused(Buffer.concat([length, ordinary]), 'the file is not a bpls model file');
  });

  it('refuses an upper-case checksum', async () => {
    const bytes = await encodeTensors(sample());
    const stored = Buffer.from(bytes.subarray(40, 104)).toString();
    bytes.set(Buffer.from(stored.toUpperCase()), 40);
    await expectRefused(bytes, `Expected the checksum "${stored.toUpperCase()}" but the bytes have ${stored}`);
  });

  it.each<[string, string | Uint8Array]>([
    ['no JSON', '}'],
    ['text after the JSON', '}}{}'],
    ['no UTF-8', Buffer.from([...Buffer.from('},"'), 0xff, ...Buffer.from(`":${valid}}`)])],
    ['a million open brackets', `},"a":${'['.repeat(1_000_000)}`],
  ])('refuses %s', async (_, rest) => {
    await expectRefused(forge(rest), 'Expected the header to be JSON in UTF-8');
  });

  it('refuses a header shorter than its first words', async () => {
    for (const length of [0, 1, 16, 31, 97]) {
      const bytes = forge('}}');
      bytes.fill(0, 0, 8)[0] = length;
      bytes.set(Buffer.from(digestOf(bytes)), 40);
      await expectRefused(bytes, 'Expected the header to be JSON in UTF-8');
    }
  });

  it('survives deep nesting', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    await expectRefused(forgeTensor(deep), 'Expected tensor "a" to be a JSON object');
    await expect(decodeTensors(forgeTensor(`{"dtype":${deep}}`))).rejects.toThrow(ModelFileError);
  });

  it.each([
    ['null', 'to be a JSON object'],
    ['[]', 'to be a JSON object'],
    ['7', 'to be a JSON object'],
    ['{}', 'to have dtype F32 or F64 but it has undefined'],
    ['{"dtype":"F16","shape":[1],"data_offsets":[0,8]}', 'to have dtype F32 or F64 but it has "F16"'],
    ['{"dtype":"I64","shape":[1],"data_offsets":[0,8]}', 'to have dtype F32 or F64 but it has "I64"'],
    ['{"dtype":"__proto__","shape":[1],"data_offsets":[0,8]}', 'to have dtype F32 or F64'],
    ['{"dtype":["F64"],"shape":[1],"data_offsets":[0,8]}', 'to have dtype F32 or F64'],
    ['{"dtype":"F64","data_offsets":[0,8]}', 'to have a shape of non-negative integers but it has undefined'],
    ['{"dtype":"F64","shape":1,"data_offsets":[0,8]}', 'to have a shape of non-negative integers but it has 1'],
    ['{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}', 'to have a shape of non-negative integers but it has [-1]'],
    ['{"dtype":"F64","shape":[0.5,2],"data_offsets":[0,8]}', 'to have a shape of non-negative integers'],
    ['{"dtype":"F64","shape":["1"],"data_offsets":[0,8]}', 'to have a shape of non-negative integers'],
    ['{"dtype":"F64","shape":[1e999],"data_offsets":[0,8]}', 'to have a shape of non-negative integers'],
    ['{"dtype":"F64","shape":[9007199254740992],"data_offsets":[0,8]}', 'to have a shape of non-negative integers'],
    ['{"dtype":"F64","shape":{"length":1,"0":1},"data_offsets":[0,8]}', 'to have a shape of non-negative integers'],
    ['{"dtype":"F64","shape":[1]}', 'to have data_offsets of two non-negative integers but it has undefined'],
    ['{"dtype":"F64","shape":[1],"data_offsets":[0]}', 'to have data_offsets of two non-negative integers'],
    ['{"dtype":"F64","shape":[1],"data_offsets":[0,8,8]}', 'to have data_offsets of two non-negative integers'],
    ['{"dtype":"F64","shape":[1],"data_offsets":[-8,0]}', 'to have data_offsets of two non-negative integers'],
    ['{"dtype":"F64","shape":[1],"data_offsets":["0","8"]}', 'to have data_offsets of two non-negative integers'],
    ['{"dtype":"F64","shape":[1],"data_offsets":[8,0]}', 'to take 8 bytes but its offsets [8,0] hold -8'],
    [
      '{"dtype":"F64","shape":[2],"data_offsets":[0,8]}',
      'F64 of shape [2], to take 16 bytes but its offsets [0,8] hold 8',
    ],
    [
      '{"dtype":"F32","shape":[1],"data_offsets":[0,8]}',
      'F32 of shape [1], to take 4 bytes but its offsets [0,8] hold 8',
    ],
    ['{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}', 'to take NaN bytes'],
    ['{"dtype":"F64","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}', 'to take NaN bytes'],
    ['{"dtype":"F64","shape":[1125899906842624],"data_offsets":[0,8]}', 'to take NaN bytes'],
    ['{"dtype":"F64","shape":[1],"data_offsets":[8,16]}', 'to begin at byte 0 but it begins at 8'],
    ['{"dtype":"F64","shape":[2],"data_offsets":[0,16]}', 'Expected 16 bytes after the header but there are 8'],
    ['{"dtype":"F64","shape":[0],"data_offsets":[0,0]}', 'Expected 0 bytes after the header but there are 8'],
  ])('refuses a tensor %s', async (tensor, message) => {
    await expectRefused(forgeTensor(tensor, new Uint8Array(8)), escaped(message));
  });

  it.each([
    ['a gap', ['F64', 0, 8], ['F64', 16, 24], 'Expected tensor "b" to begin at byte 8 but it begins at 16'],
    ['an overlap', ['F64', 0, 8], ['F64', 0, 8], 'Expected tensor "b" to begin at byte 8 but it begins at 0'],
    ['another order', ['F64', 8, 16], ['F64', 0, 8], 'Expected tensor "a" to begin at byte 0 but it begins at 8'],
    ['float32 first', ['F32', 0, 8], ['F64', 8, 16], 'Expected tensor "b" to begin at byte 0 but it begins at 8'],
    ['bytes left over', ['F64', 0, 8], ['F64', 8, 16], 'Expected 16 bytes after the header but there are 24'],
  ] as const)('refuses tensors with %s', async (_, a, b, message) => {
    const tensor = ([dtype, begin, end]: readonly [string, number, number]) =>
      `{"dtype":"${dtype}","shape":[${dtype === 'F64' ? 1 : 2}],"data_offsets":[${begin},${end}]}`;
    await expectRefused(forge(`},"a":${tensor(a)},"b":${tensor(b)}}`, new Uint8Array(24)), escaped(message));
  });

  it.each([
    ['the same tensor twice', `},"a":${valid},"a":${valid}}`],
    ['two tensors of one name', `},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":${valid}}`],
    ['one name in two spellings', `},"a":${valid},"\\u0061":${valid}}`],
    ['a metadata key twice', `,"k":"1","k":"2"},"a":${valid}}`],
    ['the checksum twice', `,"bpls.sha256":"${NO_DIGEST}"},"a":${valid}}`],
    ['metadata twice', `},"a":${valid},"__metadata__":{}}`],
    ['an unusual spelling', `},"\\u0061":${valid}}`],
    ['an unusual number', '},"a":{"dtype":"F64","shape":[1e0],"data_offsets":[0,8]}}'],
    ['a negative zero', '},"a":{"dtype":"F64","shape":[1],"data_offsets":[-0,8]}}'],
    ['an unusual order', '},"a":{"shape":[1],"dtype":"F64","data_offsets":[0,8]}}'],
    ['a word too many', '},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"x":1}}'],
    ['a prototype', '},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"__proto__":{"x":1}}}'],
    ['spaces', `}, "a":${valid}}`],
  ])('refuses %s', async (_, rest) => {
    await expectRefused(forge(rest, new Uint8Array(8)), 'Expected the header as bpls writes it');
  });

  it('refuses other padding', async () => {
    await expectRefused(forge('}}', new Uint8Array(), '\t'), 'Expected the header as bpls writes it');
    await expectRefused(forge(`}}${' '.repeat(8)}`), 'Expected the header as bpls writes it');
  });

  it('refuses metadata that is not a map of strings', async () => {
    for (const value of ['7', 'null', '[]', '"x"']) {
      await expectRefused(forge(`},"__metadata__":${value}}`), 'Expected __metadata__ to be a JSON object');
    }
    for (const value of ['7', 'null', '[]', '{}']) {
      await expectRefused(forge(`,"k":${value}}}`), 'Expected metadata "k" to be a string');
    }
  });

  it('keeps messages short', async () => {
    const shape = JSON.stringify(new Array(50).fill('x'.repeat(10_000)));
    const tensor = `{"dtype":"F64","shape":${shape},"data_offsets":[0,8]}`;
    expect((await refusal(decodeTensors(forgeTensor(tensor)))).message.length).toBeLessThan(300);
  });
});

function escaped(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
}

describe('on a big-endian machine', () => {
  afterEach(() => vi.mocked(os.endianness).mockReset());

  it('every function refuses', async () => {
    const bytes = await encodeTensors(sample());
    vi.mocked(os.endianness).mockReturnValue('BE');
    await expectRefused(bytes, 'Expected a little-endian machine');
    await expect(encodeTensors(sample())).rejects.toThrow('Expected a little-endian machine');
    await expect(writeTensors('/nowhere/a', sample())).rejects.toThrow('Expected a little-endian machine');
  });
});

describe('writeTensors and readTensors', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(os.tmpdir(), 'bpls-model-file-'));
    path = join(folder, 'model.safetensors');
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The methods of every FileHandle, to fail on purpose. */
  const fileHandle = async (): Promise<FileHandle> => {
    const handle = await open(__filename, 'r');
    await handle.close();
    return Object.getPrototypeOf(handle) as FileHandle;
  };

  /** 5 MiB and a bit: several turns of the event loop. */
  const large = (): TensorFile => ({
    metadata: {},
    tensors: {
      a: { shape: [655_361], data: Float64Array.from({ length: 655_361 }, Math.sin) },
      b: { shape: [7], data: Float32Array.from({ length: 7 }, Math.cos) },
    },
  });

  it('write what encodeTensors encodes, and read what decodeTensors decodes', async () => {
    for (const file of [sample(), large(), { metadata: {}, tensors: {} }]) {
      await writeTensors(path, file);
      const bytes = await encodeTensors(file);
      expect((await readFile(path)).equals(bytes)).toBe(true);
      expect(Buffer.from(await encodeTensors(await readTensors(path))).equals(bytes)).toBe(true);
    }
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  it('leave turns to the event loop', async () => {
    // One turn for every MiB that is hashed, twice in writing and once in reading.
    const turn = vi.mocked(timers.setImmediate).mockClear();
    await writeTensors(path, large());
    expect(turn.mock.calls.length).toBeGreaterThanOrEqual(12);
    turn.mockClear();
    await readTensors(path);
    expect(turn.mock.calls.length).toBeGreaterThanOrEqual(6);
  });

  it('sync the file before it takes its name, and the folder after', async () => {
    const named: boolean[] = [];
    vi.spyOn(await fileHandle(), 'sync').mockImplementation(() => {
      named.push(existsSync(path));
      return Promise.resolve();
    });
    await writeTensors(path, sample());
    expect(named).toEqual([false, true]);
  });

  it('write where the folder cannot be synced', async () => {
    vi.spyOn(await fileHandle(), 'sync').mockImplementation(() => {
      return existsSync(path) ? Promise.reject(new Error('EINVAL')) : Promise.resolve();
    });
    await writeTensors(path, sample());
    expect(await readTensors(path)).toEqual(await decodeTensors(await encodeTensors(sample())));
  });

  it('replace a symbolic link, not its target', async () => {
    await writeFile(join(folder, 'target'), 'old');
    await symlink('target', path);
    await writeTensors(path, sample());
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('old');
    expect((await readFile(path)).equals(await encodeTensors(sample()))).toBe(true);
  });

  it('refuse a folder that is missing or is a file', async () => {
    await writeFile(join(folder, 'file'), 'old');
    for (const [parent, code] of [
      ['missing', 'ENOENT'],
      ['file', 'ENOTDIR'],
    ] as const) {
      const target = join(folder, parent, 'model');
      for (const action of ['write', 'read'] as const) {
        const error = await refusal(action === 'write' ? writeTensors(target, sample()) : readTensors(target));
        expect(error.code).toBe('MODEL_FILE');
        expect(error.message).toContain(`Cannot ${action} ${target}: ${code}`);
        expect(error.cause).toMatchObject({ code });
      }
    }
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
  });

  it('leave the folder as it was where the name is taken by a folder', async () => {
    await mkdir(join(path, 'inner'), { recursive: true });
    const error = await refusal(writeTensors(path, sample()));
    expect(error.code).toBe('MODEL_FILE');
    expect(error.message).toBe(`Cannot write ${path}: Expected a regular file, or none`);
    expect(await readdir(folder, { recursive: true })).toEqual(['model.safetensors', 'model.safetensors/inner']);
    const unread = await refusal(readTensors(path));
    expect(unread.message).toBe(`Cannot read ${path}: Expected a regular file`);
  });

  it.skipIf(process.platform === 'win32')('refuse a pipe, at once', async () => {
    execFileSync('mkfifo', [path]);
    expect((await refusal(readTensors(path))).message).toBe(`Cannot read ${path}: Expected a regular file`);
    const error = await refusal(writeTensors(path, sample()));
    expect(error.message).toBe(`Cannot write ${path}: Expected a regular file, or none`);
    expect((await stat(path)).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  it.skipIf(process.platform === 'win32')('keep the mode of the file that is replaced', async () => {
    await writeTensors(path, sample());
    await chmod(path, 0o600);
    await writeTensors(path, sample());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('refuse a large file that is none before its size is read', async () => {
    const file = await open(path, 'w');
    await file.truncate(2 ** 32);
    await file.close();
    expect((await refusal(readTensors(path))).message).toContain('Expected the header to begin with');
  });

  it.each(['writeFile', 'sync'] as const)('keep the old file where %s fails', async (method) => {
    await writeTensors(path, sample());
    const failure = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    vi.spyOn(await fileHandle(), method).mockRejectedValueOnce(failure);
    const error = await refusal(writeTensors(path, large()));
    expect(error.code).toBe('MODEL_FILE');
    expect(error.message).toBe(`Cannot write ${path}: ENOSPC: no space left on device`);
    expect(error.cause).toBe(failure);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect((await readFile(path)).equals(await encodeTensors(sample()))).toBe(true);
  });

  it('keep the old file where a tensor changes while it is written', async () => {
    await writeTensors(path, sample());
    const file = sample();
    vi.spyOn(await fileHandle(), 'sync').mockImplementationOnce(() => {
      file.tensors['layer.1']!.data[0] = 0;
      return Promise.resolve();
    });
    const error = await refusal(writeTensors(path, file));
    expect(error.message).toBe(`Cannot write ${path}: The tensors changed while they were written`);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect((await readFile(path)).equals(await encodeTensors(sample()))).toBe(true);
  });

  it('do not touch the old file for an argument that encodeTensors refuses', async () => {
    await writeTensors(path, sample());
    const tensors = { a: { shape: [2], data: new Float64Array(3) } };
    expect((await refusal(writeTensors(path, { metadata: {}, tensors }))).code).toBe('SHAPE_MISMATCH');
    expect((await readFile(path)).equals(await encodeTensors(sample()))).toBe(true);
  });

  it('never show a reader half a file', async () => {
    const [small, big] = [sample(), large()];
    await writeTensors(path, small);
    const state = { writing: true };
    const writer = (async () => {
      for (let i = 0; i < 6; i++) await writeTensors(path, i % 2 === 0 ? big : small);
      state.writing = false;
    })();
    const names = new Set<string>();
    while (state.writing)
      names.add(
        Object.keys((await readTensors(path)).tensors)
          .sort()
          .join(),
      );
    await writer;
    for (const seen of names) expect(['a,b', 'empty,layer.0,layer.1,scalar']).toContain(seen);
  });

  it('write one file from several callers at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => writeTensors(path, sample())));
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect((await readFile(path)).equals(await encodeTensors(sample()))).toBe(true);
  });

  it('refuse a damaged file by its path', async () => {
    const bytes = await encodeTensors(large());
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    const error = await refusal(readTensors(path));
    expect(error.code).toBe('MODEL_FILE');
    expect(error.message).toMatch(/^Cannot read .*model\.safetensors: .* the file is damaged or cut short$/);
    await writeFile(path, '');
    expect((await refusal(readTensors(path))).message).toContain('of at least 104 bytes but it has 0');
  });

  it('refuse a file that becomes shorter, or is larger than memory', async () => {
    await writeTensors(path, sample());
    const status = (size: number) => ({ isFile: () => true, size }) as Awaited<ReturnType<FileHandle['stat']>>;
    const stat = vi.spyOn(await fileHandle(), 'stat');
    stat.mockResolvedValueOnce(status((await encodeTensors(sample())).length + 8));
    expect((await refusal(readTensors(path))).message).toContain('The file became shorter while it was read');
    stat.mockResolvedValueOnce(status(2 ** 52));
    expect((await refusal(readTensors(path))).code).toBe('OUT_OF_MEMORY');
  });
});
