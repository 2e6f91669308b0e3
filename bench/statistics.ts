export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation of the sample (over n − 1); undefined for a single value. */
export function deviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** Standard error of the mean; undefined for a single value. */
export function standardError(values: readonly number[]): number | undefined {
  const spread = deviation(values);
  return spread === undefined ? undefined : spread / Math.sqrt(values.length);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The least value that `share` of all do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The p of the power law y = c xᵖ that fits best: least squares on the logarithms. */
export function exponent(x: readonly number[], y: readonly number[]): number {
  const [logX, logY] = [x.map(Math.log), y.map(Math.log)];
  const [centreX, centreY] = [mean(logX), mean(logY)];
  const products = logX.map((value, i) => (value - centreX) * (logY[i]! - centreY));
  return mean(products) / mean(logX.map((value) => (value - centreX) ** 2));
}

/** The numbers from 0. */
export function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
