import type { Outcome } from '../detectors/finding.ts';
import type { Kind } from '../detectors/registry.ts';
import { isWorkerRole } from '../model/machine/roles.ts';
import { duration, durationOfMs, percent, plural } from '../trace/format-numbers.ts';
import { shortRequest } from '../trace/request-shape.ts';
import type { Nanoseconds } from '../trace/time.ts';
import { causesIn, effectsOf, severityOf } from './causes.ts';
import type { Finding, Quality, SlowReplies, Verdict, Window, Worker } from './report.ts';

/** What else a verdict depends on. */
export interface VerdictContext {
  /** Serious findings that there was no room to list. */
  readonly unlisted?: number;
  /** The capture is a table of counts. */
  readonly isTable?: boolean;
  /** A part of the time of the capture was asked for. */
  readonly isPart?: boolean;
  /** Most connections were served by threads that nothing ties to the process that accepted them. */
  readonly servesUnseen?: boolean;
  /** A worker is one thread of a process whose others were not traced. */
  readonly isOneOfMany?: boolean;
  /** The call that has most of the time of such a table, and its part of it, 0 to 1; null without times. */
  readonly most?: { readonly call: string; readonly share: number } | null;
  /** What the capture does not show although it was done, as the end of a sentence; '' for nothing. */
  readonly unseen?: string;
  /** How long calls took is not recorded: ten checks cannot judge. */
  readonly isUnmeasured?: boolean;
  /** Requests that took long, whatever they waited for. */
  readonly slowReplies?: SlowReplies | null;
  /** That the longest of them was read long before it was passed on, as a sentence; '' where it was not. */
  readonly held?: string;
  /** What clients of a name server met; null where nobody looked. */
  readonly questions?: { readonly answered: number; readonly longest: Nanoseconds } | null;
  /** A call that took about as long as the longest of them, in words; '' for none. */
  readonly callAsLong?: string;
}

const TABLE = 'a table of counts says neither when nor who';
const ONE_OF_MANY = 'one thread was traced of a process that has others. Record all of them with -f';
/** How the request of a client of a name server is called. */
export const DNS_QUESTION = 'DNS question';
const NOBODY_SERVES = 'no worker that accepts connections was seen';
const WITH_TIMES = 'Record with strace -f -ttt -T -y -s 128 -o FILE -p PID';
const UNMEASURED = 'how long calls took is not recorded. Record with -T';
const UNSEEN = 'many connections were served by threads that nothing ties to their process. Record with -y';
/** A call that has less of the time than this is one among others. */
const LEAST_SHARE = 0.5;
/** A verdict has two lines on a narrow terminal. */
const MOST_REQUEST = 40;
/** In less time nothing has had a chance to happen. */
const LEAST_MS = 1_000;
/** The three that a verdict names, and the kinds of which one must have been judged for each. */
const NAMED: readonly (readonly [name: string, kinds: readonly Kind[]])[] = [
  ['herds', ['thundering-herd']],
  ['stalls', ['loop-stall', 'service-stall', 'worker-saturation']],
  ['hang-ups', ['broken-pipe', 'abandoned-request']],
];

/** Why nothing can be said of threads that serve; '' when it can. Nothing judged is nothing reassured. */
function whyUntold(
  quality: Quality,
  outcomes: Readonly<Partial<Record<Kind, Outcome>>>,
  workers: readonly Worker[],
  { durationMs }: Window,
  { isPart = false, questions = null }: VerdictContext,
): string {
  if (isPart && durationMs === 0) return 'nothing of the capture lies between --from and --to';
  const serving = workers.filter(({ role }) => isWorkerRole(role)).length;
  // Of a process whose role nobody knows nothing is known to be well.
  if (serving === 0) {
    if (workers.some(({ accepted, wastedWakeups }) => accepted + wastedWakeups > 0))
      return 'a process accepts connections, and the capture does not show how it serves them';
    // Of accepts that were seen, and did not fail, each found nothing.
    return outcomes['accept-errors']?.status === 'clear'
      ? 'accept was called, and no call found a connection'
      : NOBODY_SERVES;
  }
  if (quality.grade === 'poor')
    return durationMs === null ? `the capture has no times. ${WITH_TIMES}` : 'the capture lacks what the checks need';
  if (durationMs !== null && durationMs < LEAST_MS) return `${durationOfMs(durationMs)} are too short`;
  const isJudged = (kind: Kind): boolean => {
    const status = outcomes[kind]?.status;
    return status === 'clear' || status === 'found';
  };
  const missing = NAMED.filter(([, kinds]) => !kinds.some(isJudged)).map(([name]) => name);
  // One worker alone cannot be a herd. Who asks over datagrams does not hang up: no call tells that a client left.
  const isOnDatagrams = isOfNames(questions) && !workers.some(({ accepted }) => accepted > 0);
  const unjudged = missing.filter(
    (name) => (name !== 'herds' || serving > 1) && (name !== 'hang-ups' || !isOnDatagrams),
  );
  const reasons = unjudged.map((name) => whyUnjudged(NAMED.find(([each]) => each === name)?.[1] ?? [], outcomes));
  return unjudged
    .map((name, index) => `${index === 0 ? `${name} could not be judged` : `nor could ${name}`} (${reasons[index]})`)
    .join(', ');
}

/** A name server answered its clients. */
function isOfNames(questions: VerdictContext['questions']): boolean {
  return (questions?.answered ?? 0) > 0;
}

/** The first clause of why none of these kinds was judged: what follows says how to record it. */
function whyUnjudged(kinds: readonly Kind[], outcomes: Readonly<Partial<Record<Kind, Outcome>>>): string {
  const all = kinds.flatMap((kind) => outcomes[kind]?.reason ?? []);
  // Of workers that serve one request at a time another kind says what is missing.
  const reason = all.find((each) => !/^(?:These are sync workers|No event-loop|No workers seen)/.test(each)) ?? all[0];
  const [clause = ''] = (reason ?? '-v says why').split(/: (?=who |whether |if |they )|[.;]\s|, and /, 1);
  return `${clause.charAt(0).toLowerCase()}${clause.slice(1)}`.replace(/\.$/, '');
}

/** The finding to act on first; null where none is worse than information. */
export function worstOf(findings: readonly Finding[], unlisted = 0): Verdict | null {
  const causes = causesIn(findings).map((finding) => ({ ...finding, severity: severityOf(finding, findings) }));
  const [first] = causes;
  if (first === undefined || first.severity === 'info') return null;
  const serious = causes.filter((finding) => finding !== first && finding.severity !== 'info');
  // What to act on first may be the lesser evil of the two: the cure of the other would make it worse, or is it.
  const worse = serious.filter(({ severity }) => severity === 'critical' && first.severity !== 'critical').length;
  const severity = worse > 0 ? 'critical' : first.severity;
  const word = first.confidence === 'likely' ? 'Likely' : first.confidence === 'possible' ? 'Possible' : 'Unsure';
  // Of those that are not listed the worse ones are: their number is at least that.
  const others = serious.length + unlisted;
  const more = others === 0 ? '' : ` (+${others} more${worse > 0 ? `, ${worse} critical` : ''})`;
  return { severity, confidence: first.confidence, text: `${word}: ${first.title}${more}` };
}

/** How many kinds a capture was judged for. */
export function judgedIn(outcomes: Readonly<Partial<Record<Kind, Outcome>>>): number {
  return Object.values(outcomes).filter((outcome) => outcome?.status === 'clear' || outcome?.status === 'found').length;
}

/** Kinds that say what requests waited for, also where it is told as info. */
const EXPLAINING: ReadonlySet<Kind> = new Set<Kind>([
  'slow-dependency',
  'stuck-call',
  'loop-stall',
  'service-stall',
  'worker-saturation',
  'slow-request',
  'session-lock',
  'lock-contention',
  'blocking-dns',
]);

/** What waited for less than this part of the longest reply is not what that waited for. */
const EXPLAINED = 0.5;

/**
 * What is no more than possible explains nothing while it is no warning: a thread may as well have been idle. Nor do
 * waits that are much shorter than the replies were late.
 */
function explains({ kind, confidence, metrics }: Finding, { longestMs, request }: SlowReplies): boolean {
  if (!EXPLAINING.has(kind) || confidence === 'possible') return false;
  const { dependencies } = metrics;
  if (kind === 'slow-request') return numberIn(metrics, 'longestMs') >= EXPLAINED * longestMs;
  if (kind !== 'slow-dependency' || !Array.isArray(dependencies)) return true;
  return dependencies.some(
    (each) =>
      // Of clients of a name server that have no reply nobody knows how long it will take.
      (request.startsWith(DNS_QUESTION) && numberIn(each, 'unanswered') > 0) ||
      Math.max(numberIn(each, 'longestMs'), numberIn(each, 'longestQueuedMs')) >= EXPLAINED * longestMs,
  );
}

/** Kinds that tell of such requests, or of what ends them. */
const TELLING: ReadonlySet<Kind> = new Set<Kind>(['abandoned-request', 'request-retry', 'worker-death']);

/** Whether a finding to act on tells why replies took so long: stalls that are much shorter in all do not. */
function mayCause(finding: Finding, slow: SlowReplies): boolean {
  const { kind, metrics } = finding;
  if (kind === 'slow-dependency') return explains(finding, slow);
  if (!EXPLAINING.has(kind)) return TELLING.has(kind);
  const { totalMs } = metrics;
  return typeof totalMs !== 'number' || totalMs >= EXPLAINED * slow.longestMs;
}

function numberIn(value: unknown, name: string): number {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'number' ? found : 0;
}

/** The capture ends while a worker is in a call that may have lasted for long, and of which none came back before. */
function endsAway({ kind, metrics }: Finding, { durationMs }: Window): boolean {
  if (kind !== 'stuck-call' || durationMs === null || metrics.isUsual === true || metrics.isOver === true) return false;
  const { threads } = metrics;
  const [first]: readonly unknown[] = Array.isArray(threads) ? threads : [];
  return typeof first === 'object' && first !== null && Reflect.get(first, 'forMs') === null;
}

/** What to do about a capture in which nobody serves, where nothing else in it says what to do. */
const RECORD_WORKERS = ' If this is a server, record its workers while clients connect.';

const AWAY = 'a worker is in a call on the last line, and how long that call lasted is not recorded';

const seen = (first: Finding | undefined): string => (first === undefined ? '' : ` The capture shows: ${first.title}`);

/** What a name server did for its clients, as a clause; '' for any other. */
function asked(questions: VerdictContext['questions']): string {
  if (!questions || questions.answered === 0) return '';
  const [took, all] = [duration(questions.longest), plural(questions.answered, 'DNS question')];
  if (questions.answered === 1) return `1 DNS question was answered, after ${took}`;
  return `${all} were answered, the slowest after ${took}`;
}

function slowly({ count, leastMs, longestMs, request }: SlowReplies): string {
  const name = shortRequest(request, MOST_REQUEST);
  const longest = durationOfMs(longestMs);
  const least = leastMs < 1000 ? `${leastMs} ms` : `${leastMs / 1000} s`;
  // The words of a statement are no subject of a sentence.
  if (name.split(' ').length > 2) {
    const all = `${plural(count, 'request')} had no reply for ${count === 1 ? longest : `${least} or more`}`;
    return `${all}${count === 1 ? '' : `, the longest for ${longest}`} (${name})`;
  }
  if (count === 1) return `${name} had no reply for ${longest}`;
  const others = plural(count - 1, 'other request');
  return `${name} and ${others} had no reply for ${least} or more, the longest for ${longest}`;
}

/** A request that was cut ends with dots of its own. */
const withStop = (sentence: string): string => (sentence.endsWith('...') ? sentence : `${sentence}.`);

/** What to act on first may be much shorter than what the slowest requests waited for. */
function withSlow(worst: Verdict, findings: readonly Finding[], slow: SlowReplies, held: string): Verdict {
  const causes = causesIn(findings);
  const isSerious = (finding: Finding): boolean => severityOf(finding, findings) !== 'info';
  // There may be thousands: each is asked only what has to be known.
  // Requests wait as long for a worker that is held by others as those others take together.
  const tells = (finding: Finding): boolean =>
    mayCause(finding, slow) || effectsOf(finding, findings).some((effect) => mayCause(effect, slow));
  const told = causes.find((finding) => tells(finding) && isSerious(finding));
  if (told === undefined)
    return {
      ...worst,
      text: `${worst.text}. Not explained: ${held === '' ? slowly(slow) : withStop(slowly(slow))}${held}`,
    };
  return told === causes.find(isSerious) ? worst : { ...worst, text: `${worst.text}. Longer: ${told.title}` };
}

/** One sentence: the finding to act on first, or what was looked at without finding anything. */
export function decide(
  findings: readonly Finding[],
  quality: Quality,
  outcomes: Readonly<Partial<Record<Kind, Outcome>>>,
  workers: readonly Worker[],
  window: Window,
  {
    unlisted = 0,
    isTable = false,
    isPart = false,
    most = null,
    servesUnseen = false,
    isOneOfMany = false,
    unseen = '',
    isUnmeasured = false,
    slowReplies = null,
    callAsLong = '',
    held = '',
    questions = null,
  }: VerdictContext = {},
): Verdict {
  const worst = worstOf(findings, unlisted);
  if (worst !== null) return slowReplies === null ? worst : withSlow(worst, findings, slowReplies, held);
  const causes = causesIn(findings);
  const [first] = causes;
  const span = window.durationMs === null ? '' : ` in ${durationOfMs(window.durationMs)}`;
  const hidden = isTable ? TABLE : isOneOfMany ? ONE_OF_MANY : servesUnseen ? UNSEEN : unseen;
  const untold =
    hidden || whyUntold(quality, outcomes, workers, window, { isPart, questions }) || (isUnmeasured ? UNMEASURED : '');
  if (untold !== '') {
    const time =
      most !== null && most.share >= LEAST_SHARE ? ` ${most.call} has ${percent(most.share)} of the time.` : '';
    const isUnexplained = slowReplies !== null && !causes.some((cause) => explains(cause, slowReplies));
    const step = untold === NOBODY_SERVES && first === undefined ? RECORD_WORKERS : '';
    const answers = first === undefined && asked(questions) !== '' ? ` The capture shows: ${asked(questions)}.` : '';
    const waited = isUnexplained
      ? ` The capture shows: ${withStop(slowly(slowReplies))}`
      : seen(first) || answers || step;
    const text = `Cannot tell: ${untold}.${time}${waited}`;
    return { severity: first === undefined ? 'none' : 'info', confidence: 'cannot-tell', text };
  }
  if (slowReplies !== null && !causes.some((cause) => explains(cause, slowReplies))) {
    const untold = withStop(`Cannot tell: no check explains why ${slowly(slowReplies)}`);
    return {
      severity: first?.severity ?? 'none',
      confidence: 'cannot-tell',
      // What no request can have waited for is no answer to that.
      text: `${untold}${held || callAsLong}${first !== undefined && EXPLAINING.has(first.kind) ? seen(first) : ''}`,
    };
  }
  if (first !== undefined && endsAway(first, window)) {
    const text = `Cannot tell: ${AWAY}.${seen(first)}`;
    return { severity: first.severity, confidence: 'cannot-tell', text };
  }
  const slow = causes.find(({ kind }) => kind === 'slow-request');
  if (slow !== undefined) {
    const text = `Cannot tell whether that is usual: ${slow.title}`;
    return { severity: 'info', confidence: 'cannot-tell', text };
  }
  if (first !== undefined) {
    const sure = first.confidence === 'possible' ? '. Possible: ' : ': ';
    return {
      severity: 'info',
      confidence: first.confidence,
      text: `Nothing urgent${span}${sure}${first.title}${causes.length > 1 ? ` (+${causes.length - 1} more)` : ''}`,
    };
  }
  const serving = plural(workers.filter(({ role }) => isWorkerRole(role)).length, 'worker');
  return {
    severity: 'none',
    confidence: 'likely',
    text:
      asked(questions) !== '' && workers.every(({ accepted }) => accepted === 0)
        ? `No stall found${span}: ${asked(questions)} (${serving}, ${plural(judgedIn(outcomes), 'check')})`
        : `No herd, stall or hang-up found${span} (${serving}, ${plural(judgedIn(outcomes), 'check')})`,
  };
}
