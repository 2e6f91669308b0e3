import { defaultThreads } from '../lib/threads.js';
import { Kept } from './kept.js';
import { progress } from './progress.js';
import { nothing, onSplits, trainOn, units, type DataSet, type Score } from './splits.js';
import { deviation, mean, range, standardError } from './statistics.js';
import type { Cell, Table } from './table.js';

const threads = defaultThreads();

/** One data set: the scores of every trainer, split by split. */
export interface Contest {
  data: string;
  scores: Score[][];
}

/** The defaults beside scikit-learn's trainers on the splits of some data sets: what the part `name` prints. */
export async function contests(
  name: string,
  sets: readonly DataSet[],
  { seeds, notes }: { seeds: number; notes: string[] },
): Promise<Table[]> {
  const all: Contest[] = [];
  const kept = new Kept<Score[]>(`build/${name}.json`, { threads });
  for (const data of sets) {
    const scoresOf = (seed: number) => kept.get(`${data.name}, seed ${seed}`);
    const missing = range(seeds).filter((seed) => !scoresOf(seed));
    try {
      progress(`${name}: ${data.name}`);
      // Also where none is missing: it notes the versions of the rivals.
      await onSplits(data, { seeds: missing, compete: true, notes }, async (split, seed) => {
        kept.set(`${data.name}, seed ${seed}`, [(await trainOn(split, { seed })).score, ...split.results]);
        progress(`${name}: ${data.name}, seed ${seed} done`);
      });
      all.push({ data: data.name, scores: range(seeds).map((seed) => scoresOf(seed)!) });
    } catch (error) {
      notes.push(`Left out: ${data.name}: ${(error as Error).message}`);
    }
  }
  return [scoreTable(all, seeds), verdictTable(all), probabilityTable(all)];
}

/** What is the same wherever they meet. */
export const terms =
  `One hidden layer of ${units} units on all sides. bpls has no options at all. scikit-learn gets standardised inputs and ` +
  'regression targets (images: pixels in [0, 1]); MLP is MLPClassifier or MLPRegressor, at most 200 epochs or 500; ridge is ' +
  'RidgeClassifierCV or RidgeCV; random features are tanh units before it. Boosted trees (HistGradientBoostingClassifier or ' +
  '-Regressor, defaults; not on the images) are no network and no linear model, and stand beside them.';

const rivals = ['MLP', 'MLP, 500 epochs', 'ridge', 'random features'] as const;
/** No network and no linear model: beside the others, and not trained on images, where it takes minutes. */
const trees = 'boosted trees';

/** Whether a contest has the scores of a trainer. */
function has({ scores }: Contest, name: string): boolean {
  return scores.every((split) => split.some((run) => run.name === name));
}

function of({ scores }: Contest, name: string): { score: number[]; seconds: number } {
  const runs = scores.map((split) => split.find((run) => run.name === name)!);
  return { score: runs.map(({ score }) => score), seconds: mean(runs.map(({ seconds }) => seconds)) };
}

/**
 * Beside the best of others by its mean: how far ahead, and the standard error of that over the splits; `overlap` is the
 * error where splits share their rows, those to test on being a quarter of those to train on.
 *
 * @source Nadeau and Bengio 2003 for the latter
 */
export function beside(
  contest: Contest,
  names: readonly string[] = rivals,
): { best: string; ahead: number; error: number; overlap: number } {
  const own = of(contest, 'bpls').score;
  const others = names.map((name) => ({ name, score: of(contest, name).score }));
  const best = others.reduce((a, b) => (mean(b.score) > mean(a.score) ? b : a));
  const differences = own.map((score, i) => score - best.score[i]!);
  const error = standardError(differences) ?? 0;
  return { best: best.name, ahead: mean(differences), error, overlap: error * Math.sqrt(1 + own.length / 4) };
}

function scoreTable(all: readonly Contest[], seeds: number): Table {
  const trainers = ['bpls', ...rivals, trees];
  const columns = trainers.flatMap((name) => [
    [name, 'text'],
    [`${name}, s`, 'seconds'],
  ]);
  return {
    title: 'Score on the rows held out, and seconds of training',
    settings: { seeds, units, threads },
    columns: {
      data: 'text',
      ...(Object.fromEntries(columns) as Record<string, 'text' | 'seconds'>),
      'bpls on its own rows': 'percent',
      'best rival': 'text',
      'points ahead': 'text',
      equal: 'text',
    },
    rows: all.map((contest) => {
      const { best, ahead, error } = beside(contest);
      const known = trainers.filter((name) => has(contest, name));
      const cells = known.flatMap((name): [string, Cell][] => {
        const { score, seconds } = of(contest, name);
        return [
          [name, points(mean(score), deviation(score))],
          [`${name}, s`, seconds],
        ];
      });
      return {
        data: contest.data,
        ...Object.fromEntries(cells),
        'bpls on its own rows': mean(contest.scores.map(([own]) => own!.train!)),
        'best rival': best,
        'points ahead': points(ahead, error),
        equal: ahead >= -error,
      };
    }),
  };
}

function points(value: number, spread: number | undefined): string {
  return (100 * value).toFixed(2) + (spread === undefined ? '' : ` ± ${(100 * spread).toFixed(2)}`);
}

function verdictTable(all: readonly Contest[]): Table {
  const lessons = all.filter(({ data }) => data !== nothing);
  const compared = lessons.map((contest) => ({ ...beside(contest), data: contest.data }));
  const equal = compared.filter(({ ahead, error }) => ahead >= -error).length;
  const worst = compared.reduce((a, b) => (b.ahead < a.ahead ? b : a), compared[0] ?? { ahead: 0, data: 'none' });
  const ratios = lessons.map((contest) => of(contest, 'bpls').seconds / of(contest, 'MLP').seconds);
  const ratio = Math.exp(mean(ratios.map(Math.log)));
  const [ahead, behind] = [1, -1].map(
    (sign) => compared.filter(({ ahead, overlap }) => sign * ahead > 2 * overlap).length,
  );
  const besideTrees = lessons.filter((contest) => has(contest, trees)).map((contest) => beside(contest, [trees]));
  const treesEqual = besideTrees.filter(({ ahead, error }) => ahead >= -error).length;
  const row = (figure: string, value: string, wanted?: string, met?: boolean) => ({ figure, value, wanted, met });
  return {
    title: `All of them${lessons.length < all.length ? ` but the ${nothing}` : ''}`,
    settings: {},
    columns: { figure: 'text', value: 'text', wanted: 'text', met: 'text' },
    rows: [
      row(
        'at least equal to the best rival, within one standard error',
        `${equal} of ${compared.length}`,
        '≥ 80 %',
        equal >= 0.8 * compared.length,
      ),
      row('ahead and behind by more than two standard errors of overlapping splits', `${ahead} and ${behind}`),
      row('at least equal to boosted trees, within one standard error', `${treesEqual} of ${besideTrees.length}`),
      row('furthest behind', `${points(worst.ahead, undefined)} (${worst.data})`, '≥ -1', worst.ahead >= -0.01),
      row('time over that of the MLP, geometric mean', ratio.toPrecision(3), '≤ 0.5', ratio <= 0.5),
    ],
  };
}

/** Of the classifiers that give any. */
function probabilityTable(all: readonly Contest[]): Table {
  const names = ['bpls', 'MLP', 'MLP, 500 epochs'] as const;
  const average = ({ scores }: Contest, name: string, figure: 'logLoss' | 'calibrationError') =>
    mean(scores.map((split) => split.find((run) => run.name === name)![figure]!));
  return {
    title: 'Probabilities on the rows held out: log-loss in nats, and expected calibration error (15 bins)',
    settings: {},
    columns: {
      data: 'text',
      ...(Object.fromEntries(
        names.flatMap((name) => [
          [`${name}, log-loss`, 'decimal'],
          [`${name}, error`, 'percent'],
        ]),
      ) as Record<string, 'decimal' | 'percent'>),
    },
    rows: all
      .filter(({ scores }) => scores[0]?.[0]?.logLoss !== undefined)
      .map((contest) => ({
        data: contest.data,
        ...Object.fromEntries(
          names.flatMap((name) => [
            [`${name}, log-loss`, average(contest, name, 'logLoss')],
            [`${name}, error`, average(contest, name, 'calibrationError')],
          ]),
        ),
      })),
  };
}
