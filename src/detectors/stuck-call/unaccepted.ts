import type { Process } from '../../model/machine/process.ts';
import { isWorkerRole, rolesIn } from '../../model/machine/roles.ts';
import type { QueueSeen } from '../../model/machine/sighting.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { elapsed, MILLISECOND } from '../../trace/time.ts';
import { codeIn, codeSentence, commonPlace, framesMember, stepsWithCode, withPlace } from '../code-line.ts';
import { LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import type { Metrics } from './metrics.ts';

const MOST_PROCESSES = 50;
const MOST_LINES = 5;
const MOST_NAMED = 5;
/** Between the last look and the end of a capture is at most the time from one look to the next. */
const LATE = 1_500 * MILLISECOND;

/** A queue of clients of which nobody accepted one in the whole capture, and who might have. */
export interface Unaccepted {
  readonly queue: QueueSeen;
  readonly processes: readonly Process[];
}

/**
 * The fullest queue in which clients waited at each look for `stuck-ms` while nobody of the server accepted anybody:
 * threads of pools that hang look like those that wait for work, and only their clients tell. Null where somebody
 * accepts, and where a worker is known by what it did: what keeps that one others tell.
 */
export function unaccepted({ model, threshold, capabilities }: Context): Unaccepted | null {
  const all = model.processes.all();
  if (!capabilities.times || model.watch.isActive || all.some(({ accepted }) => accepted > 0)) return null;
  if ([...rolesIn(model.processes).values()].some(isWorkerRole)) return null;
  const least = threshold('stuck-ms') * MILLISECOND;
  const waiting = all.filter(
    ({ queued }) =>
      queued !== null && elapsed(queued.since, queued.until) >= least && elapsed(queued.until, model.lastTime) <= LATE,
  );
  const queue = waiting.reduce<QueueSeen | null>(
    (fullest, { queued }) => (queued !== null && (fullest === null || queued.least > fullest.least) ? queued : fullest),
    null,
  );
  if (queue === null) return null;
  const holding = waiting.filter(({ clientsHeld }) => clientsHeld > 0);
  return { queue, processes: holding.length > 0 ? holding : waiting };
}

/** How many clients wait since when, and who has others meanwhile. */
export function unacceptedFinding(context: Context, { queue, processes }: Unaccepted): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const threads = processes.flatMap((process) => threadsOf(process).filter(({ ended }) => !ended));
  const codes = threads.map((thread) =>
    codeIn(model, thread, { start: Number.NEGATIVE_INFINITY, end: model.lastTime }),
  );
  const code = codes.find((sample) => sample !== null) ?? null;
  const length = elapsed(queue.since, queue.until);
  const pids = processes.map(({ pid }) => pid);
  const clients = processes.reduce((sum, { clientsHeld }) => sum + Math.max(0, clientsHeld), 0);
  const named = pids.slice(0, MOST_NAMED).join(', ');
  const more = pids.length > MOST_NAMED ? ` and ${pids.length - MOST_NAMED} more` : '';
  const who = pids.length === 1 ? `process ${named}` : `processes ${named}${more}`;
  const [first] = processes;
  return {
    severity: clients > 0 ? 'critical' : 'warning',
    confidence: 'likely',
    title: withPlace(
      `Nobody accepts: ${plural(queue.least, 'client has', 'clients have')} waited for ${duration(length)}`,
      commonPlace(codes.filter((sample) => sample !== null)),
      LONGEST_TITLE,
    ),
    summary:
      `At least ${plural(queue.least, 'connection')} waited in the queue of the listener at each look of the kernel, ` +
      `for ${duration(length)}, and nobody accepted one in the capture. ` +
      (clients > 0
        ? `${plural(clients, 'client is', 'clients are')} connected to ${who} meanwhile: all threads may be busy ` +
          'with requests that do not end.'
        : `Nobody else is connected to ${who}.`) +
      codeSentence(code),
    why: 'The kernel takes connections for a server that does not accept them: clients wait until they give up.',
    ...span(capabilities, queue.since, model.lastTime),
    openEnded: true,
    workers: pids.slice(0, MOST_PROCESSES),
    metrics: {
      threads: processes.slice(0, MOST_PROCESSES).map((process) => {
        const [thread] = threadsOf(process);
        return {
          pid: process.pid,
          tid: thread?.tid ?? process.pid,
          call: thread?.leftIn?.name ?? '',
          target: null,
          sinceMs: null,
          forMs: milliseconds(length),
          hasTimeout: null,
          idle: 'unknown',
          waitsFor: null,
          ...framesMember(codes[thread === undefined ? -1 : threads.indexOf(thread)] ?? null),
        };
      }),
      count: processes.length,
      nobodyAccepted: true,
      isUsual: false,
      isOver: false,
    },
    evidence: [
      ...processes.slice(0, MOST_LINES).flatMap((process) => threadsOf(process)[0]?.seen?.line ?? []),
      ...(code === null ? [] : [code.line]),
    ],
    next: stepsWithCode(
      [
        ...(first === undefined ? [] : [seeCode(first, 'See the code that all threads are in.')]),
        { text: 'See how many connections wait in the queue: Recv-Q of the listener.', command: 'ss -ltn' },
      ],
      code,
    ),
    subjects: pids.slice(0, MOST_PROCESSES).map((pid) => `pid ${pid}`),
  };
}
