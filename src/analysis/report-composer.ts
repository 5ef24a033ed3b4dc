import type { Capabilities } from '../detectors/capabilities.ts';
import { hidesAnswers } from '../detectors/clients-refused/detector.ts';
import type { DraftStep, Step } from '../detectors/finding.ts';
import { waitsForThreads } from '../detectors/lock-contention/untold-waits.ts';
import { goroutinesComputed } from '../detectors/loop-stall/goroutines.ts';
import { isOneOfMany } from '../detectors/one-of-many.ts';
import { definitionOf, type Kind } from '../detectors/registry.ts';
import { whatNamesWouldTell } from '../detectors/served-unseen.ts';
import { untoldDatabase } from '../detectors/session-lock/untold.ts';
import { millisecondsAt } from '../detectors/words.ts';
import { isWorkerRole, rolesIn } from '../model/machine/roles.ts';
import type { Model } from '../model/model.ts';
import { SlowReplyTracker } from '../model/topics/dependencies/slow-replies.ts';
import { type ClientsOfNames, ForwardedQuestions } from '../model/topics/names/forwarded-questions.ts';
import { duration, durationOfMs, milliseconds, plural } from '../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import { type CauseWithEffects, causesOf } from './cause-tree.ts';
import { withoutDead } from './dead-pids.ts';
import { linksOf } from './finding-links.ts';
import { explains, inOrderOfAction } from './finding-order.ts';
import { chosenErrors, chosenFindings, chosenWorkers, MOST_CALLS, omittedFrom, unlistedCauses } from './omitted.ts';
import type { Draft, Parts } from './parts.ts';
import { assessQuality } from './quality.ts';
import type { CallStatistics, Dependency, Finding, Report, SlowReplies, TimeShare, Window } from './report.ts';
import { dependenciesOf, timeShares } from './tables.ts';
import { isoTime, monotonicSeconds, timeOfDay } from './times.ts';
import { costOf } from './tracing-cost.ts';
import { DNS_QUESTION, decide } from './verdict.ts';
import { describeWorkers } from './workers.ts';

/** Puts the report together from what the model and the detectors say. */
export function composeReport(parts: Parts): Report {
  const { facts, model, outcomes, options } = parts;
  const all = describeWorkers(parts).filter(
    (worker) => options.pids === undefined || options.pids.includes(worker.pid),
  );
  const findings = findingsOf(parts);
  const quality = assessQuality(parts);
  const workers = chosenWorkers(all, findings);
  const calls = callsOf(model, parts.capabilities, options.timeline === true);
  const time = timeShares(parts);
  const dependencies = dependenciesOf(parts);
  const tracker = model.topic(SlowReplyTracker);
  const slow = tracker.soFar(model.processes.threads());
  const names = model.topic(ForwardedQuestions).clients(model.lastTime);
  const slowReplies = slowRepliesOf(slow, tracker.least, names);
  const omitted = omittedFrom(model, all, parts.drafts, {
    workers,
    calls,
    findings,
    time: time.omitted,
    dependencies: dependencies.omitted,
  });
  return {
    schemaVersion: 1,
    tool: { name: 'drover', version: facts.toolVersion },
    source: facts.source,
    window: windowOf(parts),
    quality,
    ...(parts.cost === null ? {} : { cost: costOf(parts.cost) }),
    verdict: decide(findings, quality, outcomes, all, windowOf(parts), {
      unlisted: unlistedCauses(parts.drafts),
      isPart: options.from !== undefined || options.to !== undefined,
      isTable: model.statistics.fromTables && model.firstTime === UNKNOWN,
      most: mostTime(model),
      servesUnseen: whatNamesWouldTell(parts)?.many === true,
      isOneOfMany:
        parts.doubts.disorder === '' &&
        [...rolesIn(model.processes)].some(([thread, role]) => isWorkerRole(role) && isOneOfMany(thread, model)),
      slowReplies: parts.doubts.unrecorded.length > 0 || parts.doubts.disorder !== '' ? null : slowReplies,
      unseen: unseenIn(parts),
      isUnmeasured: !parts.capabilities.durations,
      questions: names,
      held: heldBefore(slow),
      callAsLong: callAsLong(slow, time.rows) || waitAsLong(slow, dependencies.rows) || loopWasFree(slow),
    }),
    ...(slowReplies === null ? {} : { slowReplies }),
    outcomes,
    workers,
    time: time.rows,
    dependencies: dependencies.rows,
    calls,
    findings,
    ...(omitted === null ? {} : { omitted }),
  };
}

/** Requests that waited that long for other threads, all together, are no sign of a healthy server. */
const LONG_WAITS = 500 * MILLISECOND;

/** What the capture does not show, as the end of a sentence; '' where it seems to show all. */
function unseenIn({ doubts, drafts, capabilities, model, outcomes }: Parts): string {
  if (doubts.disorder !== '') return doubts.disorder;
  const [first] = doubts.unrecorded;
  if (first !== undefined) return `the capture holds no ${first.calls}. Record all calls, without -e`;
  if (doubts.isRaw)
    return 'arguments are numbers (-e raw), which show no request and no address. Record without -e raw';
  if (doubts.leftOutBelow > 0)
    return (
      `calls shorter than ${duration(doubts.leftOutBelow)} are not in the capture. Record all (perf trace: without ` +
      '--duration)'
    );
  if (doubts.isByOutcome)
    return (
      'the capture holds no call that had not returned, and perhaps failed ones only. Record without -z, -Z and ' +
      '-e status'
    );
  if (doubts.hiddenEnd !== '')
    return doubts.printsAtReturn
      ? 'the end of the capture is missing: who is in which call there is unknown. Let bpftrace end, or type Ctrl-C'
      : `no thread is in a call at the end, and ${doubts.hiddenEnd}. Record all calls, without -e, -z and -P, to the ` +
          'end';
  const isDemoted = drafts.some((draft) => draft.isDemoted === true);
  if (doubts.areManyMissing || doubts.areHolesLong || (isDemoted && doubts.missingLines > 0))
    return 'lines of the capture are missing';
  if (isDemoted) return 'the capture seems to hold some kinds of calls only. Record all, without -e';
  if (doubts.isMute) return 'nothing of what was read and sent is shown (-s 0), nor what failed. Record with -s 128';
  if (hidesAnswers(model))
    return 'answers are shown up to a few bytes, which do not tell whether they refuse. Record with -s 128';
  if (capabilities.resolution > 0) return 'the times are whole seconds, which hide shorter stalls. Record with -ttt';
  const computed = goroutinesComputed(model);
  const waits = outcomes['lock-contention']?.status === 'not-applicable' ? waitsForThreads(model, LONG_WAITS) : null;
  const database = untoldDatabase(model);
  if (database !== '')
    return `what clients asked of ${database} is not in the capture: a statement may have waited. Record with strace`;
  if (waits !== null) return `requests waited ${duration(waits.total)} for other threads, and no line shows for what`;
  return computed === ''
    ? ''
    : `goroutines computed for ${computed}, and who waited for them shows in no call. See perf top`;
}

type Slow = ReturnType<SlowReplyTracker['soFar']>;

function slowRepliesOf({ count, longest }: Slow, least: Nanoseconds, names: ClientsOfNames): SlowReplies | null {
  const { latest, late } = names;
  const leastMs = milliseconds(least);
  if (latest !== null && latest.length > (longest?.length ?? 0))
    return {
      count: count + late,
      leastMs,
      longestMs: milliseconds(latest.length),
      request: `${DNS_QUESTION} for ${latest.name || '?'}`,
    };
  if (longest === null) return null;
  return { count: count + late, leastMs, longestMs: milliseconds(longest.length), request: longest.request };
}

/** A call may have held up a request if it took this part of its time, at least and at most. */
const LEAST_PART = 0.5;
const MOST_PART = 1.1;

/** A proxy read the longest one long before it passed that on: the service behind did not have it meanwhile. */
function heldBefore({ longest }: Slow): string {
  if (longest === null || longest.held < LEAST_PART * longest.length || longest.peer === '') return '';
  return (
    ` This server read that request ${duration(longest.held)} before it asked ${longest.peer}: a limit of its own ` +
    '(limit_req, maxconn) may hold requests.'
  );
}

/** A call of that process that took about as long. Waits for work, and for locks of memory, say nothing. */
function callAsLong({ longest }: Slow, times: readonly TimeShare[] | null): string {
  if (longest === null) return '';
  const late = milliseconds(longest.length);
  // Threads that turned out to be of another process are told there.
  const { pid } = longest.process.mergedInto ?? longest.process;
  const row = times?.find(
    ({ kind, call, longestMs, ...each }) =>
      each.pid === pid &&
      (kind === 'waiting' || kind === 'working') &&
      call !== null &&
      call !== 'futex' &&
      longestMs !== null &&
      longestMs >= late * LEAST_PART &&
      longestMs <= late * MOST_PART,
  );
  if (row === undefined) return '';
  const where = row.target === null ? '' : ` on ${row.target}`;
  return ` Meanwhile a call of ${row.call}${where} took ${durationOfMs(row.longestMs)}.`;
}

/** A wait for another service that took about as long: the thread that asks may be one that no request is tied to. */
function waitAsLong({ longest }: Slow, dependencies: readonly Dependency[]): string {
  if (longest === null) return '';
  const late = milliseconds(longest.length);
  const row = dependencies.find(({ longestMs }) => longestMs >= late * LEAST_PART && longestMs <= late * MOST_PART);
  if (row === undefined) return '';
  return ` Meanwhile a wait for ${row.peer} took ${durationOfMs(row.longestMs)}.`;
}

/** So much of the time of a request in which its loop waited for work says that the loop did not hold it up. */
const MOSTLY_FREE = 0.8;

/** Nothing held up the loop: what the request waited for is no call of its thread. */
function loopWasFree({ longest }: Slow): string {
  if (longest === null || longest.loopFree < MOSTLY_FREE * longest.length) return '';
  return (
    ' Its event loop was free meanwhile: the request waited for a timer, for another thread, or for something that ' +
    'the capture does not show.'
  );
}

/** The call that has most of the time of a table; null where it tells no time. */
function mostTime({ statistics }: Model): { readonly call: string; readonly share: number } | null {
  const rows = statistics.all();
  const all = rows.reduce((sum, { total }) => sum + total, 0);
  const [first] = rows;
  return first === undefined || !first.hasTotal || all === 0
    ? null
    : { call: first.syscall.name, share: first.total / all };
}

function windowOf({ model, origin, capabilities }: Parts): Window {
  const start = Math.max(model.firstTime, model.options.from);
  // The part that was asked for may hold nothing of the trace.
  const end = Math.max(start, Math.min(model.lastTime, model.options.to));
  if (!capabilities.times || model.firstTime === UNKNOWN)
    return { startTime: null, endTime: null, timeOfDay: null, monotonicSeconds: null, startMs: 0, durationMs: null };
  return {
    startTime: isoTime(origin, start),
    endTime: isoTime(origin, end),
    timeOfDay: timeOfDay(origin, start),
    monotonicSeconds: monotonicSeconds(origin, start),
    startMs: milliseconds(start - model.zero),
    durationMs: milliseconds(end - start),
  };
}

function findingsOf({ drafts: all, origin, model }: Parts): Finding[] {
  const drafts = chosenFindings(all);
  const causes = causesOf(inOrderOfAction(drafts), drafts);
  const sorted = causes.flatMap(({ first, members, effects }) => [
    first,
    ...members,
    ...effects.map(({ draft }) => draft),
  ]);
  const links = linksOf(sorted);
  const places = placesOf(causes);
  const numbers = new Map<Kind, number>();
  const ids = new Map<Draft, string>();
  for (const draft of sorted) {
    const number = (numbers.get(draft.kind) ?? 0) + 1;
    numbers.set(draft.kind, number);
    ids.set(draft, `${draft.kind}-${number}`);
  }
  // UNKNOWN (-1) as a start means "no time"; a real start before the origin is not told apart and not needed: the
  // origin is the first stamp.
  const time = (at: number): number | null => (at === UNKNOWN ? null : at);
  return sorted.map((draft) => {
    const start = time(draft.start);
    const end = time(draft.end);
    const { kind, severity, title, why, openEnded, workers, evidence } = draft;
    const { confidence, summary, metrics } = withLosses(draft, model);
    return {
      id: ids.get(draft) ?? draft.kind,
      kind,
      severity,
      confidence,
      title,
      summary,
      why,
      startMs: start === null ? null : millisecondsAt(model, start),
      endMs: end === null ? null : millisecondsAt(model, end),
      startTime: start === null ? null : isoTime(origin, start),
      endTime: end === null ? null : isoTime(origin, end),
      openEnded,
      workers,
      hosts: [],
      metrics,
      evidence: evidence.filter((line) => line.line > 0),
      next: stepsInReport(draft, drafts, model, causeFor(draft, sorted, places)),
      ...placeInWords(places.get(draft), (other) => ids.get(other) ?? other.kind),
      related: (links.get(draft) ?? []).map((other) => ids.get(other) ?? other.kind),
    };
  });
}

/** Where a finding stands: a cause, the same cause in another worker, or an effect. */
interface Place {
  readonly cause: CauseWithEffects;
  readonly as: 'cause' | 'member' | 'effect';
  readonly words: string | null;
}

function placesOf(causes: readonly CauseWithEffects[]): ReadonlyMap<Draft, Place> {
  const places = new Map<Draft, Place>();
  for (const cause of causes) {
    places.set(cause.first, { cause, as: 'cause', words: null });
    for (const member of cause.members) places.set(member, { cause, as: 'member', words: null });
    for (const { draft, words } of cause.effects) places.set(draft, { cause, as: 'effect', words });
  }
  return places;
}

function placeInWords(
  place: Place | undefined,
  idOf: (draft: Draft) => string,
): Pick<Finding, 'memberOf' | 'members' | 'effectOf' | 'effects' | 'effect'> {
  const none = { memberOf: null, members: [], effectOf: null, effects: [], effect: null };
  if (place === undefined) return none;
  const { cause, as, words } = place;
  if (as === 'member') return { ...none, memberOf: idOf(cause.first) };
  if (as === 'effect') return { ...none, effectOf: idOf(cause.first), effect: words };
  return { ...none, members: cause.members.map(idOf), effects: cause.effects.map(({ draft }) => idOf(draft)) };
}

/** What explains a draft: the cause that it hangs under, or the first of the causes that come before it. */
function causeFor(draft: Draft, sorted: readonly Draft[], places: ReadonlyMap<Draft, Place>): Draft | null {
  const place = places.get(draft);
  if (place?.as === 'effect') return place.cause.first;
  const other = sorted.find((each) => explains(each, draft));
  return other === undefined ? null : (places.get(other)?.cause.first ?? other);
}

/** What to do, without pids that are gone; where the cause is to be mended first, how. */
function stepsInReport(draft: Draft, drafts: readonly Draft[], model: Model, cause: Draft | null): readonly Step[] {
  const [first] = cause === null || cause === draft ? [] : stepsOf(cause, drafts);
  const before = (step: Step): string => `First mend this: ${cause?.title}. ${step.text}`;
  const steps = stepsOf(draft, drafts).map(({ ofCause = false, ...step }) =>
    ofCause && first !== undefined && first.ofCause !== true ? { ...first, text: before(first) } : step,
  );
  return withoutDead(steps, [...draft.workers, ...(cause?.workers ?? [])], model);
}

/** What to do, unless another finding of this report says why not. */
function stepsOf(draft: Draft, drafts: readonly Draft[]): readonly DraftStep[] {
  const { next, nextWhileStalled, nextWhile = {} } = draft;
  if (nextWhileStalled !== undefined && drafts.some(({ kind }) => definitionOf(kind).tellsStalls === true))
    return nextWhileStalled;
  const others = drafts.filter(({ kind, severity }) => kind in nextWhile && severity !== 'info');
  const own = new Set(others.length === 0 ? [] : draft.workers);
  const other = others.find(({ workers }) => workers.some((pid) => own.has(pid)));
  return (other === undefined ? undefined : nextWhile[other.kind]) ?? next;
}

/**
 * Where the tracer lost events a gap may be a lost line, and every count is too low: the finding says so and is at most
 * possible.
 */
function withLosses(draft: Draft, { losses }: Model): Pick<Draft, 'confidence' | 'summary' | 'metrics'> {
  const { start, end, confidence, summary, metrics } = draft;
  const lostEvents =
    losses.total === 0 || start === UNKNOWN || end === UNKNOWN ? losses.total : losses.between(start, end);
  if (lostEvents === 0) return { confidence, summary, metrics };
  return {
    confidence: confidence === 'likely' ? 'possible' : confidence,
    summary:
      `${summary} The tracer lost ${plural(lostEvents, 'event')} around that time: counts are too low, and a ` +
      'gap may be a line that is missing.',
    metrics: { ...metrics, lostEvents },
  };
}

function callsOf(model: Model, capabilities: Capabilities, isDrawn: boolean): CallStatistics[] {
  const ms = (value: number | null): number | null =>
    value === null || !capabilities.durations ? null : milliseconds(value);
  return model.statistics
    .all()
    .slice(0, MOST_CALLS)
    .map((each) => ({
      call: each.syscall.name,
      count: each.count,
      errors: Object.fromEntries(chosenErrors(each.errors)),
      totalMs: each.hasTotal ? milliseconds(each.total) : each.timed === 0 ? null : ms(each.total),
      maxMs:
        each.hasTotal && each.longest > 0 ? milliseconds(each.longest) : each.timed === 0 ? null : ms(each.longest),
      p50Ms: ms(each.percentile(0.5)),
      p99Ms: ms(each.percentile(0.99)),
      ...(isDrawn && capabilities.durations ? { octaves: each.octaves() } : {}),
    }));
}
