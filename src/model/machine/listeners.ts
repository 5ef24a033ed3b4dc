import { type Descriptor, inodeOf } from './descriptors.ts';
import { type IdentityGrade, Listener } from './listener.ts';

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

  /**
   * The listener of a descriptor that was passed to `accept`, without `listen` having been traced. Where the capture
   * does not tell the descriptor either, threads of one name (`comm`) are taken to accept from one.
   */
  accepted(descriptor: Descriptor, fd: number, comm: string): Listener {
    if (descriptor.listener !== null) return descriptor.listener;
    if (fd < 0 && descriptor.label === '') {
      const untold = `untold ${comm}`;
      const listener = this.#byIdentity.get(untold) ?? this.#make('fd unknown', 'same-number', untold);
      listener.isUntold = true;
      return this.#become(descriptor, listener);
    }
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

  /** Says of a socket that other processes accept from it, where they do. */
  recognize(descriptor: Descriptor): void {
    if (descriptor.listener !== null || descriptor.kind !== 'socket') return;
    const inode = inodeOf(descriptor.label);
    const known = inode === '' ? undefined : this.#byIdentity.get(`inode ${inode}`);
    if (known !== undefined) this.#become(descriptor, known);
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
