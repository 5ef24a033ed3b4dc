import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { count, duration, milliseconds, percent, plural, ratio, round } from '../../trace/format-numbers.ts';
import { shortRequest } from '../../trace/request-shape.ts';
import { syscall } from '../../trace/syscalls.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { BusyTurns, NamedPlace } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { placeIn } from '../busy-at-once/place-in.ts';
import { cutTitle } from '../cut-title.ts';
import type { DraftFinding, DraftStep, Severity, Step } from '../finding.ts';
import { everyOne, millisecondsAt } from '../words.ts';
import { emptyThePipe, FIX_THE_LOCK, FIX_THE_WAIT, forServer, seeTheWork } from './advice.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;
/** Workers of which the longest stretch says what they were in. */
const MOST_BUSY = 100;

/** What a crew is busy with, and why that hurts. */
export interface CrewKind {
  /** What they are called: `sync workers`. */
  readonly noun: string;
  /** One of what they do. */
  readonly unit: 'request' | 'job';
  readonly why: string;
  readonly next: readonly Step[];
}

/** Threads that serve the same clients, one request at a time each, and when they were busy. */
export interface BusyCrew {
  readonly threads: readonly Thread[];
  readonly kind: CrewKind;
  readonly turns: ReadonlyMap<Thread, BusyTurns>;
  /** Requests in those turns. */
  readonly requests: ReadonlyMap<Thread, number>;
  /** How many were ever busy at once, where some of the threads always wait for the others; else undefined. */
  readonly most?: number | undefined;
  /** What one worker alone is called: `Sync worker 4242`. */
  readonly name?: string;
}

/** When all of a crew were busy: never none. */
export interface Saturation {
  readonly stretches: readonly Interval[];
  readonly total: Nanoseconds;
  readonly share: number;
  readonly severity: Severity;
  /** How long a client waited at most in the queue of their listener meanwhile; null where nothing tells. */
  readonly queue?: Nanoseconds | null;
  /** How long a request that the server had taken waited at most for one of them; null where nothing tells. */
  readonly wait?: Nanoseconds | null;
  /** How much of it lay in the worst 10 s of a longer capture, which alone make it a finding. */
  readonly moment?: Nanoseconds | undefined;
}

/** The finding about `size` workers that were all busy at once, for `share` of the time. */
export function finding(
  model: Model,
  { threads: workers, kind: { noun, unit, why, next }, turns, requests, name }: BusyCrew,
  { stretches: saturated, total, share, severity, queue = null, wait = null, moment = 0 }: Saturation,
  size: number,
): DraftFinding<Metrics> {
  const who = name ?? everyOne(size, noun);
  const one = noun.startsWith('pool threads') ? 'thread' : 'worker';
  const them = name === undefined ? `these ${one}s` : `this ${one}`;
  const served = workers.reduce((sum, thread) => sum + (requests.get(thread) ?? 0), 0);
  const longest = saturated.reduce((most, interval) =>
    interval.end - interval.start > most.end - most.start ? interval : most,
  );
  const length = longest.end - longest.start;
  const isOne = saturated.length === 1;
  const during = workers.flatMap((thread) =>
    (turns.get(thread)?.during(longest) ?? []).map((turn) => ({ thread, turn })),
  );
  const place = commonPlace(during.map(({ thread, turn }) => placeIn(model, thread, turn)));
  const busy = workers.reduce(
    (sum, thread) => sum + (turns.get(thread)?.turns ?? []).reduce((time, turn) => time + turn.end - turn.start, 0),
    0,
  );
  const mean = served === 0 ? null : busy / served;
  // A turn of a worker that accepts again without a wait holds long and short ones.
  const taken = workers.reduce((sum, thread) => sum + (turns.get(thread)?.turns.length ?? 0), 0);
  const isMix = served > taken;
  const pids = pidsOf(workers);
  const request = commonRequest(
    saturated,
    workers.flatMap((thread) => turns.get(thread) ?? []),
  );
  return {
    severity,
    confidence: 'likely',
    title: titleOf(who, request === null || !request.isNearlyAll ? '' : request.name, {
      often: oftenOf({ share, moment }, length),
      longest: length,
      place,
    }),
    summary:
      `${who} ${name === undefined ? `were busy with ${unit}s at the same time` : `was busy with ${unit}s`} for ` +
      `${duration(total)}, ${percent(share)} of the time` +
      `${isOne ? ', in one stretch' : `; the longest such stretch took ${duration(length)}`}` +
      `${moment > length ? `, and ${duration(moment)} of it lay within 10 s` : ''}.` +
      (place === null ? '' : `${countOf(place.times, during.length, unit)} in ${inWords(place)}.`) +
      (request === null
        ? ''
        : ` ${request.name} took ${request.share > 0.995 ? 'all' : percent(request.share)} of ` +
          `the time of ${them} in ` +
          `${isOne ? 'that stretch' : 'all such stretches'}.`) +
      (mean === null
        ? ''
        : ` The ${served === 1 ? `one ${unit}` : plural(served, unit)} took ${duration(mean)}` +
          `${served === 1 ? '' : ' on average'}: ` +
          `${them} can serve at most ` +
          `${ratio((size * SECOND) / mean)} ${isMix ? `${unit}s of such a mix` : `such ${unit}s`} a second.`) +
      (wait === null ? '' : ` A request waited up to ${duration(wait)} until a thread of the pool was free.`) +
      (queue === null || (queue === 0 && severity === 'critical') ? '' : ` ${inQueue(queue, severity === 'info')}`),
    why,
    start: saturated[0]?.start ?? 0,
    end: saturated.at(-1)?.end ?? 0,
    openEnded: during.some(({ turn }) => turn.open && turn.end === longest.end),
    workers: pids,
    metrics: {
      workers: size,
      share: round(share, 4),
      totalMs: milliseconds(total),
      longestMs: milliseconds(length),
      meanRequestMs: mean === null ? null : milliseconds(mean),
      served,
      queueMs: queue === null ? null : milliseconds(queue),
      waitMs: wait === null ? null : milliseconds(wait),
      stretches: saturated
        .toSorted((a, b) => b.end - b.start - (a.end - a.start))
        .slice(0, SHOWN)
        .toSorted((a, b) => a.start - b.start)
        .map(({ start, end }) => ({ startMs: millisecondsAt(model, start), endMs: millisecondsAt(model, end) })),
      busyIn: during
        .slice(0, MOST_BUSY)
        .map(({ thread, turn }) => ({ pid: thread.process.pid, ...placeIn(model, thread, turn) })),
    },
    evidence: during.flatMap(({ turn }) => turn.lines.slice(0, 1)).slice(0, 6),
    next: nextOf(workers, place, next),
    nextWhile: {
      'lock-contention': [FIX_THE_LOCK],
      'disk-sync': [FIX_THE_WAIT],
      'blocking-dns': [FIX_THE_WAIT],
    },
    subjects: pids.map((pid) => `pid ${pid}`),
  };
}

function nextOf([first]: readonly Thread[], place: CommonPlace | null, next: readonly Step[]): readonly DraftStep[] {
  if (first === undefined) return next;
  const pipe = place === null ? '' : fullPipe(place);
  if (pipe !== '') return emptyThePipe(first.process, pipe);
  const seen = seeTheWork(first.process, place === null || place.target === '' ? '' : inWords(place));
  return [seen, ...forServer(next, first.process.server)];
}

/** The number of the pipe that they write to; '' of anything else. Only a full pipe keeps a writer waiting. */
function fullPipe({ call, target }: Pick<CommonPlace, 'call' | 'target'>): string {
  return syscall(call).family === 'write' ? (/^pipe fd (\d+)$/.exec(target)?.[1] ?? '') : '';
}

/** How long a client was in the queue of the listener, of which the capture shows when it was empty. */
function inQueue(queue: Nanoseconds, isUnfelt: boolean): string {
  if (queue === 0)
    return 'No client waited for long in the queue of the listener: it was seen empty shortly before each accept.';
  return isUnfelt
    ? `No client waited longer than ${duration(queue)} in the queue of the listener: so long at most lay between a ` +
        'look that found it empty and the next accept.'
    : `A client may have waited up to ${duration(queue)} in the queue of the listener: for that time the capture ` +
        'does not show the queue empty.';
}

/** ` Both requests in that stretch were`, ` Of the 3 requests in that stretch 2 were`. */
function countOf(some: number, all: number, unit: string): string {
  if (all === 1) return ` The one ${unit} in that stretch was`;
  if (some === all) return ` ${everyOne(all, `${unit}s`)} in that stretch were`;
  return ` Of the ${plural(all, unit)} in that stretch ${count(some)} ${some === 1 ? 'was' : 'were'}`;
}

/** A share below that, the least that is a warning, says less than the longest stretch. */
const RARE = 0.2;
/** A request of which so much of the time was. */
const NEARLY_ALL = 0.8;
const LEAST_REQUEST = 24;
/** The end of a path that is named where there is no room for all of it. */
const MOST_OF_PATH = 24;

interface Busy {
  /** `99 % of the time`, `for 20.5 s`. */
  readonly often: string;
  readonly longest: Nanoseconds;
  readonly place: CommonPlace | null;
}

/** `99 % of the time`; of what is rare `for 20.5 s`, the longest such time, or `for 7.5 s of 10 s`. */
export function oftenOf({ share, moment = 0 }: Pick<Saturation, 'share' | 'moment'>, longest: Nanoseconds): string {
  if (moment > longest) return `for ${duration(moment)} of 10 s`;
  return share < RARE ? `for ${duration(longest)}` : `${percent(share)} of the time`;
}

/** Whom they wait for, and in which request, says more than how long. */
function titleOf(workers: string, request: string, { often, longest, place }: Busy): string {
  const isRare = often.startsWith('for ');
  const lower = `${workers.charAt(0).toLowerCase()}${workers.slice(1)}`;
  const beginnings = [
    ...(request === '' ? [] : [request, shortRequest(request, LEAST_REQUEST)]).map(
      (name) => `${name} holds ${lower} ${often}`,
    ),
    `${workers} busy ${often}`,
  ];
  const ends =
    place === null ? [isRare ? '' : `, longest ${duration(longest)}`, ''] : namesOf(place).map((name) => `: ${name}`);
  const titles = beginnings.flatMap((beginning) => ends.map((end) => `${beginning}${end}`));
  return titles.find((title) => title === cutTitle(title)) ?? cutTitle(titles.at(-1) as string);
}

/** What most of them were in, the best name first and the shortest last. */
function namesOf({ call, target }: CommonPlace): readonly string[] {
  if (target === '') return [`sleeps (${call})`, 'sleeps'];
  const pipe = fullPipe({ call, target });
  if (pipe !== '') return [`writes to a full pipe (fd ${pipe})`, `full pipe fd ${pipe}`];
  const bare = target.replace(/ \(.*/, '');
  const waits = target.startsWith('/') ? [] : [`waits for ${target}`, `waits for ${bare}`];
  return [`${call} on ${target}`, ...waits, target, bare, ...endingOf(bare)];
}

/** The last folders of a long path, whole: half of a name says little, and may be half of a secret. */
function endingOf(path: string): readonly string[] {
  if (!path.startsWith('/') || path.length <= MOST_OF_PATH) return [];
  const slash = path.indexOf('/', path.length - MOST_OF_PATH + 1);
  return slash < 0 ? [] : [`…${path.slice(slash)}`];
}

interface CommonRequest {
  readonly name: string;
  /** The part of the time of all workers, while all were busy, that went to it. */
  readonly share: number;
  /** What else there was says nothing of why nobody was free. */
  readonly isNearlyAll: boolean;
}

/** The request that took more than half of the time in which all were busy. */
function commonRequest(stretches: readonly Interval[], turns: readonly BusyTurns[]): CommonRequest | null {
  const times = new Map<string, Nanoseconds>();
  let total = 0;
  for (const stretch of stretches)
    for (const own of turns)
      for (const { start, end, place } of own.during(stretch)) {
        const time = Math.min(end, stretch.end) - Math.max(start, stretch.start);
        total += time;
        times.set(place.request, (times.get(place.request) ?? 0) + time);
      }
  times.delete('');
  const [name, time] = [...times].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0]);
  const share = time / Math.max(1, total);
  return share > 0.5 ? { name, share, isNearlyAll: share >= NEARLY_ALL } : null;
}

interface CommonPlace {
  readonly call: string;
  readonly target: string;
  times: number;
}

function inWords({ call, target }: CommonPlace): string {
  return target === '' ? `${call} (a sleep)` : `${call} on ${target}`;
}

/** What most of them were in, where a target is known, or where it is a sleep, which has none. */
function commonPlace(places: readonly NamedPlace[]): CommonPlace | null {
  const known = new Map<string, CommonPlace>();
  for (const { call, target } of places) {
    if (call === '' || (target === '' && syscall(call).family !== 'sleep')) continue;
    const key = `${call} ${target}`;
    const one = known.get(key) ?? { call, target, times: 0 };
    one.times++;
    known.set(key, one);
  }
  const most = [...known.values()].reduce((best, each) => (each.times > best.times ? each : best), NO_PLACE);
  return most.times * 2 > places.length ? most : null;
}

const NO_PLACE: CommonPlace = { call: '', target: '', times: 0 };
