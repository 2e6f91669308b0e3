/** Rows of a batch: enough to run at the machine's rate, few enough to cancel soon (twice as many save only 3 %). */
export function batchRows(widest: number): number {
  return Math.min(16384, Math.max(256, 64 * Math.round(2 ** 20 / 64 / widest)));
}

/** The rows in batches of that size, each with `args`. */
export function* inBatches<Args extends object>(
  rows: number,
  size: number,
  args: Args,
): Generator<Args & { start: number; count: number }> {
  for (let start = 0; start < rows; start += size) yield { ...args, start, count: Math.min(size, rows - start) };
}
