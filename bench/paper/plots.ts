import type { Cell, Table } from '../table.js';
import { envelope, isOurs, type Curve } from './curve.js';
import { gradientPeers, levels, nodePeers, percent, ratiosTo, scientific, seconds, times } from './levels.js';
import type { Drawing } from './plotting.js';
import { curvesOf, type Results } from './results.js';
import { injectiveProblems, toyProblems } from './summary.js';

/** A plot, and what there is to see in it. */
export interface Figure {
  id: string;
  title: string;
  caption: string;
  svg: string;
}

/** Colours that hold on a light and on a dark page. */
const colours: Readonly<Record<string, string>> = {
  bpls: '#d6336c',
  'bpls, paper': '#f08c00',
  'bpls, nearest': '#ae8f00',
  'bpls, inverse': '#a0522d',
  Adam: '#1c7ed6',
  'Adam, float64': '#5f3dc4',
  SGD: '#2b8a3e',
  NAG: '#66a80f',
  AdaGrad: '#1098ad',
  MLPClassifier: '#7950f2',
  RidgeClassifier: '#868e96',
  'tfjs, wasm': '#1c7ed6',
  'tfjs, cpu': '#5f3dc4',
  'brain.js': '#2b8a3e',
  'ml-matrix, random features': '#1098ad',
  'ml-matrix, linear': '#868e96',
};

/** Accuracies are drawn as errors, so that 98 and 99 % are apart; none is drawn below this. */
const leastError = 1e-3;

/** All figures that there is data for. */
export function figures(drawing: Drawing, results: Results): Figure[] {
  const imagePeers = (curve: Curve) => isOurs(curve) || gradientPeers.includes(curve.trainer);
  const inNode = (curve: Curve) => curve.trainer === 'bpls' || nodePeers.includes(curve.trainer);
  return [
    ...Object.keys(levels).map((problem) =>
      curvesFigure(drawing, results, problem, imagePeers, {
        caption:
          'Further left is sooner, further down is better. Dots are whole trainings of bpls with growing budgets; lines are ' +
          'what a peer has come to by a time, each at 100 and at 1000 units, and those of Adam also at 300 and with rates that fall ' +
          'to the end of a shorter or longer training. The seconds of tuning are in the table below.',
      }),
    ),
    ratiosFigure(drawing, results),
    ...injectiveProblems.map((problem) =>
      curvesFigure(drawing, results, problem, () => true, {
        caption:
          'Relative error on held-out rows. On the linear map one solution ends at rounding, to which a gradient method in float64 comes as well, later.',
      }),
    ),
    ...toyProblems.map((problem) =>
      curvesFigure(drawing, results, problem, () => true, {
        caption:
          'Each dot of bpls is a whole training. Below a millisecond or so it is the call itself that takes the time.',
      }),
    ),
    ...Object.keys(levels).map((problem) =>
      curvesFigure(drawing, results, problem, inNode, {
        id: 'node',
        what: ', beside what runs in Node',
        caption: 'The same trainings of bpls beside JavaScript and WebAssembly, each in a process of its own.',
      }),
    ),
    spreadFigure(drawing, results.time?.tables[1]),
    ...['paper, tanh', 'gauss-newton, tanh', 'gauss-newton, relu'].map((method) =>
      conditionFigure(drawing, results.depth?.tables[1], method),
    ),
    depthFigure(drawing, results.depth?.tables[0]),
  ].filter((figure) => figure !== undefined);
}

function curvesFigure(
  { plot, draw }: Drawing,
  results: Results,
  problem: string,
  shown: (curve: Curve) => boolean,
  { id = 'curves', what = '', caption }: { id?: string; what?: string; caption: string },
): Figure | undefined {
  const curves = curvesOf(results, problem).filter(shown);
  if (curves.every(isOurs) && id === 'node') return undefined;
  if (curves.length === 0) return undefined;
  const isAccuracy = curves[0]!.measure === 'accuracy';
  const rows = curves.flatMap((curve, k) =>
    (isOurs(curve) ? curve.points : envelope(curve)).map(({ seconds: after, value, at }) => ({
      curve: k,
      trainer: curve.trainer,
      seconds: after,
      error: isAccuracy ? Math.max(leastError, 1 - value) : Math.max(1e-16, value),
      title: `${curve.trainer}, ${curve.setting}${curve.units === undefined ? '' : `, ${curve.units} units`}${at === undefined ? '' : `, ${at}`}: ${isAccuracy ? percent(value) : scientific(value)} after ${seconds(after)} s`,
    })),
  );
  const [ours, theirs] = [true, false].map((own) => rows.filter(({ curve }) => isOurs(curves[curve]!) === own));
  const common = { x: 'seconds', y: 'error', stroke: 'trainer' };
  const svg = draw({
    height: 420,
    x: { type: 'log', label: 'training seconds →', grid: true, tickFormat: seconds },
    y: {
      type: 'log',
      label: isAccuracy ? '↑ test error' : '↑ relative error on the test rows',
      grid: true,
      tickFormat: isAccuracy ? percent : scientific,
      ...(isAccuracy && {
        domain: [errorFloor(rows), Math.min(0.6, Math.max(...rows.map(({ error }) => error)))],
        clamp: true,
      }),
    },
    color: { ...scale(curves.map(({ trainer }) => trainer)), legend: true },
    marks: [
      plot.line(theirs!, { ...common, z: 'curve', curve: 'step-after', strokeWidth: 1.5 }),
      plot.dot(theirs!, { ...common, r: 1, fill: 'trainer', title: 'title' }),
      plot.line(ours!, { ...common, z: 'curve', strokeWidth: 1, strokeOpacity: 0.5 }),
      plot.dot(ours!, { ...common, r: 3.5, fill: 'trainer', title: 'title' }),
    ],
  });
  return { id: `${id}-${slug(problem)}`, title: `${problem}${what}`, caption, svg };
}

function errorFloor(rows: readonly { error: number }[]): number {
  return Math.max(leastError, 0.8 * Math.min(...rows.map(({ error }) => error)));
}

/** At each level that a peer comes to, how many times sooner we were. */
function ratiosFigure({ plot, draw }: Drawing, results: Results): Figure | undefined {
  const trainers = [...gradientPeers, ...nodePeers];
  const rows = Object.keys(levels).flatMap((problem) =>
    trainers.flatMap((trainer) =>
      [...ratiosTo(results, problem, trainer)]
        .sort((a, b) => a.ratio - b.ratio)
        .map(({ level, ratio }, place) => ({
          problem,
          trainer,
          ratio,
          title: `${problem}, ${trainer} to ${percent(level)}: ${times(ratio)}`,
          level: percent(level),
          isAbove: place % 2 === 0,
        })),
    ),
  );
  if (rows.length === 0) return undefined;
  const svg = draw({
    height: 60 + 34 * trainers.length * Object.keys(levels).length,
    marginLeft: 190,
    marginRight: 100,
    x: { type: 'log', label: 'seconds of the peer / seconds of bpls →', grid: true, tickFormat: times },
    y: { domain: trainers, label: null },
    fy: { label: null },
    color: scale(trainers),
    marks: [
      plot.ruleX([1], { strokeDasharray: '4 3' }),
      plot.ruleX([1000], { strokeDasharray: '4 3', stroke: '#d6336c' }),
      plot.dot(rows, { x: 'ratio', y: 'trainer', fy: 'problem', fill: 'trainer', r: 4, title: 'title' }),
      // Neighbours have their names on either side of the dots.
      ...[true, false].map((isAbove) =>
        plot.text(
          rows.filter((row) => row.isAbove === isAbove),
          { x: 'ratio', y: 'trainer', fy: 'problem', text: 'level', dy: isAbove ? -9 : 9, fontSize: 8 },
        ),
      ),
    ],
  });
  return {
    id: 'ratios',
    title: 'How many times sooner, level by level',
    caption:
      'A dot for each accuracy that the peer comes to. Left of the dashed line at 1 the peer is sooner; the other dashed line ' +
      'is the claim, 1000×.',
    svg,
  };
}

function spreadFigure({ plot, draw }: Drawing, runs: Table | undefined): Figure | undefined {
  if (!runs || runs.rows.length === 0) return undefined;
  const svg = draw({
    height: 60 + 70 * new Set(runs.rows.map(({ problem }) => problem)).size,
    marginRight: 20,
    x: { type: 'log', label: 'seconds →', grid: true, tickFormat: seconds },
    y: { label: null, domain: ['bpls', 'Adam'] },
    fy: { label: null, axis: null },
    color: scale(['bpls', 'Adam']),
    marks: [
      plot.tickX(runs.rows, { x: 'seconds', y: 'trainer', fy: 'problem', stroke: 'trainer', strokeOpacity: 0.7 }),
      plot.text(
        [...new Set(runs.rows.map(({ problem }) => problem))].map((problem) => ({ problem })),
        {
          fy: 'problem',
          text: 'problem',
          frameAnchor: 'top-left',
          dy: -10,
        },
      ),
    ],
  });
  return {
    id: 'spread',
    title: 'The spread of the wall time',
    caption:
      'A tick for each run. The operations of bpls are known beforehand, and what spreads its ticks is the machine; how long ' +
      'Adam takes to the same quality depends on the run as well.',
    svg,
  };
}

function conditionFigure({ plot, draw }: Drawing, layers: Table | undefined, method: string): Figure | undefined {
  const rows = layers?.rows.filter((row) => row.method === method) ?? [];
  if (rows.length === 0) return undefined;
  const depths = [...new Set(rows.map((row) => row['hidden layers'] as number))];
  const named = rows.map((row) => ({ ...row, depth: `${String(row['hidden layers'])} hidden` }));
  const svg = draw({
    x: { type: 'log', label: 'layer, from the input →', grid: true, tickFormat: 'd' },
    y: { type: 'log', label: '↑ condition number of AᵀA', grid: true, tickFormat: scientific },
    color: { domain: depths.map((depth) => `${depth} hidden`), scheme: 'Turbo', type: 'ordinal', legend: true },
    marks: [
      plot.line(named, { x: 'layer', y: 'condition', stroke: 'depth', z: 'depth' }),
      plot.dot(named, { x: 'layer', y: 'condition', fill: 'depth', r: 2, title: 'solver' }),
    ],
  });
  return {
    id: `condition-${slug(method)}`,
    title: `Condition of the layers' matrices: ${method}`,
    caption:
      'A line for each network, from its first layer to its output. Beyond 1e7 single precision has no digits left, beyond ' +
      '1e15 double precision has none; 1e40 stands for singular.',
    svg,
  };
}

function depthFigure({ plot, draw }: Drawing, table: Table | undefined): Figure | undefined {
  if (!table || table.rows.length === 0) return undefined;
  const common = { x: 'hidden layers', y: 'test accuracy', stroke: 'method' };
  const svg = draw({
    x: { type: 'log', label: 'hidden layers of 100 units →', grid: true, tickFormat: 'd' },
    y: { label: '↑ test accuracy', grid: true, tickFormat: percent },
    color: { domain: [...new Set(table.rows.map(({ method }) => method))], scheme: 'Observable10', legend: true },
    marks: [
      plot.line(table.rows, { ...common, z: 'method' }),
      plot.dot(table.rows, {
        ...common,
        fill: 'method',
        title: (row: Record<string, Cell>) => seconds(Number(row.seconds)),
      }),
    ],
  });
  return {
    id: 'depth',
    title: 'Accuracy by depth and activation',
    caption:
      'The first 10,000 rows of MNIST. The damped rule stays accurate where the peeling rules have lost the classes, and it ' +
      'takes relu and its kin, which have no inverse.',
    svg,
  };
}

/** The colours of these, in the order of the legend. */
function scale(trainers: readonly string[]): object {
  const domain = Object.keys(colours).filter((name) => trainers.includes(name));
  return { domain, range: domain.map((name) => colours[name]) };
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
