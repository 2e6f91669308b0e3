import { describe, expect, it } from 'vitest';
import { innerProduct } from '../../lib/training/inner-product.js';
import { precisions } from '../support/precision.js';
import { source } from '../support/random.js';

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
