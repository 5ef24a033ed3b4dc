import type { KeptLine } from '../evidence.ts';
import type { Listener } from './listener.ts';

/**
 * A set follows so many members; the user data of further ones is taken for their number, as where the registration was
 * not traced.
 */
const MOST_MEMBERS = 131_072;

interface Member {
  readonly u32: number;
  readonly exclusive: boolean;
}

const NO_MEMBERS: ReadonlyMap<number, Member> = new Map();
const NO_LISTENERS: ReadonlySet<Listener> = new Set();

/** What an epoll instance watches. */
export class EpollSet {
  // Made when there is something in them: a trace may open instances by the million.
  #members: Map<number, Member> | null = null;
  /**
   * Descriptor numbers by user data, where the two differ: the last that was registered with it. A descriptor that is
   * closed leaves its set without a call, and nginx gives its user data to the next one.
   */
  #numbers: Map<number, number> | null = null;
  #listeners: Set<Listener> | null = null;
  #unwatched: Set<Listener> | null = null;
  /** A listener was registered with EPOLLEXCLUSIVE. */
  exclusive = false;
  /** Sockets other than listeners that were ever registered: the sign of an event loop. */
  sockets = 0;
  /** Those of them that are clients: the others lead to services behind. */
  clients = 0;
  /**
   * Successful changes inside the analysed window. `MOD` of what was registered with EPOLLONESHOT is part of that and
   * not counted.
   */
  added = 0;
  modified = 0;
  removed = 0;
  /** Of those removed, listeners; and the first such call, or the first change at all. */
  listenersRemoved = 0;
  changeLine: KeptLine | null = null;
  /** The number that was taken out last; -1 before that. What it stood for may turn out later. */
  lastRemoved = -1;

  /** Registered user data (low 32 bits) by descriptor number, as `EPOLL_CTL_ADD` told. */
  get members(): ReadonlyMap<number, Member> {
    return this.#members ?? NO_MEMBERS;
  }

  /** The listeners that were ever registered; some servers toggle theirs around each accept. */
  get listeners(): ReadonlySet<Listener> {
    return this.#listeners ?? NO_LISTENERS;
  }

  /** All of them are taken out for now: who waits here does not look at its listener. */
  get isListenerUnwatched(): boolean {
    return this.#unwatched !== null && this.#unwatched.size > 0 && this.#unwatched.size >= this.listeners.size;
  }

  register(fd: number, member: Member): void {
    this.#members ??= new Map();
    const before = this.#members.get(fd);
    if (before === undefined && this.#members.size >= MOST_MEMBERS) return;
    if (before !== undefined && before.u32 !== member.u32) this.#unname(fd, before);
    this.#members.set(fd, member);
    if (member.u32 === fd) return;
    this.#numbers ??= new Map();
    this.#numbers.set(member.u32, fd);
  }

  unregister(fd: number): void {
    const member = this.#members?.get(fd);
    if (member === undefined) return;
    this.#unname(fd, member);
    this.#members?.delete(fd);
  }

  registerListener(listener: Listener): void {
    if (!listener.isFollowed) return;
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    this.#unwatched?.delete(listener);
  }

  /** The listener is not watched until it is registered again. */
  unwatch(listener: Listener): void {
    if (!listener.isFollowed) return;
    this.registerListener(listener);
    this.#unwatched ??= new Set();
    this.#unwatched.add(listener);
  }

  /** Takes over what another process, which turned out to be the same, registered and was seen to do with it. */
  absorb(other: EpollSet): void {
    for (const [fd, member] of other.members) if (!this.members.has(fd)) this.register(fd, member);
    for (const listener of other.listeners) this.registerListener(listener);
    this.exclusive ||= other.exclusive;
    this.sockets += other.sockets;
    this.clients += other.clients;
    this.added += other.added;
    this.modified += other.modified;
    this.removed += other.removed;
    this.listenersRemoved += other.listenersRemoved;
    this.changeLine ??= other.changeLine;
  }

  /**
   * The descriptor number that the program registered with this user data; the data itself when its registration was
   * not traced.
   */
  descriptorOf(u32: number): number {
    if (this.members.get(u32)?.u32 === u32) return u32;
    return this.#numbers?.get(u32) ?? u32;
  }

  #unname(fd: number, { u32 }: Member): void {
    if (this.#numbers?.get(u32) === fd) this.#numbers.delete(u32);
  }
}
