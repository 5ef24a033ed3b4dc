import { isWait, syscall } from '../../trace/syscalls.ts';
import { UNKNOWN } from '../../trace/time.ts';
import type { Processes } from '../machine/processes.ts';
import { rolesOf } from '../machine/roles.ts';
import type { Thread } from '../machine/thread.ts';

/**
 * Begins the turns of workers that made no call in the whole trace and did not wait for work whenever somebody looked:
 * each is what its siblings are, in a turn that began before the trace.
 */
export function beginUnseenTurns(processes: Processes): void {
  const unseen = [...processes.threads()].filter(isAwayAllTime);
  if (unseen.length === 0) return;
  const roles = rolesOf(processes.threads());
  for (const thread of unseen) {
    const role = roles.get(thread);
    if (role === 'event-loop' || role === 'sync-worker') beginUnseenTurn(thread);
  }
}

/** It made no call that came back, and is neither in a wait nor in a call of its listener. */
function isAwayAllTime({ seen, ended, lastTime, leftIn, tid, process }: Thread): boolean {
  if (seen === null || ended || lastTime !== UNKNOWN || tid !== process.pid) return false;
  if (leftIn === null) return seen.call === '';
  const call = leftIn.syscall.family === 'restart' ? syscall(seen.call) : leftIn.syscall;
  return !leftIn.isHubWait && !leftIn.isForListener && !isWait(call.family) && call.family !== 'accept';
}

function beginUnseenTurn({ loop, seen, leftIn }: Thread): void {
  if (seen === null) return;
  const start = Math.min(seen.since, leftIn?.since ?? seen.since);
  const { turn } = loop;
  loop.inTurn = true;
  loop.waitIsUntimed = false;
  turn.start = start;
  turn.file = seen.line.file;
  turn.startLine = seen.line.line;
}
