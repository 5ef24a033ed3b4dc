import type { Process } from '../../model/machine/process.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { type TimeRow, timeOf } from '../../model/measuring/time-table.ts';
import type { Model } from '../../model/model.ts';
import { servesRequest } from '../../trace/code-frame.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import { bareName } from '../cause-names.ts';
import { codeIn, codeSentence, commonPlace, framesMember, stepsWithCode, withPlace } from '../code-line.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, span } from '../finding.ts';
import { seeCode, seeComputing } from '../see-code.ts';
import { firstPids, processesOf } from '../words.ts';
import type { Metrics } from './metrics.ts';

/** Who was neither computing nor ready for less of the time than that was stopped, which is another matter. */
const LEAST_SHARE = 0.5;
const MOST_THREADS = 50;
const MOST_LINES = 5;
/** What a socket with another end is called: `10.0.0.5:5432 (PostgreSQL)`, `unix:/run/db`. */
const ADDRESS = /:\d+(?: \(|$)|^unix:/;
const LONGEST_TITLE = 78;
/**
 * The first threads of processes that drover looked at and that never came to a wait in the whole capture: without a
 * call at all, or from one short call to the next. Those of which a loop is known are stalls. Of other threads those
 * without a call whose code serves a request: threads that keep house compute as well.
 */
export function awayAllTime({ model, threshold }: Context): Thread[] {
  const least = threshold('stuck-ms') * MILLISECOND;
  return [...model.processes.threads()].filter((thread) => {
    const { seen, ended, loop, tid, process } = thread;
    if (seen === null || ended || loop.waitSets.length > 0) return false;
    if (lastedOf(model, thread) < least) return false;
    if (tid !== process.pid) {
      const code = codeIn(model, thread, { start: Number.NEGATIVE_INFINITY, end: model.lastTime });
      if (thread.lastTime !== UNKNOWN || !isComputing(model, thread) || code === null) return false;
      return servesRequest(code.frames, process.server);
    }
    return thread.lastTime === UNKNOWN ? isComputing(model, thread) : isBusy(thread);
  });
}

function isComputing(model: Model, thread: Thread): boolean {
  const { seen, leftIn } = thread;
  return seen !== null && seen.call === '' && leftIn === null && seen.ran >= lastedOf(model, thread) * LEAST_SHARE;
}

/**
 * Clients wait for it, and it has one thread: nobody else of it serves them. Who accepts or answers one client after
 * the other comes back to its work: that the next one waits already is what `worker-saturation` tells.
 */
function isBusy({ seen, leftIn, process }: Thread): boolean {
  if (!(process.clientsHeld > 0) || threadsOf(process).length > 1) return false;
  if (process.accepted > 0 || (process.answered > 1 && !isLoop(process))) return false;
  return !isWait(syscall(seen?.call ?? '').family) && (leftIn === null || !isWait(leftIn.syscall.family));
}

/** It has an epoll instance: one turn of its loop may answer many clients, one after the other. */
function isLoop({ descriptors }: Process): boolean {
  for (const [, { kind }] of descriptors.entries()) if (kind === 'epoll') return true;
  return false;
}

/** How long it was away, at least. */
export function lastedOf({ lastTime }: Model, { seen, firstTime, lastTime: last, isUnread }: Thread): Nanoseconds {
  // Of what it did since then nothing was read yet.
  if (isUnread && last !== UNKNOWN) return elapsed(firstTime, last);
  return elapsed(last === UNKNOWN ? (seen?.since ?? lastTime) : firstTime, lastTime);
}

/** They never came to a wait, what they did instead, for how long at least, and whether clients wait meanwhile. */
export function awayFinding(context: Context, threads: readonly Thread[], isEverybody: boolean): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const sorted = threads.toSorted((a, b) => lastedOf(model, b) - lastedOf(model, a) || a.tid - b.tid);
  const [worst] = sorted;
  if (worst === undefined) throw new Error('somebody is away');
  const pids = sorted.map(({ process }) => process.pid);
  const clients = sorted.reduce((sum, { process }) => sum + Math.max(0, process.clientsHeld), 0);
  const longest = lastedOf(model, worst);
  const top = topOf(worst, capabilities.durations);
  const codes = sorted.map((thread) => codeIn(model, thread, { start: Number.NEGATIVE_INFINITY, end: model.lastTime }));
  const code = codes.find((sample) => sample !== null) ?? null;
  const isOfPool = worst.tid !== worst.process.pid;
  const who = isOfPool ? threadsInWords(sorted) : processesOf(pids, model.processes.all().length);
  return {
    severity: severityOf(clients, isEverybody),
    confidence: clients > 0 ? 'likely' : 'possible',
    title: titleOf(who, pids.length === 1, top, duration(longest), commonPlace(codes)),
    summary: `${summaryOf(model, sorted, top, clients)}${codeSentence(code)}`,
    why: 'A worker that does not come back to its wait neither accepts nor answers anybody else until it does.',
    ...span(capabilities, model.lastTime - longest, model.lastTime),
    openEnded: true,
    workers: pids.slice(0, MOST_THREADS),
    metrics: {
      threads: sorted.slice(0, MOST_THREADS).map((thread, index) => ({
        pid: thread.process.pid,
        tid: thread.tid,
        call: topOf(thread, capabilities.durations)?.call ?? '',
        target: peerOf(topOf(thread, capabilities.durations)) || null,
        sinceMs: null,
        forMs: milliseconds(lastedOf(model, thread)),
        hasTimeout: null,
        idle: clients > 0 ? 'no' : 'unknown',
        waitsFor: null,
        ...framesMember(codes[index] ?? null),
      })),
      count: sorted.length,
      nobodyAccepted: model.processes.all().every(({ accepted }) => accepted === 0),
      isUsual: false,
      isOver: false,
    },
    evidence: [
      ...sorted.slice(0, MOST_LINES).flatMap(({ seen }) => (seen === null ? [] : [seen.line])),
      ...(code === null ? [] : [code.line]),
    ],
    next: stepsWithCode(
      [
        (top === null ? seeComputing : seeCode)(worst.process, 'See the code that runs.'),
        peerOf(top) === ''
          ? {
              text: 'See whether it computes: the first of the three numbers then grows by a billion a second.',
              command: `cat /proc/${pids[0]}/schedstat`,
            }
          : {
              text: `Look at ${bareName(peerOf(top))}: its load, its own slow requests, and what it waits for.`,
              command: `ss -tnp | grep pid=${pids[0]},`,
            },
      ],
      code,
    ),
    subjects: pids.slice(0, MOST_THREADS).map((pid) => `pid ${pid}`),
  };
}

/** Where not all of it fits, the service that it waits for says more than how long. */
function titleOf(who: string, isOne: boolean, top: TimeRow | null, length: string, place: string): string {
  if (top === null)
    return withPlace(`${who} ${isOne ? 'makes' : 'make'} no system call for at least ${length}`, place, LONGEST_TITLE);
  const times = top.count === 1 ? '' : ` (${count(top.count)}x)`;
  const calls = `${top.call}${peerOf(top) === '' ? '' : ` on ${bareName(peerOf(top))}`}${times}`;
  const away = `${who} ${isOne ? 'does' : 'do'} not come back`;
  const ways = [`${away} for ${length}: ${calls}`, `${away}: ${calls}`];
  const [short = ''] = place.split(' ', 1);
  const room = LONGEST_TITLE - (place === '' ? 0 : short.length + 2);
  return withPlace(ways.find((way) => way.length <= room) ?? cutTitle(ways[0] ?? ''), place, LONGEST_TITLE);
}

function severityOf(clients: number, isEverybody: boolean): Severity {
  if (clients === 0) return 'info';
  return isEverybody ? 'critical' : 'warning';
}

/** What most of its time went to; null for who made no call, or spent more time between them. */
function topOf({ process, lastTime }: Thread, timed: boolean): TimeRow | null {
  if (lastTime === UNKNOWN) return null;
  const [top] = timeOf(process, timed).toSorted((a, b) => b.total - a.total);
  return top === undefined || top.call === '' ? null : top;
}

function callsOf(row: TimeRow): string {
  const { call, count: calls } = row;
  const peer = bareName(peerOf(row));
  return `${calls === 1 ? call : `${count(calls)} times ${call}`}${peer === '' ? '' : ` on ${peer}`}`;
}

/** The service that it waited for in these calls; '' where they were on anything else, or nobody knows on what. */
function peerOf(row: TimeRow | null): string {
  return row !== null && row.kind === 'waiting' && ADDRESS.test(row.target) ? row.target : '';
}

/** `sorted`: those that were away longest first. */
function summaryOf(model: Model, sorted: readonly Thread[], top: TimeRow | null, clients: number): string {
  const [worst] = sorted;
  const pids = sorted.map(({ process }) => process.pid);
  const named =
    worst !== undefined && worst.tid !== worst.process.pid
      ? threadsInWords(sorted)
      : `${sorted.length === 1 ? 'Process' : 'Processes'} ${firstPids(pids)}`;
  const isLater = worst?.seen != null && elapsed(model.firstTime, worst.seen.since) > SECOND;
  const lasted = duration(worst === undefined ? 0 : lastedOf(model, worst));
  const least =
    worst?.lastTime === UNKNOWN && isLater ? `for at least ${lasted}` : `in the whole capture, at least ${lasted}`;
  const silent = worst === undefined || worst.lastTime === UNKNOWN ? UNKNOWN : elapsed(worst.lastTime, model.lastTime);
  const spent =
    top !== null
      ? `came to no wait ${least}; ${callsOf(top)} took ${duration(top.total)}.`
      : silent === UNKNOWN
        ? `made no system call ${least}: computing, or waiting for a CPU.`
        : `came to no wait ${least}, and made no system call in the last ${duration(silent)}: computing, or waiting ` +
          'for a CPU.';
  const waiting =
    clients > 0
      ? ` ${plural(clients, 'client is', 'clients are')} connected to ${sorted.length === 1 ? 'it' : 'them'} meanwhile.`
      : ' Nothing shows that somebody waits for it: a job looks the same.';
  return `${named} ${spent}${waiting}`;
}

/** Threads of pools. */
function threadsInWords(threads: readonly Thread[]): string {
  const [first] = threads;
  const pids = [...new Set(threads.map(({ process }) => process.pid))];
  if (threads.length === 1 && first !== undefined) return `Thread ${first.tid} of ${first.process.pid}`;
  return pids.length === 1 ? `${threads.length} threads of ${pids[0]}` : `${threads.length} threads`;
}
