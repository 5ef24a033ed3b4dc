import { millisecondsAt } from '../detectors/words.ts';
import { atEndOf } from '../model/at-end/at-end.ts';
import type { Blame, Request } from '../model/machine/connections.ts';
import type { Process } from '../model/machine/process.ts';
import type { SlowRequests } from '../model/measuring/slow-requests.ts';
import type { Model } from '../model/model.ts';
import { DependencyTracker } from '../model/topics/dependencies/dependency-tracker.ts';
import { longestWaitOf } from '../model/topics/dependencies/peer.ts';
import { answersMost } from '../model/topics/dependencies/slow-replies.ts';
import { isOfOtherPool, worksForLoop } from '../model/topics/pools/executor-tracker.ts';
import { milliseconds } from '../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import type { RequestActivity } from './report.ts';

const MOST_OPEN = 100;
/** Standing behind others, or waiting for a service, for less is noise. */
const NOTABLE = 10 * MILLISECOND;

/** The requests without an answer, the oldest first, and then those that were answered late, the slowest first. */
export function requestRows(model: Model, slow: SlowRequests, isGrowing = false): readonly RequestActivity[] {
  const end = model.lastTime;
  const waiting = model.topic(DependencyTracker).waitingNow();
  const calls = callsAtEnd(model);
  const pools = withPools(model);
  const open = openRequests(model, calls, isGrowing)
    .map(({ request, process }) => ({ request, process, length: request.waitedUntil(end) }))
    .filter(({ request, length }) => request.line !== '' && length >= NOTABLE)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MOST_OPEN)
    .map(({ request, process, length }) =>
      rowOf(model, process.pid, {
        request,
        length,
        blame: request.loop.blame(request, end),
        isOpen: true,
        isPooled: pools.has(process.pid),
        wait: longer(longestWaitOf(request), waiting.get(request), end),
        call: calls.get(request) ?? null,
      }),
    );
  const answered = [...slow.all()]
    .toSorted((a, b) => b.length - a.length)
    .map((each) =>
      rowOf(model, each.pid, {
        ...each,
        isOpen: false,
        isPooled: pools.has(each.pid),
        wait: longestWaitOf(each.request),
        call: null,
      }),
    );
  return [...open, ...answered];
}

/**
 * Of processes that answer most of what they read, else the answer is not seen; and those that a thread is at. While a
 * capture grows nobody knows yet what threads are in that have not come back: then a process may have left the last one
 * of its requests open, its first one as well.
 */
function openRequests(
  { processes }: Model,
  calls: ReadonlyMap<Request, CallAtEnd>,
  isGrowing: boolean,
): { readonly request: Request; readonly process: Process }[] {
  const all = new Set(processes.all());
  return [...all].flatMap((process) => {
    const isAnswering = answersMost(process, all) || (isGrowing && process.requests - process.answered <= 1);
    return [...process.inProgress.stillUnanswered(process)]
      .filter((request) => isAnswering || calls.has(request))
      .map((request) => ({ request, process }));
  });
}

interface Timed {
  readonly request: Request;
  readonly length: Nanoseconds;
  readonly blame: Blame;
  readonly isOpen: boolean;
  readonly isPooled: boolean;
  /** For another service. */
  readonly wait: Wait | null;
  /** Of a thread that serves it, when the capture ended. */
  readonly call: CallAtEnd | null;
}

interface CallAtEnd {
  readonly name: string;
  readonly lasted: Nanoseconds;
}

/** What threads were in that serve a request without an answer; of several of one request the one longest there. */
function callsAtEnd(model: Model): ReadonlyMap<Request, CallAtEnd> {
  const calls = new Map<Request, CallAtEnd>();
  for (const { left, lasted, idle } of atEndOf(model)) {
    if (left.request === null || !left.isServing || idle === 'yes' || lasted === UNKNOWN) continue;
    const known = calls.get(left.request);
    if (known !== undefined && known.lasted >= lasted) continue;
    const { name, target, path } = left;
    const on = target === '' ? (path === '' ? '' : ` of ${path}`) : ` on ${target}`;
    calls.set(left.request, { name: `${name}${on}`, lasted });
  }
  return calls;
}

interface Wait {
  readonly peer: string;
  readonly total: Nanoseconds;
}

/** What is waited for still has not ended, and is in no sum. */
function longer(
  ended: Wait | null,
  open: { readonly peer: string; readonly since: Nanoseconds } | undefined,
  end: Nanoseconds,
): Wait | null {
  if (open === undefined) return ended;
  const total = end - open.since;
  return ended !== null && ended.total > total ? ended : { peer: open.peer, total };
}

/** Processes whose loop hands jobs to threads: what a request waited for there no call of the loop tells. */
function withPools(model: Model): ReadonlySet<number> {
  const pids = [...model.processes.threads()]
    .filter((thread) => worksForLoop(thread) || isOfOtherPool(thread))
    .map(({ process }) => process.pid);
  return new Set(pids);
}

function rowOf(
  model: Model,
  pid: number,
  { request, length, blame, isOpen, isPooled, wait, call }: Timed,
): RequestActivity {
  const { own, behind, longest } = blame;
  // It may have come before it was read: that time is no part of its age.
  const stood = Math.max(0, Math.min(behind, length - own));
  const isBehind = stood >= NOTABLE && longest?.request != null;
  // A thread that serves one request at a time waits in the middle of its work: that is no work.
  const waited = Math.max(wait?.total ?? 0, call?.lasted ?? 0);
  const worked = Math.max(0, Math.min(own, length - waited));
  return {
    request: request.name,
    pid,
    readMs: millisecondsAt(model, request.readAt),
    ageMs: milliseconds(length),
    isOpen,
    ownMs: milliseconds(worked),
    behindMs: milliseconds(stood),
    behind: isBehind ? (longest?.request?.name ?? '') : '',
    ...(isBehind && longest !== null
      ? { behindLongestMs: milliseconds(Math.min(stood, longest.end - longest.start)) }
      : {}),
    ...(isPooled ? { mayBeInPool: true } : {}),
    waitedMs: wait === null || wait.total < NOTABLE ? 0 : milliseconds(wait.total),
    waitedFor: wait === null || wait.total < NOTABLE ? '' : wait.peer,
    inCall: call?.name ?? '',
    inCallMs: milliseconds(call?.lasted ?? 0),
    readAt: request.readLine === 0 ? null : { file: request.readFile, line: request.readLine },
  };
}
