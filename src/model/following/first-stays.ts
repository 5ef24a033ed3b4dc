// What threads were in when the tracer came: `FirstStay` of those that came back from it.

import type { Call } from '../../trace/record.ts';
import { type Family, isWait } from '../../trace/syscalls.ts';
import { UNKNOWN } from '../../trace/time.ts';
import { entryLine } from '../evidence.ts';
import type { FirstStay } from '../machine/first-stay.ts';
import type { Thread } from '../machine/thread.ts';

/** Calls in which a thread that has nothing to do may be. */
const MAY_REST: ReadonlySet<Family> = new Set<Family>(['futex', 'restart', 'semaphore', 'io-uring', 'other']);
/** A wait that ends with a descriptor that is ready. strace calls one that it interrupted by another name. */
const ENDS_READY: ReadonlySet<Family> = new Set<Family>(['poll', 'select', 'restart']);

/** How answers begin. */
const HTTP = 'HTTP/';

/** The tracer came while the thread was in this call, which is no wait of its loop. */
export function wasFoundIn(call: Call, thread: Thread): void {
  const { process, loop } = thread;
  const { syscall, start, end, result, fd } = call;
  const { family, name, takesDescriptor } = syscall;
  if (process.forkedAt !== UNKNOWN || process.isWhole) return;
  const isReady = ENDS_READY.has(family);
  if (isReady ? result <= 0 : family !== 'sleep' && (isWait(family) || MAY_REST.has(family))) return;
  thread.firstStay = {
    call: name,
    since: start,
    until: end,
    descriptor: takesDescriptor ? (process.descriptors.get(fd) ?? null) : null,
    isUntold: isReady,
    isAnswer: family === 'read' && bringsAnswer(call),
    line: entryLine(call),
  };
  // Should the main thread of a process turn out to be a loop, it was in a turn.
  if (!isReady && thread.tid === process.pid && loop.turns === 0) loop.beginTurnWithin(call);
}

/** Without `-T` the next line shows how long the first call of a thread took, at most. */
export function wasFoundBefore({ file, previousLine }: Call, thread: Thread): void {
  const { process, loop, lastTime, lastSyscall, tid } = thread;
  if (process.forkedAt !== UNKNOWN || process.isWhole || tid !== process.pid || loop.turns > 0 || loop.inTurn) return;
  const family = lastSyscall?.family ?? 'other';
  if (family !== 'sleep' && (isWait(family) || MAY_REST.has(family))) return;
  loop.beginTurnWithin({ start: lastTime, file, startLine: previousLine });
}

/** What the thread reads after a wait was what it had waited for. */
export function tellFirstStay(call: Call, thread: Thread, stay: FirstStay): void {
  const { syscall, fd } = call;
  stay.isUntold = false;
  if (syscall.family === 'read') {
    stay.call = syscall.name;
    stay.descriptor = thread.process.descriptors.get(fd) ?? null;
    stay.isAnswer = bringsAnswer(call);
  } else thread.firstStay = null;
}

function bringsAnswer({ arguments: told }: Call): boolean {
  return told.payload(HTTP.length) === HTTP;
}
