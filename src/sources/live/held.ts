import { linkOrEmpty, readOrEmpty } from './process-facts.ts';
import type { Held } from './sights.ts';

/** Where the kernel keeps a thread that does not run whatever it is in: stopped, held by a tracer, frozen. */
const HELD_IN = /signal_stop|ptrace_stop|get_signal|freezer_trap|refrigerator/;
/** `wait4`, `waitid` and their like. */
const WAITS_FOR_CHILDREN = /^(?:do_wait|kernel_wait|do_wait4)/;
const FREE: HeldNow = { held: '', holder: 0 };

/** What keeps a thread from running, and the process that does so where it is a debugger. */
export interface HeldNow {
  readonly held: Held;
  readonly holder: number;
}

/**
 * What keeps a thread from running that has not run between two looks. The kernel shows the call that it was in as if
 * it were in that. `root`: where the kernel shows processes.
 */
export function heldNow(root: string, pid: number, tid: number): HeldNow {
  const task = `${root}/${pid}/task/${tid}`;
  const place = readOrEmpty(`${task}/wchan`);
  // '0' where this kernel does not say, or not to this user.
  if (place !== '' && place !== '0' && !HELD_IN.test(place)) return FREE;
  const status = readOrEmpty(`${task}/status`);
  const state = /^State:\t(\S)/m.exec(status)?.[1];
  const tracer = Number(/^TracerPid:\t(\d+)/m.exec(status)?.[1] ?? 0);
  if (state === 'T') return { held: 'stopped', holder: 0 };
  if (state === 't')
    return isStoppedUnder(root, tracer) ? { held: 'stopped', holder: 0 } : { held: 'traced', holder: tracer };
  return /freezer|refrigerator|get_signal/.test(place) ? { held: 'frozen', holder: 0 } : FREE;
}

/**
 * A thread that a signal stopped is in the stop of its tracer, too. strace has seen to that and waits for the next one;
 * a tracer that holds a thread at work does not sleep in that wait.
 */
export function isStoppedUnder(root: string, tracer: number): boolean {
  if (tracer === 0 || !linkOrEmpty(`${root}/${tracer}/exe`).endsWith('strace')) return false;
  const stat = readOrEmpty(`${root}/${tracer}/stat`);
  return (
    stat.slice(stat.lastIndexOf(')') + 2).startsWith('S') &&
    WAITS_FOR_CHILDREN.test(readOrEmpty(`${root}/${tracer}/wchan`))
  );
}
