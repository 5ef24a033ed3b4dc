import type { Stats } from 'node:fs';
import { errorCode, failureReason } from '../files/failure-reason.ts';

export { errorCode, failureReason };

/** An input that cannot be read or is of no known format; the command line ends with exit code 3. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** What to type or check next, or ''. */
  readonly hint: string;
  /** What is wrong with the input, for a sentence that names it already. */
  readonly reason: string;

  constructor(message: string, options: { readonly hint?: string; readonly reason?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint ?? '';
    this.reason = options.reason ?? message;
  }
}

/** What a file is that is none: `a named pipe`; '' for a regular file. */
export function kindOf(status: Stats): string {
  if (status.isFile()) return '';
  if (status.isDirectory()) return 'a directory';
  if (status.isFIFO()) return 'a named pipe';
  return status.isSocket() ? 'a socket' : 'a device';
}

/** The error for a path that cannot be opened or read, with the way out for the usual cases. */
export function cannotRead(path: string, error: unknown): InputError {
  const denied = errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM';
  const hint = denied ? 'A capture made as root belongs to root: read it with sudo, or give it away with chown.' : '';
  const reason = failureReason(error);
  return new InputError(`Cannot read ${path}: ${reason}.`, { hint, reason, cause: error });
}
