import { errorCode, failureReason } from '../files/failure-reason.ts';

export { errorCode, failureReason };

/** An input that cannot be read or is of no known format; the command line ends with exit code 3. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** What to type or check next, or ''. */
  readonly hint: string;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint ?? '';
  }
}

/** The error for a path that cannot be opened or read, with the way out for the usual cases. */
export function cannotRead(path: string, error: unknown): InputError {
  const denied = errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM';
  const hint = denied ? 'A capture made as root belongs to root: read it with sudo, or give it away with chown.' : '';
  return new InputError(`Cannot read ${path}: ${failureReason(error)}.`, { hint, cause: error });
}
