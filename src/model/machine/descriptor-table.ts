import type { CallArguments } from '../../trace/call-arguments.ts';
import { SharedNumbers } from '../../trace/shared-numbers.ts';
import type { DescriptorGroup } from './descriptor-groups.ts';
import { type Descriptor, describeByLabel, socketOf } from './descriptors.ts';
import type { OpenDescriptors } from './open-descriptors.ts';

/**
 * The kernel gives the lowest number that is free, and a process may have 1,048,576 (`nr_open`) unless its host was
 * told otherwise. Higher ones lie far apart in traces that are no traces, where each takes a kilobyte: so many are
 * followed.
 */
const HIGH = 2 ** 20;
const MOST_HIGH = 4_096;

/**
 * The descriptors of one process by number. Threads of a process share one table; a fork has a copy, which shares what
 * neither has changed.
 */
export class DescriptorTable {
  readonly #open: OpenDescriptors;
  #byNumber: SharedNumbers<Descriptor>;
  /** What calls refer to whose first argument was not traced. */
  #unnumbered: Descriptor | undefined;
  /** Opened in this table and not closed: what was inherited counts where it was opened. */
  #own = 0;
  /** Of all in the table, those with a high number. */
  #high = 0;
  /** Openings and closings so far. */
  changes = 0;
  /** Open ones that were let go of, because too many were open at a time; null while there are none. */
  #forgotten: Map<DescriptorGroup | null, number> | null = null;

  constructor(open: OpenDescriptors, copyOf?: DescriptorTable) {
    this.#open = open;
    this.#byNumber = new SharedNumbers(copyOf === undefined ? undefined : copyOf.#byNumber);
    this.#unnumbered = copyOf === undefined ? undefined : copyOf.#unnumbered;
    this.#high = copyOf === undefined ? 0 : copyOf.#high;
  }

  /** Opened here and still open. */
  get own(): number {
    return this.#own;
  }

  get(fd: number): Descriptor | undefined {
    return fd < 0 ? this.#unnumbered : this.#byNumber.get(fd);
  }

  set(fd: number, descriptor: Descriptor): Descriptor {
    this.changes++;
    if (fd < 0) this.#unnumbered = descriptor;
    else this.#put(fd, descriptor);
    return descriptor;
  }

  /** The descriptor under this number; made from what its call says of it when it was not seen before. */
  learn(fd: number, told: CallArguments): Descriptor {
    return this.get(fd) ?? this.set(fd, describeByLabel(told.label()));
  }

  delete(fd: number): void {
    this.changes++;
    if (this.#byNumber.delete(fd)) this.#lost(fd);
  }

  /** After `execve`: only the standard streams surely live on; anything else is learned again from use. */
  keepStandardStreams(): void {
    const all = this.#byNumber;
    this.#byNumber = new SharedNumbers();
    for (const fd of [0, 1, 2]) {
      const descriptor = all.get(fd);
      if (descriptor !== undefined) this.#byNumber.set(fd, descriptor);
    }
    this.#open.removed(this.#own);
    this.#own = 0;
    this.#high = 0;
  }

  /** Takes over what `other` learned, without replacing what was opened here; `other` ends. */
  absorb(other: DescriptorTable): void {
    for (const [fd, descriptor] of other.#byNumber.entries()) {
      const own = this.#byNumber.get(fd);
      // One of both was seen to open it: the other used it without knowing what it is.
      if (own === undefined || (!own.seenOpening && descriptor.seenOpening)) this.#put(fd, descriptor);
    }
    other.end();
  }

  /**
   * Takes over what a child did under these numbers before its parent's fork returned; `child` ends. What it opened or
   * copied there is newer than what it inherited. What it only used is what it inherited, under whatever number.
   */
  absorbOfChild(child: DescriptorTable): void {
    let inherited: ReadonlyMap<string, Descriptor> | null = null;
    for (const [fd, descriptor] of child.#byNumber.entries()) {
      const known = this.#byNumber.get(fd);
      const { label, peer, seenOpening } = descriptor;
      if (known !== undefined && !seenOpening && (label === '' || label === known.label)) continue;
      // Who accepts has thousands of sockets: they are looked through for a copy of one only.
      const isCopy = !seenOpening && (peer !== '' || socketOf(label) !== '');
      if (isCopy) inherited ??= this.#socketsByName();
      const same = isCopy ? (inherited?.get(socketOf(label)) ?? inherited?.get(peer)) : undefined;
      this.#put(fd, same ?? descriptor);
    }
    child.end();
  }

  /** By inode or addresses; a connection that was accepted has no label of its own, but its client's address. */
  #socketsByName(): ReadonlyMap<string, Descriptor> {
    const sockets = new Map<string, Descriptor>();
    for (const [, descriptor] of this.#byNumber.entries()) {
      const { label, socket, kind, peer } = descriptor;
      const name = socket || socketOf(label) || (kind === 'connection' ? peer : '');
      if (name !== '') sockets.set(name, descriptor);
    }
    return sockets;
  }

  /** Lets go of one that is still open. */
  forget(fd: number, group: DescriptorGroup | null): void {
    if (!this.#byNumber.delete(fd)) return;
    this.#lost(fd);
    this.#forgotten ??= new Map();
    this.#forgotten.set(group, this.forgotten(group) + 1);
  }

  /** How many of a group were let go of. */
  forgotten(group: DescriptorGroup | null): number {
    return this.#forgotten?.get(group) ?? 0;
  }

  /** By growing number. */
  entries(): IterableIterator<[number, Descriptor]> {
    return this.#byNumber.entries();
  }

  /** Its process has ended: everything is closed. */
  end(): void {
    this.#byNumber = new SharedNumbers();
    this.#open.removed(this.#own);
    this.#own = 0;
    this.#high = 0;
  }

  #put(fd: number, descriptor: Descriptor): void {
    const isHigh = fd >= HIGH;
    if (isHigh && this.#high >= MOST_HIGH && this.#byNumber.get(fd) === undefined) {
      this.#open.forgotten++;
      return;
    }
    if (!this.#byNumber.set(fd, descriptor)) return;
    if (isHigh) this.#high++;
    this.#own++;
    this.#open.added();
  }

  #lost(fd: number): void {
    if (fd >= HIGH) this.#high--;
    if (this.#own === 0) return;
    this.#own--;
    this.#open.removed(1);
  }
}
