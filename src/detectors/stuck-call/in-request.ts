import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import { servesRequest } from '../../trace/code-frame.ts';
import { UNKNOWN } from '../../trace/time.ts';
import { codeIn } from '../code-line.ts';
import type { Context } from '../detector.ts';

/**
 * The same of a thread of which nothing but the code that somebody saw tells that it serves: one that has been in its
 * call since before the capture, or of which the calls before are not recorded. Threads that keep time sleep as well.
 */
export function asSeenInCode({ model }: Context, each: ThreadAtEnd): ThreadAtEnd {
  const { thread, left, idle, wait } = each;
  if (idle === 'no' || !(thread.process.clientsHeld > 0)) return each;
  // Of what it did before, and came back from, a look says nothing.
  if (left.beganBefore && thread.lastTime !== UNKNOWN) return each;
  const code = codeIn(model, thread, {
    start: left.beganBefore ? Number.NEGATIVE_INFINITY : left.since,
    end: model.lastTime,
  });
  if (code === null || !servesRequest(code.frames, thread.process.server)) return each;
  const what = wait.what === '' ? `${left.name} to come back` : wait.what;
  return { ...each, idle: 'no', wait: { ...wait, what: `${what}, in a request` } };
}
