/**
 * The rate that comes to most, of rising rates and of those that follow beyond an end, by the factor of the last two there,
 * for as long as the best stands there. Of equals it is the first.
 */
export async function bestRate(rates: readonly number[], judge: (rate: number) => Promise<number>): Promise<number> {
  const grid = [...rates];
  let [best, most] = [rates[0]!, await judge(rates[0]!)];
  const look = async (rate: number) => {
    const value = await judge(rate);
    if (value > most) [best, most] = [rate, value];
  };
  for (const rate of rates.slice(1)) await look(rate);
  while (grid.length > 1) {
    const isLeast = best === grid[0];
    if (!isLeast && best !== grid.at(-1)) break;
    const [end, inner] = isLeast ? grid : [grid.at(-1)!, grid.at(-2)!];
    const rate = Number(((end! * end!) / inner!).toPrecision(2));
    if (isLeast) grid.unshift(rate);
    else grid.push(rate);
    await look(rate);
  }
  return best;
}
