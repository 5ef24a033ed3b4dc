import { type Conclusion, type DraftFinding, notApplicable } from '../detectors/finding.ts';
import type { AnyMetrics, Metric } from '../detectors/metric.ts';
import { RECORDING } from '../detectors/need.ts';
import { listOf } from '../detectors/read-metric.ts';
import { callsOf } from '../detectors/recorded.ts';
import type { Kind } from '../detectors/registry.ts';
import { threadsOf } from '../model/machine/threads-of.ts';
import type { Model } from '../model/model.ts';
import { count, duration, plural } from '../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../trace/time.ts';
import { hiddenEnd, judgesOpenCalls } from './hidden-end.ts';
import { FEW, isNarrow, REPLIES, sentenceOf, type Unrecorded, unrecordedIn } from './unrecorded.ts';

/** One may be a quirk of the tracer. */
const SURE = 2;
/** From this share of the lines on missing ones lower every claim, not only those that rest on a silence. */
const NOTICEABLE = 0.001;

/** Nothing is clear over times of which so much has no lines. */
const HOLES = 0.01;

/** What speaks against believing all that a capture seems to show. */
export interface Doubts {
  readonly unrecorded: readonly Unrecorded[];
  /** Those that are missing are no replies alone, which a service may fail to give: it was made with `-e`, or grep. */
  readonly isFiltered: boolean;
  /** It holds calls on files and sockets alone, as `-e trace=desc` and `-e trace=network` leave them. */
  readonly isNarrow: boolean;
  /**
   * Calls were printed when they had returned, and perhaps only those that failed, or did not (`-z`, `-Z`,
   * `-e status`).
   */
  readonly isByOutcome: boolean;
  /**
   * Why nobody knows which thread did what when, and what to type, as the end of a sentence; '' where that is known.
   */
  readonly disorder: string;
  /** All arguments are numbers, also those that stand for texts and structures (`-e raw=all`). */
  readonly isRaw: boolean;
  /** It holds nothing of what was read and sent, although strace shows that as a rule (`-s 0`). */
  readonly isMute: boolean;
  /** What shows that calls that had not returned may be missing at the end; '' where nothing does. */
  readonly hiddenEnd: string;
  /** Shorter calls were left out (`perf trace --duration`); 0 where none were. */
  readonly leftOutBelow: Nanoseconds;
  /** Waits that told of a client and were not followed by an accept, where no call failed; 0 for none. */
  readonly successesOnly: number;
  /** Its tracer prints a call when that returns, and at its own end those that had not: bpftrace. */
  readonly printsAtReturn: boolean;
  /** Lines that are certainly missing: as a rule a small part of those that are. */
  readonly missingLines: number;
  /** Calls of which the end is missing, where these are no few: one that is open at the end may be another. */
  readonly lostEnds: number;
  /** Lines that came so late that they stand out of their order. */
  readonly lateLines: number;
  /** So many that nothing is clear. */
  readonly areManyMissing: boolean;
  /** Times of which all lines are missing: how many, how long in all, when the first began after the first event. */
  readonly holes: { readonly count: number; readonly total: Nanoseconds; readonly first: Nanoseconds };
  /** They are no small part of the time: nothing is clear. */
  readonly areHolesLong: boolean;
  /** Nanoseconds that two stamps of one moment may differ: a second where they are whole seconds, else 0. */
  readonly resolution: Nanoseconds;
  /** Whether one of these processes has several threads in the capture. */
  readonly hasThreads: (pids: readonly number[]) => boolean;
}

/** What the reading side counted. */
interface Read {
  readonly lines: number;
  readonly stopsThreads: boolean;
  readonly splitsCalls: boolean;
  /** drover recorded it, all calls that it judges by among them. */
  readonly isOurs: boolean;
  /** The capture is at work: its end is to come. */
  readonly goesOn: boolean;
  readonly diagnostics: ReadonlyMap<string, { readonly count: number }>;
  readonly source: { readonly flags: { readonly others: readonly string[] } };
}

export function doubtsAbout(model: Model, read: Read, resolution: Nanoseconds = 0): Doubts {
  const { diagnostics, lines, stopsThreads, splitsCalls, goesOn } = read;
  const { orphanHalves, numbersAgain, showsText, socketReads, socketWrites } = model.completeness;
  const processes = model.processes.all();
  // Asked for each of thousands of findings.
  let threaded: ReadonlySet<number> | null = null;
  const accepted = processes.reduce((sum, process) => sum + process.accepted, 0);
  // Where most numbers come again somebody whom the capture does not show closes them, or no close was recorded.
  const unclosed = numbersAgain * 10 <= accepted ? numbersAgain : 0;
  const lostEnds = diagnostics.get('lost-half')?.count ?? 0;
  const missingLines = orphanHalves + unclosed + lostEnds;
  const unrecorded = unrecordedIn(model, read.isOurs);
  const holes = holesOf(model);
  const leftOutBelow = read.isOurs ? 0 : shortestIn(model);
  const successesOnly = read.isOurs || diagnostics.has('exit-order') ? 0 : clientsUnheeded(model);
  return {
    unrecorded,
    isFiltered: unrecorded.some(({ kinds }) => kinds !== REPLIES),
    // Of drover's own captures those of bpftrace hold chosen calls, and those of strace all.
    isNarrow: !(read.isOurs && stopsThreads) && isNarrow(model),
    isByOutcome: diagnostics.has('exit-order') || successesOnly > 0,
    successesOnly,
    leftOutBelow,
    disorder: disorderOf(read),
    isRaw: read.source.flags.others.includes('-e raw'),
    isMute: stopsThreads && !showsText && socketReads >= FEW && socketWrites >= FEW,
    hiddenEnd:
      goesOn || splitsCalls || diagnostics.has('exit-order') || successesOnly > 0 || leftOutBelow > 0
        ? ''
        : hiddenEnd(model, lines, stopsThreads),
    printsAtReturn: !stopsThreads,
    missingLines,
    lostEnds: lostEnds >= Math.max(SURE, lines * NOTICEABLE) ? lostEnds : 0,
    lateLines: diagnostics.get('late-line')?.count ?? 0,
    resolution,
    areManyMissing: missingLines >= FEW && missingLines >= lines * NOTICEABLE,
    holes,
    areHolesLong: holes.total >= HOLES * (model.lastTime - model.firstTime) && holes.count > 0,
    hasThreads: (pids) => {
      threaded ??= new Set(processes.filter((process) => threadsOf(process).length > 1).map(({ pid }) => pid));
      return pids.some((pid) => threaded?.has(pid));
    },
  };
}

/** From this share of the lines on late ones are no matter of a busy tracer. */
const LATE_SHARE = 0.05;
const MANY_LATE = 50;

function disorderOf({ diagnostics, lines }: Read): string {
  if (diagnostics.has('newest-first')) return 'the newest line is the first one. Type: tac FILE | drover';
  if (diagnostics.has('no-threads'))
    return 'lines of several threads do not say which thread it is. Give the file as strace -f -o FILE wrote it';
  const late = diagnostics.get('late-line')?.count ?? 0;
  return diagnostics.has('line-order') || (late >= MANY_LATE && late > lines * LATE_SHARE)
    ? 'the lines are not in order of time. Type: sort -s -k2,2 FILE | drover; give files of strace -ff as their folder'
    : '';
}

function holesOf({ completeness: { holes }, zero }: Model): Doubts['holes'] {
  const total = holes.reduce((sum, { start, end }) => sum + end - start, 0);
  return { count: holes.length, total, first: (holes[0]?.start ?? zero) - zero };
}

/** The sentence for DATA on times of which all lines are missing; '' where there is none. */
export function sentenceOnHoles({ holes: { count: times, total, first }, isFiltered }: Doubts): string {
  if (times === 0) return '';
  // What calls did that are not in the capture looks like lines that are missing.
  if (isFiltered)
    return (
      `${duration(first)} after the first event, what threads do does not follow from what they had done before: ` +
      'calls that were not recorded may be the reason, or lines that are missing.'
    );
  const which = times === 1 ? `${duration(total)} are` : `${plural(times, 'time')}, ${duration(total)} in all, are`;
  return (
    `All lines of ${which} missing, from ${duration(first)} after the first event on: what threads did next does not ` +
    'follow from what they had done before. That is no stall, and what happened meanwhile is unknown.'
  );
}

/** So many waits that told of a client are no chance. */
const UNHEEDED = 5;

/**
 * How many waits told of a client after which nobody looked for one, where no call of the capture failed: the accepts
 * that found none were left out. 0 where that is not so.
 */
function clientsUnheeded({ completeness, statistics, options }: Model): number {
  if (completeness.clientsUnheeded < UNHEEDED || Number.isFinite(options.from) || Number.isFinite(options.to)) return 0;
  const hasFailed = statistics.all().some(({ errors, otherErrors }) => errors.size > 0 || otherErrors > 0);
  return hasFailed ? 0 : completeness.clientsUnheeded;
}

/** No program makes so many calls and none that comes back at once. */
const MANY_CALLS = 50;

/** How long the shortest call took, where so many are too long to be all; else 0. Who is idle waits, and no more. */
function shortestIn(model: Model): Nanoseconds {
  const { calibration, options } = model;
  const { measured, shortest } = calibration;
  const isLong = measured >= MANY_CALLS && shortest >= MILLISECOND && !options.isCoarse;
  return isLong && callsOf(model, 'read', 'write', 'accept', 'connect', 'file') > 0 ? shortest : 0;
}

/** What of a capture was left out that holds long calls alone; '' where it holds short ones, too. */
export function sentenceOnShort({ leftOutBelow }: Doubts): string {
  if (leftOutBelow === 0) return '';
  return (
    `No call took less than ${duration(leftOutBelow)}: shorter ones were left out (perf trace --duration, or a ` +
    'filter of the script), or calls that wait alone were recorded. Who accepted, read and replied is not in the ' +
    `capture. Record all calls, or with strace: ${RECORDING}`
  );
}

/** The sentence for DATA on arguments of which only the numbers are shown; '' where they are shown. */
export function sentenceOnRaw({ isRaw }: Doubts): string {
  if (!isRaw) return '';
  return (
    'Arguments are shown as numbers (-e raw): requests, replies, addresses and files are not in the capture, nor ' +
    `what a wait told of. How long calls and turns took is. Record without -e raw: ${RECORDING}`
  );
}

/** The sentence for DATA on failed calls that were left out; '' where none seem to be. */
export function sentenceOnFailed({ successesOnly }: Doubts): string {
  if (successesOnly === 0) return '';
  return (
    `No call of the capture failed, although ${count(successesOnly)} waits told of a client and no accept followed: ` +
    'calls that failed were left out (-z, -e status=successful), and calls that had not returned may be missing. ' +
    `A herd, an error or a hang would not show. Record without that option: ${RECORDING}`
  );
}

/** The sentence for DATA on lines that are missing; '' where none is. */
export function sentenceOnMissing({ missingLines }: Doubts): string {
  if (missingLines === 0) return '';
  return (
    `Lines are missing: at least ${count(missingLines)}. Some calls have one half only, or a descriptor appears ` +
    'without the call that opened or closed it. A silence may be a line that is missing, and counts are too low.'
  );
}

/** The sentence for DATA on calls at the end that are missing; '' where none seems to be. */
export function sentenceOnEnd({ hiddenEnd: sign, printsAtReturn }: Doubts): string {
  if (sign === '') return '';
  if (printsAtReturn)
    return (
      `No thread is in a call at the end of the capture, and ${sign}: a thread that seems to compute until the end ` +
      'may wait for work. Let bpftrace end by itself or by Ctrl-C: it then prints which call each thread is in.'
    );
  return (
    `No thread is in a call at the end of the capture, and ${sign}: it computes, the capture was cut, or calls that ` +
    'had not returned were left out (-e status, -z, -P). A thread that hangs would not show. Record without that ' +
    `option, and end strace with Ctrl-C or timeout: ${RECORDING}`
  );
}

/** What is left of a conclusion. */
interface Believed extends Conclusion<AnyMetrics> {
  readonly findings: readonly Doubted[];
}

/** A finding, and whether it would be worse if the capture held everything. */
export interface Doubted extends DraftFinding<AnyMetrics> {
  readonly isDemoted?: boolean;
}

/** What a detector said, as far as the capture lets one believe it. */
export function believed(kind: Kind, conclusion: Conclusion<AnyMetrics>, doubts: Doubts): Believed {
  const { outcome, findings } = conclusion;
  if (doubts.disorder !== '' && (outcome.status === 'clear' || outcome.status === 'found'))
    return notApplicable(`What threads did when is unknown: ${doubts.disorder}`);
  const missing = doubts.unrecorded.find(({ kinds }) => kinds.has(kind));
  if (missing !== undefined && (outcome.status === 'clear' || outcome.status === 'found'))
    return notApplicable(sentenceOf(missing));
  const blurring = doubts.unrecorded.find(({ unclear }) => unclear?.has(kind) === true);
  if (blurring !== undefined && outcome.status === 'clear') return notApplicable(sentenceOf(blurring));
  if (outcome.status === 'clear' && doubts.areHolesLong)
    return notApplicable(`${sentenceOnHoles(doubts)} Beside that: ${outcome.reason}`);
  if (outcome.status === 'clear' && doubts.areManyMissing)
    return notApplicable(`${sentenceOnMissing(doubts)} What was seen: ${outcome.reason}`);
  if (doubts.resolution > 0 && outcome.status === 'clear' && BY_LENGTH.has(kind))
    return notApplicable(`${COARSE} Record with -ttt. What was seen: ${outcome.reason}`);
  if (kind === 'error-storm' && outcome.status === 'clear' && (doubts.isFiltered || doubts.isNarrow))
    return notApplicable(`${PARTLY} Beside that: ${outcome.reason}`);
  if (doubts.isByOutcome && outcome.status === 'clear' && kind !== 'worker-death')
    return notApplicable(`${BY_OUTCOME} Record without that option: ${RECORDING}`);
  if (doubts.leftOutBelow > 0 && outcome.status === 'clear' && kind !== 'worker-death')
    return notApplicable(sentenceOnShort(doubts));
  if (doubts.hiddenEnd !== '' && outcome.status === 'clear' && judgesOpenCalls(kind))
    return notApplicable(`${sentenceOnEnd(doubts)} Beside that: ${outcome.reason}`);
  if (findings.length === 0) return conclusion;
  return { outcome, findings: findings.map((finding) => doubted(kind, finding, doubts)) };
}

function doubted(kind: Kind, finding: DraftFinding<AnyMetrics>, doubts: Doubts): Doubted {
  const { isFiltered, isNarrow, missingLines, lostEnds, areManyMissing, resolution } = doubts;
  if (BLURRED_UP_TO[kind] !== undefined && isBlurred(finding.metrics, BLURRED_UP_TO[kind] * resolution))
    return { ...possible(finding, BLURRED), severity: 'info' };
  const isSilence = restsOnSilence(kind, finding.metrics);
  if (doubts.isByOutcome) {
    const doubtful = possible(finding, BY_OUTCOME);
    // A silence may be a wait that a signal ended, or one that goes on at the end.
    return isSilence || isElsewhere(kind, finding.metrics) ? demoted(doubtful) : doubtful;
  }
  if (isSilence && doubts.leftOutBelow > 0) return demoted(possible(finding, sentenceOnShort(doubts)));
  // What goes on at the end without a call may be a call that is missing.
  if (isSilence && finding.openEnded && doubts.hiddenEnd !== '')
    return demoted(possible(finding, sentenceOnEnd(doubts)));
  if (isSilence && missingLines > 0) {
    const doubtful = possible(finding, MISSING);
    return missingLines >= SURE && timesOf(finding.metrics) <= missingLines ? demoted(doubtful) : doubtful;
  }
  if (isSilence && doubts.lateLines > 0) return possible(finding, LATE);
  // As in what `grep` left of a capture: the end of this call may have been removed like those of others.
  if (kind === 'stuck-call' && finding.openEnded && lostEnds > 0) {
    const doubtful = possible(finding, MISSING);
    return timesOf(finding.metrics) <= lostEnds ? demoted(doubtful) : doubtful;
  }
  if (areManyMissing) return possible(finding, TOO_LOW);
  // That it took so long is seen; what it took so long in may be what is missing.
  if (kind === 'slow-request')
    return (isFiltered || isNarrow) && WITHOUT_CALL.has(finding.metrics.cause) ? possible(finding, NARROW) : finding;
  if (isFiltered) {
    const doubtful = possible(finding, NARROW);
    return isSilence ? demoted(doubtful) : kind === 'loop-stall' ? doubtful : finding;
  }
  // A thread that waits for others does so in calls that a capture of files and sockets does not hold.
  if (!isSilence || !isNarrow) return finding;
  const doubtful = possible(finding, NARROW);
  return doubts.hasThreads(finding.workers) ? demoted(doubtful) : doubtful;
}

/**
 * A stretch of so many times what a stamp may be off is no product of the stamps: whole seconds may make a busy second
 * of two busy moments, and have workers away together that were away one after the other.
 */
const BLURRED_UP_TO: Readonly<Partial<Record<Kind, number>>> = {
  'worker-saturation': 5,
  'service-stall': 2,
  'slow-request': 2,
};

/** Kinds that judge how long something lasted by the stamps of lines. */
const BY_LENGTH: ReadonlySet<Kind> = new Set<Kind>([
  'loop-stall',
  'service-stall',
  'worker-saturation',
  'slow-request',
  'stranded-queue',
  'accept-hoarding',
  'gil-starvation',
]);

function isBlurred({ longestMs }: AnyMetrics, least: Nanoseconds): boolean {
  return typeof longestMs === 'number' && longestMs * MILLISECOND < least;
}

/** What is no reason to act: nobody can tell whether it is so. */
function demoted(finding: DraftFinding<AnyMetrics>): Doubted {
  return { ...finding, severity: 'info', isDemoted: finding.severity !== 'info' };
}

const BY_OUTCOME =
  'The capture holds no call that had not returned, and perhaps only those that failed, or did not (-z, -Z, ' +
  '-e status).';
const MISSING = 'Lines of the capture are missing: a call that ended this may be among them.';
const LATE = 'Some lines of the capture came late, out of their order: a call that ended this may be among them.';
const PARTLY = 'The capture seems to hold some kinds of calls only (-e): what others came to is not told.';
const COARSE = 'The times are whole seconds, and what lasted less than one or two of them is not told.';
const BLURRED = 'The times are whole seconds, and each stretch may have been up to a second shorter or longer.';
const TOO_LOW = 'Lines of the capture are missing: counts are too low.';
const NARROW =
  'The capture seems to hold some kinds of calls only (-e): what looks like no call may be one that was not recorded.';

function possible(finding: DraftFinding<AnyMetrics>, sentence: string): DraftFinding<AnyMetrics> {
  const { confidence, summary } = finding;
  return {
    ...finding,
    confidence: confidence === 'likely' ? 'possible' : confidence,
    summary: `${summary} ${sentence}`,
  };
}

/** Kinds that are seen by what is not there: a reply, a close, a request that is answered, a wait. */
const BY_ABSENCE: ReadonlySet<Kind> = new Set<Kind>([
  'abandoned-request',
  'accept-paused',
  'fd-leak',
  'request-retry',
  'worker-saturation',
  'stranded-queue',
]);
/** Causes of a long turn that is long for want of a wait, and not for a call that took long. */
const WITHOUT_CALL: ReadonlySet<unknown> = new Set([
  'no-syscall',
  'patched-thread-pool',
  'many-requests',
  'one-connection',
  'import',
]);

function restsOnSilence(kind: Kind, { cause, call, stalls, slowest }: AnyMetrics): boolean {
  // What goes on in a restarted call is told by the call that was interrupted.
  if (kind === 'loop-stall') return WITHOUT_CALL.has(cause) || call === 'restart_syscall';
  if (kind === 'slow-request') return WITHOUT_CALL.has(cause) && hasOpen(slowest);
  if (kind !== 'service-stall') return BY_ABSENCE.has(kind);
  // That no worker lived is told by ends and beginnings, of which no few lines are missing.
  return cause !== 'no-worker' && JSON.stringify(stalls ?? '').includes('"cause":"no-syscall"');
}

const hasOpen = (requests: Metric | undefined): boolean => listOf(requests).some(({ open }) => open === true);

/** The worker waited for something that is not its loop's: which wait that is, failed accepts tell as well. */
function isElsewhere(kind: Kind, { cause, stalls }: AnyMetrics): boolean {
  if (kind === 'loop-stall') return cause === 'foreign-poll';
  return kind === 'service-stall' && JSON.stringify(stalls ?? '').includes('"cause":"foreign-poll"');
}

/** How often it was seen. */
function timesOf({ allCount, count: times }: AnyMetrics): number {
  return typeof allCount === 'number' ? allCount : typeof times === 'number' ? times : 1;
}
