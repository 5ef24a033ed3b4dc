import type { Call } from '../../../trace/record.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Upstream } from './upstream.ts';

// Who waits for an answer, and how long that was: what the tracker asks of a question that is open.

/** A wait of the loop that took less did not wait: what it reports had come during the turn before. */
const WAITED = MILLISECOND;

/** The request that the thread works for, or that used the socket last, if it waits for an answer. */
export function ownerOf({ loop }: Thread, { descriptor, user }: Upstream): Request | null {
  const owner = loop.owner ?? descriptor?.owner ?? user;
  return owner?.inProgress === true ? owner : null;
}

/** The request had not been answered when it asked, nor before the answer came. */
export function isWaiting(request: Request | null, askedAt: Nanoseconds): boolean {
  return request !== null && !(request.answeredAt !== UNKNOWN && request.answeredAt > askedAt);
}

/** Somebody waits: a request, or a thread inside a call. */
export function isNeeded({ request, askedAt, blocked, descriptor }: Upstream): boolean {
  if (blocked > 0) return true;
  return descriptor?.kind !== 'datagram' && isWaiting(request, askedAt);
}

/**
 * How long was waited. Inside calls: their time. Through a loop: up to the wait that reported the answer; where that
 * did not wait, at least up to the wait before, which had not.
 */
export function lengthOf(upstream: Upstream, { end, duration }: Call, thread: Thread): Nanoseconds {
  const { askedAt, blocked, turn, sawNothing } = upstream;
  const { loop } = thread;
  const span = elapsed(askedAt, end);
  if (thread === upstream.thread && loop.turn.number !== turn && loop.inTurn && loop.turn.start > askedAt) {
    const { start } = loop.turn;
    const waited = start - loop.waitedSince;
    // After a turn that kept the loop away for longer, the answer most likely lay there already. A thread that a proxy
    // starts for a client waits for the first time.
    const away = loop.turnBefore === UNKNOWN ? 0 : loop.waitedSince - loop.turnBefore;
    const isSeenComing = waited >= WAITED && waited >= away;
    return Math.max(blocked, elapsed(askedAt, isSeenComing ? start : loop.turnBefore));
  }
  if (blocked > 0) return blocked;
  if (thread !== upstream.thread || sawNothing) return span;
  return span < MILLISECOND ? span : Math.max(0, duration);
}

/** Lines that prove a wait, each once. */
export function linesOf(...lines: readonly KeptLine[]): KeptLine[] {
  const kept: KeptLine[] = [];
  for (const each of lines)
    if (each.line > 0 && !kept.some(({ line, file }) => line === each.line && file === each.file)) kept.push(each);
  return kept;
}
