import type { Now } from '../../analysis/activity.ts';
import type { ProcessCall } from '../../sources/live/process-call.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';

interface KernelWord {
  /** The tracer reports a call when it is over: only the kernel knows what a worker is in. */
  readonly isLate: boolean;
  /** What the kernel says of a process; null when it does not tell. */
  readonly callOf: (pid: number) => ProcessCall | null;
}

/**
 * The same with what the kernel says of each worker: the call that it is in by now, and whether the epoll instance that
 * it waits on is that of its loop. A library may run a loop of its own inside a request. Since when is what the trace
 * says of the end of the last call.
 */
export function asKernelSays(
  workers: ReadonlyMap<number, Now>,
  { isLate, callOf }: KernelWord,
): ReadonlyMap<number, Now> {
  return new Map(
    [...workers].map(([pid, now]) => {
      const isAsked = now.state !== 'ended' && (isLate || (now.state === 'waiting' && now.hubFd !== undefined));
      const found = isAsked ? callOf(pid) : null;
      if (found === null) return [pid, now];
      if (!isLate) return [pid, isForeignWait(now, found) ? { ...now, state: 'blocked' } : now];
      return [pid, found.call === '' ? { ...now, state: 'silent', call: '', target: '' } : inCall(now, found)];
    }),
  );
}

function inCall(now: Now, found: ProcessCall): Now {
  const { hub, hubFd, sinceMs, knownMs } = now;
  const { family } = syscall(found.call);
  const isOfLoop = hub !== 'accept' && (family === 'epoll-wait') === (hub === 'epoll');
  const isHub = hub === undefined || family === 'accept' || isOfLoop;
  const isWaiting = isWait(family) && isHub && !isForeignWait(now, found);
  return {
    state: isWaiting ? 'waiting' : 'blocked',
    call: found.call,
    target: found.call === now.call ? now.target : '',
    sinceMs,
    turnSinceMs: isWaiting ? null : (now.turnSinceMs ?? null),
    ...(knownMs === undefined ? {} : { knownMs }),
    ...(hub === undefined ? {} : { hub }),
    ...(hubFd === undefined ? {} : { hubFd }),
  };
}

/** It waits on an epoll instance, and not on that of its loop. */
function isForeignWait({ hubFd }: Now, { call, first }: ProcessCall): boolean {
  return hubFd !== undefined && syscall(call).family === 'epoll-wait' && first !== hubFd;
}
