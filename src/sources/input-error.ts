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

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
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

/** The error for a path that cannot be opened or read, with the way out for the usual cases. */
export function cannotRead(path: string, error: unknown): InputError {
  const denied = errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM';
  const hint = denied ? 'A capture made as root belongs to root: read it with sudo, or give it away with chown.' : '';
  return new InputError(`Cannot read ${path}: ${failureReason(error)}.`, { hint, cause: error });
}
