import type { Call } from '../../../trace/record.ts';
import type { Family, Syscall } from '../../../trace/syscalls.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import { describeTarget } from '../../machine/descriptors.ts';
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

/** Sockets whose connect had not ended when it came back. */
const underWay = new PerDescriptor<true>();

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
    const hasBegun = this.#hasBegun && descriptor !== undefined && underWay.of(descriptor) === true;
    // A second connect of one socket asks what became of the first (hitch).
    if (!hasBegun) this.#tries.set(key, (this.#tries.get(key) ?? 0) + 1);
    if (call.error === 'EINPROGRESS') {
      if (descriptor !== undefined) underWay.set(descriptor, true);
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

  #count(call: Call, thread: Thread, errno: string, target: string, name = call.syscall.name): void {
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
    if (known.lines.length < EVIDENCE) known.lines.push(keptLine(call));
  }
}
