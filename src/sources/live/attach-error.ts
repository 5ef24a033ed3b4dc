/**
 * Processes cannot be traced here; the command line ends with exit code 4, what failed and why in one line, and what to
 * type.
 */
export class AttachError extends Error {
  override readonly name = 'AttachError';
  /** What to type instead, or ''. */
  readonly hint: string;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint ?? '';
  }
}
