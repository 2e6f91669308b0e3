import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatWithOptions } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as bpls from '../lib/index.js';

/** Every example of a docstring in lib/, with the file it stands in. */
const examples = readdirSync(join(process.cwd(), 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .flatMap((path) => {
    const text = readFileSync(join(process.cwd(), 'lib', path), 'utf8');
    const blocks = [...text.matchAll(/^ \* @example\n \* ```ts\n((?: \*.*\n)*?) \* ```$/gm)];
    return blocks.map(([, block]) => [path, (block as string).replace(/^ \* ?/gm, '')] as const);
  });

/** What an example takes as given. */
const given = {
  X: bpls.matrix(new Float64Array([0, 1, 1, 0, 2, 1, 3, 5]), 4, 2),
  Y: bpls.matrix(new Float64Array([1, 2, 3, 9]), 4, 1),
  A: bpls.matrix(new Float64Array([0, 1, 1, 0, 2, 1, 3, 5]), 4, 2),
  B: bpls.matrix(new Float64Array([1, 2, 3, 9]), 4, 1),
};

describe('the examples of the docstrings', () => {
  it('are found', () => {
    expect(examples.length).toBeGreaterThan(9);
  });

  it.each(examples)('run, and print what they say: %s', async (_, code) => {
    const printed: string[] = [];
    const log = (...values: unknown[]) => printed.push(formatWithOptions({ colors: false }, ...values));
    const own = Object.keys(given).filter((name) => !code.includes(`const ${name} =`));
    const scope: Record<string, unknown> = { ...bpls, ...given, console: { log } };
    const names = [...Object.keys(bpls), ...own, 'console'];
    const body = code.replace(/^import .*$/m, '');
    // Examples are text, and there is no other way to run text.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const run = new Function(...names, `return (async () => {${body}})()`) as (...args: unknown[]) => Promise<void>;
    await run(...names.map((name) => scope[name]));
    const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment]) => comment);
    expect(printed).toHaveLength(said.length);
    printed.forEach((line, i) => {
      if (!said[i]!.includes('to rounding')) expect(line).toBe(said[i]);
    });
  });
});
