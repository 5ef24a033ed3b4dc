import { millisecondsAt } from '../detectors/words.ts';
import type { Blame, Request } from '../model/machine/connections.ts';
import type { Process } from '../model/machine/process.ts';
import type { SlowRequests } from '../model/measuring/slow-requests.ts';
import type { Model } from '../model/model.ts';
import { longestWaitOf } from '../model/topics/dependencies/peer.ts';
import { answersMost } from '../model/topics/dependencies/slow-replies.ts';
import { milliseconds } from '../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../trace/time.ts';
import type { RequestActivity } from './activity-types.ts';

const MOST_OPEN = 100;
/** Standing behind others, or waiting for a service, for less is noise. */
const NOTABLE = 10 * MILLISECOND;

/** The requests without an answer, the oldest first, and then those that were answered late, the slowest first. */
export function requestRows(model: Model, slow: SlowRequests): readonly RequestActivity[] {
  const end = model.lastTime;
  const open = openRequests(model)
    .map(({ request, process }) => ({ request, process, length: request.waitedUntil(end) }))
    .filter(({ request, length }) => request.line !== '' && length >= NOTABLE)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MOST_OPEN)
    .map(({ request, process, length }) =>
      rowOf(model, process.pid, { request, length, blame: request.loop.blame(request, end) }, true),
    );
  const answered = [...slow.all()]
    .toSorted((a, b) => b.length - a.length)
    .map((each) => rowOf(model, each.pid, each, false));
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
}

function rowOf(model: Model, pid: number, { request, length, blame }: Timed, isOpen: boolean): RequestActivity {
  const wait = longestWaitOf(request);
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
  };
}
