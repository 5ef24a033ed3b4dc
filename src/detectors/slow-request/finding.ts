import type { KeptLine } from '../../model/evidence.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { requestName, requestShape, shortRequest } from '../../trace/request-shape.ts';
import { syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import { seeCode, seeComputing } from '../see-code.ts';
import { heldIn, partlyHeldNote } from '../stall-cause/unwinding.ts';
import { waitIn } from '../stall-cause/waits-in.ts';
import { isStatement, requestAtStart, requestInWords } from '../statement-name.ts';
import { millisecondsAt, peerSubjects, workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';
import { lengthOf, type Slow } from './slow.ts';

const WHY =
  'A worker that serves one request at a time serves nobody else meanwhile. The client of that request waited for ' +
  'all of this time, and clients and proxies give up after a few seconds.';

/** Requests that a finding lists, and lines that prove it. */
const SHOWN = 20;
const MOST_LINES = 6;

/** Requests that were slow as well, and of which no more is kept. */
interface Others {
  readonly count: number;
  readonly total: Nanoseconds;
}

/** The finding about requests of one shape that were slow for one reason. */
export function finding(context: Context, way: readonly Slow[], others: Others): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const slow = way.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  const worst = slow[0] as Slow;
  const longest = lengthOf(worst);
  const held = worst.holds === null ? 0 : heldIn(model, worst.holds);
  const number = slow.length + others.count;
  const total = slow.reduce((sum, each) => sum + lengthOf(each), others.total);
  const workers = [...new Set(slow.map(({ thread }) => thread.process.pid))];
  return {
    severity: longest - held >= context.threshold('slow-request-ms') * MILLISECOND ? 'warning' : 'info',
    confidence: worst.confidence,
    title: titleOf(worst, slow, { workers, number }),
    summary: `${summaryOf(worst, number, total)}${partlyHeldNote(longest, held)}`,
    why: WHY,
    ...span(capabilities, smallestOf(slow.map(({ start }) => start)), largestOf(slow.map(({ end }) => end))),
    openEnded: slow.some(({ open }) => open),
    workers,
    metrics: {
      request: worst.request,
      worker: worst.thread.process.pid,
      cause: worst.cause,
      call: worst.call,
      callMs: milliseconds(worst.callTime),
      target: worst.target,
      count: number,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      slowest: slow.slice(0, SHOWN).map((each) => ({
        pid: each.thread.process.pid,
        request: each.request,
        startMs: millisecondsAt(model, each.start),
        endMs: millisecondsAt(model, each.end),
        tookMs: milliseconds(lengthOf(each)),
        open: each.open,
      })),
    },
    evidence: linesOf(slow),
    next: adviceFor(worst),
    subjects: [
      ...workers.map((pid) => `pid ${pid}`),
      `request ${worst.request}`,
      ...(worst.target.startsWith('/') ? [`target ${worst.target}`] : []),
      ...peerSubjects([worst.target]),
    ],
  };
}

/** `GET /report took 20.50 s in worker 1002: sleeps (clock_nanosleep)`: what it was in gives way first. */
function titleOf(
  worst: Slow,
  slow: readonly Slow[],
  { workers, number }: { readonly workers: readonly number[]; readonly number: number },
): string {
  const request = nameOf(worst, slow);
  const longest = duration(lengthOf(worst));
  const took = `took ${boundOf(worst, number)}${longest}`;
  const times = number > 1 ? ` (${count(number)}x)` : '';
  const where = placeOf(workers);
  const names = [request, shortRequest(request, 30), shortRequest(request, 20)];
  const titles = names.flatMap((name) =>
    [where, ''].flatMap((place) => whatOf(worst).map((what) => `${name} ${took}${times}${place}: ${what}`)),
  );
  return titles.find(({ length }) => length <= LONGEST_TITLE) ?? cutTitle(titles.at(-1) ?? '');
}

/** Of what had not ended nobody knows how long it took at most. */
function boundOf({ open }: Slow, number: number): string {
  if (open) return number > 1 ? 'once at least ' : 'at least ';
  return number > 1 ? 'up to ' : '';
}

function nameOf({ request }: Slow, slow: readonly Slow[]): string {
  if (isStatement(request)) return requestAtStart(request);
  return slow.every((each) => each.request === request) ? requestName(request) : requestShape(request);
}

function placeOf(workers: readonly number[]): string {
  const [pid = 0] = workers;
  if (workers.length > 1) return ` in ${plural(workers.length, 'worker')}`;
  return pid === 0 ? '' : ` in worker ${pid}`;
}

/** In a few ways, the shortest last. */
function whatOf(slow: Slow): readonly string[] {
  const { cause, call, confidence } = slow;
  if (call === '' || cause === 'no-syscall')
    return confidence === 'possible'
      ? ['computes, or waits for another thread or a CPU', 'computes, or waits']
      : ['computes, or waits for a CPU', 'computes, or no CPU'];
  if (cause === 'sleep') return [`sleeps (${call})`, 'sleeps'];
  if (cause === 'not-running') return ['does not run'];
  if (cause === 'fork') return [`forks (${call})`, 'forks'];
  // What is in a set that a program waits on for many reasons does not tell for which one it waited.
  if (slow.target.includes(' through epoll ')) return [`waits in ${call}`];
  if (syscall(call).family === 'futex') return [`waits for another thread (${call})`, 'waits for another thread'];
  return waitIn(slow);
}

function summaryOf(worst: Slow, number: number, total: Nanoseconds): string {
  const { thread, request, open } = worst;
  const length = lengthOf(worst);
  const name = workerName(thread.process.pid);
  const first =
    `${name} had read ${requestInWords(request)} and ` +
    (open ? `has not answered it after ${duration(length)}.` : `began its answer ${duration(length)} later.`);
  const all = number === 1 ? '' : ` ${plural(number, 'request')} like this took ${duration(total)} in all.`;
  return `${first} ${spentIn(worst)}${all} Whether such a request usually takes that long, the capture does not say.`;
}

function spentIn({ cause, call, calls, callTime, total }: Slow): string {
  if (call === '' || cause === 'no-syscall')
    return 'No call has most of that time: the thread computed, or waited for a CPU.';
  return calls > 1
    ? `${plural(calls, 'call')} of ${call} took ${duration(total)} of that time, the longest ${duration(callTime)}.`
    : `The longest call meanwhile was ${call}, ${duration(callTime)}.`;
}

function linesOf(slow: readonly Slow[]): KeptLine[] {
  return slow.flatMap(({ lines }) => lines).slice(0, MOST_LINES);
}

function adviceFor({ cause, call, target, thread, request }: Slow): Step[] {
  const { process } = thread;
  if (isStatement(request))
    return [MYSQL.test(process.server) ? SESSIONS_OF_MYSQL : sessionOfPostgres(process.pid), EXPLAIN];
  const code = (text: string): Step => seeCode(process, text);
  if (call === '' || cause === 'no-syscall')
    return [
      seeComputing(process, 'See which code runs while such a request is served.'),
      { text: 'Move long work out of the request, into a job of a queue, or make it shorter.' },
    ];
  if (cause === 'child-wait')
    return [
      {
        text: 'See which program the worker started, while such a request is served.',
        command: `ps -o pid,ppid,etimes,args --ppid ${process.pid === 0 ? 'PID' : process.pid}`,
      },
      { text: 'Give the child a time limit, or start it from a job of a queue.' },
    ];
  if (cause === 'sleep') return [code('See which code sleeps. It is often a retry with a pause, or a poll.')];
  if (target.startsWith('/'))
    return [
      {
        text: `See whether the disk or the network file system of ${target} is slow.`,
        command: 'iostat -x 1 3',
        needs: 'sysstat',
      },
      code('See which code uses that file.'),
    ];
  return [code('See which code makes that call.')];
}

// A database itself says what a session does, and no code of its own needs to be read.

const MYSQL = /^(?:MySQL|MariaDB)$/;

const SESSIONS_OF_MYSQL: Step = {
  text: 'While such a statement runs, ask the database what its session does, and since when.',
  command: 'mysql -e "SHOW FULL PROCESSLIST"',
};

function sessionOfPostgres(pid: number): Step {
  return {
    text: 'While such a statement runs, ask the database what the session does (PostgreSQL).',
    command:
      'sudo -u postgres psql -c "SELECT pid, state, wait_event_type, wait_event, now() - query_start AS age, ' +
      `left(query, 60) FROM pg_stat_activity${pid === 0 ? " WHERE state <> 'idle'" : ` WHERE pid = ${pid}`}"`,
  };
}

const EXPLAIN: Step = {
  text: 'See how the database executes the statement: EXPLAIN ANALYZE and the statement.',
  caveat: 'ANALYZE runs the statement: put one that writes into a transaction, and roll that back.',
};
