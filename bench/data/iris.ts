import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Fisher's flowers: sepal length and width, petal length and width, in cm, and the species of each. */
export interface Iris {
  inputs: Float64Array;
  labels: Int32Array;
  rows: number;
  cols: number;
  classes: string[];
}

const COLS = 4;

/** The 150 flowers of `iris.csv`, whose first lines name its source; 50 of each species, in order. */
export function loadIris(): Iris {
  const lines = readFileSync(join(packageFolder(), 'bench', 'data', 'iris.csv'), 'utf8')
    .trimEnd()
    .split(/\r?\n/);
  const [, ...records] = lines.filter((line) => !line.startsWith('#')).map((line) => line.split(','));
  const species = records.map((record) => record[COLS]!);
  const classes = [...new Set(species)];
  return {
    inputs: Float64Array.from(records.flatMap((record) => record.slice(0, COLS).map(Number))),
    labels: Int32Array.from(species, (name) => classes.indexOf(name)),
    rows: records.length,
    cols: COLS,
    classes,
  };
}

/** The folder of package.json: the compiled code lies elsewhere than the data. */
function packageFolder(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) throw new Error(`Expected package.json in a folder above ${__dirname}`);
    folder = dirname(folder);
  }
  return folder;
}
