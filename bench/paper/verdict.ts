import {
  atTheirBest,
  levels,
  nodePeers,
  percent,
  ratiosTo,
  scientific,
  seconds,
  times,
  type Overtaken,
} from './levels.js';
import { best, isOurs, ratio, soonest, type Curve } from './curve.js';
import { curvesOf, type Results } from './results.js';
import { injectiveProblems } from './summary.js';

const claimed = 1000;

/** The claim of the paper, in one paragraph whose figures are those of the results. */
export function verdict(results: Results): string {
  const sentences = [injective(results), images(results), literal(results), node(results), why(results)];
  const tried = Object.values(results).some((result) => result && result.effort < 1);
  return [...(tried ? ['Tried out with less than full effort: these figures are no results.'] : []), ...sentences]
    .filter(Boolean)
    .join(' ');
}

function injective(results: Results): string {
  return injectiveProblems
    .map((problem) => {
      const adam = atTheirBest(results, [problem], ['Adam', 'Adam, float64']).sort((a, b) => a.value - b.value)[0];
      if (!adam) return '';
      const holds = (adam.ratio ?? 0) >= claimed;
      const near = nearly(results, problem, 10 * adam.value);
      const ours = best(curvesOf(results, problem).filter(isOurs));
      const isFurther = ours !== undefined && ours.value < adam.value;
      const least = isFurther ? `, and it goes on to ${scientific(ours.value)} in ${seconds(ours.seconds)} s` : '';
      return (
        `On the ${problem} the claim of ${claimed.toLocaleString('en')}× ${holds ? 'holds' : 'does not hold'}: Adam, tuned, ` +
        `comes to a relative error of ${scientific(adam.value)} in ${seconds(adam.seconds)} s; bpls is there ` +
        (adam.ours === undefined ? 'never' : `after ${seconds(adam.ours)} s, ${times(adam.ratio!)} sooner${least}`) +
        `${near === undefined ? '' : `; to ten times that error the ratio is ${times(near)}`}.${longest(results, problem)}`
      );
    })
    .filter(Boolean)
    .join(' ');
}

/**
 * By the letter of the claim, to what Adam's longest run ends at; where a shorter one ends there as well, that says
 * little.
 */
function longest(results: Results, problem: string): string {
  const curves = curvesOf(results, problem);
  const adam = curves.filter(({ trainer }) => trainer.startsWith('Adam'));
  const lowest = (curve: Curve) => best([curve])?.value ?? Infinity;
  const [long] = [...adam].sort((a, b) => b.limit - a.limit || lowest(a) - lowest(b));
  const end = long && best([long]);
  if (!end || (soonest(adam, end.value)?.curve ?? long) === long) return '';
  const byLetter = ratio(curves.filter(isOurs), [long], end.value);
  if (byLetter === undefined) return '';
  return ` Against its run of ${seconds(long.limit)} s alone it would be ${times(byLetter)}, but a shorter run comes as far.`;
}

/** The ratio to an error that Adam, by whatever schedule, comes to sooner than to its best. */
function nearly(results: Results, problem: string, error: number): number | undefined {
  const curves = curvesOf(results, problem);
  return ratio(
    curves.filter(isOurs),
    curves.filter(({ trainer }) => trainer.startsWith('Adam')),
    error,
  );
}

function images(results: Results): string {
  const found = Object.keys(levels).flatMap((problem) => {
    const ratios = ratiosTo(results, problem, 'Adam');
    return ratios.length === 0 ? [] : [{ problem, ratios }];
  });
  if (found.length === 0) return '';
  const all = found.flatMap(({ ratios }) => ratios.map(({ ratio }) => ratio));
  const parts = found.map(
    ({ problem, ratios }) =>
      `${problem} ${ratios.map(({ level, ratio }) => `${times(ratio)} at ${percent(level)}`).join(', ')}`,
  );
  const behind = all.filter((ratio) => ratio < 1).length;
  return (
    `For images it ${Math.min(...all) >= claimed ? 'holds' : 'does not hold'}: beside Adam of PyTorch on the same cores, ` +
    `each side by its soonest setting, the ratio is ${parts.join('; ')}` +
    `${behind > 0 ? `; below 1, bpls is the later, as it is at ${behind} of these ${all.length} levels` : ''}.`
  );
}

/** What the paper's own method comes to, without what was added to it here. */
function literal(results: Results): string {
  return Object.keys(levels)
    .flatMap((problem) => {
      const curves = curvesOf(results, problem);
      const own = best(curves.filter(({ trainer }) => trainer === 'bpls, paper'));
      const adam =
        own &&
        soonest(
          curves.filter(({ trainer }) => trainer === 'Adam'),
          own.value,
        );
      if (!own || !adam) return [];
      return (
        `The paper's literal method (the preset \`paper\`, the best of its settings, one pass to four) ends at ` +
        `${percent(own.value)} on ${problem} after ${seconds(own.seconds)} s, where Adam is after ${seconds(adam.seconds)} s.`
      );
    })
    .join(' ');
}

function node(results: Results): string {
  const found = atTheirBest(results, Object.keys(levels), nodePeers);
  const reached = found.filter((one): one is Overtaken & { ratio: number } => one.ratio !== undefined);
  if (reached.length === 0) return '';
  reached.sort((a, b) => a.ratio - b.ratio);
  const [least, most] = [reached[0]!, reached.at(-1)!];
  const name = ({ trainer, problem, ratio }: Overtaken & { ratio: number }) =>
    `${times(ratio)} (${trainer}, ${problem})`;
  const never = found.length - reached.length;
  return (
    `Beside what runs in Node without a native framework, at the best accuracy of each, bpls is ahead by ${name(least)} ` +
    `to ${name(most)}${never > 0 ? `; ${never} of ${found.length} it does not come up to` : ''}.`
  );
}

function why(results: Results): string {
  if (Object.keys(results).length === 0) return 'Nothing has been measured yet.';
  return (
    'The reason is plain: an injective map leaves nothing to search for, so that one pass of least squares is its solution to ' +
    'rounding, whereas a gradient method takes the error down by a factor a step that the condition of the data sets; where ' +
    'classes are to be told apart the desired hidden values are unknown, both sides have to iterate, and an iteration of ' +
    'either is a few matrix products over the data, at the rate of the same machine.'
  );
}
