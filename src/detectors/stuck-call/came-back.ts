import { isWorkerRole, type Role, rolesIn } from '../../model/machine/roles.ts';
import type { PastSighting } from '../../model/machine/sighting.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { type Family, syscall } from '../../trace/syscalls.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { codeIn, codeSentence, commonPlace, framesMember, stepsWithCode, withPlace } from '../code-line.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { everyOne, firstPids, someOf } from '../words.ts';
import type { Metrics } from './metrics.ts';
import { isOrdinary } from './usual.ts';

const MOST_THREADS = 50;
const MOST_LINES = 5;
/** Who computes is on a processor, or ready for one, nearly all the time. */
const LEAST_RUN = 0.8;
/** Calls in which a thread waits for somebody else, and not for work. */
const WAITS_FOR_OTHERS: ReadonlySet<Family> = new Set<Family>(['lock', 'fcntl', 'sync', 'open', 'file', 'connect']);

/** A thread that was stuck when the capture began, and what in. */
export interface CameBack {
  readonly thread: Thread;
  readonly stay: PastSighting;
}

/**
 * Threads that somebody saw stuck when the capture began, for long, while clients were connected, and that came back
 * in it. Calls that began before the capture the tracer shows without their begin, or not at all.
 */
export function cameBack({ model, threshold }: Context): CameBack[] {
  const roles = rolesIn(model.processes);
  const least = threshold('stuck-ms') * MILLISECOND;
  const alike = groupedBy(roles.keys(), (thread) => roles.get(thread));
  return [...roles].flatMap(([thread, role]) => {
    const stay = thread.stuckAtFirst ?? tracedStay(thread, role);
    if (stay === null || lengthOf(stay) < least) return [];
    const peers = new Set((alike.get(role) ?? []).map(({ process }) => process));
    if (stay.held === '' && stay.call !== '' && isOrdinary([...peers], { ...stay, since: stay.since - stay.before }))
      return [];
    const isMain = thread.tid === thread.process.pid;
    if (stay.held !== '') return isMain ? [{ thread, stay }] : [];
    if (stay.clients === 0) return [];
    const mayServe = isMain && (isWorkerRole(role) || threadsOf(thread.process).length === 1);
    return waitsForOthers(stay) || (mayServe && holdsItsWorker(stay)) ? [{ thread, stay }] : [];
  });
}

/** Calls of which no other kind of finding tells, unless they are on a socket. */
const TOLD_HERE: ReadonlySet<Family> = new Set<Family>(['open', 'connect', 'sleep']);

/**
 * The same where nobody looked: the tracer shows the call that a thread was in when it came. Who serves clients has one
 * then; who waits for jobs may have had none. A loop was in a turn (`loop-stall`).
 */
function tracedStay({ firstStay, servesRequests, hasServed }: Thread, role: Role): PastSighting | null {
  if (firstStay === null || role === 'event-loop' || role === 'master' || !(servesRequests || hasServed)) return null;
  const { call, since, until, descriptor, isAnswer, line } = firstStay;
  const isOfClient = descriptor?.connection != null && !isAnswer;
  const peer = isOfClient ? '' : descriptor?.peer || (isAnswer ? 'another service' : '');
  if (peer === '' && !TOLD_HERE.has(syscall(call).family)) return null;
  return { call, held: '', holder: 0, since, until, ran: UNKNOWN, peer, isOfClient, line, clients: UNKNOWN, before: 0 };
}

function waitsForOthers({ call, peer, isOfClient }: PastSighting): boolean {
  if (call === '') return false;
  const { family } = syscall(call);
  return WAITS_FOR_OTHERS.has(family) || (peer !== '' && !isOfClient && family !== 'accept');
}

/** A sleep, or a computation, in the thread that serves. */
function holdsItsWorker(stay: PastSighting): boolean {
  return stay.call === '' ? stay.ran >= lengthOf(stay) * LEAST_RUN : syscall(stay.call).family === 'sleep';
}

function lengthOf({ since, until }: PastSighting): Nanoseconds {
  return elapsed(since, until);
}

/** Who was stuck, in what, and for how long of the capture at least. */
export function cameBackFinding({ model, capabilities }: Context, all: readonly CameBack[]): DraftFinding<Metrics> {
  const sorted = all.toSorted((a, b) => lengthOf(b.stay) - lengthOf(a.stay) || a.thread.tid - b.thread.tid);
  const [worst] = sorted;
  if (worst === undefined) throw new Error('a finding is about one thread at least');
  const pids = [...new Set(sorted.map(({ thread }) => thread.process.pid))];
  const workers = [...rolesIn(model.processes)].filter(([, role]) => isWorkerRole(role));
  // Of a pool others may have been free.
  const isOfPool = sorted.some(({ thread }) => thread.stuckAtFirst === null && thread.tid !== thread.process.pid);
  const isEverybody = !isOfPool && workers.every(([{ process }]) => pids.includes(process.pid));
  const codes = sorted.map(({ thread, stay }) =>
    codeIn(model, thread, { start: Number.NEGATIVE_INFINITY, end: stay.until }),
  );
  const code = codes.find((sample) => sample !== null) ?? null;
  const { call, held, peer, clients } = worst.stay;
  const length = duration(lengthOf(worst.stay));
  const inCall = `${call === '' ? 'no system call' : call}${peer === '' ? '' : ` on ${peer}`}`;
  const be = pids.length === 1 ? 'was' : 'were';
  const who = whoOf(pids, model.processes.all().length, isEverybody);
  const title = held === '' ? `${who} ${be} stuck for ${length}: ${inCall}` : `${who} ${be} ${held} for ${length}`;
  const connected = clients > 0 ? `, while ${plural(clients, 'client was', 'clients were')} connected` : '';
  return {
    severity: isEverybody ? 'critical' : 'warning',
    confidence: 'likely',
    title: withPlace(cutTitle(title), commonPlace(codes), LONGEST_TITLE),
    summary:
      `Pid${pids.length === 1 ? '' : 's'} ${firstPids(pids)} ${be} ${held === '' ? `in ${inCall}` : held} ` +
      `when the capture began, and for at least ${length} of it${connected}. ` +
      `${pids.length === 1 ? 'It has' : 'They have'} come back since.${codeSentence(code)}`,
    why: 'A worker that does not come back to its wait neither accepts nor answers anybody else until it does.',
    ...span(capabilities, worst.stay.since, worst.stay.until),
    openEnded: false,
    workers: pids.slice(0, MOST_THREADS),
    metrics: {
      threads: sorted.slice(0, MOST_THREADS).map(({ thread, stay }, index) => ({
        pid: thread.process.pid,
        tid: thread.tid,
        call: stay.call,
        target: stay.peer === '' ? null : stay.peer,
        sinceMs: null,
        forMs: milliseconds(lengthOf(stay)),
        hasTimeout: null,
        idle: 'no',
        waitsFor: null,
        ...framesMember(codes[index] ?? null),
      })),
      count: sorted.length,
      nobodyAccepted: model.processes.all().every(({ accepted }) => accepted === 0),
      isUsual: false,
      isOver: true,
    },
    evidence: [...sorted.slice(0, MOST_LINES).map(({ stay }) => stay.line), ...(code === null ? [] : [code.line])],
    next: stepsWithCode(
      [
        {
          text: 'Keep the last minute until it happens again.',
          command: `drover record ${pids[0]} --ring 60s --until 'stall>500ms'`,
        },
        seeCode(worst.thread.process, 'See the code while it is stuck.'),
      ],
      code,
    ),
    subjects: pids.slice(0, MOST_THREADS).map((pid) => `pid ${pid}`),
  };
}

function whoOf(pids: readonly number[], all: number, isEverybody: boolean): string {
  if (pids.length === 1) return `Pid ${pids[0]}`;
  return isEverybody ? everyOne(pids.length, 'workers') : someOf(pids.length, all, 'processes');
}
