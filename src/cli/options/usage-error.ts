import { HintedError } from '../../hinted-error.ts';

/** Something the user typed that drover cannot act on; the command line ends with exit code 2. */
export class UsageError extends HintedError {
  override readonly name = 'UsageError';
}
