import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Runs a script under the limits that a shell sets for it. */
async function limited(limit: string, command: string, timeout = 600_000): Promise<string[]> {
  const { stdout } = await promisify(execFile)('bash', ['-c', `${limit}; exec ${command}`], { timeout });
  return stdout.trim().split('\n');
}

const support = join(__dirname, '../support');

describe('threads that there are not', () => {
  it('change no bit, and no call waits for them', async () => {
    // Root may have as many as it likes, so it is somebody else who may have no more than Node itself needs.
    const node = `"${process.execPath}" "${join(support, 'few-threads.mjs')}"`;
    const user = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups ' : '';
    const outcomes = new Map<string, number>();
    let reference = '';
    for (const most of [1000, 9, 10, 11, 12, 13, 14, 15, 16, 18]) {
      const lines = await limited(`ulimit -u ${most}`, `${user}${node}`, 60_000).catch((error: unknown) => {
        // Node itself, or OpenBLAS while it is loaded, may find too few: that ends the process, but at once.
        const { killed, stdout } = error as { killed: boolean; stdout: string };
        return [killed ? 'hung' : stdout === '' ? 'ended' : `ended after ${stdout.trim()}`];
      });
      const outcome = lines.at(-1)!;
      if (most === 1000) reference = outcome;
      const kind = outcome === reference ? 'same bits' : outcome;
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      expect(outcome === reference || /^(ended|OUT_OF_MEMORY)$/.test(outcome), `${most}: ${lines.join()}`).toBe(true);
    }
    console.log(outcomes);
    expect(reference).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('memory that there is not', () => {
  it.each([1000, 1100, 1200, 1300, 1500])(
    'for the first of all calls is refused, and does not hang: %i MiB',
    async (mib) => {
      const node = `"${process.execPath}" --max-old-space-size=128 "${join(support, 'first-call.mjs')}"`;
      const lines = await limited(`ulimit -v ${mib * 1024}`, node, 60_000).catch((error: unknown) => {
        // At the least V8 may find too little for its own heap, and OpenBLAS while it is loaded.
        const { killed, stdout, stderr } = error as { killed: boolean; stdout: string; stderr: string };
        const isTheirs = stdout === '' || /FATAL ERROR: .* out of memory/.test(stderr);
        if (mib > 1000 || killed || !isTheirs) throw error;
        return [...stdout.split('\n').filter(Boolean), 'ended by Node'];
      });
      console.log(`${mib} MiB: ${lines.join('; ')}`);
      expect(lines.pop()).toMatch(mib > 1000 ? /^alive$/ : /^(alive|ended by Node)$/);
      for (const line of lines) expect(line).toMatch(/^(\d+ threads (OUT_OF_MEMORY|done)|alive)$/);
    },
  );

  it.each([1500, 2500, 4000])('is refused with a typed error, and the process lives on: %i MiB', async (mib) => {
    // V8 reserves addresses that it never uses: the heap is kept small, so that what is left is what the addon may take.
    const script = join(__dirname, '../support/starved.mjs');
    const limited = `ulimit -v ${mib * 1024}; exec "${process.execPath}" --max-old-space-size=256 "${script}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited], { timeout: 600_000 });
    const lines = stdout.trim().split('\n');
    console.log(lines.join('; '));
    expect(lines.pop()).toBe('alive');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe('wide layers OUT_OF_MEMORY');
    expect(lines[3]).toBe('labels of many rows OUT_OF_MEMORY');
    for (const line of lines) expect(line).toMatch(/ (OUT_OF_MEMORY|done)$/);
  });
});
