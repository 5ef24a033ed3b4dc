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
  EDQUOT: 'the quota of this user is used up',
  EFBIG: 'the file would be larger than is allowed here',
  EROFS: 'the file system is read-only',
  EIO: 'the device reports an input/output error',
  EBADF: 'it is not open',
};

/** The errno symbol of a failed system call of Node, or ''. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Why a system call failed, in words where the code is a usual one. */
export function failureReason(error: unknown): string {
  return REASONS[errorCode(error)] ?? (error instanceof Error ? error.message : String(error));
}
