import { type ErrorCodes, parse } from 'parse5';

/** What the HTML standard calls an error, by the parser that implements it. */
export function errorsOfHtml(page: string): readonly string[] {
  const errors: string[] = [];
  parse(page, {
    sourceCodeLocationInfo: true,
    onParseError: ({ code, startLine }: { readonly code: ErrorCodes; readonly startLine: number }) =>
      errors.push(`${startLine} ${code}`),
  });
  return errors;
}
