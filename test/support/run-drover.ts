import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program as it is installed. Compiled tests lie in dist/test/support. */
export const DROVER = fileURLToPath(new URL('../../../bin/drover.js', import.meta.url));

export interface DroverRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DroverSituation {
  readonly input?: string | Buffer;
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** Runs the real binary to its end, off a terminal. */
export function runDrover(
  words: readonly string[],
  { input, environment, directory }: DroverSituation = {},
): Promise<DroverRun> {
  const child = spawn(process.execPath, [DROVER, ...words], {
    // Settings of whoever runs the tests have no say in them.
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', TERM: 'xterm', DROVER_CONFIG: '', ...environment },
    ...(directory === undefined ? {} : { cwd: directory }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that does not read its input closes the pipe early.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}
