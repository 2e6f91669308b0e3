import { describe, expect, it } from 'vitest';
import { Memory } from '../../lib/training/memory.js';

describe('Memory', () => {
  it('gives each taker zeros of its own, in the precision wanted', () => {
    const memory = new Memory(new Float32Array());
    const [first, second, other] = [memory.take(3), memory.take(3), memory.take(4)];
    expect([first, other]).toEqual([new Float32Array(3), new Float32Array(4)]);
    first.fill(1);
    expect(second).toEqual(new Float32Array(3));
  });

  it('takes back what was lent, and no more, also after a failure', async () => {
    const memory = new Memory(new Float64Array());
    const kept = memory.take(3).fill(7);
    const lent = await memory.lend(() => Promise.resolve(memory.take(3).fill(8)));
    const again = await memory.lend(async () => {
      await memory.lend(() => Promise.reject(new Error('no'))).catch(() => undefined);
      return memory.take(3);
    });
    expect(again).toBe(lent);
    expect([kept, again]).toEqual([new Float64Array(3).fill(7), new Float64Array(3)]);
    expect(memory.take(3)).toBe(lent);
  });
});
