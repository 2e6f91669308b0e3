import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { formatWithOptions } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as bpls from '../lib/index.js';
import { readResults } from '../bench/paper/results.js';
import { summaryTables } from '../bench/paper/summary.js';
import { markdown } from '../bench/table.js';

const root = process.cwd();
const readme = fs.readFileSync(join(root, 'README.md'), 'utf8');

/** The first block after a fence of the given language. */
function block(language: string, from = 0): string {
  const fence = `\n\`\`\`${language}\n`;
  const start = readme.indexOf(fence, from) + fence.length;
  return readme.slice(start, readme.indexOf('\n```', start));
}

/** Of the tables of a Markdown text: row by row. */
function cells(text: string): string[][] {
  return (text.match(/^\|.*\|$/gm) ?? []).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Whether one of the rows has all of these cells, in this order; it may have more. */
function isAmong(rows: string[][], some: string[]): boolean {
  const has = (all: string[]) => all.reduce((found, cell) => (cell === some[found] ? found + 1 : found), 0);
  return rows.some((all) => has(all) === some.length);
}

/** Of the headings of a Markdown text, as GitHub makes them. */
function anchors(text: string): string[] {
  const headings = text.match(/(?<=^#+ ).*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('README', () => {
  it('prints what its first example says', async () => {
    const code = block('ts');
    const lines: string[] = [];
    const log = (...values: unknown[]) => lines.push(formatWithOptions({ colors: false }, ...values));
    const body = code.replace(/^import (.*) from (.*);$/gm, 'const $1 = modules[$2];');
    // The example is the README's own text, and there is no other way to run text.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const example = new Function('modules', 'console', `return (async () => {${body}})()`) as unknown as (
      ...args: unknown[]
    ) => Promise<void>;
    await example({ 'node:fs': fs, bpls }, { log });
    const closed = readme.indexOf('\n```\n', readme.indexOf(code)) + 5;
    expect(lines.join('\n')).toBe(block('', closed));
  });

  it('names every option and every error code', () => {
    const codes = fs.readFileSync(join(root, 'lib/errors.ts'), 'utf8').match(/(?<=\| ')[A-Z_]+/g) ?? [];
    expect(codes.length).toBeGreaterThan(8);
    for (const code of codes) expect(readme).toContain(`\`${code}\``);
    const options = fs.readFileSync(join(root, 'lib/options.ts'), 'utf8');
    const names = /const trainOptions = \[([^\]]*)\]/.exec(options)?.[1]?.match(/(?<=')\w+/g) ?? [];
    expect(names.length).toBeGreaterThan(15);
    for (const name of names) expect(readme).toContain(`\`${name}\``);
  });

  it('has the figures of the comparison that were measured', () => {
    const printed = cells(
      summaryTables(readResults(join(root, 'bench/results/paper.json')))
        .map(markdown)
        .join('\n'),
    );
    const section = readme.slice(readme.indexOf("### The paper's claim"));
    const rows = cells(section.slice(0, section.indexOf('\n## '))).filter(([data]) => data?.includes('MNIST'));
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) expect(isAmong(printed, row), row.join(' | ')).toBe(true);
  });

  it('has the figures of the first table that were measured', () => {
    const results = fs.readFileSync(join(root, 'bench/RESULTS.md'), 'utf8');
    const printed = cells(results.slice(results.indexOf('\n## peers'), results.indexOf('\n## numpy')));
    const rows = cells(readme.slice(0, readme.indexOf('\n## '))).filter(([data]) => data?.includes('MNIST'));
    expect(rows.length).toBeGreaterThan(8);
    // The trainer's name is another.
    for (const [data, , ...figures] of rows)
      expect(isAmong(printed, [data!, ...figures.filter(Boolean)]), figures.join(' | ')).toBe(true);
  });

  it.each([
    'README.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'docs/options.md',
    'docs/method.md',
    'docs/results.md',
    'docs/reliability.md',
  ])('has links that lead somewhere, as has %s', (page) => {
    const text = fs.readFileSync(join(root, page), 'utf8');
    for (const [, to] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file, anchor] = to!.split('#') as [string, string | undefined];
      const path = file === '' ? join(root, page) : join(root, dirname(page), file);
      expect(fs.existsSync(path), to).toBe(true);
      if (anchor !== undefined) expect(anchors(fs.readFileSync(path, 'utf8')), to).toContain(anchor);
    }
  });
});
