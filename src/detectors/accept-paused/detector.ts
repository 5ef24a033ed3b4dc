import type { AcceptError } from '../../model/facts.ts';
import { acceptorsOfEach } from '../../model/machine/acceptors.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { verdictOf } from '../accept-queues/accept-queues.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, notApplicable } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { MOMENT } from '../worst-moment.ts';
import { effect } from './effect.ts';
import { finding, inWorstMoment, totalOf } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { PauseTracker } from './pause-tracker.ts';
import { longestStretch, type Watch, watchOf } from './shut-times.ts';

export const acceptPaused = defineDetector({
  kind: 'accept-paused',
  title: 'The server stops accepting while clients wait',
  needs: [
    'times',
    { families: ['epoll-wait'], calls: 'epoll_wait', without: 'whether servers look at their listeners is unknown' },
    { families: ['accept'], calls: 'accept', without: 'which descriptors are listeners is unknown' },
  ],
  thresholds: {
    'accept-pause-ms': {
      default: 100,
      unit: 'ms',
      meaning:
        'A time in which nobody looked at the listener counts from this length on, if connections came in ' + 'it.',
    },
    'accept-pause-share': {
      default: 0.2,
      unit: 'of the time',
      meaning:
        'It is a warning when nobody looks at the listener for this part of the time, or for ' +
        '`stall-critical-ms` in one go.',
    },
    'accept-pause-critical-share': {
      default: 0.5,
      unit: 'of the time',
      meaning:
        'It is critical when nobody looks at the listener for this part of the time, and two connections ' +
        'or more had queued up or one such time lasted `stall-critical-ms`.',
    },
  },
  alsoUses: ['stall-critical-ms'],
  follows: { kinds: ['accept-errors', 'loop-stall', 'slow-dependency'], anywhere: false },
  effect,
  measures: { share: 'share', longestMs: 'longestMs' },
  trackers: [PauseTracker],
  metrics,
  create(context) {
    const failed = new Set<Listener>();
    return {
      on: {
        acceptError: ({ listener }: AcceptError) => {
          failed.add(listener);
        },
      },
      conclude: () => conclude(context, failed),
    };
  },
});

function conclude(context: Context, failed: ReadonlySet<Listener>): Conclusion<Metrics> {
  const { model, capabilities } = context;
  const least = context.threshold('accept-pause-ms') * MILLISECOND;
  const judged = [...acceptorsOfEach(model.processes.threads())].map(([listener, acceptors]) => {
    const { name } = listener;
    // Servers that are out of descriptors wait for a while before they try again: that is told there.
    if (failed.has(listener)) return { unjudged: `${name}: accept failed, as accept-errors tells` };
    const watch = watchOf(listener, acceptors, model, least);
    if (watch === null) return { unjudged: `${name}: its workers do not wait for it with epoll alone` };
    if (!acceptors.some(({ process }) => process.accepted > 0))
      return { unjudged: `${name}: no connection was accepted` };
    if (isSerious(context, watch)) return finding(context, listener, watch);
    if (capabilities.resolution > least)
      return { unjudged: `${name}: whole-second stamps do not tell such times. Record with -ttt` };
    const longest = watch.times.reduce((most, { start, end }) => Math.max(most, end - start), 0);
    return longest === 0
      ? `${name}: no connection came while the listener was out of all epoll sets for ${duration(least)} or more`
      : `${name}: the listener was out of all epoll sets for ${duration(longest)} at most while connections came`;
  });
  const conclusion = verdictOf(
    judged,
    (findings) => `${plural(findings, 'listener')} that nobody looked at while connections came`,
    () => notApplicable('No listener was seen'),
  );
  // A wait that a thread is in looks like any other time before the next line: what is found is found, and no more.
  return conclusion.outcome.status === 'clear' && !capabilities.durations
    ? notApplicable(`The capture has no durations of calls (-T). Record with: ${RECORDING}`)
    : conclusion;
}

function isSerious({ threshold }: Context, watch: Watch): boolean {
  const critical = threshold('stall-critical-ms') * MILLISECOND;
  if (longestStretch(watch) >= critical) return true;
  if (watch.times.length === 0) return false;
  const share = threshold('accept-pause-share');
  return totalOf(watch) >= share * (watch.end - watch.start) || inWorstMoment(watch) >= share * MOMENT;
}
