import type { KeptLine } from '../model/evidence.ts';
import { type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import type { Capabilities } from './capabilities.ts';
import type { Confidence, Outcome, Severity, Step } from './finding-words.ts';
import type { AnyMetrics } from './metric.ts';

export type { Confidence, Outcome, Severity, Step };

/** A step of a draft. */
export interface DraftStep extends Step {
  /** What explains the finding is to be mended first: where the report has that, its first step stands here instead. */
  readonly ofCause?: true;
}

/** A finding in trace terms: the report adds the id, the times of day and the links to other findings. */
export interface DraftFinding<Values extends AnyMetrics = AnyMetrics> {
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** At most 78 characters. */
  readonly title: string;
  /** One to three sentences of counted facts. */
  readonly summary: string;
  readonly why: string;
  /** UNKNOWN without times. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly openEnded: boolean;
  /** Pids. */
  readonly workers: readonly number[];
  readonly metrics: Values;
  readonly evidence: readonly KeptLine[];
  readonly next: readonly DraftStep[];
  /** What to do instead while event loops of the same capture stall. */
  readonly nextWhileStalled?: readonly DraftStep[];
  /** What to do instead while a finding of that kind, a warning at least, is about one of the same workers. */
  readonly nextWhile?: Readonly<Record<string, readonly DraftStep[]>>;
  /** The same for findings of the kind that have one cause: the first of them speaks for all. */
  readonly cause?: string;
  /** Names the requests, stalls or listeners it speaks of, so that findings about the same things can be linked. */
  readonly subjects: readonly string[];
}

/** What a detector says: one outcome, and findings when it found something. */
export interface Conclusion<Values extends AnyMetrics = AnyMetrics> {
  readonly outcome: Outcome;
  readonly findings: readonly DraftFinding<Values>[];
}

/** That step, unless the report has what explains the finding: then the first step of that. */
export function ofCause(step: Step): DraftStep {
  return { ...step, ofCause: true };
}

/** Something was found; `reason` counts it. */
export function found<Values extends AnyMetrics>(
  reason: string,
  findings: readonly DraftFinding<Values>[],
): Conclusion<Values> {
  return { outcome: { status: 'found', reason }, findings };
}

/** Everything needed was there, and nothing was found; `reason` says what was looked at, in numbers. */
export function clear(reason: string): Conclusion<never> {
  return { outcome: { status: 'clear', reason }, findings: [] };
}

/** The trace cannot tell; `reason` says why, and what would make it tell. */
export function notApplicable(reason: string): Conclusion<never> {
  return { outcome: { status: 'not-applicable', reason }, findings: [] };
}

/** The trace could tell, and there is nothing to judge: no wait, no lookup, no lock; `reason` says none of what. */
export function absent(reason: string): Conclusion<never> {
  return { outcome: { status: 'not-applicable', reason, absent: true }, findings: [] };
}

/**
 * Where a finding lies on the time axis; UNKNOWN in a capture without times. A capture whose clock goes backwards
 * gives the first event a later time than the last: the two are put in order.
 */
export function span(
  { times }: Pick<Capabilities, 'times'>,
  first: Nanoseconds,
  last: Nanoseconds,
): Pick<DraftFinding, 'start' | 'end'> {
  return times ? { start: Math.min(first, last), end: Math.max(first, last) } : { start: UNKNOWN, end: UNKNOWN };
}
