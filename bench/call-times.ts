/**
 * Microseconds of calls one after the other, after a few that do not count. What returns a promise is waited for.
 *
 * @param samples how many figures come back
 * @param run gets the number of the call
 * @param each calls that one figure is the mean of: many, where a call is short beside reading the clock
 */
export async function callTimes(samples: number, run: (call: number) => unknown, each = 1): Promise<number[]> {
  const times: number[] = [];
  const unmeasured = Math.ceil(samples / 10);
  for (let sample = -unmeasured, call = 0; sample < samples; sample++) {
    const started = performance.now();
    for (let k = 0; k < each; k++, call++) {
      const outcome = run(call);
      if (outcome instanceof Promise) await outcome;
    }
    if (sample >= 0) times.push(((performance.now() - started) * 1000) / each);
  }
  return times;
}
