import { HintedError } from '../hinted-error.ts';
import { errorCode, failureReason } from './failure-reason.ts';

/** Whose fault it is that something cannot be written: of a name that should not have been given, or of the place. */
type Fault = 'name' | 'place';

/** A result cannot be written, or must not be; the command line ends with exit code 2 for a name, 74 for a place. */
export class OutputError extends HintedError {
  override readonly name = 'OutputError';
  readonly fault: Fault;
  /** Something has the name already. */
  readonly isTaken: boolean;

  constructor(
    message: string,
    options: { readonly fault: Fault; readonly hint?: string; readonly isTaken?: boolean; readonly cause?: unknown },
  ) {
    super(message, options);
    this.fault = options.fault;
    this.isTaken = options.isTaken === true;
  }
}

/** Failures that another name would mend; all others, such as a full disk, would be the same with any name there. */
const NAME_CODES = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'EINVAL']);

const ROOM = 'Make room, or write to another disk: df -h shows what is free.';
const WAYS_OUT: Readonly<Record<string, string>> = {
  ENOSPC: ROOM,
  EDQUOT: ROOM,
  EACCES: 'Write to a directory of your own, as ~/FILE.',
  EROFS: 'Write to another disk, as /tmp/FILE.',
};

/** What to do about a failure of writing; '' where drover knows nothing. */
export function wayOut(error: unknown): string {
  return WAYS_OUT[errorCode(error)] ?? '';
}

/** The error for a path at which a system call failed. */
export function cannotWrite(path: string, error: unknown): OutputError {
  if (error instanceof OutputError) return error;
  const fault = NAME_CODES.has(errorCode(error)) ? 'name' : 'place';
  return new OutputError(`Cannot write ${path}: ${failureReason(error)}.`, {
    fault,
    hint: wayOut(error),
    cause: error,
  });
}
