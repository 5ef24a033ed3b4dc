import { portOf, protocolOfPort, type Query } from '../../trace/payload.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import type { Connection, Request } from './connections.ts';
import type { DescriptorKind } from './descriptor-kind.ts';
import type { EpollSet } from './epoll-set.ts';
import type { Listener } from './listener.ts';
import { OWNS_NOTHING } from './owner.ts';

/**
 * An open file description: what `open`, `socket` or `accept` made. `dup` and `fork` make further numbers for the same
 * object, so a listener that workers inherit is one object in all of them.
 */
export class Descriptor {
  kind: DescriptorKind;
  /** As strace decorated it: `socket:[123]`, `/var/log/x`, `TCP:[a->b]`; '' when it did not. */
  label: string;
  /** Address of the other end of a connected socket: `127.0.0.1:3306`, `unix:/run/x.sock`; '' when unknown. */
  peer = '';
  /** What a socket is bound to; '' when unknown. */
  local = '';
  /** Opened while traced, so that nothing about it was missed. */
  readonly seenOpening: boolean;
  nonblocking: boolean | null = null;
  /** We shut down our writing side: a later EPIPE is our own doing. */
  writeShut = false;
  /** Where `SO_REUSEPORT` was set on it. */
  reusePort: KeptLine | null = null;
  listener: Listener | null = null;
  connection: Connection | null = null;
  /** For a socket to another service: the request that used it last. */
  owner: Request | null = null;
  /** What was last asked on it. */
  query: Query | null = null;
  epoll: EpollSet | null = null;
  /** Of a pipe that was made while traced: its other end. */
  otherEnd: Descriptor | null = null;
  /** Requests other than the first used this socket: it is one of a pool. */
  isReused = false;
  /** A tracker needs it to its end: it is not let go of where too many are open. */
  isNeeded = false;
  /** What `socketOf` says of it, where `SeenSockets` remembers it; else ''. */
  socket = '';
  /** When something was written to it last, kept where nothing tells one socket from another. */
  wroteAt: Nanoseconds = UNKNOWN;
  /** What trackers keep of it: see `PerDescriptor`. */
  owned: unknown[] = OWNS_NOTHING;

  constructor(kind: DescriptorKind, label: string, seenOpening: boolean) {
    this.kind = kind;
    this.label = label;
    this.seenOpening = seenOpening;
  }
}

const SOCKET_LABEL = /^(TCP|TCPv6|UDP|UDPv6|UNIX|UNIX-STREAM|UNIX-DGRAM|UNIX-SEQPACKET|NETLINK|RAW|socket):\[(.*)\]$/;

/**
 * Whether the number stands for another socket by now, as a call calls it: a thread reused it that was not known to be
 * of this process.
 */
export function isStale(known: Descriptor, called: string): boolean {
  return mayBeStale(known) && known.label !== called;
}

/** Asked before `isStale` where it costs to know how a call calls it: nearly all descriptors were seen to be opened. */
export function mayBeStale({ label, seenOpening }: Descriptor): boolean {
  return !seenOpening && label !== '';
}

/**
 * A descriptor as its decoration describes it: as a rule one that the trace shows in use without having shown its
 * opening.
 */
export function describeByLabel(label: string, seenOpening = false): Descriptor {
  const made = new Descriptor(kindOfLabel(label), label, seenOpening);
  applyAddresses(made, label);
  return made;
}

function kindOfLabel(label: string): DescriptorKind {
  if (label === '') return 'unknown';
  // A program may open thousands of files a second.
  if (label.startsWith('/')) return label.startsWith('/dev/') ? 'device' : 'file';
  const socket = SOCKET_LABEL.exec(label);
  if (socket !== null) return /^(UDP|NETLINK|RAW|UNIX-DGRAM)/.test(label) ? 'datagram' : 'socket';
  if (label.startsWith('anon_inode:')) return label.includes('eventpoll') ? 'epoll' : 'event';
  if (label.startsWith('{eventfd') || label.startsWith('pid:')) return 'event';
  if (label.startsWith('pipe:')) return 'pipe';
  return 'unknown';
}

/** Fills `local` and `peer` from a `-yy` decoration. */
function applyAddresses(descriptor: Descriptor, label: string): void {
  if (label.startsWith('/')) return;
  const body = SOCKET_LABEL.exec(label)?.[2];
  if (body === undefined || /^\d+$/.test(body)) return;
  const arrow = body.indexOf('->');
  if (label.startsWith('UNIX')) {
    const path = /"([^"]*)"/.exec(body)?.[1];
    if (path === undefined) return;
    // Of one that nobody is connected to it is its own name: a listener's, or a bound socket's.
    if (arrow >= 0) descriptor.peer = `unix:${path}`;
    else descriptor.local = `unix:${path}`;
  } else if (arrow >= 0) {
    descriptor.local = unmapped(body.slice(0, arrow));
    descriptor.peer = unmapped(body.slice(arrow + 2));
  } else descriptor.local = unmapped(body);
}

/** `[::ffff:10.0.0.7]:443` is `10.0.0.7:443`, as sockets of both families show it. */
function unmapped(address: string): string {
  return address.startsWith('[::ffff:') ? address.replace(/^\[::ffff:([\d.]+)\]/, '$1') : address;
}

/** `5<socket:[123]>` says inode 123; '' when the decoration tells none. */
export function inodeOf(label: string): string {
  return /^(?:socket|TCP|TCPv6|UNIX|UNIX-STREAM):\[(\d+)[\],-]/.exec(label)?.[1] ?? '';
}

/** What tells this socket from all others that are open: its inode, or both of its addresses; '' for anything else. */
export function socketOf(label: string): string {
  // Nearly all look like this: nothing is to be taken out.
  if (label.startsWith('socket:[')) return label;
  return inodeOf(label) || (label.startsWith('TCP') && label.includes('->') ? label : '');
}

/** What a person would call it: `port 3306 at 10.0.0.7 (MySQL by convention)`, `/var/lib/x.db`, `pipe`. */
export function describeTarget(fd: number, descriptor: Descriptor | undefined): string {
  if (descriptor === undefined) return fd < 0 ? '' : `fd ${fd}`;
  const { kind, label, peer, local } = descriptor;
  // All calls whose descriptor is not told share one, an accept among them.
  const isUntold = kind === 'unknown' ? peer === '' : descriptor.listener?.isUntold === true;
  if (fd < 0 && isUntold) return 'an unknown descriptor';
  if (descriptor.listener !== null) return `listener ${descriptor.listener.name}`;
  if (peer !== '') {
    if (descriptor.connection !== null) return `client ${peer}`;
    if (descriptor.query !== null) return `${peer} (${descriptor.query.protocol})`;
    const protocol = protocolOfPort(portOf(peer));
    return protocol === '' ? peer : `${peer} (${protocol} by convention)`;
  }
  if (kind === 'file' || kind === 'device') return label.replace(/<.*>$/, '');
  if (kind === 'connection') return fd < 0 ? 'a client' : `client on fd ${fd}`;
  if (local !== '') return `socket ${local}`;
  if (kind === 'unknown') return fd === 1 || fd === 2 ? `fd ${fd} (${fd === 1 ? 'stdout' : 'stderr'})` : `fd ${fd}`;
  // Its number is not known where something else led to it, as the epoll instance that watches it.
  return fd < 0 ? `${kind === 'epoll' || kind === 'event' ? 'an' : 'a'} ${kind}` : `${kind} fd ${fd}`;
}
