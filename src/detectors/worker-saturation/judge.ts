import { percent } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { type BusyTurns, withoutHolds } from '../busy-at-once/busy-turns.ts';
import { allAtOnce, type Interval, type Life, mostlyAlive } from '../busy-at-once/intersection.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding, Severity } from '../finding.ts';
import { STACKS_NOTE } from '../stall-cause/unwinding.ts';
import { everyOne } from '../words.ts';
import { timeOf, worstMoment } from '../worst-moment.ts';
import { type BusyCrew, finding, type Saturation } from './finding.ts';
import type { Metrics } from './metrics.ts';
import { covered, overlapping } from './queue-waits.ts';

/** Of the time; so seldom is somebody free that who comes next waits. */
const HARDLY_FREE = 0.9;

const SEEN_TO_WAIT = ', as far as more of them were seen to wait';

/** How many of a pool serve, and how many look for requests, changes by one or two. */
const NEARLY_ALL = 0.75;

/** Why a stretch in which all were busy may count for less, or for more. */
export interface Weighing {
  /** The parts of such stretches that count. */
  readonly awaited?: (stretches: readonly Interval[]) => Interval[];
  /** In these parts somebody was seen to wait for one of them. */
  readonly isProven?: boolean;
  /** What is said instead of that all were in a request. */
  readonly say?: (draft: DraftFinding<Metrics>, workers: number, saturation: Saturation) => DraftFinding<Metrics>;
  /** When clients may have waited in the queues of their listeners, as far as that was long. */
  readonly queued?: (stretches: readonly Interval[], until: Nanoseconds) => Interval[];
  /** Whether somebody was seen to wait for one of them. */
  readonly isFelt?: (stretches: readonly Interval[]) => boolean;
  /** How long somebody was seen to wait for one of them at most; null where nobody was. */
  readonly longestWait?: (stretches: readonly Interval[]) => Nanoseconds | null;
  /** The part of the time that is judged; as a rule all of it. */
  readonly within?: Interval;
}

type Judged = DraftFinding<Metrics> | string;

/**
 * The finding about a crew that was busy as a whole for too long, or what its share was. Of a capture that lasts longer
 * than `MOMENT` its worst such time is judged as well: whatever else a capture holds, an outage in it is one.
 */
export function judge(context: Context, crew: BusyCrew, weighing: Weighing = {}): Judged {
  const judged = judgeAsTraced(context, crew, weighing);
  if (typeof judged === 'string' || context.model.calibration.queue === null) return judged;
  const own = judgeAsTraced(context, { ...crew, turns: withoutHolds(crew.turns, context.model) }, weighing);
  if (typeof own === 'string')
    return { ...judged, severity: 'info', confidence: 'possible', summary: judged.summary + STACKS_NOTE };
  return { ...judged, severity: own.severity };
}

function judgeAsTraced(context: Context, crew: BusyCrew, weighing: Weighing): Judged {
  const { judged, felt } = judgePart(context, crew, weighing);
  // A moment in which all were busy and nobody came is none.
  const worst = weighing.within === undefined ? worstMoment(felt, windowOf(context)) : null;
  if (worst === null) return judged;
  const moment = judgePart(context, crew, { ...weighing, within: worst }).judged;
  if (typeof moment === 'string' || moment.severity === 'info') return judged;
  const { severity, metrics } = moment;
  if (typeof judged !== 'string') return severity === 'critical' ? { ...judged, severity } : judged;
  return judgePart(context, crew, weighing, { severity, time: metrics.totalMs * MILLISECOND }).judged;
}

/** How bad the worst `MOMENT` was, and how much of it all were busy. */
interface Moment {
  readonly severity: Severity;
  readonly time: Nanoseconds;
}

function judgePart(
  context: Context,
  crew: BusyCrew,
  { awaited = (stretches) => [...stretches], isFelt, queued, isProven = false, longestWait, say, within }: Weighing,
  moment?: Moment,
): { readonly judged: Judged; readonly felt: readonly Interval[] } {
  const { model } = context;
  const {
    threads,
    turns,
    kind: { noun, unit },
    most,
  } = crew;
  const window = within ?? windowOf(context);
  const lives = threads.map((thread) => ({
    start: Math.max(window.start, thread.firstTime),
    end: Math.min(window.end, thread.ended ? thread.lastTime : window.end),
    busy: within === undefined ? (turns.get(thread)?.turns ?? []) : partsIn(turns.get(thread), within),
  }));
  const [only, ...others] = lives;
  const together =
    only !== undefined && others.length === 0
      ? only.busy.map(({ start, end }) => ({ start, end: Math.min(end, only.end) }))
      : allAtOnce(lives, most === undefined ? undefined : Math.max(2, Math.ceil(NEARLY_ALL * most)));
  const stretches = awaited(together);
  const total = timeOf(stretches);
  const share = shareOf(stretches, window);
  const waits = queued === undefined ? null : overlapping(queued(stretches, windowOf(context).end), stretches);
  const isNoticed = ({ start, end }: Interval): boolean =>
    end - start >= context.threshold('pool-wait-ms') * MILLISECOND;
  const felt = waits === null ? stretches : covered(stretches, waits.filter(isNoticed));
  const full = context.threshold('pool-full-ms') * MILLISECOND;
  const isLong = stretches.some(
    (stretch) => stretch.end - stretch.start >= full && (isProven || isFelt?.([stretch]) === true),
  );
  const size = most ?? livingTogether(lives, stretches.length > 0 ? stretches : [window]);
  const everybody = (crew.name ?? everyOne(size, noun)).toLowerCase();
  const asFarAs = `, as far as a request was seen to wait ${context.threshold('pool-wait-ms')} ms for one of them`;
  if (share < context.threshold('saturation-share') && !isLong && moment === undefined) {
    const judged =
      `${everybody} ${crew.name === undefined ? 'were busy at once' : 'was busy'} ${percent(share)} of the time, ` +
      `with ${unit}s of ` +
      `${context.threshold('stall-ms')} ms or more` +
      (unit === 'job' ? (isProven ? SEEN_TO_WAIT : '') : together.length > stretches.length ? asFarAs : '');
    return { judged, felt };
  }
  const critical = context.threshold('saturation-critical-share');
  const own = isFelt?.(stretches) === false ? 'info' : severityOf(share, shareOf(felt, window), critical);
  const severity = moment?.severity ?? own;
  const queue = waits === null ? null : waits.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const wait = longestWait?.(stretches) ?? null;
  const saturation = { stretches, total, share, severity, queue, wait, moment: moment?.time } as const;
  const draft = finding(model, crew, saturation, size);
  const judged = say === undefined ? draft : say(draft, most === undefined ? size : threads.length, saturation);
  return { judged, felt };
}

/** Of busy workers whose clients waited in the queue for so much of the time: one step less where no client did. */
function severityOf(share: number, felt: number, critical: number): Severity {
  if (share >= HARDLY_FREE || felt >= critical) return 'critical';
  return felt > 0 || share >= critical ? 'warning' : 'info';
}

function shareOf(intervals: readonly Interval[], { start, end }: Interval): number {
  return timeOf(intervals) / Math.max(1, end - start);
}

function partsIn(turns: BusyTurns | undefined, within: Interval): Interval[] {
  return (turns?.during(within) ?? []).map(({ start, end }) => ({
    start: Math.max(start, within.start),
    end: Math.min(end, within.end),
  }));
}

/** Of workers that are replaced one after the other, or by a reload, only those count that serve at one time. */
function livingTogether(lives: readonly Life[], within: readonly Interval[]): number {
  const together = mostlyAlive(lives, within);
  return together < 2 ? lives.length : together;
}

/** The time that was looked at. */
export function windowOf({ model }: Context): Interval {
  return {
    start: Math.max(model.firstTime, model.options.from),
    end: Math.min(model.lastTime, model.options.to),
  };
}
