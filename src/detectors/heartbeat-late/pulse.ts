import type { KeptLine } from '../../model/evidence.ts';
import type { Process } from '../../model/machine/process.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { heldTime } from '../../model/measuring/tracer-queue.ts';
import { timeoutByWait } from '../../model/topics/liveness/liveness-tracker.ts';
import { type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';

/** gunicorn's own default of --timeout. */
export const DEFAULT_TIMEOUT = 30;

/** The heartbeat of one worker. */
export interface Pulse {
  readonly process: Process;
  /** It waits in select, as sync workers do; of a select that timed out bpftrace cannot tell what was waited for. */
  waitsInSelect: boolean;
  /** Two heartbeats were about a second apart, as those of a loop are. */
  isOfLoop: boolean;
  beats: number;
  /** How long the tracer may have held the worker by the last heartbeat, and between those of the longest interval. */
  heldBefore: Nanoseconds;
  held: Nanoseconds;
  last: Nanoseconds;
  lastLine: KeptLine;
  longest: Nanoseconds;
  /** When the longest interval began, and the lines at its ends. */
  since: Nanoseconds;
  lines: readonly KeptLine[];
  /** That interval had not ended when the capture did. */
  isOpen: boolean;
  /** Its master sent it SIGABRT: after so long a silence. */
  abortedAfter: Nanoseconds;
  abortLine: KeptLine | null;
}

/** The pulse after the first heartbeat of a worker. */
export function first(thread: Thread, at: Nanoseconds, line: KeptLine): Pulse {
  return {
    process: thread.process,
    heldBefore: heldTime(thread),
    held: 0,
    waitsInSelect: false,
    isOfLoop: false,
    beats: 1,
    last: at,
    lastLine: line,
    longest: 0,
    since: at,
    lines: [],
    isOpen: false,
    abortedAfter: UNKNOWN,
    abortLine: null,
  };
}

/** A loop beats every second, and may be a little late. */
const SECOND_APART: readonly [Nanoseconds, Nanoseconds] = [SECOND / 2, 1.5 * SECOND];

/** Whether heartbeats so far apart are those of a loop. */
export function isPaceOfLoop(apart: Nanoseconds): boolean {
  return apart >= SECOND_APART[0] && apart <= SECOND_APART[1];
}

/** Remembers the time since the last heartbeat, if it is the longest so far. */
export function stretch(pulse: Pulse, to: Nanoseconds, lines: readonly KeptLine[], held: Nanoseconds): void {
  if (to - pulse.last <= pulse.longest) return;
  pulse.longest = to - pulse.last;
  pulse.since = pulse.last;
  pulse.held = held - pulse.heldBefore;
  pulse.lines = lines;
}

/** The pulse as of that moment: a worker that lives has been silent since its last heartbeat. */
export function upTo(pulse: Pulse, now: Nanoseconds): Pulse {
  const { process, last, lastLine, longest, abortLine } = pulse;
  const isAlive = process.exitedAt === UNKNOWN && threadsOf(process).some(({ ended }) => !ended);
  if (!isAlive || abortLine !== null || now - last <= longest) return pulse;
  const held = threadsOf(process).reduce((sum, thread) => sum + heldTime(thread), 0) - pulse.heldBefore;
  return { ...pulse, longest: now - last, held, since: last, lines: [lastLine], isOpen: true };
}

/**
 * Seconds of `-t` or `--timeout` on the command line, or those that the waits of a sync worker show; null when neither
 * is there (a configuration file may set them).
 */
export function timeoutOf(process: Process): number | null {
  const { argv } = process;
  for (const [index, argument] of argv.entries()) {
    const value =
      /^(?:-t|--timeout[= ]?)(\d+)$/.exec(argument)?.[1] ??
      (/^(?:-t|--timeout)$/.test(argument) ? argv[index + 1] : undefined);
    if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  }
  return timeoutByWait(process);
}
