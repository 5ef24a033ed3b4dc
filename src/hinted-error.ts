/** A failure that whoever runs drover can mend: one sentence says what is wrong, one says what to do instead. */
export abstract class HintedError extends Error {
  /** What to type or to check next, or ''. */
  readonly hint: string;

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint ?? '';
  }
}
