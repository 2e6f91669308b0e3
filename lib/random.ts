/** Seeded random numbers (sfc32): the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, limit). */
  integer(limit: number): number;
  /** Standard normal (Marsaglia's polar method). */
  normal(): number;
}

/**
 * `count` of the rows, drawn without repetition: the start of a Fisher-Yates shuffle, of which only what moves is
 * stored.
 */
export function drawRows(rows: number, count: number, random: Random): Int32Array {
  const moved = new Map<number, number>();
  return Int32Array.from({ length: count }, (_, i) => {
    const j = i + random.integer(rows - i);
    const drawn = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return drawn;
  });
}

/** @source Chris Doty-Humphrey, PractRand: the sfc32 generator */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88 ^ Math.floor(seed / 2 ** 32);
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  const uniform = () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53;
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
  return { uniform, integer: (limit) => Math.floor(uniform() * limit), normal };
}
