import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import { type Descriptor, inodeOf } from './descriptors.ts';
import type { Process } from './process.ts';

/** How sure it is that several processes mean the same socket. */
export type IdentityGrade =
  /** `listen` was traced and the descriptor was inherited over forks, or the inode is printed. */
  | 'same-socket'
  /** Only the printed address is equal: `SO_REUSEPORT` sockets look the same. */
  | 'same-address'
  /** Only the descriptor number is equal. */
  | 'same-number';

/** One accept queue: a listening socket, whichever processes hold it. */
export class Listener {
  readonly id: number;
  /** Address, path, inode or number: the best that the trace tells. */
  name: string;
  readonly grade: IdentityGrade;
  /** As given to `listen`; NaN when that was not traced. */
  backlog = Number.NaN;
  /** Where `SO_REUSEPORT` was set on this socket before `listen`; null when it was not, or not traced. */
  reusePort: KeptLine | null = null;
  /** Who called `listen` first, and where; null when that was not traced. */
  openedBy: Process | null = null;
  openedLine: KeptLine | null = null;
  /** The lane of the thread that accepted last, and when; -1 before anybody did. */
  lastLane = -1;
  lastAt: Nanoseconds = UNKNOWN;
  /** Something was written on a connection of it after something had been read. */
  isAnswered = false;
  /** False for those beyond the number that is followed: nothing is told of them. */
  readonly isFollowed: boolean;

  constructor(id: number, name: string, grade: IdentityGrade, isFollowed = true) {
    this.isFollowed = isFollowed;
    this.id = id;
    this.name = name;
    this.grade = grade;
  }
}

/** So many are followed; a large proxy has some thousand. */
export const MOST_LISTENERS = 16_384;

/** Finds the listener that a descriptor stands for. */
export class Listeners {
  readonly #byIdentity = new Map<string, Listener>();
  readonly all: Listener[] = [];
  /** The capture prints addresses (`-yy`): its tracer stops every traced process at each new socket. */
  byAddress = false;
  /** Further ones, which are not followed. */
  unfollowed = 0;

  /** A socket on which `listen` succeeded while traced. */
  opened(descriptor: Descriptor, fd: number, backlog: number): Listener {
    if (descriptor.listener === null) {
      const inode = inodeOf(descriptor.label);
      const identity = inode === '' ? '' : `inode ${inode}`;
      // Who reloads may listen again, to what others accept from all the while; a socket that was just made is new.
      const known = descriptor.seenOpening ? undefined : this.#byIdentity.get(identity);
      this.#become(
        descriptor,
        known ?? this.#make(descriptor.local || descriptor.label || `fd ${fd}`, 'same-socket', identity),
      );
    }
    const listener = descriptor.listener as unknown as Listener;
    listener.backlog = backlog;
    listener.reusePort ??= descriptor.reusePort;
    if (descriptor.local !== '') listener.name = descriptor.local;
    return listener;
  }

  /** The listener of a descriptor that was passed to `accept`, without `listen` having been traced. */
  accepted(descriptor: Descriptor, fd: number): Listener {
    if (descriptor.listener !== null) return descriptor.listener;
    const inode = inodeOf(descriptor.label);
    const identity =
      inode !== '' ? `inode ${inode}` : descriptor.label !== '' ? `${fd} ${descriptor.label}` : `fd ${fd}`;
    const name =
      descriptor.local !== ''
        ? descriptor.local
        : descriptor.label !== ''
          ? `fd ${fd} ${descriptor.label}`
          : `fd ${fd}`;
    const grade = inode !== '' ? 'same-socket' : descriptor.label !== '' ? 'same-address' : 'same-number';
    return this.#become(descriptor, this.#byIdentity.get(identity) ?? this.#make(name, grade, identity));
  }

  #become(descriptor: Descriptor, listener: Listener): Listener {
    descriptor.kind = 'listener';
    this.byAddress ||= /^(?:TCP|UNIX)/.test(descriptor.label);
    descriptor.listener = listener;
    return listener;
  }

  #make(name: string, grade: IdentityGrade, identity: string): Listener {
    if (this.all.length >= MOST_LISTENERS) return new Listener(MOST_LISTENERS + this.unfollowed++, name, grade, false);
    const made = new Listener(this.all.length, name, grade);
    this.all.push(made);
    if (identity !== '') this.#byIdentity.set(identity, made);
    return made;
  }
}
