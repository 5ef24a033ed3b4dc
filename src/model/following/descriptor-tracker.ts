import { type EpollChange, EVENT } from '../../trace/call-arguments.ts';
import type { Call } from '../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Audience } from '../audience.ts';
import { entryLine, keptLine } from '../evidence.ts';
import { acceptedBy } from '../machine/accepted-by.ts';
import type { DescriptorKind } from '../machine/descriptor-kind.ts';
import { Descriptor, describeByLabel } from '../machine/descriptors.ts';
import { EpollSet } from '../machine/epoll-set.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Memberships } from '../machine/memberships.ts';
import { mustBeOne } from '../machine/seen-sockets.ts';
import type { Thread } from '../machine/thread.ts';
import { threadsOf } from '../machine/threads-of.ts';
import type { FollowerContext } from './follower-context.ts';

/** What tells of a connection that can be accepted: POLLRDNORM is 0x40. */
const FOR_CONNECTIONS = EVENT.IN | 0x40;

/** Follows what descriptor numbers stand for: opening, duplicating, options, epoll registration. */
export class DescriptorTracker {
  readonly #memberships: Memberships;
  readonly #listeners: Listeners;
  readonly #audience: Audience;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ processes, listeners, audience, inWindow }: FollowerContext) {
    this.#memberships = processes.memberships;
    this.#listeners = listeners;
    this.#audience = audience;
    this.#inWindow = inWindow;
  }

  /** `open`, `eventfd`, `epoll_create`…: the result is a new descriptor of that kind. */
  opened(call: Call, thread: Thread, kind: DescriptorKind): void {
    if (!(call.result >= 0)) return;
    const label = call.arguments.returnedLabel();
    const descriptor =
      label === ''
        ? new Descriptor(kind, kind === 'file' ? call.arguments.path() : '', true)
        : describeByLabel(label, true);
    if (label !== '' && descriptor.kind === 'unknown') descriptor.kind = kind;
    if (kind === 'epoll') {
      descriptor.kind = 'epoll';
      descriptor.epoll = new EpollSet();
    }
    thread.process.descriptors.set(call.result, descriptor);
    if (!thread.process.isWhole) this.#memberships.opened(thread, call);
    this.#audience.opened(call, thread, descriptor);
  }

  socket(call: Call, thread: Thread): void {
    if (!(call.result >= 0)) return;
    const made = call.arguments.socket();
    const isDatagram = made?.type === 'SOCK_DGRAM' || made?.domain === 'AF_NETLINK';
    const descriptor = new Descriptor(isDatagram ? 'datagram' : 'socket', call.arguments.returnedLabel(), true);
    descriptor.nonblocking = made?.isNonblocking === true;
    thread.process.descriptors.set(call.result, descriptor);
    if (!thread.process.isWhole)
      this.#memberships.sockets.add(descriptor.label, call.result, descriptor, thread, call.end);
    if (!thread.process.isWhole) this.#memberships.opened(thread, call);
    this.#audience.opened(call, thread, descriptor);
  }

  /** `pipe` and `socketpair` make both ends. */
  pair(call: Call, thread: Thread, kind: DescriptorKind): void {
    if (call.result !== 0) return;
    const [one, other] = call.arguments.pair() ?? [];
    if (one === undefined || other === undefined) return;
    const { descriptors } = thread.process;
    const first = descriptors.set(one, new Descriptor(kind, '', true));
    const second = descriptors.set(other, new Descriptor(kind, '', true));
    first.otherEnd = second;
    second.otherEnd = first;
  }

  bind(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    thread.process.descriptors.learn(call.fd, call.arguments).local = call.arguments.socketAddress();
  }

  listen(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    const descriptor = thread.process.descriptors.learn(call.fd, call.arguments);
    const listener = this.#listeners.opened(descriptor, call.fd, call.arguments.backlog());
    listener.openedBy ??= thread.process;
    listener.openedLine ??= entryLine(call);
  }

  setOption(call: Call, thread: Thread): void {
    const option = call.result === 0 ? call.arguments.socketOption() : null;
    if (option?.name === 'SO_REUSEPORT' && option.value === 1)
      thread.process.descriptors.learn(call.fd, call.arguments).reusePort = entryLine(call);
  }

  shutdown(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    const descriptor = thread.process.descriptors.get(call.fd);
    if (descriptor === undefined) return;
    const way = call.arguments.shutdown();
    if (way === 'write' || way === 'both') descriptor.writeShut = true;
  }

  /** The local address of an accepted socket names its listener, when `bind` was not traced. */
  socketName(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    const descriptor = thread.process.descriptors.get(call.fd);
    const listener = descriptor?.connection?.listener ?? descriptor?.listener;
    if (listener === undefined || listener === null || !listener.name.startsWith('fd ')) return;
    const address = call.arguments.socketAddress();
    if (address !== '') listener.name = address;
  }

  duplicated(call: Call, thread: Thread): void {
    if (!(call.result >= 0) || (call.syscall.family === 'fcntl' && !call.arguments.has('F_DUPFD'))) return;
    const { descriptors } = thread.process;
    descriptors.set(call.result, descriptors.learn(call.fd, call.arguments));
  }

  control(call: Call, thread: Thread): void {
    const nonblocking = call.arguments.setsNonblocking();
    if (nonblocking === 'untold') {
      const connection = thread.process.descriptors.get(call.fd)?.connection;
      if (connection !== undefined && connection !== null) acceptedBy(connection).accepts.optionsUntold = true;
      return;
    }
    thread.process.setSocketOptions = true;
    if (nonblocking === null || call.result !== 0) {
      if (call.syscall.family === 'fcntl') this.duplicated(call, thread);
      return;
    }
    const descriptor =
      thread.process.descriptors.get(call.fd) ?? this.#memberships.learn(thread, call.fd, call.arguments.label());
    descriptor.nonblocking = nonblocking;
    const { connection } = descriptor;
    if (connection !== null && nonblocking) acceptedBy(connection).accepts.nonblocking++;
  }

  epollControl(call: Call, thread: Thread): void {
    const { process } = thread;
    const set = process.descriptors.learn(call.fd, call.arguments);
    if (set.epoll === null) {
      set.kind = 'epoll';
      set.epoll = new EpollSet();
    }
    const change = call.arguments.epollChange();
    if (change === null || call.result !== 0) return;
    const { fd, operation, data } = change;
    if (this.#inWindow(call.end)) countChange(set.epoll, change, process.descriptors.get(fd)?.listener != null, call);
    if (operation === 'DEL') {
      set.epoll.unregister(fd);
      set.epoll.lastRemoved = fd;
      const { connection = null, listener = null } = process.descriptors.get(fd) ?? {};
      if (connection !== null) connection.takenOutAt = call.start;
      if (listener === null) return;
      set.epoll.unwatch(listener);
      for (const { loop, accepts } of threadsOf(process))
        if (loop.hub?.descriptor === set) accepts.tending.leaves(listener, call.start, entryLine(call));
      this.#audience.listenerWatched(call, thread, set, listener, false);
      return;
    }
    const member = process.descriptors.get(fd) ?? this.#memberships.learn(thread, fd, change.label);
    const exclusive = (change.events & EVENT.EXCLUSIVE) !== 0;
    set.epoll.register(fd, { u32: data, exclusive });
    if (member.connection !== null)
      member.connection.takenOutAt = change.events !== 0 && (change.events & EVENT.IN) === 0 ? call.start : UNKNOWN;
    if (member.listener !== null) {
      // lighttpd leaves it in its set at its limit of connections, and asks for no connections.
      const isWatched = change.events === 0 || (change.events & FOR_CONNECTIONS) !== 0;
      if (isWatched) set.epoll.registerListener(member.listener);
      else set.epoll.unwatch(member.listener);
      this.#audience.listenerWatched(call, thread, set, member.listener, isWatched);
      if (operation === 'ADD')
        for (const { loop, accepts } of threadsOf(process))
          if (loop.hub?.descriptor === set && accepts.tending.of(member.listener) !== undefined)
            accepts.tending.begins(member.listener, call.end, loop.idle);
      set.epoll.exclusive ||= exclusive;
    } else if (member.connection !== null || (member.kind === 'socket' && member.peer !== '')) {
      set.epoll.sockets++;
      if (member.connection !== null) set.epoll.clients++;
    }
  }

  /** Returns the closed descriptor, or undefined when nothing was closed. */
  closed(call: Call, thread: Thread): Descriptor | undefined {
    if (call.result !== 0) return undefined;
    this.#memberships.closed(thread, call.fd, call.start);
    const descriptor = this.#toClose(call, thread);
    if (descriptor === undefined) return undefined;
    const { process } = thread;
    process.descriptors.delete(call.fd);
    if (descriptor.listener !== null)
      for (const { accepts } of threadsOf(process))
        accepts.tending.leaves(descriptor.listener, call.start, entryLine(call));
    this.#memberships.sockets.closed(descriptor);
    if (descriptor.kind === 'epoll')
      for (const { loop } of threadsOf(process)) if (loop.hub?.descriptor === descriptor) loop.hubClosed();
    this.#audience.closed(call, thread, descriptor);
    return descriptor;
  }

  /** What a thread closes that was not known to be of its process may tell whose thread it is. */
  #toClose(call: Call, thread: Thread): Descriptor | undefined {
    const known = thread.process.descriptors.get(call.fd);
    if (known !== undefined || thread.process.isWhole || call.fd < 0) return known;
    const label = call.arguments.label();
    const seen = this.#memberships.sockets.find(label);
    const isShared = seen !== undefined && mustBeOne(thread, call.fd, seen);
    return isShared ? this.#memberships.learn(thread, call.fd, label) : undefined;
  }
}

function countChange(epoll: EpollSet, { operation, events }: EpollChange, ofListener: boolean, call: Call): void {
  if (operation === 'ADD') epoll.added++;
  else if (operation === 'DEL') epoll.removed++;
  else if ((events & EVENT.ONESHOT) !== 0) return;
  else epoll.modified++;
  if (operation === 'DEL' && ofListener && epoll.listenersRemoved++ === 0) epoll.changeLine = keptLine(call);
  else epoll.changeLine ??= keptLine(call);
}
