import type { TerminalSession } from '../../dashboard/terminal/terminal-session.ts';
import { EXIT } from '../printing/exit-code.ts';
import { reportError } from '../printing/report-error.ts';

/** 128 and the number of SIGHUP. */
const HANGUP = 129;
/** Signals that end a program, and at once when they come again, and their numbers. */
const ENDING = [
  ['SIGINT', 2],
  ['SIGQUIT', 3],
  ['SIGTERM', 15],
] as const;

/** Sees to it that the terminal is whole again however the program ends or is stopped. */
export class TerminalGuard {
  readonly #session: () => TerminalSession | null;
  readonly #cleanUp: () => void;
  /** What must be waited for before the program may end: workers are not left traced. */
  readonly #goodbye: () => Promise<unknown>;
  #ending = false;
  #isGone = false;
  readonly #handlers = new Map<NodeJS.Signals, () => void>();

  constructor(session: () => TerminalSession | null, cleanUp: () => void, goodbye: () => Promise<unknown>) {
    this.#goodbye = goodbye;
    this.#session = session;
    this.#cleanUp = cleanUp;
    this.#on('SIGHUP', () => this.hangUp());
    for (const [signal, number] of ENDING) this.#on(signal, () => this.end(128 + number));
    this.#on('SIGTSTP', () => this.suspend());
    this.#on('SIGCONT', () => this.#session()?.resume());
    process.on('uncaughtException', this.#crashed);
    process.on('unhandledRejection', this.#crashed);
    process.on('exit', this.#exiting);
  }

  /** Ends the program, the terminal first; asked again, at once. */
  end(code: number): void {
    this.#restore();
    if (this.#ending) process.exit(code);
    this.#ending = true;
    void this.#goodbye().finally(() => process.exit(code));
  }

  /**
   * The terminal is gone. The kernel and the shell both say so, and nobody insists: what is captured gets its name
   * first.
   */
  hangUp(): void {
    // Whoever restores the terminal is told that it is gone, too.
    if (this.#isGone) return;
    this.#isGone = true;
    if (!this.#ending) this.end(HANGUP);
  }

  /** The program is about to end by itself: a signal from now on ends it at once. */
  leaving(): void {
    this.#ending = true;
  }

  /** Stops the program as Ctrl-Z does; `fg` comes back to the same screen. */
  suspend(): void {
    this.#session()?.suspend();
    process.kill(process.pid, 'SIGSTOP');
  }

  /** The program goes on without the dashboard. */
  release(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
    process.off('uncaughtException', this.#crashed);
    process.off('unhandledRejection', this.#crashed);
    process.off('exit', this.#exiting);
  }

  readonly #crashed = (error: unknown): void => {
    // Nobody reads what is written to a terminal that is gone.
    if (this.#isGone && isWriteError(error)) return;
    this.#restore();
    reportError(error);
    this.end(EXIT.bug);
  };

  readonly #exiting = (): void => this.#restore();

  #restore(): void {
    this.#session()?.restore();
    this.#cleanUp();
  }

  #on(signal: NodeJS.Signals, handler: () => void): void {
    this.#handlers.set(signal, handler);
    process.on(signal, handler);
  }
}

function isWriteError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EIO' || error.code === 'EPIPE');
}
