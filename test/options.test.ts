import { afterEach, describe, expect, it } from 'vitest';
import { lstsq, matrix, NormalEquations, trainClassifier, trainRegressor } from '../lib/index.js';
import { settingsOf } from '../lib/options.js';
import { defaultThreads } from '../lib/threads.js';

describe('the options of a training', () => {
  const defaults = {
    hidden: [{ units: 500, activation: 'auto', init: 'contrast' }],
    output: 'softmax',
    image: undefined,
    augment: undefined,
    mask: undefined,
    targets: 'gauss-newton',
    samples: 'auto',
    iterations: 'auto',
    loss: 'squared',
    sampleWeights: undefined,
    classWeights: undefined,
    ridge: 'auto',
    solver: 'auto',
    standardize: 'auto',
    patience: 3,
    seed: 0,
    threads: defaultThreads(),
    memoryLimit: undefined,
    checkpoint: undefined,
    signal: undefined,
    onIteration: undefined,
  };

  it('have the defaults that their documentation says', () => {
    expect(settingsOf({}, true)).toMatchObject(defaults);
    expect(settingsOf(undefined, false)).toMatchObject({ ...defaults, output: 'identity', samples: 'all' });
  });

  it('fill in each other', () => {
    expect(
      settingsOf({ hidden: [3, { units: 4, activation: 'relu' }, { units: 5, init: 'uniform' }] }, true).hidden,
    ).toEqual([
      { units: 3, activation: 'auto', init: 'contrast' },
      { units: 4, activation: 'relu', init: 'orthogonal' },
      { units: 5, activation: 'auto', init: 'uniform' },
    ]);
    expect(settingsOf({ hidden: [3, 4], init: 'uniform', activation: 'elu' }, true).hidden).toEqual([
      { units: 3, activation: 'elu', init: 'uniform' },
      { units: 4, activation: 'elu', init: 'uniform' },
    ]);
    expect(settingsOf({ ridge: 0.5 }, true).ridge).toEqual({ hidden: 0.5, output: 0.5 });
    expect(settingsOf({ ridge: { hidden: 1, output: 2 } }, true).ridge).toEqual({ hidden: 1, output: 2 });
    expect(() => settingsOf({ targets: 'nearest', iterations: 0 }, true)).toThrow(
      'Expected options.iterations to be an integer from 1 to 2147483647 but received 0',
    );
    expect(settingsOf({ image: { height: 2, width: 3 } }, true).image).toEqual({ height: 2, width: 3, channels: 1 });
    expect(settingsOf({ image: { height: 2, width: 3 }, augment: { copies: 3 } }, true).augment).toEqual({
      copies: 3,
      rotation: 15,
      scale: 0.15,
      shear: 0.15,
      shift: 0.05,
      flip: false,
    });
  });
});

describe('properties that something put on every object', () => {
  const polluted = Object.prototype as Record<string, unknown>;
  const nonsense = {
    hidden: 'junk',
    seed: 'junk',
    iterations: -1,
    validation: 'junk',
    samples: 'junk',
    units: 'junk',
    init: 'junk',
    output: 'junk',
    channels: 'junk',
    ridge: 'junk',
    solver: 'junk',
    rcond: 'junk',
    threads: 'junk',
    signal: 'junk',
    precision: 'junk',
    intercept: 'junk',
  };

  afterEach(() => {
    for (const name of Object.keys(nonsense)) Reflect.deleteProperty(polluted, name);
  });

  it('are no options', async () => {
    const X = matrix(Float64Array.of(1, 2, 3, 4, 5, 6), 3, 2);
    const Y = matrix(Float64Array.of(1, 2, 3), 3, 1);
    await lstsq(X, Y); // loads the addon, with a loader that has options of its own
    Object.assign(polluted, nonsense);
    const outcomes = await Promise.allSettled([
      trainClassifier(X, [0, 1, 0], { hidden: [{ units: 2 }], iterations: 1 }),
      trainClassifier(X, [0, 1, 0], { hidden: [2], image: { height: 1, width: 2 } }),
      trainRegressor(X, Y, { hidden: [2] }),
      lstsq(X, Y, {}),
      (async () => {
        const sums = new NormalEquations(2, 1, {});
        await sums.add(X, Y, {});
        return sums.solve({});
      })(),
    ]);
    for (const name of Object.keys(nonsense)) Reflect.deleteProperty(polluted, name);
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : ''))).toEqual(Array(5).fill('')); // prettier-ignore
  });
});
