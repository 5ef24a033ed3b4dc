import { millisecondsAt } from '../detectors/words.ts';
import type { Blame, Request } from '../model/machine/connections.ts';
import type { Process } from '../model/machine/process.ts';
import type { SlowRequests } from '../model/measuring/slow-requests.ts';
import type { Model } from '../model/model.ts';
import { DependencyTracker } from '../model/topics/dependencies/dependency-tracker.ts';
import { longestWaitOf } from '../model/topics/dependencies/peer.ts';
import { answersMost } from '../model/topics/dependencies/slow-replies.ts';
import { milliseconds } from '../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../trace/time.ts';
import type { RequestActivity } from './report.ts';

const MOST_OPEN = 100;
/** Standing behind others, or waiting for a service, for less is noise. */
const NOTABLE = 10 * MILLISECOND;

/** The requests without an answer, the oldest first, and then those that were answered late, the slowest first. */
export function requestRows(model: Model, slow: SlowRequests): readonly RequestActivity[] {
  const end = model.lastTime;
  const waiting = model.topic(DependencyTracker).waitingNow();
  const open = openRequests(model)
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
        wait: longer(longestWaitOf(request), waiting.get(request), end),
      }),
    );
  const answered = [...slow.all()]
    .toSorted((a, b) => b.length - a.length)
    .map((each) => rowOf(model, each.pid, { ...each, isOpen: false, wait: longestWaitOf(each.request) }));
  return [...open, ...answered];
}

/** Of processes that answer most of what they read: else the answer is not seen. */
function openRequests({ processes }: Model): { readonly request: Request; readonly process: Process }[] {
  const all = new Set(processes.all());
  return [...all]
    .filter((process) => answersMost(process, all))
    .flatMap((process) => [...process.inProgress.unanswered(process)].map((request) => ({ request, process })));
}

interface Timed {
  readonly request: Request;
  readonly length: Nanoseconds;
  readonly blame: Blame;
  readonly isOpen: boolean;
  /** For another service. */
  readonly wait: Wait | null;
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

function rowOf(model: Model, pid: number, { request, length, blame, isOpen, wait }: Timed): RequestActivity {
  const { own, behind, longest } = blame;
  const isBehind = behind >= NOTABLE && longest?.request != null;
  return {
    request: request.name,
    pid,
    readMs: millisecondsAt(model, request.readAt),
    ageMs: milliseconds(length),
    isOpen,
    ownMs: milliseconds(own),
    behindMs: milliseconds(behind),
    behind: isBehind ? (longest?.request?.name ?? '') : '',
    waitedMs: wait === null || wait.total < NOTABLE ? 0 : milliseconds(wait.total),
    waitedFor: wait === null || wait.total < NOTABLE ? '' : wait.peer,
    readAt: request.readLine === 0 ? null : { file: request.readFile, line: request.readLine },
  };
}
