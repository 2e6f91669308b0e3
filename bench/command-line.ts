import { BplsError } from '../lib/index.js';
import { MissingDataError } from './data/mnist.js';

/** A wrong argument on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The argument of an option that counts something. */
export function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`Expected ${option} to be a number from 1 but received ${text}`);
  return Number(text);
}

/** Runs a program. An error that its user can mend is told in one line, any other in full. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    console.error(isForUser(error) ? error.message : error);
    process.exitCode = 1;
  });
}

function isForUser(error: unknown): error is Error {
  if (error instanceof BplsError || error instanceof MissingDataError || error instanceof UsageError) return true;
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
