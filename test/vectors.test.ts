import { describe, expect, it } from 'vitest';
import { addTo, copyOf, copyTo, innerProduct, scale } from '../lib/vectors.js';
import { precisions } from './support/precision.js';
import { source } from './support/random.js';

describe.each(precisions)('innerProduct in $name', ({ typed }) => {
  // The longer one takes more than one turn of the event loop.
  it.each([999, 2 ** 16 + 1])('is summed in double precision, of the first %i numbers', async (length) => {
    const random = source(6);
    const [x, y] = [0, 1].map(() => typed(random.uniforms(1, length + 1).data)) as [Float64Array, Float64Array];
    let expected = 0;
    for (let i = 0; i < length; i++) expected += x[i]! * y[i]!;
    expect(await innerProduct(x, y, length)).toBe(expected);
    expect(await innerProduct(x, y)).toBe(expected + x[length]! * y[length]!);
  });
});

describe.each(precisions)('vectors in $name', ({ typed }) => {
  // The longest takes more than one turn of the event loop to copy.
  it.each([0, 999, 2 ** 18 + 1])('are copied, added and scaled in place: %i numbers', async (length) => {
    const x = typed(source(7).uniforms(1, length).data);
    const copy = await copyOf(x);
    expect(copy.constructor).toBe(x.constructor);
    expect(copy).toEqual(x);
    expect(copy.buffer).not.toBe(x.buffer);
    await scale(copy, 4);
    await addTo(copy, -2, x);
    expect(copy).toEqual(x.map((value) => 2 * value));
    const longer = typed(new Float64Array(length + 1).fill(7));
    expect(await copyTo(longer, x)).toBe(longer);
    expect([longer.subarray(0, length), longer[length]]).toEqual([x, 7]);
  });
});
