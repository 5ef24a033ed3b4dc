import type { Stats } from 'node:fs';

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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENXIO: 'it is a socket, or a device that is not there',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
  ENOSPC: 'no space is left on the device',
  EROFS: 'the file system is read-only',
  EIO: 'the device reports an input/output error',
};

/** The errno symbol of a failed system call of Node, or ''. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Why reading failed, in words where the code is a usual one. */
export function failureReason(error: unknown): string {
  return REASONS[errorCode(error)] ?? (error instanceof Error ? error.message : String(error));
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
