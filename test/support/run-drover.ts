import { type ChildProcess, fork, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { TypedCommand } from './command-server.ts';

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
    env: environmentOf(environment),
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

/**
 * The report that a run with `--json` printed. Of one that printed none, as where a busy machine kept a tracer from its
 * start, the error says what it said instead.
 */
// biome-ignore lint/suspicious/noExplicitAny: a report as a stranger reads it
export function reportIn({ code, signal, stdout, stderr }: DroverRun): any {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`drover printed no report (exit ${signal ?? code}), but:\n${stderr}`, { cause });
  }
}

/** Settings of whoever runs the tests have no say in them. */
function environmentOf(own: DroverSituation['environment']): Readonly<Record<string, string>> {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', TERM: 'xterm', DROVER_CONFIG: '', ...own };
}

const SERVER = fileURLToPath(new URL('./command-server.js', import.meta.url));
let server: ChildProcess | null = null;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the compiled program off a terminal, without input, one command line after the other in one process beside the
 * test: starting Node costs more than what most of them do. How a process ends is tested by `runDrover`.
 */
export function typed(
  words: readonly string[],
  { environment, directory = process.cwd() }: Omit<DroverSituation, 'input'> = {},
): Promise<DroverRun> {
  const command: TypedCommand = { words, environment: environmentOf(environment), directory };
  const run = last.then(() => answerTo(command));
  last = run.catch(() => undefined);
  return run;
}

function answerTo(command: TypedCommand): Promise<DroverRun> {
  server ??= fork(SERVER, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  const child = server;
  child.ref();
  child.channel?.ref();
  // Of no interest: the answer holds what was printed.
  for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.removeAllListeners('message').removeAllListeners('exit');
      // It ends with the test.
      child.unref();
      child.channel?.unref();
    };
    child.once('message', (answer) => {
      settle();
      resolve(answer as DroverRun);
    });
    child.once('exit', (code, signal) => {
      settle();
      server = null;
      reject(new Error(`drover ${command.words.join(' ')} ended its process: ${code ?? signal}`));
    });
    child.send(command);
  });
}
