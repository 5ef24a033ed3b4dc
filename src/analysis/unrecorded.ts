import { RECORDING } from '../detectors/need.ts';
import { callsOf } from '../detectors/recorded.ts';
import type { Kind } from '../detectors/registry.ts';
import { isSignedByLibrary, runtimeOf } from '../model/machine/runtime.ts';
import { threadsOf } from '../model/machine/threads-of.ts';
import type { Model } from '../model/model.ts';
import { plural } from '../trace/format-numbers.ts';
import type { Syscall } from '../trace/syscalls.ts';
import { UNKNOWN } from '../trace/time.ts';

/** Fewer signs may be chance. */
export const FEW = 3;
/** Of fewer calls nobody can tell that some are missing. */
const LEAST_CALLS = 50;
/** So many calls of a whole program are never all of one class. */
const MANY_CALLS = 200;
/** Of runtimes that spread their work over threads by themselves so many hold a futex. */
const SPREAD_CALLS = 100;

/** Calls that the traced threads made, as others show, and that the capture does not hold. */
export interface Unrecorded {
  readonly calls: string;
  /** What shows that they were made, as the end of a sentence. */
  readonly although: string;
  /** That does not show it for sure: a program may do without them. */
  readonly isSupposed?: boolean;
  /** What cannot be told without them. */
  readonly hides: string;
  /** Kinds that judge by them. */
  readonly kinds: ReadonlySet<Kind>;
  /** Kinds that find what they find without them, and would find more with them: they are not clear. */
  readonly unclear?: ReadonlySet<Kind>;
}

/** The sentence for DATA on calls that are not in the capture. */
export function sentenceOf({ calls, although, hides, isSupposed }: Unrecorded): string {
  const why = `-e or grep left those calls out${isSupposed === true ? ', or nobody made one' : ''}`;
  return (
    `The capture holds no ${calls}, although ${although}: ${why}. ${hides} Record again ` + `without -e: ${RECORDING}`
  );
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
/** Those that judge by replies alone. */
export const REPLIES: ReadonlySet<Kind> = new Set<Kind>(['abandoned-request', 'request-retry', 'slow-request']);
const ANSWERS: ReadonlySet<Kind> = new Set<Kind>([...REPLIES, 'slow-dependency', 'broken-pipe', 'worker-saturation']);
const NUMBERS: ReadonlySet<Kind> = new Set<Kind>(['fd-leak', 'slow-dependency']);
/** A wait tells that a client left, and how long somebody waited. */
const TOLD_BY_WAITS: ReadonlySet<Kind> = new Set<Kind>([...REPLIES, 'slow-dependency', 'blocking-dns']);

/**
 * Which calls are missing: others in the capture could not have been made without them, or hardly. `isOurs`: drover
 * recorded it, and leaves none of them out, so that what a program may do without was not made.
 */
export function unrecordedIn(model: Model, isOurs: boolean): Unrecorded[] {
  const missing = missingIn(model);
  return isOurs ? missing.filter(({ isSupposed }) => isSupposed !== true) : missing;
}

function missingIn(model: Model): Unrecorded[] {
  // Calls are counted in the part that was asked for, and what shows that others were made is not.
  const isPart = Number.isFinite(model.options.from) || Number.isFinite(model.options.to);
  if (isPart || total(model) < LEAST_CALLS) return [];
  const { readsTried, socketWrites, clientWrites, numbersAgain, unanswered } = model.completeness;
  const found: Unrecorded[] = [];
  if (callsOf(model, 'epoll-wait', 'poll', 'select', 'io-uring') === 0) {
    const although = whyTheyWait(model);
    if (although !== null)
      found.push({
        calls: 'epoll_wait, poll or select',
        although,
        hides: 'Time in which a worker waits for work looks like time in which it does not answer.',
        kinds: LOOPS,
        unclear: TOLD_BY_WAITS,
      });
  }
  if (readsTried === 0 && socketWrites >= FEW)
    found.push({
      calls: 'read or recv of a socket',
      although: `${plural(socketWrites, 'write')} to sockets are in it`,
      isSupposed: true,
      hides: 'Neither requests nor the answers of other services are seen.',
      kinds: ANSWERS,
    });
  if (clientWrites === 0 && unanswered >= FEW)
    found.push({
      calls: 'write or send of a reply',
      although: `${plural(unanswered, 'request')} were followed by the next one, or the server closed their connection`,
      isSupposed: true,
      hides: 'Whether and when a request was answered is not seen.',
      kinds: REPLIES,
    });
  if (numbersAgain >= FEW && callsOf(model, 'close') === 0)
    found.push({
      calls: 'close',
      although: `${plural(numbersAgain, 'connection')} got the number of an earlier one`,
      hides: 'When a connection ended is not seen.',
      kinds: NUMBERS,
      unclear: REPLIES,
    });
  if (callsOf(model, 'futex') === 0 && needsLocks(model))
    found.push({
      calls: 'futex',
      although: 'threads of a runtime that shares locks are in it',
      isSupposed: true,
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
  const calls = total(model);
  if (calls < SPREAD_CALLS) return false;
  return model.processes.all().some((process) => {
    const seen = threadsOf(process).filter(({ lastTime }) => lastTime !== UNKNOWN);
    if (seen.length < 2) return false;
    if (process.server === 'Go' || process.takesTurns) return true;
    // A proxy passes on how the server behind it signs its replies, and need not wait for a lock itself.
    const runtime = isSignedByLibrary(process) ? 'unknown' : runtimeOf(process);
    return calls >= MANY_CALLS && /^(?:python|ruby|java|node)$/.test(runtime);
  });
}

function total({ statistics }: Model): number {
  return statistics.all().reduce((sum, { count: times }) => sum + times, 0);
}

/**
 * It holds calls on files and sockets alone. A whole program allocates memory, looks at the clock or its signals, or
 * waits for its threads now and then.
 */
export function isNarrow(model: Model): boolean {
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
