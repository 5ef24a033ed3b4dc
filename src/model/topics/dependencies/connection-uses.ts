import type { Call } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerDescriptor, PerProcess, PerRequest, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Peer, Use } from './peer.ts';
import type { Upstream } from './upstream.ts';

/** What a pool hands on to whoever waits for it is used again so soon; a question in parts is sent so soon. */
const MOMENT = 50 * MILLISECOND;
/** A new connection takes the place of one that had its answer so soon before: it takes a few calls more to make. */
const SOON = 100 * MILLISECOND;
/** Connections of a process to one peer that are followed. */
const MOST_LINES = 1_024;

/** A connection in the hands of one request: from its first question to its last answer. */
interface Hold {
  readonly start: Nanoseconds;
  /** When the use before it ended, if that was right before; else UNKNOWN: nobody had waited for it. */
  readonly before: Nanoseconds;
  /**
   * When another connection was free, or a new one was made, for the last time before it; of a thread that serves one
   * request at a time also when it was in a call for something else.
   */
  readonly freeAt: Nanoseconds;
  readonly thread: Thread;
  readonly line: KeptLine;
  /** It is the first use of a connection that was made for it. */
  readonly isNew: boolean;
  isOver: boolean;
}

/** The connections of one process to one peer. */
class Group {
  readonly lines = new Set<Line>();
  /** How many there were at most. */
  most = 0;
  /** Those that were there before the capture are known by their names, or none was. */
  isWhole: boolean;
  freeAt: Nanoseconds = UNKNOWN;
  /** Those that are being made or have a question without an answer, and how many these were at most. */
  inUse = 0;
  mostInUse = 0;
  /** Since when fewer than `mostInUse` are in use; UNKNOWN while that many are. */
  belowSince: Nanoseconds = UNKNOWN;
  /** When one more could have been in use, the last time that one began to be. */
  roomAt: Nanoseconds = UNKNOWN;

  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }

  /** One more is in use. When the place of it became free, if that was right before; else UNKNOWN. */
  begins(at: Nanoseconds): Nanoseconds {
    this.inUse++;
    const { belowSince } = this;
    const isInPlace = this.inUse <= this.mostInUse && belowSince !== UNKNOWN && at - belowSince <= SOON;
    if (!isInPlace) this.roomAt = at;
    if (this.inUse >= this.mostInUse) {
      this.mostInUse = this.inUse;
      this.belowSince = UNKNOWN;
    }
    return isInPlace ? belowSince : UNKNOWN;
  }

  ends(at: Nanoseconds): void {
    if (this.inUse-- === this.mostInUse) this.belowSince = at;
  }
}

/** One connection to another service. */
class Line {
  group: Group;
  readonly peer: Peer;
  /** It is counted as one in use. */
  isInUse = false;
  /** What its first use is, of one that was made in the place of another one; null else, and after that. */
  place: Pick<Hold, 'start' | 'before' | 'freeAt'> | null = null;
  /** When it was asked, while no answer has come; UNKNOWN else. */
  askedAt: Nanoseconds = UNKNOWN;
  /** The question that the last answer is for. */
  questionAt: Nanoseconds = UNKNOWN;
  answeredAt: Nanoseconds = UNKNOWN;
  /** Several questions are under way at a time, or it tells things by itself: it is nobody's alone. */
  isShared = false;
  use: Hold | null = null;
  /** What begins with the first question after the last answer, if that was the last one of its use. */
  next: Hold | null = null;

  constructor(group: Group, peer: Peer) {
    this.group = group;
    this.peer = peer;
  }

  isFree(at: Nanoseconds): boolean {
    return !this.isShared && !this.isInUse && at - this.answeredAt > MOMENT;
  }
}

/** What a thread read last. */
interface Answer {
  readonly line: Line;
  readonly use: Hold;
  /** When that was asked which was answered. */
  readonly askedAt: Nanoseconds;
  readonly at: Nanoseconds;
}

/** A request had a connection, and to whom. */
export interface ConnectionUse extends Use {
  readonly peer: Peer;
  /** Its first question. */
  readonly line: KeptLine;
}

const lines = new PerDescriptor<Line>();
const groups = new PerProcess<Map<Peer, Group>>();
const answers = new PerThread<Answer>();
/** When something was asked for a request for the first time. */
const firstAsked = new PerRequest<Nanoseconds>();
/** When a thread that serves one request at a time was in a call that waits for something else than another thread. */
const worked = new PerThread<Nanoseconds>();

/**
 * Follows which request has which connection to a service: a request that is asked for on a connection right after the
 * last answer to another request, while all connections were in use since it was read, has waited for a free one. So
 * has one for which a new connection is made right after another request had its answer, while as many had been in use
 * as ever are (a proxy that limits them, `maxconn`). In the trace nothing stands for this wait: the process waits for
 * its clients and for the service.
 */
export class ConnectionUses {
  /** A connect that has begun, or is done. */
  connected({ start, error }: Call, thread: Thread, peer: Peer, descriptor: Descriptor): void {
    if ((error !== '' && error !== 'EINPROGRESS') || lines.of(descriptor) !== undefined) return;
    const line = learn(thread, peer, descriptor);
    if (line === null) return;
    const { group } = line;
    const { roomAt } = group;
    const before = begins(line, start);
    if (before !== UNKNOWN) line.place = { start, before, freeAt: workedSince(thread, roomAt) };
  }

  asked({ start }: Call, thread: Thread, { peer, request, line: question }: Upstream, descriptor: Descriptor): void {
    if (request !== null && firstAsked.of(request) === undefined) firstAsked.set(request, start);
    const line = lines.of(descriptor) ?? learn(thread, peer, descriptor);
    if (line === null) return;
    if (line.askedAt !== UNKNOWN) {
      if (start - line.askedAt > MOMENT) line.isShared = true;
      return;
    }
    const { group, answeredAt, place } = line;
    const isHandedOn = answeredAt !== UNKNOWN && start - answeredAt <= MOMENT;
    if (place === null && (!isHandedOn || hasFree(group, line, start))) group.freeAt = start;
    line.askedAt = start;
    line.place = null;
    if (!line.isInUse) begins(line, start);
    const isAlone = servesAlone(thread);
    const use: Hold = {
      start: place?.start ?? start,
      before: place?.before ?? (isHandedOn ? answeredAt : UNKNOWN),
      freeAt: place?.freeAt ?? workedSince(thread, group.freeAt),
      thread,
      line: question,
      isNew: place !== null,
      isOver: false,
    };
    if (line.use === null || !isHandedOn || (isAlone && line.use.thread !== thread)) {
      line.use = use;
      line.next = null;
    } else line.next ??= use;
  }

  answered({ start, end, result }: Call, thread: Thread, descriptor: Descriptor): void {
    const line = lines.of(descriptor);
    if (line === undefined || !(result > 0)) return;
    if (line.askedAt !== UNKNOWN) line.questionAt = line.askedAt;
    else if (start - line.answeredAt > MOMENT) line.isShared = true;
    line.askedAt = UNKNOWN;
    line.answeredAt = end;
    ends(line, end);
    if (servesAlone(thread)) worked.set(thread, end);
    line.next = null;
    if (line.use !== null) answers.set(thread, { line, use: line.use, askedAt: line.questionAt, at: end });
  }

  /** A call that waits for no other thread. */
  blocked({ end }: Call, thread: Thread): void {
    if (servesAlone(thread)) worked.set(thread, end);
  }

  /** The request that is answered right after the last answer of a service had that connection; null without any. */
  replied(thread: Thread, request: Request): ConnectionUse | null {
    return this.done(thread, request.lastReadAt, firstAsked.of(request));
  }

  /** The same of a thread that has done what it was at since then, and may have asked before. */
  done(thread: Thread, since: Nanoseconds, first: Nanoseconds = UNKNOWN): ConnectionUse | null {
    const answer = answers.of(thread);
    if (answer === undefined || since > answer.askedAt) return null;
    answers.clear(thread);
    const { line, use, at } = answer;
    if (use.isOver || (!servesAlone(thread) && thread.loop.restedAt > at)) return null;
    use.isOver = true;
    if (line.use === use) {
      line.use = line.next;
      line.next = null;
    }
    if (line.isShared || since > use.start) return null;
    // The place that its new connection took may have been that of its own question before.
    const hadOne = use.isNew && first !== UNKNOWN && first < use.start;
    const waited = use.before === UNKNOWN || hadOne ? 0 : Math.max(0, use.start - Math.max(since, use.freeAt));
    const { isWhole, most, mostInUse } = line.group;
    return {
      peer: line.peer,
      length: waited,
      connections: !isWhole ? null : use.isNew ? mostInUse : most,
      held: at - use.start,
      isNew: use.isNew,
      line: use.line,
    };
  }

  closed({ end }: Call, { process }: Thread, descriptor: Descriptor): void {
    const line = lines.of(descriptor);
    if (line === undefined || groups.of(process)?.get(line.peer) !== line.group) return;
    ends(line, end);
    line.group.lines.delete(line);
  }

  merged(process: Process, other: Process): void {
    const gone = groups.of(other);
    if (gone === undefined) return;
    const own = groups.of(process) ?? groups.set(process, new Map());
    for (const [peer, group] of gone) {
      const known = own.get(peer);
      if (known === undefined) own.set(peer, group);
      else
        for (const line of group.lines) {
          line.group = known;
          add(known, line);
          if (line.isInUse) known.inUse++;
        }
    }
  }
}

function learn({ process }: Thread, peer: Peer, descriptor: Descriptor): Line | null {
  const own = groups.of(process) ?? groups.set(process, new Map());
  let group = own.get(peer);
  if (group === undefined) {
    group = new Group(process.isWhole && peer.name !== peer.protocol);
    own.set(peer, group);
  }
  if (group.lines.size >= MOST_LINES) return null;
  // Of those without a name only the ones are known that were asked something.
  group.isWhole ||= !descriptor.seenOpening && descriptor.peer !== '';
  const line = lines.set(descriptor, new Line(group, peer));
  add(group, line);
  return line;
}

function add(group: Group, line: Line): void {
  group.lines.add(line);
  group.most = Math.max(group.most, group.lines.size);
}

function begins(line: Line, at: Nanoseconds): Nanoseconds {
  line.isInUse = true;
  return line.group.begins(at);
}

function ends(line: Line, at: Nanoseconds): void {
  if (line.isInUse) line.group.ends(at);
  line.isInUse = false;
}

function hasFree({ lines }: Group, asked: Line, at: Nanoseconds): boolean {
  for (const line of lines) if (line !== asked && line.isFree(at)) return true;
  return false;
}

/** From then on nothing but others kept it from its question: there was no room before, or it was at something else. */
function workedSince(thread: Thread, freeAt: Nanoseconds): Nanoseconds {
  return servesAlone(thread) ? Math.max(freeAt, worked.of(thread) ?? 0) : freeAt;
}

/** A thread of a pool, or a sync worker: what it does is for one request at a time. */
export function servesAlone({ loop, process }: Thread): boolean {
  return !loop.isShared && !process.takesTurns && loop.hub?.kind !== 'epoll';
}
