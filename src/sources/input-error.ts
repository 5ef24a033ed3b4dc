import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, failureReason } from '../files/failure-reason.ts';
import { asOperand } from '../files/operand.ts';
import { InputError } from './input-error-class.ts';

export { errorCode, failureReason, InputError };

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
  const hint = denied
    ? 'A capture made as root belongs to root: read it with sudo, or give it away with chown.'
    : errorCode(error) === 'ENOENT'
      ? `See what is there with: ls -lt ${asOperand(dirname(path))}`
      : '';
  const reason = failureReason(error);
  return new InputError(`Cannot read ${path}: ${reason}.`, { hint, reason, cause: error });
}
