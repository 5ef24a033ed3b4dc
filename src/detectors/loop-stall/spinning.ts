import type { LongTurn } from '../../model/facts.ts';
import type { Model } from '../../model/model.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Reason } from '../stall-cause/cause.ts';

/** So many calls without a wait, so close together, are no thread that did not run. */
const MANY_CALLS = 1_000;
const CLOSE = MILLISECOND / 2;
/** What took so much of the turn at a time is what it is about, whatever the thread did before and after. */
const LONGEST_PAUSE = 0.5;
/** Nearly all calls of the turn may be this one, and most of the capture are. */
const MOSTLY = 0.8;
const MOST = 0.5;
/** Calls that look or ask, and never wait. */
const ASKS: ReadonlySet<string> = new Set(['lseek', '_llseek', 'getcwd']);

/** The call that a thread made again and again in a long turn, and that waits for nothing; '' for none. */
export function spinsIn({ turn, length }: LongTurn, { cause, callTime }: Reason, model: Model): string {
  if (cause !== 'no-syscall' && cause !== 'not-running') return '';
  if (turn.calls < MANY_CALLS || length > turn.calls * CLOSE || callTime >= LONGEST_PAUSE * length) return '';
  let all = 0;
  let most: { readonly syscall: Syscall; readonly count: number } | null = null;
  for (const row of model.statistics.all()) {
    all += row.count;
    if (most === null || row.count > most.count) most = row;
  }
  if (most === null || most.count < Math.max(MOST * all, MOSTLY * turn.calls)) return '';
  const { family, name } = most.syscall;
  return family === 'trivial' || ASKS.has(name) ? name : '';
}

/** What is said of a turn in which its thread spun: that it computed, whatever its calls took on a busy host. */
export function spinning(reason: Reason, call: string): Reason {
  if (call === '' || reason.cause === 'no-syscall') return reason;
  return { ...reason, cause: 'no-syscall', call: '', confidence: 'likely', estimated: false };
}
