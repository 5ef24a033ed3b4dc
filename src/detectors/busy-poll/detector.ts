import type { ThreadView as Thread } from '../../model/machine/views.ts';
import type { Model } from '../../model/model.ts';
import { type RepeatedWait, RoundsTracker } from '../../model/topics/spin/rounds-tracker.ts';
import { SpinTracker, type Spun } from '../../model/topics/spin/spin-tracker.ts';
import { percent, plural } from '../../trace/format-numbers.ts';
import { type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { sentenceWithout } from '../need.ts';
import { effect } from './effect.ts';
import { finding, type Spinner } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { Repeated, repeatedFinding, tableFinding } from './repeated.ts';
import { Spinning } from './spinning.ts';

export const busyPoll = defineDetector({
  kind: 'busy-poll',
  title: 'A loop polls without a pause and gets nothing done',
  needs: [],
  judgesCounts: 'tables',
  thresholds: {
    'busy-poll-share': {
      default: 0.1,
      unit: 'of the time',
      meaning: 'A loop that spins for this part of its time, and gets nothing done, is a warning.',
    },
    'busy-poll-per-second': {
      default: 1000,
      unit: 'rounds a second',
      meaning: 'A loop that makes fewer rounds a second than this does not spin.',
    },
    'busy-wake-per-second': {
      default: 100,
      unit: 'wake-ups a second',
      meaning: 'A thread whose waits run out so often wakes for nothing.',
    },
  },
  trackers: [SpinTracker, RoundsTracker],
  effect,
  metrics,
  measures: { count: 'rounds', totalMs: 'totalMs' },
  create(context) {
    const empty = new Map<Thread, Spinning>();
    const stuck = new Map<Thread, Spinning>();
    const repeated = new Map<Thread, Repeated>();
    return {
      on: {
        spun(fact: Spun) {
          const threads = fact.stuck ? stuck : empty;
          const own = threads.get(fact.thread) ?? new Spinning();
          threads.set(fact.thread, own);
          own.add(fact);
        },
        repeatedWait(fact: RepeatedWait) {
          const own = repeated.get(fact.thread) ?? new Repeated();
          repeated.set(fact.thread, own);
          own.add(fact);
        },
        hubChanged(thread: Thread) {
          empty.delete(thread);
          stuck.delete(thread);
        },
        threadLetGo: (thread: Thread) => {
          empty.delete(thread);
          stuck.delete(thread);
          repeated.delete(thread);
        },
      },
      conclude: () => conclude(context, empty, stuck, repeated),
    };
  },
});

function conclude(
  context: Context,
  empty: ReadonlyMap<Thread, Spinning>,
  stuck: ReadonlyMap<Thread, Spinning>,
  repeated: ReadonlyMap<Thread, Repeated>,
): Conclusion<Metrics> {
  const { model, capabilities } = context;
  if (model.statistics.fromTables && model.firstTime === UNKNOWN) {
    const told = tableFinding(model);
    if (told !== null && model.statistics.hasCutTable) return notApplicable(CUT_TABLE);
    return told === null ? notApplicable(TABLE) : found('a table with hardly anything but waits', [told]);
  }
  const loops = [...model.processes.threads()].filter(
    ({ loop, accepts }) => loop.turns > 0 && !(accepts.isWait && loop.hub === null),
  );
  const findings = [judge(context, stuck, true), judge(context, empty, false)].filter((finding) => finding !== null);
  const told = new Set(findings.flatMap(({ workers }) => workers));
  for (const [thread, own] of repeated) {
    const more = told.has(thread.process.pid) ? null : repeatedFinding(context, thread, own);
    if (more !== null && findings.length < MOST_FINDINGS) findings.push(more);
  }
  if (findings.length > 0) return found(`${plural(findings.length, 'kind')} of spinning`, findings);
  if (loops.length === 0) return notApplicable('No loop that waits with epoll, poll or select was seen');
  if (!capabilities.times || !capabilities.durations)
    return notApplicable(sentenceWithout(capabilities.times ? ['durations'] : ['times', 'durations']));
  const most = largestOf(
    [...empty, ...stuck].map(([thread, { time }]) => shareOf(model, thread, time)),
    0,
  );
  return clear(
    `${loops.length === 1 ? 'the one loop did not spin' : `none of ${loops.length} loops spun`} for ` +
      `${percent(context.threshold('busy-poll-share'))} of its time; the most was ${percent(most)}`,
  );
}

const MOST_FINDINGS = 20;
const CUT_TABLE = 'The end of the table is missing: how many calls do work is not told. Give it with its last line';
const TABLE = 'The table has calls that do work, or too few waits: a spin would leave hardly anything but waits';

/** The part of the window in which the thread was traced that this time is. A round may begin before the window. */
function shareOf({ options }: Model, { firstTime, lastTime }: Thread, time: Nanoseconds): number {
  const observed = Math.max(1, Math.min(lastTime, options.to) - Math.max(firstTime, options.from));
  return Math.min(1, time / observed);
}

function judge(context: Context, threads: ReadonlyMap<Thread, Spinning>, stuck: boolean): DraftFinding<Metrics> | null {
  const { model } = context;
  const spinners = [...threads]
    .map(([thread, spinning]): Spinner => {
      const { rounds, time, line } = spinning;
      return { thread, spinning, rounds, time, line, share: shareOf(model, thread, time) };
    })
    .filter(
      ({ share, rounds, time }) =>
        share >= context.threshold('busy-poll-share') &&
        rounds / (time / SECOND) >= context.threshold('busy-poll-per-second'),
    )
    .sort((a, b) => b.share - a.share);
  const [worst] = spinners;
  return worst === undefined ? null : finding(worst, spinners, stuck);
}
