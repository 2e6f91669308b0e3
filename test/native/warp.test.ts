import { describe, expect, it } from 'vitest';
import { call } from '../../lib/lane.js';
import { expectClose } from '../support/expect.js';
import { precisions } from '../support/precision.js';
import { lane } from '../support/problem.js';
import { source } from '../support/random.js';

describe.each(precisions)('warp in $name', ({ typed, zeros, epsilon }) => {
  const shape = { height: 5, width: 7, channels: 2 };
  const size = shape.height * shape.width * shape.channels;
  const count = 40;
  const random = source(3);
  const inputs = typed(random.uniforms(count, size).data);

  async function warp(maps: Float64Array, threads = 2) {
    const outputs = zeros(count * size);
    await call(lane(threads), 'warp', { inputs, start: 0, count, ...shape, maps, outputs });
    return outputs;
  }

  /** A pixel between others, or the nearest to a place beyond the edge. */
  function pixel(image: number, y: number, x: number, channel: number): number {
    const clamp = (at: number, sides: number) => Math.min(Math.max(at, 0), sides - 1);
    const [row, column] = [clamp(y, shape.height), clamp(x, shape.width)];
    let sum = 0;
    for (let i = 0; i < shape.height; i++)
      for (let j = 0; j < shape.width; j++) {
        const weight = Math.max(0, 1 - Math.abs(row - i)) * Math.max(0, 1 - Math.abs(column - j));
        sum += weight * inputs[image * size + (i * shape.width + j) * shape.channels + channel]!;
      }
    return sum;
  }

  it('sees each image through its own map', async () => {
    const maps = Float64Array.from({ length: count * 6 }, (_, i) => (i % 6) % 3 === 2 ? random.uniform(3) : random.uniform(1.5)); // prettier-ignore
    const expected = Float64Array.from({ length: count * size }, (_, at) => {
      const [image, rest] = [Math.floor(at / size), at % size];
      const [channel, place] = [rest % shape.channels, Math.floor(rest / shape.channels)];
      const [u, v] = [Math.floor(place / shape.width) - 2, (place % shape.width) - 3];
      const [a, b, c, d, e, f] = maps.subarray(6 * image, 6 * image + 6) as unknown as [number, number, number, number, number, number]; // prettier-ignore
      return pixel(image, 2 + a * u + b * v + c, 3 + d * u + e * v + f, channel);
    });
    expectClose(await warp(maps), expected, epsilon);
    expect(await warp(maps, 1)).toEqual(await warp(maps, 2));
  });

  it('leaves an image as it is where the map does, and shifts it by whole pixels', async () => {
    const still = Float64Array.from({ length: count * 6 }, (_, i) => [1, 0, 0, 0, 1, 0][i % 6]!);
    expect(await warp(still)).toEqual(inputs);
    const right = Float64Array.from({ length: count * 6 }, (_, i) => [1, 0, 0, 0, 1, 2][i % 6]!);
    const shifted = await warp(right);
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < 7; j++) expect(shifted[2 * (7 * i + j)]).toBe(inputs[2 * (7 * i + Math.min(j + 2, 6))]);
  });

  it('stays inside the image whatever the map is', async () => {
    const odd = [NaN, Infinity, -Infinity, 1e300, -1e300];
    const outputs = await warp(
      Float64Array.from({ length: count * 6 }, (_, i) => odd[(7 * i + (i >> 2)) % odd.length]!),
    );
    for (let image = 0; image < count; image++) {
      const own = inputs.subarray(image * size, (image + 1) * size);
      const [least, greatest] = [Math.min(...own), Math.max(...own)];
      for (const value of outputs.subarray(image * size, (image + 1) * size))
        expect(value >= least && value <= greatest).toBe(true);
    }
  });

  it('writes the rows from start on, and no others', async () => {
    const outputs = zeros(count * size).fill(7);
    const maps = Float64Array.from({ length: 3 * 6 }, (_, i) => [1, 0, 0, 0, 1, 0][i % 6]!);
    await call(lane(2), 'warp', { inputs, start: 30, count: 3, ...shape, maps, outputs });
    const expected = zeros(count * size).fill(7);
    expected.set(inputs.subarray(30 * size, 33 * size), 30 * size);
    expect(outputs).toEqual(expected);
  });
});
