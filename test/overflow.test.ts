import { describe, expect, it } from 'vitest';
import { run } from './support/processes.js';

describe('numbers that leave the range of the precision', () => {
  it.each([
    ['sums', /^(NON_FINITE|SINGULAR)$/],
    ['ridge', /^(finite|NON_FINITE|SINGULAR|INVALID_ARGUMENT)$/],
    ['huge ridge', /^(finite|NON_FINITE|SINGULAR|INVALID_ARGUMENT)$/],
    ['huge numbers', /^finite$/],
  ])('end in weights that are finite or in an error, and end: %s', async (what, expected) => {
    const { code, signal, output, errors } = await run('overflow.mjs', [what], { timeout: 20_000 });
    const lines = output.split('\n');
    expect({ code, signal, errors, last: lines.pop() }).toEqual({ code: 0, signal: null, errors: '', last: 'done' });
    for (const line of lines) expect(line).toMatch(expected);
  });

  it('are known to the SVD before it begins', async () => {
    expect(await run('overflow.mjs', ['svd'], { timeout: 20_000 })).toEqual({
      code: 0,
      signal: null,
      output: 'done',
      errors: '',
    });
  });
});
