import { describe, expect, it } from 'vitest';
import { run } from '../support/processes.js';

/** MiB from the mean of the third quarter of the samples to that of the last, when all that is kept for good is there. */
function growth(samples: number[]): number {
  const mean = (from: number, to: number) => {
    const part = samples.slice(from * samples.length, to * samples.length);
    return part.reduce((a, b) => a + b, 0) / part.length;
  };
  return mean(0.75, 1) - mean(0.5, 0.75);
}

describe('resident memory', () => {
  // V8's young generation otherwise grows by 8 MiB at a time, whenever it likes.
  const small = '--max-semi-space-size=1';
  // What V8's own threads free, malloc keeps for those threads: a byte or two a call, for millions of calls, and now and
  // then some MiB of what abort signals leave.
  const alone = '--single-threaded-gc';

  it.each([
    ['train', 500, [small]],
    ['train, and fail', 3000, [small, alone]],
    ['predictSync', 3_000_000, [small, alone]],
    ['predictSync, and fail', 100_000, [small, alone]],
  ] as const)('is flat: %s, %i times', async (what, count, flags) => {
    const { output, errors } = await run('leaks.mjs', [what, String(count)], {
      flags: ['--expose-gc', ...flags],
      timeout: 800_000,
    });
    expect(errors).toBe('');
    const samples = output.split('\n').map(Number);
    expect(samples).toHaveLength(20);
    console.log(`${what}: ${samples.map((mib) => mib.toFixed(1)).join(' ')} MiB`);
    expect(growth(samples)).toBeLessThan(2);
  });

  it('is not kept by a synchronous prediction of many rows', async () => {
    const { output } = await run('many-rows-now.mjs', [], { flags: ['--expose-gc'] });
    console.log(`60,000 rows at once: ${Number(output).toFixed(1)} MiB kept`);
    // Their activations are 229.
    expect(Number(output)).toBeLessThan(20);
  });
});
