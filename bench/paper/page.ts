import { cellText, type Table } from '../table.js';
import { drawing } from './plotting.js';
import { figures, type Figure } from './plots.js';
import type { Result, Results } from './results.js';
import { summaryTables } from './summary.js';
import { verdict } from './verdict.js';

const title = 'The comparison of arXiv 2401.06699, remade';

const style = `
:root { color-scheme: light dark; --text: #1f2328; --ground: #fff; --line: #d0d7de; --soft: #59636e; --plot-background: var(--ground); }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --ground: #0d1117; --line: #3d444d; --soft: #9198a1; } }
body { margin: 0 auto; padding: 1rem; max-width: 46rem; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); }
h1 { font-size: 1.5rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
.verdict { border-left: 4px solid #d6336c; padding-left: 1rem; }
figure { margin: 0; overflow-x: auto; } figure svg[viewBox] { min-width: 34rem; max-width: 100%; height: auto; font-size: 12px; } figcaption, .soft { color: var(--soft); font-size: .9rem; }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem .25rem 0; text-align: left; white-space: nowrap; }
`;

/** The results as one HTML file that needs nothing else. */
export async function page(results: Results): Promise<string> {
  const plots = figures(await drawing(), results);
  const tables = summaryTables(results);
  const measured = Object.entries(results).flatMap(([name, result]) => (result ? [{ name, ...result }] : []));
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<h1>${escaped(title)}</h1>`,
    `<p class="verdict">${escaped(verdict(results)).replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</p>`,
    ...plots.map(figureHtml),
    ...tables.map(tableHtml),
    '<h2>How it was measured</h2>',
    `<p>${escaped(method)}</p>`,
    ...measured.map(runHtml),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const method =
  'All on one machine, on all its cores, by one command: npm run setup -- --peers, then npm run bench -- paper. The test ' +
  'rows are never used for a choice: learning rates, penalties and settings are chosen on the last 10,000 training rows (a ' +
  'fifth of the small problems), from grids of rates that go on where the best is at an end, and the seconds of that are in ' +
  'the table of tuning, on both sides. Seconds are those of ' +
  'training; evaluations are not counted for any peer. A point of bpls is the wall time of a whole training with its budget ' +
  'of iterations, the search for its ridge included where none is given; its chosen settings may train on the first rows ' +
  'alone, as a gradient method has seen no more of them when it comes to its first levels. A level counts as reached at ' +
  'the first moment that the test accuracy is there. PyTorch has its data as tensors and that share of the cores between ' +
  'OpenBLAS and its own threads that is the fastest. The peers in Node run on one core, as they are made.';

function figureHtml({ id, title, caption, svg }: Figure): string {
  return `<h2>${escaped(title)}</h2>\n<figure id="${id}">${svg}<figcaption>${escaped(caption)}</figcaption></figure>`;
}

function tableHtml({ title, columns, rows }: Table): string {
  const names = Object.keys(columns);
  const line = (cells: string[], tag: string) =>
    `<tr>${cells.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) =>
    line(
      names.map((name) => cellText(row[name], columns[name]!)),
      'td',
    ),
  );
  const table = `<div class="wide"><table><thead>${line(names, 'th')}</thead><tbody>${body.join('\n')}</tbody></table></div>`;
  return `<h2>${escaped(title)}</h2>\n${table}`;
}

function runHtml({ name, environment, seconds, notes }: Result & { name: string }): string {
  const { date, cpu, cores, node, blas, version } = environment;
  const where = `${name}: ${date.slice(0, 10)}, ${Math.round(seconds)} s; bpls ${version}, ${cpu}, ${cores} cores, Node.js ${node}, ${blas}. ${notes.join(' ')}`;
  return `<p class="soft">${escaped(where)}</p>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
