import type { Kind } from '../detectors/registry.ts';
import type { Request } from '../model/machine/connections.ts';
import type { Thread } from '../model/machine/thread.ts';
import type { Model } from '../model/model.ts';
import { shortRequest } from '../trace/request-shape.ts';
import { SECOND, UNKNOWN } from '../trace/time.ts';

/** Who was silent for so long while others went on is in a call, or computes: one of them all, but not every one. */
const LONG_SILENCE = SECOND;
/** Of fewer lines of several threads nobody can tell that none of them was split. */
const LEAST_LINES = 50;
const MOST_REQUEST = 40;

/** Kinds that also judge what goes on at the end of a capture. */
const OF_OPEN_CALLS: ReadonlySet<Kind> = new Set<Kind>([
  'loop-stall',
  'service-stall',
  'worker-saturation',
  'slow-dependency',
  'slow-request',
  'blocking-dns',
  'lock-contention',
  'session-lock',
  'disk-sync',
  'stranded-queue',
  'accept-hoarding',
  'accept-paused',
  'heartbeat-late',
  'abandoned-request',
  'request-retry',
]);

/** A kind is not clear where the calls that had not returned are not in the capture. */
export const judgesOpenCalls = (kind: Kind): boolean => OF_OPEN_CALLS.has(kind);

/**
 * What shows that calls that had not returned may be missing at the end of a capture of so many lines, as the end of a
 * sentence; '' where nothing does. Strace prints the call that each thread is in when it leaves; with `-e status=` and
 * `-z` it prints none, and the lines of one thread look the same otherwise. A thread that lives and is in no call
 * computes, as a rule, or the capture was cut. Tracers that do not stop threads print a call when it has come back:
 * where they say of no thread what it is in, a silence at the end is a wait as likely as not.
 */
export function hiddenEnd(model: Model, lines: number, stopsThreads: boolean): string {
  const living = [...model.processes.threads()].filter(({ ended, lastTime }) => !ended && lastTime !== UNKNOWN);
  // Who looked from outside up to the end says what each thread was in, also where the tracer came away before that.
  if (living.length === 0 || living.some((thread) => isInCall(thread) || thread.seen !== null)) return '';
  if (!stopsThreads) return 'the lines that say who is in which call are missing';
  const oldest = oldestUnanswered(living);
  if (oldest !== null && oldest.line !== '') return `${shortRequest(oldest.line, MOST_REQUEST)} has no reply there`;
  if (living.length < 2 || lines < LEAST_LINES) return '';
  const silent = living.filter(({ lastTime }) => model.lastTime - lastTime >= LONG_SILENCE).length;
  return silent > 0 ? `${silent} of ${living.length} threads were silent for 1 s or more` : '';
}

/** Its last line is a call that had not returned. */
function isInCall({ leftIn, lastTime }: Thread): boolean {
  return leftIn !== null && (leftIn.isInterrupted || leftIn.since >= lastTime);
}

function oldestUnanswered(threads: readonly Thread[]): Request | null {
  let oldest: Request | null = null;
  for (const { process } of threads) {
    const request = process.inProgress.oldestAtEnd;
    if (request !== null && (oldest === null || request.startedAt < oldest.startedAt)) oldest = request;
  }
  return oldest;
}
