import { HintedError } from '../hinted-error.ts';

/** An input that cannot be read or is of no known format; the command line ends with exit code 3. */
export class InputError extends HintedError {
  override readonly name = 'InputError';
  /** What is wrong with the input, for a sentence that names it already. */
  readonly reason: string;

  constructor(
    message: string,
    options: { readonly hint?: string; readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.reason = options.reason ?? message;
  }
}
