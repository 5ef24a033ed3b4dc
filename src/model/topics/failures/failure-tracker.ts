import type { Call } from '../../../trace/record.ts';
import type { Family, Syscall } from '../../../trace/syscalls.ts';
import { earlier, later, type Nanoseconds, SECOND, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import { PerDescriptor } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';

/** Targets told apart; further ones are counted together. */
const MOST_TARGETS = 200;
const EVIDENCE = 2;

/** Calls on one target that failed with one error. */
export interface Failures {
  readonly call: string;
  readonly errno: string;
  /** An address or a file; '' for all that were too many to be told apart. */
  readonly target: string;
  failed: number;
  first: Nanoseconds;
  last: Nanoseconds;
  /** The thread had read a request, or runs a loop. */
  serving: boolean;
  readonly pids: Set<number>;
  readonly lines: KeptLine[];
}

/** No room, no right to write, a broken disk: one of them is enough to be told. */
export const DISK_ERRORS: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);
/** No descriptor is left, for the process or on the host: one of them is enough, too. Accepts are another matter. */
export const DESCRIPTOR_ERRORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);
/** Calls that make a descriptor, apart from accepts. */
const OPENING: ReadonlySet<Family> = new Set<Family>([
  'open',
  'socket',
  'dup',
  'pipe',
  'socketpair',
  'eventfd',
  'epoll-create',
]);
/** What a connect that does not wait says, and one that is interrupted. */
const UNDER_WAY: ReadonlySet<string> = new Set(['EINPROGRESS', 'EALREADY', 'EISCONN', 'EINTR', 'EAGAIN']);

/** What a connect that did not wait may end with. */
const CONNECT_ERRORS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'ENETDOWN',
]);

/** In place of an error: a connect that the program waited for, and gave up. */
export const NO_ANSWER = 'no answer';
/** Who waits less may try another address of the same name at the same time, as browsers and curl do. */
const LEAST_WAIT: Nanoseconds = SECOND;

/** A connect that had not ended when it came back. */
class UnderWay {
  /** The limits of the waits for it that ran out, in all. */
  waited: Nanoseconds = 0;
  /** The last of them; null where none did, or an answer came. */
  line: KeptLine | null = null;
  /** A wait reported it: later ones are for what the service sends. */
  isAnswered = false;
}

const underWay = new PerDescriptor<UnderWay>();

/** Counts what fails by what it was about: connects by address, writes that a disk refuses by file. */
export class FailureTracker extends TrackerBase implements Tracker {
  readonly #failures = new Map<string, Failures>();
  /** Connects by address, those that succeeded and those that failed. */
  readonly #tries = new Map<string, number>();
  /** Some connect did not wait. */
  #hasBegun = false;

  hears({ family }: Syscall): Heard | undefined {
    if (family === 'connect') return (call, thread) => this.#connected(call, thread);
    if (family === 'getsockopt') return (call, thread) => this.#learnt(call, thread);
    if (family === 'poll' || family === 'select') return (call, thread) => this.#waited(call, thread);
    if (family !== 'write' && family !== 'sync' && !OPENING.has(family)) return undefined;
    return (call, thread) => {
      if (call.error !== '') this.#refused(call, thread);
    };
  }

  #connected(call: Call, thread: Thread): void {
    if (!this.inWindow(call.end)) return;
    const address = call.arguments.socketAddress();
    const key = this.#tries.has(address) || this.#tries.size < MOST_TARGETS ? address : '';
    const descriptor = thread.process.descriptors.get(call.fd);
    const hasBegun = this.#hasBegun && descriptor !== undefined && underWay.of(descriptor) !== undefined;
    // A second connect of one socket asks what became of the first (hitch).
    if (!hasBegun) this.#tries.set(key, (this.#tries.get(key) ?? 0) + 1);
    if (call.error === 'EINPROGRESS') {
      if (descriptor !== undefined && !hasBegun) underWay.set(descriptor, new UnderWay());
      this.#hasBegun = true;
    } else if (hasBegun && !UNDER_WAY.has(call.error)) underWay.clear(descriptor);
    if (call.error !== '' && !call.error.startsWith('ERESTART') && !UNDER_WAY.has(call.error))
      this.#count(call, thread, call.error, address);
  }

  /** What became of a connect that did not wait: `getsockopt(9, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0`. */
  #learnt(call: Call, thread: Thread): void {
    if (!this.#hasBegun || call.result !== 0) return;
    const descriptor = thread.process.descriptors.get(call.fd);
    // gevent asks for the size of a buffer with every reply; and an error of a connection that stood is another matter.
    if (descriptor === undefined || underWay.of(descriptor) === undefined) return;
    const errno = call.arguments.socketError();
    if (!CONNECT_ERRORS.has(errno) || !this.inWindow(call.end)) return;
    underWay.clear(descriptor);
    this.#count(call, thread, errno, descriptor.peer, 'connect');
  }

  /** A wait for connects that are under way ran out, or reported some of them. */
  #waited(call: Call, { process: { descriptors } }: Thread): void {
    if (!this.#hasBegun) return;
    const limit = call.arguments.timeout();
    if (call.result > 0) {
      for (const { data } of call.arguments.ready()) {
        const descriptor = descriptors.get(data);
        const own = descriptor === undefined ? undefined : underWay.of(descriptor);
        if (own === undefined) continue;
        own.isAnswered = true;
        own.line = null;
      }
      return;
    }
    if (call.result !== 0 || !(limit > 0) || limit === Number.POSITIVE_INFINITY) return;
    for (const fd of call.arguments.polled()) {
      const descriptor = descriptors.get(fd);
      const own = descriptor === undefined ? undefined : underWay.of(descriptor);
      if (own === undefined || own.isAnswered) continue;
      own.waited += limit;
      own.line = keptLine(call);
    }
  }

  /** Who closes a socket whose connect nobody answered gives up. */
  closed(call: Call, thread: Thread, descriptor: Descriptor): void {
    if (!this.#hasBegun) return;
    const own = underWay.of(descriptor);
    if (own === undefined || own.line === null || own.waited < LEAST_WAIT || !this.inWindow(call.end)) return;
    underWay.clear(descriptor);
    this.#count(call, thread, NO_ANSWER, descriptor.peer, 'connect', own.line);
  }

  /** A call that changes a file failed. */
  #refused(call: Call, thread: Thread): void {
    if (DESCRIPTOR_ERRORS.has(call.error) && OPENING.has(call.syscall.family) && this.inWindow(call.end)) {
      this.#count(call, thread, call.error, '');
      return;
    }
    if (!DISK_ERRORS.has(call.error) || !this.inWindow(call.end)) return;
    const descriptor = call.syscall.takesDescriptor ? thread.process.descriptors.get(call.fd) : undefined;
    // A terminal that is gone answers EIO as well.
    if (call.error === 'EIO' && descriptor?.kind !== 'file' && call.syscall.takesDescriptor) return;
    const target = call.syscall.takesDescriptor ? describeTarget(call.fd, descriptor) : call.arguments.path();
    this.#count(call, thread, call.error, target);
  }

  /** Those that failed most first. */
  all(): Failures[] {
    return [...this.#failures.values()].toSorted((a, b) => b.failed - a.failed);
  }

  /** How often somebody connected to an address. */
  triesOf(address: string): number {
    return this.#tries.get(address) ?? 0;
  }

  #count(
    call: Call,
    thread: Thread,
    errno: string,
    target: string,
    name = call.syscall.name,
    line: KeptLine | null = null,
  ): void {
    let known = this.#failures.get(`${name} ${errno} ${target}`);
    if (known === undefined) {
      const told = this.#failures.size < MOST_TARGETS ? target : '';
      const key = `${name} ${errno} ${told}`;
      known = this.#failures.get(key);
      if (known === undefined) {
        known = {
          call: name,
          errno,
          target: told,
          failed: 0,
          first: UNKNOWN,
          last: UNKNOWN,
          serving: false,
          pids: new Set(),
          lines: [],
        };
        this.#failures.set(key, known);
      }
    }
    known.failed++;
    known.first = earlier(known.first, call.end);
    known.last = later(known.last, call.end);
    known.serving ||= thread.servesRequests || thread.loop.turns > 0 || thread.accepts.listeners.size > 0;
    if (known.pids.size < MOST_TARGETS) known.pids.add(thread.process.pid);
    if (known.lines.length < EVIDENCE) known.lines.push(line ?? keptLine(call));
  }
}
