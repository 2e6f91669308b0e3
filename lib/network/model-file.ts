import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { endianness } from 'node:os';
import { dirname, join } from 'node:path';
import { types } from 'node:util';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArgumentError, MemoryError, ModelFileError, ShapeError } from '../errors.js';
import { checkBuffer, type Bytes, type FloatArray } from '../matrix.js';

/** Numbers in row-major order; `data.length` is the product of `shape`, and `[]` is the shape of one number. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: FloatArray;
}

/** What one file holds. The key `bpls.sha256` of the metadata is the file's own and never appears here. */
export interface TensorFile {
  metadata: Record<string, string>;
  tensors: Record<string, Tensor>;
}

type Dtype = 'F64' | 'F32';

/** The header's words on one tensor; `begin` and `end` count bytes from the end of the header. */
interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const BYTES: Readonly<Record<Dtype, number>> = { F64: 8, F32: 4 };
const LENGTH_BYTES = 8;
const CHECKSUM_KEY = 'bpls.sha256';
const UNSIGNED = '0'.repeat(64);
const PREFIX = Buffer.from(`{"__metadata__":{"${CHECKSUM_KEY}":"`);
const DIGEST_BEGIN = LENGTH_BYTES + PREFIX.length;
const DIGEST_END = DIGEST_BEGIN + UNSIGNED.length;

/** The limit of the official safetensors readers. */
const MAX_HEADER_BYTES = 100_000_000;

/** Bytes that are hashed or read before the event loop has its turn. */
const CHUNK_BYTES = 1 << 20;

/**
 * The bytes of a safetensors file: the length of the header (8 bytes, little-endian), the header (JSON, padded with
 * spaces to a multiple of 8 bytes), and the tensors, float64 before float32, so that every one is aligned. Every
 * safetensors reader opens it.
 *
 * The checksum is the first string of `__metadata__`, `bpls.sha256`: the SHA-256, in 64 lower-case hexadecimal
 * digits, of the whole file with these digits written as 64 zeros. They are always the bytes 40 to 103 of the file.
 *
 * @throws {@link ShapeError} where the product of a shape is not the length of its data.
 * @throws {@link ArgumentError} for the names `__metadata__` and `bpls.sha256`, which the file itself needs, for a
 *   text with half of a surrogate pair, and for metadata that is not text.
 * @throws {@link BufferError} for shared, resizable or detached memory.
 * @throws {@link ModelFileError} on a big-endian machine, or where the header would exceed 100 MB.
 * @source https://github.com/huggingface/safetensors#format
 */
export async function encodeTensors(file: TensorFile): Promise<Bytes> {
  const parts = layOut(file);
  const bytes = allocate(parts.reduce((total, part) => total + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    await copy(bytes, part, offset);
    offset += part.byteLength;
  }
  sign(bytes, await checksum([bytes]));
  return bytes;
}

/**
 * The content of a file that {@link encodeTensors} made, as null-prototype records. The arrays are views on one copy of
 * `bytes`.
 *
 * The bytes are not trusted: only the exact form that {@link encodeTensors} writes, with its checksum, is accepted.
 *
 * @throws {@link ModelFileError} for anything else.
 */
export async function decodeTensors(bytes: Uint8Array): Promise<TensorFile> {
  const own = allocate(bytes.length);
  await copy(own, bytes, 0);
  return checked(own);
}

async function checked(bytes: Uint8Array): Promise<TensorFile> {
  const digest = checkFrame(bytes);
  checkDigest(digest, await checksum(unsigned(bytes)));
  return parse(bytes, digest);
}

/**
 * Writes `file` as {@link encodeTensors} lays it out, without a second copy of the tensors.
 *
 * `path`, absolute (a symbolic link is replaced, not followed), holds either its old content or all of the new one at any time:
 * the bytes go to a new file in the same folder, which takes the name `path` once they are on the disk. Where the
 * promise rejects, the old content stays and the new file is removed. The tensors should not change until the promise
 * settles: a change that would mix two states is refused.
 *
 * @throws What {@link encodeTensors} throws, and {@link ModelFileError} where the system refuses or a tensor changes
 *   while it is written.
 */
export async function writeTensors(
  path: string,
  file: TensorFile,
  temporary = temporaryName(path, randomUUID()),
): Promise<void> {
  const [header, ...tensors] = layOut(file);
  const digest = await checksum([header, ...tensors]);
  const signed = new Uint8Array(header);
  sign(signed, digest);
  try {
    const old = await stat(path).catch(() => undefined);
    if (old && !old.isFile()) throw new ModelFileError('Expected a regular file, or none');
    await writeThrough(temporary, [signed, ...tensors]);
    if (old) await chmod(temporary, old.mode & 0o7777);
    if ((await checksum([header, ...tensors])) !== digest) {
      throw new ModelFileError('The tensors changed while they were written');
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError('write', path, error);
  }
  await syncFolder(dirname(path));
}

/** Of the new file that is beside `path` while it is written. */
export function temporaryName(path: string, own: string): string {
  return join(dirname(path), `.bpls-${own}.tmp`);
}

/**
 * The content of the file at `path`, as {@link decodeTensors} gives it.
 *
 * @throws {@link ModelFileError} where the file cannot be read, or is not whole and unchanged.
 */
export async function readTensors(path: string): Promise<TensorFile> {
  try {
    return await checked(await readBytes(path));
  } catch (error) {
    throw fileError('read', path, error);
  }
}

/** The header, unsigned, and the bytes of every tensor, in the order of the file. */
function layOut(file: TensorFile): [header: Uint8Array, ...tensors: Uint8Array[]] {
  checkEndianness();
  const tensors = inFileOrder(
    Object.entries(file.tensors).map(([name, { shape, data }]) => {
      return { name, shape: [...shape], data, dtype: dtypeOf(name, data) };
    }),
  );
  let begin = 0;
  const entries = tensors.map(({ name, dtype, shape, data }): Entry => {
    checkTensor(name, shape, data);
    const entry = { name, dtype, shape, begin, end: begin + data.byteLength };
    begin = entry.end;
    return entry;
  });
  const metadata = Object.entries(file.metadata);
  for (const [key, value] of metadata) checkMetadata(key, value);
  const header = headerBytes(UNSIGNED, metadata, entries);
  if (header.byteLength - LENGTH_BYTES > MAX_HEADER_BYTES) {
    throw new ModelFileError(
      `Expected names, shapes and metadata of at most ${MAX_HEADER_BYTES} bytes as JSON ` +
        `but they need ${header.byteLength - LENGTH_BYTES}`,
    );
  }
  const filled = tensors.filter(({ data }) => data.length > 0);
  return [header, ...filled.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/** Float64 first: every tensor then begins at a multiple of the size of its numbers. */
function inFileOrder<T extends { readonly dtype: Dtype }>(tensors: readonly T[]): T[] {
  return [...tensors.filter(({ dtype }) => dtype === 'F64'), ...tensors.filter(({ dtype }) => dtype === 'F32')];
}

/** The length and the header. Only this text is ever accepted for this content. */
function headerBytes(digest: string, metadata: readonly (readonly string[])[], entries: readonly Entry[]): Uint8Array {
  const pairs = [[CHECKSUM_KEY, digest], ...metadata].map((pair) => pair.map((text) => JSON.stringify(text)).join(':'));
  const tensors = entries.map(
    ({ name, dtype, shape, begin, end }) =>
      `,${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`,
  );
  const json = Buffer.from(`{"__metadata__":{${pairs.join(',')}}${tensors.join('')}}`);
  const bytes = allocate(LENGTH_BYTES + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - LENGTH_BYTES), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** The content, of bytes whose frame and digest have been checked. */
function parse(bytes: Uint8Array, digest: string): TensorFile {
  const bufferBegin = LENGTH_BYTES + headerLength(bytes);
  const header = parseJson(bytes.subarray(LENGTH_BYTES, bufferBegin));
  const pairs = parseMetadata(header['__metadata__']).filter(([key]) => key !== CHECKSUM_KEY);
  const entries = inFileOrder(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, value]) => parseEntry(name, value)),
  );
  checkOffsets(entries, bytes.length - bufferBegin);
  if (!Buffer.from(headerBytes(digest, pairs, entries)).equals(bytes.subarray(0, bufferBegin))) {
    throw new ModelFileError(
      'Expected the header as bpls writes it: a name occurs twice, or is spelt or spaced unusually',
    );
  }
  const metadata = Object.create(null) as Record<string, string>;
  for (const [key, value] of pairs) metadata[key] = value;
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const { name, dtype, shape, begin, end } of entries) {
    const at = bytes.byteOffset + bufferBegin + begin;
    const length = (end - begin) / BYTES[dtype];
    const data =
      dtype === 'F64' ? new Float64Array(bytes.buffer, at, length) : new Float32Array(bytes.buffer, at, length);
    tensors[name] = { shape, data };
  }
  return { metadata, tensors };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  try {
    // An object, because the frame's check has seen its first brace.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as Record<
      string,
      unknown
    >;
  } catch (error) {
    throw new ModelFileError('Expected the header to be JSON in UTF-8', { cause: error });
  }
}

function parseMetadata(value: unknown): [key: string, value: string][] {
  if (!isRecord(value)) throw new ModelFileError('Expected __metadata__ to be a JSON object');
  return Object.entries(value).map(([key, text]) => {
    if (typeof text !== 'string') throw new ModelFileError(`Expected metadata ${describe(key)} to be a string`);
    return [key, text];
  });
}

function parseEntry(name: string, value: unknown): Entry {
  const where = `tensor ${describe(name)}`;
  if (!isRecord(value)) throw new ModelFileError(`Expected ${where} to be a JSON object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (dtype !== 'F64' && dtype !== 'F32') {
    throw new ModelFileError(`Expected ${where} to have dtype F32 or F64 but it has ${describe(dtype)}`);
  }
  if (!isCounts(shape)) {
    throw new ModelFileError(
      `Expected ${where} to have a shape of non-negative integers but it has ${describe(shape)}`,
    );
  }
  const [begin, end, ...rest] = isCounts(offsets) ? offsets : [];
  if (begin === undefined || end === undefined || rest.length > 0) {
    throw new ModelFileError(
      `Expected ${where} to have data_offsets of two non-negative integers but it has ${describe(offsets)}`,
    );
  }
  // NaN, which equals nothing, where the product is not exact.
  const bytes = product([...shape, BYTES[dtype]]);
  if (end - begin !== bytes) {
    throw new ModelFileError(
      `Expected ${where}, ${dtype} of shape ${describe(shape)}, to take ${bytes} bytes ` +
        `but its offsets ${describe(offsets)} hold ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** The tensors fill the buffer one after the other, without a gap or an overlap. */
function checkOffsets(entries: readonly Entry[], bytes: number): void {
  let next = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== next) {
      throw new ModelFileError(`Expected tensor ${describe(name)} to begin at byte ${next} but it begins at ${begin}`);
    }
    next = end;
  }
  if (next !== bytes) {
    throw new ModelFileError(`Expected ${next} bytes after the header but there are ${bytes}`);
  }
}

/** The stored digest, of bytes that are long enough to have one and begin as a file of this package does. */
function checkFrame(bytes: Uint8Array, size = bytes.length): string {
  checkEndianness();
  if (size < DIGEST_END) {
    throw new ModelFileError(`Expected a model file of at least ${DIGEST_END} bytes but it has ${size}`);
  }
  const length = headerLength(bytes);
  const limit = Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES);
  if (length > limit) {
    throw new ModelFileError(
      `Expected a header of at most ${limit} bytes but its length is given as ${length}: ` +
        'the file is cut short, or is not a model file',
    );
  }
  if (!PREFIX.equals(bytes.subarray(LENGTH_BYTES, DIGEST_BEGIN))) {
    throw new ModelFileError(
      `Expected the header to begin with ${PREFIX.toString()}: the file is not a bpls model file`,
    );
  }
  return Buffer.from(bytes.subarray(DIGEST_BEGIN, DIGEST_END)).toString('latin1');
}

function checkDigest(stored: string, computed: string): void {
  if (stored === computed) return;
  throw new ModelFileError(
    `Expected the checksum ${JSON.stringify(stored)} but the bytes have ${computed}: the file is damaged or cut short`,
  );
}

function checkEndianness(): void {
  if (endianness() === 'LE') return;
  throw new ModelFileError('Expected a little-endian machine: model files are little-endian and are not converted');
}

function checkTensor(name: string, shape: readonly number[], data: FloatArray): void {
  if (name === '__metadata__') throw new ArgumentError('Expected a tensor name other than __metadata__');
  checkText('tensor name', name);
  checkBuffer(`tensor ${describe(name)}`, data);
  if (!isCounts(shape) || product(shape) !== data.length) {
    throw new ShapeError(
      `Expected tensor ${describe(name)} of shape ${describe(shape)} to hold ${product(shape)} numbers ` +
        `but received ${data.length}`,
    );
  }
}

function checkMetadata(key: string, value: unknown): void {
  if (key === CHECKSUM_KEY) throw new ArgumentError(`Expected a metadata key other than ${CHECKSUM_KEY}`);
  checkText('metadata key', key);
  checkText(`metadata ${describe(key)}`, value);
}

/** Half of a surrogate pair has no UTF-8. */
function checkText(what: string, text: unknown): void {
  if (typeof text === 'string' && !/\p{Surrogate}/u.test(text)) return;
  throw new ArgumentError(`Expected ${what} to be well-formed text but received ${describe(text)}`);
}

function dtypeOf(name: string, data: unknown): Dtype {
  if (types.isFloat64Array(data)) return 'F64';
  if (types.isFloat32Array(data)) return 'F32';
  throw new ArgumentError(`Expected tensor ${describe(name)} to be a Float64Array or Float32Array`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

/** NaN where an intermediate product is not exact: a later zero must not hide it. */
function product(counts: readonly number[]): number {
  return counts.reduce((total, count) => (Number.isSafeInteger(total * count) ? total * count : NaN), 1);
}

/** Short enough for a message, and not deeper than one array: the value may come from a hostile file. */
function describe(value: unknown): string {
  const text = Array.isArray(value) ? `[${value.slice(0, 10).map(describeOne).join()}]` : describeOne(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function describeOne(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

function allocate(length: number): Bytes {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw new MemoryError(`The system would not give ${length} bytes for a model file`, { cause: error });
  }
}

/** Writes the digest over the zeros that hold its place. */
function sign(header: Uint8Array, digest: string): void {
  header.set(Buffer.from(digest), DIGEST_BEGIN);
}

/** The bytes of the file as its checksum sees them. */
function unsigned(bytes: Uint8Array): Uint8Array[] {
  return [bytes.subarray(0, DIGEST_BEGIN), Buffer.from(UNSIGNED), bytes.subarray(DIGEST_END)];
}

function* chunks(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const part of parts) {
    for (let begin = 0; begin < part.length; begin += CHUNK_BYTES) yield part.subarray(begin, begin + CHUNK_BYTES);
  }
}

async function copy(into: Uint8Array, part: Uint8Array, offset: number): Promise<void> {
  for (const chunk of chunks([part])) {
    into.set(chunk, offset);
    offset += chunk.length;
    await nextTurn();
  }
}

async function checksum(parts: readonly Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const chunk of chunks(parts)) {
    hash.update(chunk);
    await nextTurn();
  }
  return hash.digest('hex');
}

async function readBytes(path: string): Promise<Uint8Array> {
  // What is no file, a pipe say, would not be opened until somebody writes to it.
  return withFile(path, constants.O_RDONLY | ('O_NONBLOCK' in constants ? constants.O_NONBLOCK : 0), async (handle) => {
    const status = await handle.stat();
    if (!status.isFile()) throw new ModelFileError('Expected a regular file');
    // Something large that is no model is refused before memory is taken for it.
    const head = allocate(Math.min(status.size, DIGEST_END));
    await handle.read(head, 0, head.length, 0);
    checkFrame(head, status.size);
    const bytes = allocate(status.size);
    let offset = 0;
    while (offset < bytes.length) {
      const { bytesRead } = await handle.read(bytes, offset, Math.min(CHUNK_BYTES, bytes.length - offset), offset);
      if (bytesRead === 0) throw new ModelFileError('The file became shorter while it was read');
      offset += bytesRead;
    }
    return bytes;
  });
}

/** Returns once the bytes are on the disk, in a file that did not exist before. */
async function writeThrough(path: string, parts: readonly Uint8Array[]): Promise<void> {
  await withFile(path, 'wx', async (handle) => {
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  });
}

/** Makes a rename last through a power failure. Not every system can, and the file is whole without it. */
async function syncFolder(path: string): Promise<void> {
  await withFile(path, 'r', (handle) => handle.sync()).catch(() => undefined);
}

async function withFile<T>(path: string, flags: string | number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, flags);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** The error with the path in its message, as the kind that the caller is told to expect. */
export function fileError(action: 'read' | 'write' | 'remove', path: string, error: unknown): unknown {
  if (error instanceof MemoryError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new ModelFileError(`Cannot ${action} ${path}: ${reason}`, { cause: error });
}
