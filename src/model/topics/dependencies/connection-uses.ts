import type { Call } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerDescriptor, PerProcess, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Peer, Use } from './peer.ts';

/** What a pool hands on to whoever waits for it is used again so soon; a question in parts is sent so soon. */
const MOMENT = 50 * MILLISECOND;
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

  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }
}

/** One connection to another service. */
class Line {
  group: Group;
  readonly peer: Peer;
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
    return !this.isShared && this.askedAt === UNKNOWN && at - this.answeredAt > MOMENT;
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
/** When a thread that serves one request at a time was in a call that waits for something else than another thread. */
const worked = new PerThread<Nanoseconds>();

/**
 * Follows which request has which connection to a service: a request that is asked for on a connection right after the
 * last answer to another request, while all connections were in use since it was read, has waited for a free one. In
 * the trace nothing stands for this wait: the process waits for its clients and for the service.
 */
export class ConnectionUses {
  asked({ start }: Call, thread: Thread, peer: Peer, descriptor: Descriptor, question: KeptLine): void {
    const line = lines.of(descriptor) ?? learn(thread, peer, descriptor);
    if (line === null) return;
    if (line.askedAt !== UNKNOWN) {
      if (start - line.askedAt > MOMENT) line.isShared = true;
      return;
    }
    const { group, answeredAt } = line;
    const isHandedOn = answeredAt !== UNKNOWN && start - answeredAt <= MOMENT;
    if (!isHandedOn || hasFree(group, line, start)) group.freeAt = start;
    line.askedAt = start;
    const isAlone = servesAlone(thread);
    const use: Hold = {
      start,
      before: isHandedOn ? answeredAt : UNKNOWN,
      freeAt: isAlone ? Math.max(group.freeAt, worked.of(thread) ?? 0) : group.freeAt,
      thread,
      line: question,
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
    line.next = null;
    if (line.use !== null) answers.set(thread, { line, use: line.use, askedAt: line.questionAt, at: end });
  }

  /** A call that waits for no other thread. */
  blocked({ end }: Call, thread: Thread): void {
    if (servesAlone(thread)) worked.set(thread, end);
  }

  /** The request that is answered right after the last answer of a service had that connection; null without any. */
  replied(thread: Thread, { lastReadAt }: Request): ConnectionUse | null {
    return this.done(thread, lastReadAt);
  }

  /** The same of a thread that has done what it was at since then. */
  done(thread: Thread, since: Nanoseconds): ConnectionUse | null {
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
    const waited = use.before === UNKNOWN ? 0 : Math.max(0, use.start - Math.max(since, use.freeAt));
    const { isWhole, most } = line.group;
    return {
      peer: line.peer,
      length: waited,
      connections: isWhole ? most : null,
      held: at - use.start,
      line: use.line,
    };
  }

  closed({ process }: Thread, descriptor: Descriptor): void {
    const line = lines.of(descriptor);
    if (line !== undefined && groups.of(process)?.get(line.peer) === line.group) line.group.lines.delete(line);
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

function hasFree({ lines }: Group, asked: Line, at: Nanoseconds): boolean {
  for (const line of lines) if (line !== asked && line.isFree(at)) return true;
  return false;
}

/** A thread of a pool, or a sync worker: what it does is for one request at a time. */
function servesAlone({ loop, process }: Thread): boolean {
  return !loop.isShared && !process.takesTurns && loop.hub?.kind !== 'epoll';
}
