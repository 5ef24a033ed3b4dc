import './no-inspector.ts';
import { CommanderError } from 'commander';
import { errorCode } from '../sources/input-error.ts';
import { isPiped } from './options/piped.ts';
import { EXIT } from './printing/exit-code.ts';
import { exitCodeOf, reportError } from './printing/report-error.ts';
import { cannotWriteStdout } from './printing/write-result.ts';
import { createProgram } from './program.ts';

process.stdout.on('error', (error) => process.exit(conclude(cannotWriteStdout(error))));
// Nobody is left who could be told.
process.stderr.on('error', () => undefined);

// An exit code of 0 would say that all went well.
process.once('beforeExit', () => process.exit(conclude(new Error('The command never ended.'))));
void main().then((code) => {
  // Everything is written by now: stdout and stderr are written synchronously or were waited for.
  process.exit(code);
});

/** Runs what is typed and gives the exit code. */
async function main(): Promise<number> {
  let code: number = EXIT.done;
  try {
    const program = createProgram((commandResult) => {
      code = commandResult;
    });
    // Whoever types the name alone asks what there is, unless a trace comes through a pipe.
    const isBare = process.argv.length <= 2 && !isPiped();
    await program.parseAsync(isBare ? [...process.argv, '--help'] : process.argv);
    return code;
  } catch (error) {
    return conclude(error);
  }
}

/** Reports an error unless it is none, and gives the exit code. */
function conclude(error: unknown): number {
  // Help that was asked for; and `| head`, which closes our stdout early.
  if ((error instanceof CommanderError && error.exitCode === 0) || errorCode(error) === 'EPIPE') return EXIT.done;
  reportError(error);
  return exitCodeOf(error);
}
