import type { Confidence, Finding, Outcome, Report } from '../analysis/report.ts';
import { count, durationOfMs, percent, significant } from '../trace/format-numbers.ts';
import { chanceOfAtLeast, chanceOfAtMost } from './chance.ts';
import type { Amount, Change } from './comparison.ts';
import { type Exposure, loadOf, SAME_LOAD } from './exposure.ts';

/** A cause in one of the two reports. */
export interface Seen {
  readonly report: Report;
  readonly exposure: Exposure | null;
  /** null where the report does not have the cause. */
  readonly cause: Finding | null;
  readonly amount: Amount | null;
}

export interface Judgement {
  readonly change: Change;
  readonly confidence: Confidence;
  readonly reason: string;
  /**
   * So long would the capture without the cause have to be, in its own load, to prove it, milliseconds; null where time
   * is no help.
   */
  readonly wantedMs: number | null;
  /** How many times it came for itself, where only one of the captures has it and that may be chance; else 0. */
  readonly events: number;
}

/** Two recordings of the same service differ by less than this factor. */
const NOTABLE = 2;
/** An outcome that is less likely than this is not taken for chance. */
const IMPROBABLE = 0.01;
/** What is less likely than this is worth a second look, and no proof. */
const UNLIKELY = 0.05;
/** A share of time or work that changed by less than this, or by less than this factor, is the same. */
const NOTABLE_SHARE = 0.1;
const NOTABLE_SHARE_FACTOR = 1.5;
/** A mean of fewer times is that of single ones. */
const LEAST_FOR_MEAN = 5;
/** What happened in less than this part of the capture happened in one go. */
const SPREAD = 0.5;
/** What took this part of the time of a capture was no trifle, however rare it is. */
const MUCH_OF_THE_TIME = 0.1;

/** Says whether a cause is new, gone, better, worse or the same, and why. */
export function judge(before: Seen, after: Seen, kind: Finding['kind']): Judgement {
  if (before.amount !== null && after.amount !== null) return bothHave(before, before.amount, after, after.amount);
  if (after.amount !== null)
    return onlyOneHas(after, after.amount, before, { kind, change: 'new', name: 'BEFORE', words: 'before' });
  if (before.amount !== null)
    return onlyOneHas(before, before.amount, after, { kind, change: 'gone', name: 'AFTER', words: 'after' });
  throw new Error('one of the reports has the cause');
}

interface Missing {
  readonly kind: Finding['kind'];
  readonly change: 'new' | 'gone';
  /** The capture that does not show the cause. */
  readonly name: 'BEFORE' | 'AFTER';
  readonly words: string;
}

function onlyOneHas(has: Seen, amount: Amount, other: Seen, missing: Missing): Judgement {
  const { kind, change, name } = missing;
  const outcome: Outcome | undefined = other.report.outcomes[kind];
  if (outcome === undefined) return unclear(`${name} cannot show it: nothing was asked about it there.`);
  const isAbsent = outcome.absent === true && haveTheSameFlags(has.report, other.report);
  if ((outcome.status === 'not-applicable' && !isAbsent) || outcome.status === 'failed')
    return unclear(`${name} cannot show it: ${sentence(outcome.reason)}`);
  if (outcome.status === 'found' && other.cause === null && other.report.omitted !== undefined)
    return unclear(`${name} has more findings of this kind than its report lists.`);
  if (amount.count === null) return stateIsMissing(has, other, missing);
  if (has.exposure === null || other.exposure === null)
    return unclear(`${name} tells neither times nor requests, so nobody knows how often it could have happened.`);
  const events = eventsOf(has, amount.count);
  const expected = expectedTimes((amount.rate ?? 0) * other.exposure.units);
  const isNoChance = isImprobable(events, has.exposure, other.exposure);
  // Whether it is gone, or was not asked for, the other capture does not tell.
  if (isNoChance && isAbsent)
    return {
      ...likely(change, `At that rate ${name} should show it ${expected}. ${name}: ${sentence(outcome.reason)}`),
      confidence: 'possible',
    };
  // Not `never`: below the limits of the detector there may be some.
  if (isNoChance) {
    // The reason of a kind that found something counts that: it says nothing of this cause.
    const instead =
      outcome.status === 'found'
        ? `${name} reports others of this kind, and not this one.`
        : `None is reported: ${sentence(outcome.reason)}`;
    return likely(change, `At that rate ${name} should show it ${expected}. ${instead}`);
  }
  const wanted = has.exposure.units * (IMPROBABLE ** (-1 / events) - 1);
  const { durationMs } = other.report.window;
  const isMuch =
    amount.severity === 'critical' ||
    chanceOfOneSided(events, has.exposure, other.exposure) <= UNLIKELY ||
    timeOf(has, amount) >= MUCH_OF_THE_TIME * (has.report.window.durationMs ?? Number.POSITIVE_INFINITY);
  return {
    change,
    confidence: isMuch ? 'possible' : 'cannot-tell',
    reason:
      `At that rate ${name} should show it ${expected}. That none is reported may be chance` +
      `${inOneGo(events, amount.count)}.`,
    wantedMs: durationMs === null ? null : (durationMs * wanted) / other.exposure.units,
    events,
  };
}

function sentence(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}

/** What the one shows, the other one would. */
function haveTheSameFlags({ source: { format, flags } }: Report, { source }: Report): boolean {
  const { fdDecoration, durations, pids } = source.flags;
  return (
    format === source.format &&
    flags.fdDecoration === fdDecoration &&
    flags.durations === durations &&
    flags.pids === pids
  );
}

/** Whether it cannot be chance that so many events are all in one of two captures. */
export function isImprobable(events: number, has: Exposure, other: Exposure): boolean {
  return chanceOfOneSided(events, has, other) <= IMPROBABLE;
}

function chanceOfOneSided(events: number, has: Exposure, other: Exposure): number {
  return chanceOfAtLeast(events, events, has.units / (has.units + other.units));
}

/** The time that it took, milliseconds: what is told of it, or how long it was there. */
function timeOf({ cause, report }: Seen, { totalMs, longestMs }: Amount): number {
  const { durationMs } = report.window;
  const stay =
    cause?.openEnded === true && cause.startMs !== null && durationMs !== null ? durationMs - cause.startMs : 0;
  return Math.max(totalMs ?? 0, longestMs ?? 0, stay);
}

/** A state holds all through a capture, or it does not: the other capture must be long enough to show it. */
function stateIsMissing(has: Seen, other: Seen, { change, name, words }: Missing): Judgement {
  const [first, second] = [has.report.window.durationMs, other.report.window.durationMs];
  if (first !== null && second !== null && second < first / NOTABLE)
    return { ...unclear(`${name} lasts ${durationOfMs(second)}, which is too short to show it.`), wantedMs: first };
  if (hasMoreLoad(has, other)) return unclear(`${name} had less load, which may be why it does not show there.`);
  const { amount } = has;
  const share = amount?.share == null ? 'It was there' : percent(amount.share);
  return likely(change, `${share}, ${words} not.`);
}

function bothHave(before: Seen, old: Amount, after: Seen, now: Amount): Judgement {
  if (old.share !== null && now.share !== null) {
    const [fuller, other] = now.share > old.share ? [after, before] : [before, after];
    const judged = shares(old.share, now.share);
    return judged.change !== 'same' && hasMoreLoad(fuller, other)
      ? unclear(`${judged.reason} The load differs, which may be why.`)
      : judged;
  }
  if (old.count === null || now.count === null) return same('Both show it.');
  if (before.exposure === null || after.exposure === null)
    return unclear('Both show it, but one of them tells neither times nor requests, so that rates do not compare.');
  const events = [eventsOf(before, old.count), eventsOf(after, now.count)] as const;
  const sum = events[0] + events[1];
  const part = after.exposure.units / (before.exposure.units + after.exposure.units);
  const often = ratioOf(now.rate, old.rate);
  const isOftener = often >= NOTABLE && chanceOfAtLeast(events[1], sum, part) <= IMPROBABLE;
  const isRarer = often <= 1 / NOTABLE && chanceOfAtMost(events[1], sum, part) <= IMPROBABLE;
  // Tracers slow a process down differently.
  const long = before.report.source.format === after.report.source.format ? meanRatio(old, now) : Number.NaN;
  const isLonger = long >= NOTABLE;
  const isShorter = long <= 1 / NOTABLE;
  const burden = often * (Number.isNaN(long) ? 1 : long);
  const words = [
    isOftener || isRarer ? `${times(often)} as often` : '',
    isLonger || isShorter ? `${times(long)} as long` : '',
  ].filter((word) => word !== '');
  if (words.length === 0) return same('The two differ by no more than two recordings of the same do.');
  const reason = `It is ${words.join(' and ')}.`;
  if ((isOftener || isLonger) && burden >= NOTABLE) return likely('worse', reason);
  if ((isRarer || isShorter) && burden <= 1 / NOTABLE) return likely('better', reason);
  return same(`It is ${words.join(' and ')}: together about as much.`);
}

function shares(old: number, now: number): Judgement {
  const words = `${percent(old)} before, ${percent(now)} after.`;
  const isAlike = Math.max(now, old) < Math.min(now, old) * NOTABLE_SHARE_FACTOR;
  if (isAlike || Math.abs(now - old) < NOTABLE_SHARE) return same(words);
  return likely(now > old ? 'worse' : 'better', words);
}

/** A state that comes of load proves nothing where there was less of it. */
function hasMoreLoad({ report }: Seen, other: Seen): boolean {
  const [own, its] = [loadOf(report), loadOf(other.report)];
  return own !== null && its !== null && own > its * SAME_LOAD;
}

function likely(change: Change, reason: string): Judgement {
  return { change, confidence: 'likely', reason, wantedMs: null, events: 0 };
}

function same(reason: string): Judgement {
  return likely('same', reason);
}

function unclear(reason: string): Judgement {
  return { change: 'unclear', confidence: 'cannot-tell', reason, wantedMs: null, events: 0 };
}

/**
 * How many times something happened for itself. What came in one go is one incident, which says little of the time in
 * which it did not come.
 */
function eventsOf({ report, cause }: Seen, told: number): number {
  const { durationMs } = report.window;
  if (cause === null || told < 2 || durationMs === null || cause.startMs === null || cause.endMs === null) return told;
  const spread = Math.min(1, (cause.endMs - cause.startMs) / (durationMs * SPREAD));
  return Math.round(1 + (told - 1) * spread);
}

function inOneGo(events: number, told: number): string {
  return events < told ? ', the more so as they came in one go' : '';
}

/** NaN where either is not told often enough. */
function meanRatio(old: Amount, now: Amount): number {
  const few = Math.min(old.count ?? 0, now.count ?? 0) < LEAST_FOR_MEAN;
  if (few || old.totalMs === null || now.totalMs === null || !(old.totalMs > 0)) return Number.NaN;
  return now.totalMs / (now.count ?? 1) / (old.totalMs / (old.count ?? 1));
}

function ratioOf(now: number | null, old: number | null): number {
  return now === null || old === null || !(old > 0) ? Number.NaN : now / old;
}

function times(factor: number): string {
  return `${figure(factor)} times`;
}

function expectedTimes(value: number): string {
  const shown = figure(value);
  return shown === '1' ? 'once' : `${shown} times`;
}

/** Two digits are enough for a rate. */
export function figure(value: number): string {
  if (value >= 100) return count(Math.round(value));
  return String(significant(value, value >= 10 ? 3 : 2));
}
