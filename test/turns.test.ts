import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { turns } from '../lib/turns.js';

async function runsOf(count: number, each?: number): Promise<[number, number][]> {
  const runs: [number, number][] = [];
  for await (const run of turns(count, each)) runs.push(run);
  return runs;
}

describe('turns', () => {
  it('are runs one after the other, up to the count', async () => {
    expect(await runsOf(0)).toEqual([]);
    expect(await runsOf(5)).toEqual([[0, 5]]);
    expect(await runsOf(2 ** 16)).toEqual([[0, 2 ** 16]]);
    expect(await runsOf(2 ** 17 + 1)).toEqual([
      [0, 2 ** 16],
      [2 ** 16, 2 ** 17],
      [2 ** 17, 2 ** 17 + 1],
    ]);
    expect(await runsOf(3, 2 ** 15)).toEqual([
      [0, 2],
      [2, 3],
    ]);
    expect(await runsOf(2, 2 ** 20)).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it('end after the one in which the signal aborts', async () => {
    const controller = new AbortController();
    const begins: number[] = [];
    const walk = async () => {
      for await (const [begin] of turns(4, 2 ** 16, controller.signal)) {
        begins.push(begin);
        if (begin === 1) controller.abort('enough');
      }
    };
    await expect(walk()).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(begins).toEqual([0, 1]);
  });

  it('let other code run in between', async () => {
    const order: string[] = [];
    const other = (async () => {
      for (let i = 0; i < 3; i++) {
        await nextTurn();
        order.push('other');
      }
    })();
    for await (const [begin] of turns(4, 2 ** 16)) order.push(String(begin));
    await other;
    expect(order.slice(0, 2)).toEqual(['0', 'other']);
    expect(order.indexOf('3')).toBeGreaterThan(order.lastIndexOf('other') - 2);
  });
});
