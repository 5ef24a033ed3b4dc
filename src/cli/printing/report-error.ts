import { OutputError } from '../../files/output-error.ts';
import { HintedError } from '../../hinted-error.ts';
import { AttachError } from '../../sources/attach-error.ts';
import { InputError } from '../../sources/input-error.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from './exit-code.ts';
import { oneLine } from './one-line.ts';

/** The exit code that tells the caller whose fault it was. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof AttachError) return EXIT.attach;
  if (error instanceof OutputError) return error.fault === 'name' ? EXIT.usage : EXIT.output;
  return error instanceof InputError ? EXIT.input : EXIT.bug;
}

/**
 * Says on stderr what failed and what to type next: one line and a hint for what the user can mend, the stack for our
 * own bugs.
 */
export function reportError(error: unknown): void {
  process.stderr.write(errorText(error));
}

function errorText(error: unknown): string {
  if (error instanceof HintedError)
    return `drover: ${oneLine(error.message)}\n${error.hint === '' ? '' : `  ${oneLine(error.hint)}\n`}`;
  const stack =
    error instanceof Error
      ? `${error.stack}${error.cause === undefined ? '' : `\nCaused by: ${String(error.cause)}`}`
      : String(error);
  return (
    'drover: internal error. This is a bug in drover, not in your trace; please report it with the lines ' +
    `below.\n${stack}\n`
  );
}
