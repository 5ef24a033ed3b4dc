import type { QueueSeen } from '../../model/machine/sighting.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding } from '../finding.ts';
import type { BusyCrew } from './finding.ts';
import { judge } from './judge.ts';
import type { Metrics } from './metrics.ts';

/** Shorter than that, a queue may have been seen twice by chance. */
const LEAST_SEEN = 900 * MILLISECOND;
const LEAST_KNOWN = 100 * MILLISECOND;
/** Between the last look and the end of a capture is at most the time from one look to the next. */
const LATE = 1_500 * MILLISECOND;

/**
 * The finding about a crew for which connections waited in the queue of its listener at each look of the kernel, while
 * all of it were in long requests. Two looks a second apart and one request of each worker are enough for it, where
 * the share of the time has to be seen for longer. `busy`: what that share says. Null where nobody looked, or where
 * who comes next is served soon.
 */
export function judgeQueue(
  context: Context,
  crew: BusyCrew,
  busy: DraftFinding<Metrics> | string,
): DraftFinding<Metrics> | null {
  const queue = queueOf(crew);
  if (queue === null || queue.until - queue.since < LEAST_SEEN) return null;
  const within = knownPart(crew, queue);
  if (within === null) return null;
  const wait = waitBehind(crew, queue);
  if (wait < context.threshold('pool-wait-ms') * MILLISECOND) return null;
  const draft = typeof busy === 'string' ? judge(context, crew, { within }) : busy;
  if (typeof draft === 'string') return null;
  const isCritical =
    wait >= context.threshold('pool-full-ms') * MILLISECOND || (busy === draft && draft.severity === 'critical');
  return {
    ...draft,
    severity: isCritical ? 'critical' : 'warning',
    openEnded: draft.openEnded || context.model.lastTime - queue.until <= LATE,
    summary: `${draft.summary} ${sentenceOf(queue, wait)}`,
  };
}

/** The fullest queue of their listeners. */
function queueOf({ threads }: BusyCrew): QueueSeen | null {
  return threads.reduce<QueueSeen | null>((fullest, { process: { queued } }) => {
    return queued !== null && (fullest === null || queued.least > fullest.least) ? queued : fullest;
  }, null);
}

/**
 * The time of that queue in which each worker is known to have been in a request or not: a request is told when it has
 * ended. Null where some worker had none.
 */
function knownPart({ threads, turns }: BusyCrew, { since, until }: QueueSeen): Interval | null {
  let start = since;
  let end = until;
  for (const thread of threads) {
    if (thread.ended) continue;
    const own = turns.get(thread)?.during({ start: since, end: until }) ?? [];
    const [first] = own;
    const last = own.at(-1);
    if (first === undefined || last === undefined) return null;
    start = Math.max(start, first.start);
    end = Math.min(end, last.end);
  }
  return end - start >= LEAST_KNOWN ? { start, end } : null;
}

/** How long who comes next waits, with so many before it. */
function waitBehind({ threads, turns, requests }: BusyCrew, { least }: QueueSeen): Nanoseconds {
  let busy = 0;
  let served = 0;
  let workers = 0;
  for (const thread of threads) {
    if (thread.ended) continue;
    const own = turns.get(thread)?.turns ?? [];
    workers++;
    served += Math.max(own.length, requests.get(thread) ?? 0);
    busy += own.reduce((sum, { start, end }) => sum + end - start, 0);
  }
  return served === 0 ? 0 : (least * busy) / served / Math.max(1, workers);
}

function sentenceOf({ least, since, until }: QueueSeen, wait: Nanoseconds): string {
  return (
    `At least ${plural(least, 'connection')} waited in the queue of the listener at each look of the kernel, for ` +
    `${duration(until - since)}: a client that comes now waits about ${duration(wait)} for a worker.`
  );
}
