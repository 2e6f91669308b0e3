/** Says on stderr what is being done: one line, written over on a terminal. */
export function progress(line: string): void {
  const { stderr } = process;
  stderr.write(stderr.isTTY ? `\r\x1b[K${line.slice(0, stderr.columns - 1)}` : `${line}\n`);
}

/** Takes the line away again. */
export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
