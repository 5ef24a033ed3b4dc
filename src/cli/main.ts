import './no-inspector.ts';
import { CommanderError } from 'commander';
import { errorCode } from '../sources/input-error.ts';
import { EXIT } from './exit-code.ts';
import { createProgram } from './program.ts';
import { complain, exitCodeOf } from './report-error.ts';
import { cannotWriteStdout } from './write-result.ts';

process.stdout.on('error', (error) => process.exit(conclude(cannotWriteStdout(error))));
// Nobody is left to complain to.
process.stderr.on('error', () => undefined);

let code: number;
try {
  let result: number = EXIT.done;
  const program = createProgram((commandResult) => {
    result = commandResult;
  });
  await program.parseAsync(process.argv);
  code = result;
} catch (error) {
  code = conclude(error);
}
// Everything is written by now: stdout and stderr are written synchronously or were waited for.
process.exit(code);

/** Complains where there is something to complain about, and gives the exit code. */
function conclude(error: unknown): number {
  // Help that was asked for; and `| head`, which closes our stdout early.
  if ((error instanceof CommanderError && error.exitCode === 0) || errorCode(error) === 'EPIPE') return EXIT.done;
  complain(error);
  return exitCodeOf(error);
}
