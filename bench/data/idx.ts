import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** An array of bytes in row-major order, as an IDX file holds it. */
export interface Idx {
  dims: number[];
  data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes, gzipped where its name ends in `.gz`: two zero bytes, the type, the number of
 * dimensions, each dimension as 4 bytes big-endian, and the data.
 */
export function readIdx(path: string, rank: number): Idx {
  const stored = readFileSync(path);
  return parseIdx(path.endsWith('.gz') ? gunzipSync(stored) : stored, rank, path);
}

export function parseIdx(bytes: Uint8Array, rank: number, name: string): Idx {
  const begin = 4 + 4 * rank;
  const magic = [0, 0, UNSIGNED_BYTE, rank];
  if (bytes.length < begin || magic.some((byte, i) => bytes[i] !== byte)) {
    const found = [...bytes.subarray(0, 4)].join(' ');
    throw new Error(`Expected ${name} to be IDX with the magic bytes ${magic.join(' ')} but it begins with ${found}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, begin);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length - begin !== expected) {
    throw new Error(`Expected ${name} to hold ${dims.join(' × ')} bytes but it holds ${bytes.length - begin}`);
  }
  return { dims, data: bytes.subarray(begin) };
}
