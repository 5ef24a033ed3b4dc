import type { Signal } from '../../trace/record.ts';
import { signalInfo } from '../../trace/siginfo.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import { longestStops } from '../machine/past-stops.ts';
import type { Stop } from '../machine/stop.ts';
import type { Thread } from '../machine/thread.ts';

const STOPPING: ReadonlySet<string> = new Set(['SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']);

/**
 * Notes a signal that stops its thread, or lets it go on. A thread that runs again does something: its next call ends
 * the stop. Only SIGSTOP stops without a line of its own, since nobody can catch it.
 */
export function noteStop(thread: Thread, signal: Signal): void {
  const line: KeptLine = { file: signal.file, line: signal.line, text: signal.text };
  const { process } = thread;
  if (signal.signal === 'SIGCONT') {
    if (thread.stop === null) return;
    thread.continued = line;
    thread.continuedAt = signal.time;
    return;
  }
  if (!STOPPING.has(signal.signal)) return;
  // One thread of a process gets the signal, and all of them stop.
  if (signal.stops !== true) process.stopSent = { signal: signal.signal, sender: signalInfo(signal.info).pid };
  if (thread.stop !== null || (signal.stops !== true && signal.signal !== 'SIGSTOP')) return;
  const sent = process.stopSent?.signal === signal.signal ? process.stopSent : null;
  thread.stop = { signal: signal.signal, sender: sent?.sender ?? 0, since: signal.time, line };
  thread.continued = null;
}

/** Ends the stop of a thread at `at`, and charges what of it lies in the running turn of its loop. */
export function endStop(thread: Thread, at: Nanoseconds): void {
  const { stop, continued } = thread;
  if (stop === null) return;
  thread.stop = null;
  thread.continued = null;
  noteLongest(thread, stop, continued === null ? at : thread.continuedAt);
  chargeStop(thread, stop, at, continued);
}

function noteLongest({ process, lastTime }: Thread, stop: Stop, until: Nanoseconds): void {
  // It went on at once, and what followed was something else.
  if (lastTime > stop.since) return;
  const known = longestStops.of(process);
  if (known === undefined || known.until - known.since < until - stop.since)
    longestStops.set(process, { ...stop, until });
}

/** Charges what of a stop lies in the running turn of the loop of its thread; `at` is when it ended, or now. */
export function chargeStop(thread: Thread, stop: Stop, at: Nanoseconds, continued: KeptLine | null = null): void {
  const { loop } = thread;
  // It went on at once, and what followed was something else.
  if (!loop.inTurn || at <= stop.since || thread.lastTime > stop.since) return;
  const { turn } = loop;
  const start = Math.max(stop.since, turn.start);
  const lines = continued === null ? [stop.line] : [stop.line, continued];
  if (turn.stopped === null) turn.stopped = { stop, total: at - start, start, end: at, lines };
  else {
    turn.stopped.total += at - start;
    turn.stopped.end = at;
  }
}
