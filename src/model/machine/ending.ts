import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** Who takes longer to end hangs in that. */
const LONGEST_END = 10 * SECOND;
/** The signal ends a wait, and is delivered a moment after that. */
const OF_ITS_WAIT = 50 * MILLISECOND;

/** Signals by which a process is asked to end, as its master or a service manager does. */
const ENDING: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT']);

/** Notes a signal that a process got: it may be asked to end. */
export function noteEnding(process: Process, signal: string, at: Nanoseconds): void {
  if (process.toldToEndAt === UNKNOWN && ENDING.has(signal)) process.toldToEndAt = at;
}

/**
 * Whether the turn that a thread is in at `at` is its end: its process was told to end when it began or before, and
 * nobody asked for anything since. An interpreter closes files and joins threads for as long as it has no processor.
 */
export function isEnding({ process: { toldToEndAt }, loop: { turn } }: Thread, at: Nanoseconds): boolean {
  if (toldToEndAt === UNKNOWN || toldToEndAt - turn.start > OF_ITS_WAIT || at - toldToEndAt > LONGEST_END) return false;
  return turn.requestsRead === 0 && turn.owner === null;
}
