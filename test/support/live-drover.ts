import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { LIVE_FOLDER, until } from './live-server.ts';
import { DROVER } from './run-drover.ts';

/** drover at work beside a test, on pipes or on a terminal of its own. */
export class LiveDrover {
  readonly #child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  stdout = '';
  stderr = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (text: Buffer) => {
      this.stdout += text.toString();
    });
    child.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString();
    });
    child.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** Starts it and waits until it says that it traces. */
  static async start(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<LiveDrover> {
    const drover = LiveDrover.begin(words, environment);
    await drover.traces();
    return drover;
  }

  /** Starts it. */
  static begin(words: readonly string[], environment: Readonly<Record<string, string>> = {}): LiveDrover {
    return new LiveDrover(
      spawn(process.execPath, [DROVER, ...words], {
        env: { ...ENVIRONMENT, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  /** The same on a terminal; what it prints is in `stdout`, mixed. */
  static onTerminal(words: readonly string[]): LiveDrover {
    const terminal = [join(LIVE_FOLDER, 'terminal.py'), process.execPath, DROVER, ...words];
    return new LiveDrover(spawn('python3', terminal, { env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  traces(): Promise<void> {
    return until('drover to trace', () => {
      if (this.#child.exitCode !== null) throw new Error(`drover ended: ${this.stderr}${this.stdout}`);
      return /Tracing \S+/.test(this.stderr + this.stdout);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Tells the terminal: `key 1a`, `deaf`, `hang-up`. */
  terminal(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** Ends it, whatever it does, when a test is over. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

const ENVIRONMENT = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', TERM: 'xterm', PYTHONDONTWRITEBYTECODE: '1' };
