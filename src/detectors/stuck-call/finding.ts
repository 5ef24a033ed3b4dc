import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import { duration, milliseconds } from '../../trace/format-numbers.ts';
import { elapsed, MILLISECOND, SECOND, UNKNOWN } from '../../trace/time.ts';
import { codeIn, codeSentence, commonPlace, framesMember, stepsWithCode } from '../code-line.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, span } from '../finding.ts';
import { nounOf } from '../noun-of-processes.ts';
import { millisecondsAt } from '../words.ts';
import { adviceFor } from './advice.ts';
import type { Metrics } from './metrics.ts';
import { ofAll, targetOf } from './title/targets.ts';
import { titleOf } from './title/title.ts';
import { isUsual } from './usual.ts';

/** Threads that hang in the same call on the same thing. */
export interface Group {
  readonly all: readonly ThreadAtEnd[];
  readonly severity: Severity;
  /** All threads that serve, or all processes of a capture in which nobody is known to serve. */
  readonly isEverybody: boolean;
  /** Each had worked, and waits for a lock of its own: it may be one that another of them has. */
  readonly isMutual: boolean;
}

const MOST_THREADS = 50;
const MOST_LINES = 5;
const MOST_NAMED = 5;
const MOST_FDS = 3;

/** Who hangs, in what, since when, and what for. */
export function finding(context: Context, { all, severity, isEverybody, isMutual }: Group): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const sorted = all.toSorted((a, b) => b.lasted - a.lasted || a.thread.tid - b.thread.tid);
  const [worst] = sorted;
  if (worst === undefined) throw new Error('a group has a thread at least');
  const pids = [...new Set(sorted.map(({ thread }) => thread.process.pid))];
  const isTimed = capabilities.times && worst.lasted !== UNKNOWN && model.lastTime > model.firstTime;
  const codes = sorted.map(({ thread, left }) =>
    codeIn(model, thread, {
      start: left.beganBefore ? Number.NEGATIVE_INFINITY : left.since,
      end: model.lastTime,
    }),
  );
  const code = codes.find((sample) => sample !== null) ?? null;
  const place = commonPlace(codes);
  const isRepeated = !capabilities.durations && sorted.every(hasComeBack);
  const nobodyAccepted = model.processes.all().every(({ accepted }) => accepted === 0);
  return {
    severity,
    confidence: worst.idle === 'no' && isTimed ? 'likely' : 'possible',
    title: titleOf(sorted, { severity, isEverybody, processes: model.processes.all(), isTimed, isRepeated, place }),
    summary: `${summaryOf(context, worst, sorted, isTimed, isRepeated)}${isMutual ? MUTUAL : ''}${codeSentence(code)}`,
    why: WHY[worst.idle === 'no' || isMutual ? 'no' : 'unknown'],
    ...span(capabilities, Math.min(...sorted.map(({ left }) => left.since)), model.lastTime),
    openEnded: true,
    workers: pids.slice(0, MOST_THREADS),
    metrics: {
      threads: sorted.slice(0, MOST_THREADS).map((each, index) => ({
        pid: each.thread.process.pid,
        tid: each.thread.tid,
        call: each.left.name,
        target: targetOf(each),
        sinceMs: capabilities.times && !each.left.beganBefore ? millisecondsAt(model, each.left.since) : null,
        forMs: capabilities.times && each.lasted !== UNKNOWN ? milliseconds(each.lasted) : null,
        hasTimeout: each.left.hasTimeout,
        idle: each.idle === 'no' ? 'no' : 'unknown',
        waitsFor: each.wait.what === '' ? null : each.wait.what,
        ...framesMember(codes[index] ?? null),
      })),
      count: all.length,
      nobodyAccepted,
      isUsual: all.every(isUsual),
      isOver: false,
    },
    evidence: [...sorted.slice(0, MOST_LINES).map(({ left }) => left.line), ...(code === null ? [] : [code.line])],
    next: stepsWithCode(adviceFor(worst), code),
    subjects: pids.slice(0, MOST_THREADS).map((pid) => `pid ${pid}`),
  };
}

/**
 * Somebody saw the thread begin such a call long after the one that the capture began with. A tracer that prints no
 * single calls (watch.bt) does not tell that it came back in between.
 */
function hasComeBack({ left, thread: { seen } }: ThreadAtEnd): boolean {
  return seen !== null && left.beganBefore && seen.call === left.name && elapsed(left.since, seen.since) > SECOND;
}

const WHY = {
  no:
    'A thread that waits for another thread, process or service does nothing until that one acts. Without a time ' +
    'limit the thread waits for ever.',
  unknown:
    'A thread that waits for work looks like this, too. It is a hang only if this process should be doing something ' +
    'now.',
} as const;

const MUTUAL = ' Each of them may wait for a lock that another of them has: then none ever comes back.';

/** The same of words of memory. */
function ofAllWords(what: string, sorted: readonly ThreadAtEnd[]): string {
  const words = [...new Set(sorted.flatMap(({ left }) => left.futex?.word ?? []))];
  if (words.length < 2) return what;
  const more = words.length - MOST_FDS;
  const named = `${words.slice(0, MOST_FDS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return what
    .replace(/\(futex word [^)]*\)$/, `(futex words ${named})`)
    .replace(/^a lock that is taken/, 'locks that are taken')
    .replace(/^a lock or a signal/, 'locks or signals');
}

/** `Pid 4127`, `Pids 4127, 4128 and 4129`, `Threads 4131 and 4132 of 4127`. */
function namesOf(sorted: readonly ThreadAtEnd[]): string {
  const [{ thread: first }] = sorted as readonly [ThreadAtEnd];
  const isOne = sorted.length === 1;
  if (isOne && first.tid === 0) return 'The process';
  const named = sorted.slice(0, MOST_NAMED).map(({ thread }) => thread);
  const more = sorted.length - named.length;
  const isOfOne = sorted.every(({ thread }) => thread.process === first.process);
  const isThread = sorted.some(({ thread }) => thread.tid !== thread.process.pid);
  const names = named.map(({ tid, process }) =>
    isOfOne || tid === process.pid ? `${tid}` : `${tid} of ${process.pid}`,
  );
  const noun = `${isThread ? 'Thread' : 'Pid'}${isOne ? '' : 's'}`;
  return `${noun} ${inAList(names, more)}${isOfOne && isThread ? ` of ${first.process.pid}` : ''}`;
}

/** `a, b and c`, `a, b and 3 more`. */
function inAList(names: readonly string[], more: number): string {
  if (more > 0) return `${names.join(', ')} and ${more} more`;
  const [last = '', ...others] = names.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
}

function summaryOf(
  { model, capabilities, goesOn }: Context,
  worst: ThreadAtEnd,
  sorted: readonly ThreadAtEnd[],
  isTimed: boolean,
  isRepeated: boolean,
): string {
  const { left, wait, lasted, idle } = worst;
  const isOne = sorted.length === 1;
  const subject = namesOf(sorted);
  const it = isOne ? 'It' : 'They';
  const been = goesOn ? `${isOne ? 'has' : 'have'} been` : 'had been';
  const since = !capabilities.times
    ? 'How long is unknown: the capture has no times'
    : !isTimed
      ? 'How long is unknown: no later line is in the capture'
      : left.beganBefore
        ? `${it} ${been} in that call since before the capture` +
          `${lasted < MILLISECOND ? '' : `, for at least ${duration(lasted)}`}`
        : `${it} ${been} in that call for at least ${duration(lasted)}`;
  const limit = left.hasTimeout === null ? '' : ` The call has ${left.hasTimeout ? 'a' : 'no'} time limit.`;
  const waitsFor = ofAllWords(ofAll(wait.what, sorted), sorted);
  const reason = waitsFor === '' ? '' : ` ${it} ${isOne ? 'waits' : 'wait'} for ${waitsFor}.`;
  const asked = left.query === '' ? '' : ` Asked last: ${left.query}.`;
  const served =
    left.request === null || left.request.line === ''
      ? ''
      : ` ${isOne ? 'It' : 'One of them'} was serving ${left.request.line}.`;
  const doubt = idle === 'no' ? '' : ' The capture does not show whether that is idle or stuck.';
  const all = model.processes.all();
  const scope = sorted.length > 1 && all.length > sorted.length ? ` ${all.length} ${nounOf(all)} were traced.` : '';
  const another = goesOn ? 'is in another one now' : `in another ${left.name} when it ended`;
  const state = isRepeated
    ? `${subject} ${isOne ? 'was' : 'were'} in ` +
      `${left.name} when the capture began, and ${another}, ${duration(lasted)} later. ` +
      'This tracer prints no single calls: how many there were in between is unknown'
    : goesOn
      ? `${subject} ${isOne ? 'has' : 'have'} not come back from ${left.name} yet. ${since}`
      : `${subject} ${isOne ? 'was' : 'were'} still in ${left.name} when the capture ended. ${since}`;
  return `${state}.${limit}${reason}${asked}${served}${doubt}${scope}`;
}
