/** Something the user typed that drover cannot act on; the command line ends with exit code 2, one line and a hint. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to type instead, or ''. */
  readonly hint: string;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint ?? '';
  }
}
