import type { DroverRun } from './run-drover.ts';

/** What is typed, and where. */
export interface TypedCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

const MAIN = new URL('../../src/cli/main.js', import.meta.url).href;
let commands = 0;

/** Runs the program of each message in this process, and answers with what it printed and how it would have ended. */
process.on('message', ({ words, environment, directory }: TypedCommand) => {
  let stdout = '';
  let stderr = '';
  process.argv = [process.execPath, 'drover', ...words];
  process.env = { ...environment };
  process.chdir(directory);
  process.stdout.write = collecting((text) => {
    stdout += text;
  });
  process.stderr.write = collecting((text) => {
    stderr += text;
  });
  process.exit = ((code: number): void => {
    process.send?.({ code, signal: null, stdout, stderr } satisfies DroverRun);
  }) as typeof process.exit;
  // A module with another address is run anew; those that it imports are there already.
  void import(`${MAIN}?${++commands}`);
});
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Each command listens to the end of both.
for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(0);

function collecting(take: (text: string) => void): typeof process.stdout.write {
  return ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    take(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const written = typeof encoding === 'function' ? encoding : done;
    if (typeof written === 'function') process.nextTick(written as () => void);
    return true;
  }) as typeof process.stdout.write;
}
