import { CommanderError } from 'commander';
import { complain, exitCodeOf } from './complain.ts';
import { EXIT } from './exit-code.ts';
import { createProgram } from './program.ts';

// `| head` closes our stdout early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});
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
  const helped = error instanceof CommanderError && error.exitCode === 0;
  if (!helped) complain(error);
  code = helped ? EXIT.done : exitCodeOf(error);
}
// Everything is written by now: stdout and stderr are written synchronously or were waited for.
process.exit(code);
