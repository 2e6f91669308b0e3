import { inspect } from 'node:util';

export type Cell = string | number | boolean | undefined;

/** How the numbers of a column are written. */
export type Format = 'text' | 'integer' | 'decimal' | 'percent' | 'scientific' | 'seconds';

/** What a part of the benchmark measured, as plain data: the columns in the order of printing. */
export interface Table<Column extends string = string> {
  title: string;
  /** What all rows share: the options of the training, the sizes of the data. */
  settings: object;
  columns: Record<Column, Format>;
  rows: Record<Column, Cell>[];
}

/** The table as Markdown, its columns aligned. */
export function markdown({ title, settings, columns, rows }: Table): string {
  const names = Object.keys(columns);
  const lines = [names, ...rows.map((row) => names.map((name) => cellText(row[name], columns[name]!)))];
  const widths = names.map((_, k) => Math.max(3, ...lines.map((line) => line[k]!.length)));
  const left = names.map((name) => columns[name] === 'text');
  const align = (line: string[]) =>
    line.map((text, k) => (left[k] ? text.padEnd(widths[k]!) : text.padStart(widths[k]!)));
  const rule = widths.map((width, k) => (left[k] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [head, ...body] = lines.map(align);
  const table = [head!, rule, ...body].map((line) => `| ${line.join(' | ')} |`);
  const shared = Object.keys(settings).length > 0 ? [`\`${inline(settings)}\``, ''] : [];
  return [`**${title}**`, '', ...shared, ...table, ''].join('\n');
}

/** An object as it would be written in code, on one line. */
export function inline(value: object): string {
  return inspect(value, { breakLength: Infinity, compact: true, depth: 5 });
}

/** A cell as it is printed. */
export function cellText(cell: Cell, format: Format): string {
  if (cell === undefined) return '–';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  if (typeof cell === 'string') return cell;
  switch (format) {
    case 'integer':
      return Math.round(cell).toLocaleString('en');
    case 'percent':
      return `${(100 * cell).toFixed(2)} %`;
    case 'scientific':
      return cell.toExponential(1).replace('e+', 'e');
    case 'seconds':
      return cell.toFixed(cell < 10 ? 2 : 1);
    case 'decimal':
    case 'text':
      return String(Number(cell.toPrecision(3)));
  }
}
