import { decoration, integer, socketAddress, splitArguments } from '../../trace/arguments.ts';
import type { Call } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { textOfEscaped } from '../../trace/utf8.ts';
import type { Audience } from '../audience.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import { Descriptor, type DescriptorKind, describeByLabel } from '../machine/descriptors.ts';
import { EpollSet } from '../machine/epoll-set.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Thread } from '../machine/thread.ts';
import type { FollowerContext } from './follower-context.ts';

/** Follows what descriptor numbers stand for: opening, duplicating, options, epoll registration. */
export class DescriptorTracker {
  readonly #listeners: Listeners;
  readonly #audience: Audience;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ listeners, audience, inWindow }: FollowerContext) {
    this.#listeners = listeners;
    this.#audience = audience;
    this.#inWindow = inWindow;
  }

  /** `open`, `eventfd`, `epoll_create`…: the result is a new descriptor of that kind. */
  opened(call: Call, thread: Thread, kind: DescriptorKind): void {
    if (!(call.result >= 0)) return;
    const label = decoration(call.returned);
    const descriptor =
      label === ''
        ? new Descriptor(kind, kind === 'file' ? pathOf(call.args) : '', true)
        : describeByLabel(label, true);
    if (label !== '' && descriptor.kind === 'unknown') descriptor.kind = kind;
    if (kind === 'epoll') {
      descriptor.kind = 'epoll';
      descriptor.epoll = new EpollSet();
    }
    thread.process.descriptors.set(call.result, descriptor);
    this.#audience.opened(call, thread, descriptor);
  }

  socket(call: Call, thread: Thread): void {
    if (!(call.result >= 0)) return;
    const { args } = call;
    const descriptor = new Descriptor(
      args.includes('SOCK_DGRAM') || args.includes('AF_NETLINK') ? 'datagram' : 'socket',
      decoration(call.returned),
      true,
    );
    descriptor.nonblocking = args.includes('SOCK_NONBLOCK');
    thread.process.descriptors.set(call.result, descriptor);
    this.#audience.opened(call, thread, descriptor);
  }

  /** `pipe` and `socketpair` print both ends in brackets. */
  pair(call: Call, thread: Thread, kind: DescriptorKind): void {
    if (call.result !== 0) return;
    const ends = /\[(\d+)(?:<[^>]*>)?, (\d+)/.exec(call.args);
    if (ends === null) return;
    for (const end of [ends[1], ends[2]]) thread.process.descriptors.set(Number(end), new Descriptor(kind, '', true));
  }

  bind(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    thread.process.descriptors.learn(call.fd, call.args).local = socketAddress(call.args);
  }

  listen(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    const descriptor = thread.process.descriptors.learn(call.fd, call.args);
    const listener = this.#listeners.opened(descriptor, call.fd, integer(splitArguments(call.args)[1]));
    listener.openedBy ??= thread.process;
    listener.openedLine ??= entryLine(call);
  }

  setOption(call: Call, thread: Thread): void {
    if (call.result === 0 && call.args.includes('SO_REUSEPORT') && /\[1\]/.test(call.args))
      thread.process.descriptors.learn(call.fd, call.args).reusePort = entryLine(call);
  }

  shutdown(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    const descriptor = thread.process.descriptors.get(call.fd);
    if (descriptor !== undefined && /SHUT_(WR|RDWR)/.test(call.args)) descriptor.writeShut = true;
  }

  /** The local address of an accepted socket names its listener, when `bind` was not traced. */
  socketName(call: Call, thread: Thread): void {
    if (call.result !== 0) return;
    const descriptor = thread.process.descriptors.get(call.fd);
    const listener = descriptor?.connection?.listener ?? descriptor?.listener;
    if (listener === undefined || listener === null || !listener.name.startsWith('fd ')) return;
    const address = socketAddress(call.args);
    if (address !== '') listener.name = address;
  }

  duplicated(call: Call, thread: Thread): void {
    if (!(call.result >= 0) || (call.syscall.family === 'fcntl' && !call.mentions('F_DUPFD'))) return;
    const { descriptors } = thread.process;
    descriptors.set(call.result, descriptors.learn(call.fd, call.args));
  }

  control(call: Call, thread: Thread): void {
    thread.process.setSocketOptions = true;
    const nonblocking =
      call.syscall.family === 'ioctl' ? fionbio(call) : call.mentions('F_SETFL') ? call.mentions('O_NONBLOCK') : null;
    if (nonblocking === null || call.result !== 0) {
      if (call.syscall.family === 'fcntl') this.duplicated(call, thread);
      return;
    }
    const { descriptors } = thread.process;
    const descriptor = descriptors.get(call.fd) ?? descriptors.learn(call.fd, call.args);
    descriptor.nonblocking = nonblocking;
    const { connection } = descriptor;
    if (connection !== null && nonblocking) connection.acceptedBy.accepts.nonblocking++;
  }

  /** `epoll_ctl(7, EPOLL_CTL_ADD, 5, {events=EPOLLIN, data={u32=5, u64=5}})`. */
  epollControl(call: Call, thread: Thread): void {
    const { process } = thread;
    const { args } = call;
    const set = process.descriptors.learn(call.fd, args);
    if (set.epoll === null) {
      set.kind = 'epoll';
      set.epoll = new EpollSet();
    }
    const match = /EPOLL_CTL_(ADD|MOD|DEL), (?:fd=)?(\d+)/.exec(args);
    if (match === null || call.result !== 0) return;
    const fd = Number(match[2]);
    if (this.#inWindow(call.end))
      countChange(set.epoll, match[1] ?? '', process.descriptors.get(fd)?.listener != null, call);
    if (match[1] === 'DEL') {
      set.epoll.unregister(fd);
      return;
    }
    const member =
      process.descriptors.get(fd) ??
      process.descriptors.set(
        fd,
        describeByLabel(decoration(args.slice(match.index + match[0].length - String(fd).length))),
      );
    const exclusive = args.includes('EPOLLEXCLUSIVE');
    set.epoll.register(fd, { u32: Number(/u32=(\d+)/.exec(args)?.[1] ?? fd), exclusive });
    if (member.listener !== null) {
      set.epoll.registerListener(member.listener);
      set.epoll.exclusive ||= exclusive;
    } else if (member.connection !== null || (member.kind === 'socket' && member.peer !== '')) set.epoll.sockets++;
  }

  /** Returns the closed descriptor, or undefined when nothing was closed. */
  closed(call: Call, thread: Thread): Descriptor | undefined {
    const { process } = thread;
    if (call.result !== 0) return undefined;
    const descriptor = process.descriptors.get(call.fd);
    if (descriptor === undefined) return undefined;
    process.descriptors.delete(call.fd);
    if (descriptor.kind === 'epoll')
      for (const { loop } of process.threads) if (loop.hub?.descriptor === descriptor) loop.hubClosed();
    this.#audience.closed(call, thread, descriptor);
    return descriptor;
  }
}

function countChange(epoll: EpollSet, change: string, ofListener: boolean, call: Call): void {
  if (change === 'ADD') epoll.added++;
  else if (change === 'DEL') epoll.removed++;
  else if (call.args.includes('EPOLLONESHOT')) return;
  else epoll.modified++;
  if (change === 'DEL' && ofListener && epoll.listenersRemoved++ === 0) epoll.changeLine = keptLine(call);
  else epoll.changeLine ??= keptLine(call);
}

/** The line that shows the arguments, when the call was split. */
function entryLine({ file, startLine, startText }: Call): KeptLine {
  return { file, line: startLine, text: startText };
}

function pathOf(args: string): string {
  return textOfEscaped(/"((?:[^"\\]|\\.)*)"/.exec(args)?.[1] ?? '');
}

function fionbio(call: Call): boolean | null {
  return call.mentions('FIONBIO') ? call.mentions('[1]') : null;
}
