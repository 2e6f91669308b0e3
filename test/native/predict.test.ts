import { describe, expect, it } from 'vitest';
import { outputActivations } from '../../lib/network/activation.js';
import { call, native } from '../../lib/lane.js';
import { expectClose } from '../support/expect.js';
import { precisions } from '../support/precision.js';
import { drawProblem, lane, rawLayer } from '../support/problem.js';
import { forward } from '../support/reference.js';

describe.each(precisions)('predict and predictSync in $name', (precision) => {
  const { zeros, epsilon } = precision;

  // Tiles of the calling thread's own product: 4 rows, 16 to 64 columns; each with a remainder and without.
  it.each([
    [1, [3], 1],
    [4, [16, 32], 64],
    [5, [17, 33], 65],
    [131, [70, 20, 9], 3],
    [3, [], 130],
  ] as const)('are the forward pass: %i rows, hidden %j, %i outputs', async (samples, units, outputs) => {
    for (const activation of outputActivations) {
      const problem = drawProblem(precision, {
        samples,
        columns: 7,
        hidden: units.map((n) => [n, 'softplus'] as const),
        outputs,
        standardized: true,
      });
      const layers = [...problem.hidden, { ...problem.output, activation }];
      const expected = forward(layers, problem.X).at(-1)!.data;
      const raw = layers.map((layer) => rawLayer(precision, layer));
      const whole = zeros(samples * outputs).fill(NaN);
      await call(lane(2), 'predict', { ...problem.samples, layers: raw, start: 0, count: samples, outputs: whole });
      expectClose(whole, expected, epsilon);
      const now = zeros(samples * outputs).fill(NaN);
      native().predictSync({ ...problem.samples, layers: raw, outputs: now });
      expectClose(now, expected, epsilon);
    }
  });

  it('gives the same bits at once for many rows as for every four of them', () => {
    const samples = 132;
    const problem = drawProblem(precision, {
      samples,
      columns: 7,
      hidden: [[9, 'tanh']],
      outputs: 3,
      standardized: true,
    });
    const layers = [...problem.raw.hidden, problem.raw.output];
    const whole = zeros(samples * 3);
    native().predictSync({ ...problem.samples, layers, outputs: whole });
    const inputs = problem.samples.inputs;
    for (let row = 0; row < samples; row += 4) {
      const four = zeros(12);
      const some = { ...problem.samples, inputs: inputs.slice(row * 7, (row + 4) * 7), samples: 4 };
      native().predictSync({ ...some, layers, outputs: four });
      expect(four).toEqual(whole.slice(row * 3, (row + 4) * 3));
    }
  });

  it('writes the rows of its batch alone', async () => {
    const problem = drawProblem(precision, { samples: 20, columns: 3, hidden: [[4, 'tanh']], outputs: 2 });
    const layers = [...problem.raw.hidden, problem.raw.output];
    const whole = zeros(40);
    await call(lane(), 'predict', { ...problem.samples, layers, start: 0, count: 20, outputs: whole });
    const part = zeros(40).fill(9);
    await call(lane(), 'predict', { ...problem.samples, layers, start: 5, count: 7, outputs: part });
    expect([...part.subarray(0, 10), ...part.subarray(24)]).toEqual(Array(26).fill(9));
    expectClose(part.subarray(10, 24), whole.subarray(10, 24), epsilon);
  });
});
