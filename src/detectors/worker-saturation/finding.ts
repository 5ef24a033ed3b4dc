import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { count, duration, milliseconds, percent, plural, ratio, round } from '../../trace/format-numbers.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { BusyTurns, Place } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { placeIn } from '../busy-at-once/place-in.ts';
import type { DraftFinding, Severity } from '../finding.ts';
import { moment } from '../words.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;
/** Workers of which the longest stretch says what they were in. */
const MOST_BUSY = 100;

const FIX_THE_LOCK = {
  text:
    'First fix the lock that this report names, then record again: these workers wait for each other, and ' +
    'more workers would wait too.',
};

const FIX_THE_WAIT = {
  text:
    'First fix the name lookups or disk syncs that these workers wait for (see their findings), then record ' +
    'again: each request then keeps its worker busy for less time.',
};

const WHY =
  'Such a worker serves one request at a time. While all are busy, further clients wait in the queue of the ' +
  'listener, where strace does not see them.';
const WHY_POOL =
  'A thread of a pool serves one request at a time. While all are busy, further requests wait for one of them, in ' +
  'the queue of the pool or in that of the listener.';

/** Threads that serve the same clients, one request at a time each, and when they were busy. */
export interface BusyCrew {
  readonly threads: readonly Thread[];
  /** What they are called: `sync workers`. */
  readonly noun: string;
  readonly turns: ReadonlyMap<Thread, BusyTurns>;
  /** Requests in those turns. */
  readonly requests: ReadonlyMap<Thread, number>;
}

/** When all of a crew were busy: never none. */
export interface Saturation {
  readonly stretches: readonly Interval[];
  readonly total: Nanoseconds;
  readonly share: number;
  readonly severity: Severity;
}

/** The finding about workers that were all busy at once, for `share` of the time. */
export function finding(
  model: Model,
  { threads: workers, noun, turns, requests }: BusyCrew,
  { stretches: saturated, total, share, severity }: Saturation,
): DraftFinding<Metrics> {
  const served = workers.reduce((sum, thread) => sum + (requests.get(thread) ?? 0), 0);
  const longest = saturated.reduce((most, interval) =>
    interval.end - interval.start > most.end - most.start ? interval : most,
  );
  const length = longest.end - longest.start;
  const during = workers.flatMap((thread) =>
    (turns.get(thread)?.during(longest) ?? []).map((turn) => ({ thread, turn })),
  );
  const place = commonPlace(during.map(({ thread, turn }) => placeIn(model, thread, turn)));
  const busy = workers.reduce(
    (sum, thread) => sum + (turns.get(thread)?.turns ?? []).reduce((time, turn) => time + turn.end - turn.start, 0),
    0,
  );
  const mean = served === 0 ? null : busy / served;
  const pids = pidsOf(workers);
  return {
    severity,
    confidence: 'likely',
    title: titleOf(`${workers.length} ${noun}`, share, length, place),
    summary:
      `All ${workers.length} ${noun} were in a request at once for ${duration(total)}, ` +
      `${percent(share)} of the time; the longest such stretch took ` +
      `${duration(length)}.` +
      (place === null
        ? ''
        : ` In it ${count(place.times)} of ${plural(during.length, 'request turn')} went to ${place.call} on ` +
          `${place.target}.`) +
      (mean === null
        ? ''
        : ` The ${count(served)} requests of such turns took ${duration(mean)} on average: these workers serve at ` +
          `most ${ratio((workers.length * SECOND) / mean)} of that kind a second.`),
    why: noun.startsWith('pool threads') ? WHY_POOL : WHY,
    start: saturated[0]?.start ?? 0,
    end: saturated.at(-1)?.end ?? 0,
    openEnded: during.some(({ turn }) => turn.open && turn.end === longest.end),
    workers: pids,
    metrics: {
      workers: workers.length,
      share: round(share, 4),
      totalMs: milliseconds(total),
      longestMs: milliseconds(length),
      meanRequestMs: mean === null ? null : milliseconds(mean),
      served,
      stretches: saturated
        .toSorted((a, b) => b.end - b.start - (a.end - a.start))
        .slice(0, SHOWN)
        .toSorted((a, b) => a.start - b.start)
        .map(({ start, end }) => ({ startMs: moment(model, start), endMs: moment(model, end) })),
      busyIn: during
        .slice(0, MOST_BUSY)
        .map(({ thread, turn }) => ({ pid: thread.process.pid, ...placeIn(model, thread, turn) })),
    },
    evidence: during.flatMap(({ turn }) => turn.lines.slice(0, 1)).slice(0, 6),
    next: [
      {
        text:
          'See what the requests wait for (the calls above). A faster answer from there helps more clients than ' +
          'more workers do.',
      },
      {
        text:
          'If they mostly wait, use more workers or threads (gunicorn gthread); if they mostly compute, more ' +
          'workers help only up to the number of cores.',
        caveat: 'Each worker takes memory, and a connection to each database.',
      },
      { text: 'See how many connections wait in the queue: Recv-Q of the listener.', command: 'ss -ltn' },
    ],
    nextWhile: {
      'lock-contention': [FIX_THE_LOCK],
      'disk-sync': [FIX_THE_WAIT],
      'blocking-dns': [FIX_THE_WAIT],
    },
    subjects: pids.map((pid) => `pid ${pid}`),
  };
}

const LONGEST_TITLE = 78;

/** Whom they wait for says more than how long. */
function titleOf(workers: string, share: number, longest: Nanoseconds, place: CommonPlace | null): string {
  const title =
    `All ${workers} busy ${percent(share)} of the time` +
    (place === null ? `, longest ${duration(longest)}` : `: ${place.call} on ${place.target}`);
  return title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE - 1)}…` : title;
}

interface CommonPlace {
  readonly call: string;
  readonly target: string;
  times: number;
}

/** What most of them were in, where a target is known. */
function commonPlace(places: readonly Omit<Place, 'isBrief'>[]): CommonPlace | null {
  const known = new Map<string, CommonPlace>();
  for (const { call, target } of places) {
    if (call === '' || target === '') continue;
    const key = `${call} ${target}`;
    const one = known.get(key) ?? { call, target, times: 0 };
    one.times++;
    known.set(key, one);
  }
  const most = [...known.values()].reduce((best, each) => (each.times > best.times ? each : best), NO_PLACE);
  return most.times * 2 > places.length ? most : null;
}

const NO_PLACE: CommonPlace = { call: '', target: '', times: 0 };
