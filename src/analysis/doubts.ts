import { type Conclusion, type DraftFinding, notApplicable } from '../detectors/finding.ts';
import type { Metrics } from '../detectors/metric.ts';
import { RECORDING } from '../detectors/need.ts';
import { callsOf } from '../detectors/recorded.ts';
import type { Kind } from '../detectors/registry.ts';
import { runtimeOf } from '../model/machine/runtime.ts';
import { threadsOf } from '../model/machine/threads-of.ts';
import type { Model } from '../model/model.ts';
import { count, plural } from '../trace/format-numbers.ts';
import type { Syscall } from '../trace/syscalls.ts';
import { UNKNOWN } from '../trace/time.ts';

/** Fewer signs may be chance. */
const FEW = 3;
/** One may be a quirk of the tracer. */
const SURE = 2;
/** Of fewer calls nobody can tell that some are missing. */
const LEAST_CALLS = 50;
/** So many calls of a whole program are never all of one class. */
const MANY_CALLS = 200;
/** From this share of the lines on missing ones lower every claim, not only those that rest on a silence. */
const NOTICEABLE = 0.001;

/** Calls that the traced threads made, as others show, and that the capture does not hold. */
export interface Unrecorded {
  readonly calls: string;
  /** What shows that they were made, as the end of a sentence. */
  readonly although: string;
  /** What cannot be told without them. */
  readonly hides: string;
  /** Kinds that judge by them. */
  readonly kinds: ReadonlySet<Kind>;
}

/** What speaks against believing all that a capture seems to show. */
export interface Doubts {
  readonly unrecorded: readonly Unrecorded[];
  /** Those that are missing are no replies alone, which a service may fail to give: it was made with `-e`, or grep. */
  readonly isFiltered: boolean;
  /** It holds calls on files and sockets alone, as `-e trace=desc` and `-e trace=network` leave them. */
  readonly isNarrow: boolean;
  /** Lines that are certainly missing: as a rule a small part of those that are. */
  readonly missingLines: number;
  /** So many that nothing is clear. */
  readonly areManyMissing: boolean;
  /** Whether one of these processes has several threads in the capture. */
  readonly hasThreads: (pids: readonly number[]) => boolean;
}

/** What the reading side counted. */
interface Read {
  readonly lines: number;
  readonly diagnostics: ReadonlyMap<string, { readonly count: number }>;
}

export function doubtsAbout(model: Model, { diagnostics, lines }: Read): Doubts {
  const { orphanHalves, numbersAgain } = model.completeness;
  const accepted = model.processes.all().reduce((sum, process) => sum + process.accepted, 0);
  // Where most numbers come again somebody whom the capture does not show closes them, or no close was recorded.
  const unclosed = numbersAgain * 10 <= accepted ? numbersAgain : 0;
  const missingLines = orphanHalves + unclosed + (diagnostics.get('lost-half')?.count ?? 0);
  const unrecorded = unrecordedIn(model);
  return {
    unrecorded,
    isFiltered: unrecorded.some(({ kinds }) => kinds !== REPLIES),
    isNarrow: isNarrow(model),
    missingLines,
    areManyMissing: missingLines >= FEW && missingLines >= lines * NOTICEABLE,
    hasThreads: (pids) =>
      model.processes.all().some((process) => threadsOf(process).length > 1 && pids.includes(process.pid)),
  };
}

/** The sentence for DATA on calls that are not in the capture. */
export function sentenceOf({ calls, although, hides }: Unrecorded): string {
  return (
    `The capture holds no ${calls}, although ${although}: -e or grep left those calls out. ${hides} Record again ` +
    `without -e: ${RECORDING}`
  );
}

/** The sentence for DATA on lines that are missing; '' where none is. */
export function sentenceOnMissing({ missingLines }: Doubts): string {
  if (missingLines === 0) return '';
  return (
    `Lines are missing: at least ${count(missingLines)}, as halves of calls and descriptors without their other call ` +
    'show. A silence may be a line that is missing, and counts are too low.'
  );
}

/** What is left of a conclusion. */
interface Believed extends Conclusion<Metrics> {
  readonly findings: readonly Doubted[];
}

/** A finding, and whether it would be worse if the capture held everything. */
export interface Doubted extends DraftFinding<Metrics> {
  readonly isDemoted?: boolean;
}

/** What a detector said, as far as the capture lets one believe it. */
export function believed(kind: Kind, conclusion: Conclusion<Metrics>, doubts: Doubts): Believed {
  const { outcome, findings } = conclusion;
  const missing = doubts.unrecorded.find(({ kinds }) => kinds.has(kind));
  if (missing !== undefined && (outcome.status === 'clear' || outcome.status === 'found'))
    return notApplicable(sentenceOf(missing));
  if (findings.length === 0) return conclusion;
  return { outcome, findings: findings.map((finding) => doubted(kind, finding, doubts)) };
}

function doubted(kind: Kind, finding: DraftFinding<Metrics>, doubts: Doubts): Doubted {
  const { isFiltered, isNarrow, missingLines, areManyMissing } = doubts;
  const isSilence = restsOnSilence(kind, finding.metrics);
  if (isSilence && missingLines > 0) {
    const doubtful = possible(finding, MISSING);
    return missingLines >= SURE && timesOf(finding.metrics) <= missingLines ? demoted(doubtful) : doubtful;
  }
  if (areManyMissing) return possible(finding, TOO_LOW);
  if (isFiltered) {
    const doubtful = possible(finding, NARROW);
    return isSilence ? demoted(doubtful) : kind === 'loop-stall' ? doubtful : finding;
  }
  // A thread that waits for others does so in calls that a capture of files and sockets does not hold.
  if (!isSilence || !isNarrow) return finding;
  const doubtful = possible(finding, NARROW);
  return doubts.hasThreads(finding.workers) ? demoted(doubtful) : doubtful;
}

/** What is no reason to act: nobody can tell whether it is so. */
function demoted(finding: DraftFinding<Metrics>): Doubted {
  return { ...finding, severity: 'info', isDemoted: finding.severity !== 'info' };
}

const MISSING = 'Lines of the capture are missing: it may be one of them that is not seen here.';
const TOO_LOW = 'Lines of the capture are missing: counts are too low.';
const NARROW =
  'The capture seems to hold some kinds of calls only (-e): what looks like no call may be one that was not recorded.';

function possible(finding: DraftFinding<Metrics>, sentence: string): DraftFinding<Metrics> {
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

function restsOnSilence(kind: Kind, { cause, call, stalls }: Metrics): boolean {
  // What goes on in a restarted call is told by the call that was interrupted.
  if (kind === 'loop-stall') return WITHOUT_CALL.has(cause) || call === 'restart_syscall';
  if (kind !== 'service-stall') return BY_ABSENCE.has(kind);
  // That no worker lived is told by ends and beginnings, of which no few lines are missing.
  return cause !== 'no-worker' && JSON.stringify(stalls ?? '').includes('"cause":"no-syscall"');
}

/** How often it was seen. */
function timesOf({ allCount, count: times }: Metrics): number {
  return typeof allCount === 'number' ? allCount : typeof times === 'number' ? times : 1;
}

const LOOPS: ReadonlySet<Kind> = new Set<Kind>([
  'loop-stall',
  'service-stall',
  'worker-saturation',
  'accept-hoarding',
  'stranded-queue',
  'busy-poll',
  'backlog-overflow',
]);
const REPLIES: ReadonlySet<Kind> = new Set<Kind>(['abandoned-request', 'request-retry']);
const ANSWERS: ReadonlySet<Kind> = new Set<Kind>([...REPLIES, 'slow-dependency', 'broken-pipe', 'worker-saturation']);
const NUMBERS: ReadonlySet<Kind> = new Set<Kind>(['fd-leak']);

function unrecordedIn(model: Model): Unrecorded[] {
  // Calls are counted in the part that was asked for, and what shows that others were made is not.
  const isPart = Number.isFinite(model.options.from) || Number.isFinite(model.options.to);
  if (isPart || total(model) < LEAST_CALLS) return [];
  const { socketReads, socketWrites, clientWrites, numbersAgain, unanswered } = model.completeness;
  const found: Unrecorded[] = [];
  if (callsOf(model, 'epoll-wait', 'poll', 'select', 'io-uring') === 0) {
    const although = whyTheyWait(model);
    if (although !== null)
      found.push({
        calls: 'epoll_wait, poll or select',
        although,
        hides: 'Time in which a worker waits for work looks like time in which it does not answer.',
        kinds: LOOPS,
      });
  }
  if (socketReads === 0 && socketWrites >= FEW)
    found.push({
      calls: 'read or recv of a socket',
      although: `${plural(socketWrites, 'write')} to sockets are in it`,
      hides: 'Neither requests nor the answers of other services are seen.',
      kinds: ANSWERS,
    });
  if (clientWrites === 0 && unanswered >= FEW)
    found.push({
      calls: 'write or send of a reply',
      although: `${plural(unanswered, 'request')} were followed by the next one, or the server closed their connection`,
      hides: 'Whether and when a request was answered is not seen.',
      kinds: REPLIES,
    });
  if (numbersAgain >= FEW && callsOf(model, 'close') === 0)
    found.push({
      calls: 'close',
      although: `${plural(numbersAgain, 'connection')} got the number of an earlier one`,
      hides: 'When a connection ended is not seen.',
      kinds: NUMBERS,
    });
  if (callsOf(model, 'futex') === 0 && needsLocks(model))
    found.push({
      calls: 'futex',
      although: 'threads of a runtime that shares locks are in it',
      hides: 'A thread that waits for a lock, or for another thread, looks as if it were computing.',
      kinds: LOOPS,
    });
  return found;
}

/** What shows that threads wait in a multiplexer; null where nothing does. */
function whyTheyWait(model: Model): string | null {
  const changes = callsOf(model, 'epoll-ctl');
  if (changes > 0) return `${plural(changes, 'epoll_ctl call')} set up such waits`;
  for (const { accepts } of model.processes.threads()) {
    if (accepts.wouldBlock) return 'an accept did not wait (EAGAIN)';
    if (accepts.nonblocking >= FEW && accepts.servedItself > 0) return 'connections were accepted with SOCK_NONBLOCK';
  }
  return null;
}

/** Several threads of a runtime whose threads wait for each other all the time. */
function needsLocks(model: Model): boolean {
  if (total(model) < MANY_CALLS) return false;
  return model.processes.all().some((process) => {
    const seen = threadsOf(process).filter(({ lastTime }) => lastTime !== UNKNOWN);
    if (seen.length < 2) return false;
    return process.takesTurns || /^(?:python|ruby|java|node)$/.test(runtimeOf(process));
  });
}

function total({ statistics }: Model): number {
  return statistics.all().reduce((sum, { count: times }) => sum + times, 0);
}

/** A program allocates memory, looks at the clock or its signals, or waits for its threads now and then. */
function isNarrow(model: Model): boolean {
  return total(model) >= MANY_CALLS && model.statistics.all().every(({ syscall }) => isOnFiles(syscall));
}

const ELSEWHERE: ReadonlySet<string> = new Set(
  'memory trivial futex sleep signal-wait clone wait-child kill prctl sigreturn restart semaphore other'.split(' '),
);
/** `strace -e trace=desc` and `-e trace=network` hold these as well. */
const ON_FILES = /^(?:mmap2?|getsockname|getpeername|timerfd_.*|poll.*|epoll.*|get?dents.*|name_to_handle_at)$/;

function isOnFiles({ family, name }: Syscall): boolean {
  return !ELSEWHERE.has(family) || ON_FILES.test(name);
}
