import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import { servesRequest } from '../../trace/code-frame.ts';
import { UNKNOWN } from '../../trace/time.ts';
import { codeIn } from '../code-line.ts';
import type { Context } from '../detector.ts';

/**
 * The same of a thread of a pool that has been in its call since before the capture: threads that keep time sleep as
 * well as threads that serve, and only the code that somebody saw tells which of them it is.
 */
export function asSeenInCode({ model }: Context, each: ThreadAtEnd): ThreadAtEnd {
  const { thread, left, idle, wait } = each;
  if (idle === 'no' || !left.beganBefore || thread.lastTime !== UNKNOWN || !(thread.process.clientsHeld > 0))
    return each;
  const code = codeIn(model, thread, { start: Number.NEGATIVE_INFINITY, end: model.lastTime });
  if (code === null || !servesRequest(code.frames, thread.process.server)) return each;
  const what = wait.what === '' ? `${left.name} to come back` : wait.what;
  return { ...each, idle: 'no', wait: { ...wait, what: `${what}, in a request` } };
}
