import { judgeWait, type Wait } from '../../model/at-end/waits.ts';
import type { LeftIn } from '../../model/machine/left-in.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import type { Death } from '../../model/topics/deaths/death-tracker.ts';
import { elapsed, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** The call that a process did not come back from before a signal killed it, and in which it did not wait for work. */
export interface LastWait {
  readonly left: LeftIn;
  readonly wait: Wait;
  readonly lasted: Nanoseconds;
}

/** The longest of its threads, from `least` on; null where there is none, and in captures without times. */
export function lastWaitOf(
  model: Model,
  { process, signal, at, isAssumed }: Death,
  least: Nanoseconds,
): LastWait | null {
  if (process === null || signal === '' || isAssumed || at === UNKNOWN) return null;
  let longest: LastWait | null = null;
  for (const thread of threadsOf(process)) {
    const left = lastCallOf(thread);
    if (left === null || left.showsResult || left.isCut) continue;
    const lasted = elapsed(left.since, at);
    if (lasted < least || lasted <= (longest?.lasted ?? 0)) continue;
    const { idle, wait } = judgeWait(thread, left, model);
    // A thread that waits for a lock, or for work, may look the same: of those nothing is said.
    if (wait.what !== '' && (idle === 'no' || (idle === 'unknown' && wait.kind === 'client')))
      longest = { left, wait, lasted };
  }
  return longest;
}

/** The call that its end cut short; of threads that end without one, the call that no line says the end of. */
function lastCallOf({ interruptedIn, leftIn, lastTime }: Thread): LeftIn | null {
  if (interruptedIn !== null) return interruptedIn;
  return leftIn !== null && (lastTime === UNKNOWN || leftIn.since >= lastTime) ? leftIn : null;
}
