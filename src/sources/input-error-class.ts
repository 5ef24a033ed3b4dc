/** An input that cannot be read or is of no known format; the command line ends with exit code 3. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** What to type or check next, or ''. */
  readonly hint: string;
  /** What is wrong with the input, for a sentence that names it already. */
  readonly reason: string;

  constructor(
    message: string,
    options: { readonly hint?: string; readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.hint = options.hint ?? '';
    this.reason = options.reason ?? message;
  }
}
