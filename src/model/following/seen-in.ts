import { type Family, syscall } from '../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { BlockClass } from '../machine/block-class.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Thread } from '../machine/thread.ts';

/** Calls in which nobody waits for work: who stays in one waits for a disk, a file system, a child. */
const NEVER_IDLE: ReadonlyMap<Family, BlockClass> = new Map<Family, BlockClass>([
  ['file', 'disk'],
  ['open', 'disk'],
  ['execve', 'disk'],
  ['close', 'other'],
  ['sync', 'disk-sync'],
  ['clone', 'child'],
]);
/** Who was seen in it for less may have been on its way. */
const LEAST_STAY = 500 * MILLISECOND;

/**
 * The call that a thread was in at each look of the kernel up to `end`, where the tracer has no line of it: strace
 * cannot stop a thread in an uninterruptible wait (D), and learns of its call when that is over. Null for others.
 */
export function seenIn({ seen, ended, leftIn, lastTime, process }: Thread, end: Nanoseconds): LeftIn | null {
  if (seen === null || ended || leftIn !== null || lastTime !== UNKNOWN || seen.held !== '') return null;
  const called = syscall(seen.call);
  const kind = NEVER_IDLE.get(called.family);
  if (seen.call === '' || kind === undefined || elapsed(seen.since, end) < LEAST_STAY) return null;
  return {
    syscall: called,
    name: called.name,
    since: seen.since,
    beganBefore: process.forkedAt === UNKNOWN,
    target: seen.peer,
    isOfClient: seen.isOfClient,
    line: seen.line,
    isHubWait: false,
    isForListener: false,
    takesOne: false,
    class: kind,
    query: '',
    fd: -1,
    watched: 0,
    watchesPipes: false,
    descriptor: null,
    timeout: UNKNOWN,
    hasTimeout: null,
    futex: null,
    child: Number.NaN,
    path: '',
    showsResult: false,
    isCut: false,
    isInterrupted: false,
    request: null,
    isServing: false,
  };
}
