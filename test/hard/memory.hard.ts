import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

describe('memory that there is not', () => {
  it.each([1500, 2500, 4000])('is refused with a typed error, and the process lives on: %i MiB', async (mib) => {
    // V8 reserves addresses that it never uses: the heap is kept small, so that what is left is what the addon may take.
    const script = join(__dirname, '../support/starved.mjs');
    const limited = `ulimit -v ${mib * 1024}; exec "${process.execPath}" --max-old-space-size=256 "${script}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited], { timeout: 600_000 });
    const lines = stdout.trim().split('\n');
    console.log(lines.join('; '));
    expect(lines.pop()).toBe('alive');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('wide layers OUT_OF_MEMORY');
    for (const line of lines) expect(line).toMatch(/ (OUT_OF_MEMORY|done)$/);
  });
});
