/** What was wanted of a figure, and whether it is so: the last two columns of a row. */
export interface Wanted {
  wanted: string | undefined;
  met: boolean | undefined;
}

export const wantedColumns = { wanted: 'text', met: 'text' } as const;

export function atLeast(value: number, bar: number): Wanted {
  return { wanted: `≥ ${bar}`, met: value >= bar };
}

export function atMost(value: number, bar: number): Wanted {
  return { wanted: `≤ ${bar}`, met: value <= bar };
}

/** A row that is there for comparison. */
export const nothingWanted: Wanted = { wanted: undefined, met: undefined };
