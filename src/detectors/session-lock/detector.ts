import { SessionTracker, type SessionWait } from '../../model/topics/sessions/session-tracker.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { elapsed, MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { absent, type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { heldFinding, stillFinding } from './finding.ts';
import { holdsOf, stillHeldUp } from './held-up.ts';
import { type Metrics, metrics } from './metrics.ts';
import { untoldDatabase } from './untold.ts';

/** So many waits are remembered, the last ones. */
const MOST_WAITS = 4_096;

export const sessionLock = defineDetector({
  kind: 'session-lock',
  title: 'Statements wait for the lock of another session',
  needs: ['times', 'durations'],
  thresholds: {
    'session-lock-ms': {
      default: 1000,
      unit: 'ms',
      meaning: 'A statement that waited so long for the lock of another session is reported.',
    },
  },
  trackers: [SessionTracker],
  judgesOpen: true,
  metrics,
  create(context) {
    let waits: SessionWait[] = [];
    return {
      on: {
        sessionWait(fact: SessionWait) {
          if (waits.length === MOST_WAITS) waits = waits.slice(MOST_WAITS / 2);
          waits.push(fact);
        },
      },
      conclude: () => conclude(context, waits),
    };
  },
});

function conclude(context: Context, waits: readonly SessionWait[]): Conclusion<Metrics> {
  const { model } = context;
  const least = context.threshold('session-lock-ms') * MILLISECOND;
  const holds = holdsOf(waits, least);
  const still = stillHeldUp(model, least);
  const findings = holds.map((hold) => heldFinding(context, hold));
  if (still.waits.length > 0) findings.push(stillFinding(context, still));
  const count = holds.reduce((sum, hold) => sum + hold.waits.length, still.waits.length);
  if (findings.length > 0) return found(`${plural(count, 'statement')} waited long for another session`, findings);
  const { statements, longestUntold } = model.topic(SessionTracker);
  const untold = untoldDatabase(model);
  if (untold !== '')
    return notApplicable(
      `${untold} served clients, and the capture does not hold what they asked: whether a statement waited for a ` +
        'lock is unknown',
    );
  if (statements === 0)
    return absent('No answer of PostgreSQL or MySQL to a client was seen: nobody waited for a lock of a session');
  if (longestUntold >= least)
    return notApplicable(
      `A statement that may have waited for a lock took ${duration(longestUntold)}, and the capture does not show ` +
        'who let it go on: a session that was not traced, or calls that were not recorded (kill, futex, epoll_wait)',
    );
  const longest = waits.reduce((most, { start, end }) => Math.max(most, elapsed(start, end)), 0);
  return clear(
    `of ${plural(statements, 'answered statement')} none was seen to wait ${context.threshold('session-lock-ms')} ms ` +
      `for another session${longest === 0 ? '' : `; the longest such wait took ${duration(longest)}`}`,
  );
}
