import { portOf } from '../../../trace/payload.ts';
import { type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, NO_LINE } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerDescriptor } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Peer } from './peer.ts';

/** Linux gives clients ports from here on (`net.ipv4.ip_local_port_range`). */
const FIRST_CLIENT_PORT = 32_768;

/** A wait that is over, or open at the end, with the lines that prove it. */
export interface UntoldWait {
  readonly thread: Thread;
  readonly length: Nanoseconds;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly isOpen: boolean;
  /** Most of it was inside calls. */
  readonly isInCall: boolean;
  /** Nothing had been asked. */
  readonly isUnasked: boolean;
  /** What had been asked, values masked; ''. */
  readonly query: string;
  readonly lines: readonly KeptLine[];
}

/** A socket to another service, and the question on it that is not answered yet. */
export class Upstream {
  readonly peer: Peer;
  readonly descriptor: Descriptor | null;
  /** When the question was asked, or the connect begun; UNKNOWN while nothing is waited for. */
  askedAt: Nanoseconds = UNKNOWN;
  /** It is the connect that is waited for. */
  isConnecting = false;
  /** Nothing was asked: somebody waits for what comes by itself. */
  isUnasked = false;
  /** Something has come from it in this capture. */
  wasRead = false;
  thread: Thread | null = null;
  request: Request | null = null;
  /** The last request that used it: a turn that ends in between loses it. */
  user: Request | null = null;
  /** Turn of the asking loop. */
  turn = 0;
  /** Time inside calls that waited for the answer. */
  blocked: Nanoseconds = 0;
  /** A read found no answer yet: the thread went on to other work. */
  sawNothing = false;
  line: KeptLine = NO_LINE;
  /** The last call that waited for a millisecond or more. */
  blockedLine: KeptLine = NO_LINE;
  /** The thread is still in a call that waits for it. */
  isStuck = false;
  /** A wait of nobody's request for a question from before the capture: what is asked next tells what it was. */
  untold: UntoldWait | null = null;

  constructor(peer: Peer, descriptor: Descriptor | null) {
    this.peer = peer;
    this.descriptor = descriptor;
  }

  /** A call that waits now may be for a question that was asked before the capture. */
  get mayHaveBeenAsked(): boolean {
    return this.descriptor !== null && !this.descriptor.seenOpening && !this.wasRead;
  }

  get isWaitedFor(): boolean {
    return this.askedAt !== UNKNOWN;
  }

  begin(at: Nanoseconds, thread: Thread, request: Request | null, line: KeptLine): void {
    this.askedAt = at;
    this.thread = thread;
    this.request = request;
    this.user = request ?? this.user;
    this.turn = thread.loop.turn.number;
    this.blocked = 0;
    this.sawNothing = false;
    this.isStuck = false;
    this.isConnecting = false;
    this.isUnasked = false;
    this.line = line;
    this.blockedLine = NO_LINE;
  }

  end(): void {
    this.askedAt = UNKNOWN;
    this.thread = null;
    this.request = null;
  }
}

export const upstreams = new PerDescriptor<Upstream>();

/**
 * Whether a socket whose connect was not traced leads to another service, and to no client: its label names the
 * address of a port that services listen on.
 */
export function leadsToService({ kind, peer, local, connection, listener, seenOpening }: Descriptor): boolean {
  if ((kind !== 'socket' && kind !== 'datagram') || connection !== null || listener !== null || seenOpening)
    return false;
  const port = portOf(peer);
  if (!(port > 0)) return false;
  const own = portOf(local);
  return port < FIRST_CLIENT_PORT && !(own < port);
}

/**
 * What is spoken on a socket that was there before the capture, of which no line names the other end (strace with -y
 * and not -yy): who asks a database there is its client. '' where that is not known.
 */
export function spokenWithUnnamed({ kind, peer, query, connection, listener, seenOpening }: Descriptor): string {
  if (kind !== 'socket' || peer !== '' || connection !== null || listener !== null || seenOpening) return '';
  // Every proxy speaks HTTP, with servers of any number.
  return query === null || query.protocol === 'HTTP' ? '' : query.protocol;
}
