import { HintedError } from '../hinted-error.ts';

/** Processes cannot be traced here; the command line ends with exit code 4. */
export class AttachError extends HintedError {
  override readonly name = 'AttachError';
}
