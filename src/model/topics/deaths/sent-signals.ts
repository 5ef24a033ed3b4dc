import { type Nanoseconds, SECOND } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';

/** Processes of which a signal is remembered until they end. */
const MOST_SIGNALS = 4_096;

/** Signals that ask a process to end, or to do something else: what a master, an init or an operator sends. */
export const ASKED: ReadonlySet<string> = new Set([
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGPROF',
  'SIGVTALRM',
  'SIGWINCH',
]);

/** Those of them that ask a process, and with it its children, to end. */
const ENDING: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT']);

/** What a process does to itself: a fault, an abort. */
export const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGSYS']);

/** A signal to a process. */
export interface Sent {
  readonly signal: string;
  readonly sender: number;
  readonly code: string;
  readonly at: Nanoseconds;
  readonly line: KeptLine;
}

/** A worker that is told to reload serves the request that it has to its end first. */
const RELOADING: Nanoseconds = 60 * SECOND;

/** Whether that signal, the last before an end at `at`, told uWSGI's worker to reload: it leaves with a status then. */
export function isReloading(last: Sent | undefined, at: Nanoseconds): boolean {
  return last?.signal === 'SIGHUP' && at - last.at <= RELOADING;
}

/** The signals that were sent to processes, or arrived there, until each ends. */
export class SentSignals {
  /** The last signal of each process that a signal may end. */
  readonly #last = new Map<number, Sent>();
  /** Processes that were asked to end. */
  readonly #asked = new Set<number>();

  note(pid: number, sent: Sent): void {
    if (!this.#last.has(pid) && this.#last.size >= MOST_SIGNALS)
      for (const oldest of this.#last.keys()) if (this.#last.delete(oldest)) break;
    if (ENDING.has(sent.signal) && this.#asked.size < MOST_SIGNALS) this.#asked.add(pid);
    // What is sent outlives what arrives of it: both are one signal.
    this.#last.set(pid, sent);
  }

  /** The process has ended. Returns the last signal to it. */
  take(pid: number): Sent | undefined {
    const last = this.#last.get(pid);
    this.#last.delete(pid);
    return last;
  }

  /** Somebody asked it to end. */
  isAsked(pid: number): boolean {
    return this.#asked.has(pid);
  }

  /** The number may come back, as that of another process. */
  forget(pid: number): void {
    this.#asked.delete(pid);
  }
}
