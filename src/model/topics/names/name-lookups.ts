import { dnsMessage } from '../../../trace/dns.ts';
import { portOf } from '../../../trace/payload.ts';
import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { entryLine, keptLine } from '../../evidence.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import { type Heard, HUB_WAIT, type Tracker, TrackerBase } from '../../tracker.ts';
import { NameLookup } from './name-lookup.ts';
import { type Asked, askedOfService, LENGTH_BYTES, MESSAGE_BYTES, messagesOf, RESOLVER_SERVICE } from './questions.ts';

declare module '../../fact-bus.ts' {
  interface Facts {
    /** A name was looked up by a thread that waited for the answer, on a loop or elsewhere. */
    nameLookup: NameLookup;
  }
}

const EVIDENCE = 4;
const SERVERS = 4;
const MOST_SILENT = 16;
/** Names of one search list are tried without a pause. */
const NEXT_NAME = 5 * MILLISECOND;
/** A resolver that waits blocks for at least this long; one that lets the loop wait does not block at all. */
const BLOCKS = MILLISECOND;

/** The name that a thread is asking a name server for; on a loop within its running turn. */
const lookups = new PerThread<NameLookup>();

/**
 * Follows names that are looked up by threads that wait for the answer, from the first socket to the last answer: asked
 * over UDP or TCP, of nscd, or of systemd-resolved.
 */
export class NameLookups extends TrackerBase implements Tracker {
  /** Lookups that are under way on threads without turns: while there are none, nobody looks for their end. */
  #elsewhere = 0;
  /** Lookups that began, whether or not anybody waited for the answer. */
  begun = 0;

  hears({ family }: Syscall): Heard | undefined {
    if (family === 'poll')
      return (call, thread, worksFor) => {
        if (worksFor !== HUB_WAIT) this.#polled(call, thread);
      };
    // A resolver looks at its files before it asks, and a thread of a pool waits for its next task after it.
    if (family !== 'file' && family !== 'open' && family !== 'futex') return undefined;
    return (_call, thread) => {
      if (this.#elsewhere > 0) this.#endClosed(thread);
    };
  }

  /** A socket was connected to that address. */
  connected(call: Call, thread: Thread, { kind }: Descriptor, address: string): void {
    const isService = RESOLVER_SERVICE.test(address);
    if (!address.endsWith(':53') && !(isService && call.error === '')) return;
    this.#asks(call, thread, address, isService || kind === 'datagram');
  }

  #asks(call: Call, thread: Thread, address: string, isDatagram: boolean): void {
    if (portOf(address) !== 53 && !RESOLVER_SERVICE.test(address)) return;
    this.#endClosed(thread, call.start - NEXT_NAME);
    const lookup = lookups.of(thread) ?? this.#begin(call, thread);
    lookup.fd = call.fd;
    lookup.isClosed = false;
    if (!isDatagram) {
      lookup.overTcp = true;
      this.#spent(call, lookup);
      if (call.error === 'ETIMEDOUT') this.#timedOut(lookup, address);
    }
    lookup.server = address;
    if (lookup.servers.length < SERVERS && !lookup.servers.includes(address)) lookup.servers.push(address);
  }

  /** Something was sent through a datagram socket. */
  sent(call: Call, thread: Thread, descriptor: Descriptor): void {
    if (descriptor.peer === '') this.#asks(call, thread, call.arguments.socketAddress(), true);
    const running = lookups.of(thread);
    if (running === undefined || running.fd !== call.fd) return;
    this.#asked(call, thread, running, descriptor, messagesOf(call.arguments));
  }

  /** The same through a stream: to a name server, where two bytes of length come first, or to a service of the host. */
  asked(call: Call, thread: Thread, descriptor: Descriptor): void {
    const running = lookups.of(thread);
    if (running === undefined || running.fd !== call.fd) return;
    const isService = RESOLVER_SERVICE.test(running.server);
    const asked = isService ? askedOfService(call.arguments) : messagesOf(call.arguments, LENGTH_BYTES);
    // nscd is asked for users and groups, too.
    if (asked === null) {
      this.begun--;
      this.#forget(thread, running);
    } else this.#asked(call, thread, running, descriptor, asked);
  }

  #asked(call: Call, thread: Thread, running: NameLookup, descriptor: Descriptor, messages: readonly Asked[]): void {
    const first = messages[0];
    if (first === undefined) return;
    const lookup = this.#continued(call, thread, running, first);
    lookup.questions += messages.length;
    descriptor.query = { protocol: 'DNS', text: first.name };
    if (lookup.lines.length < EVIDENCE) lookup.lines.push(keptLine(call));
    this.#spent(call, lookup);
  }

  /** Something was read from a datagram socket. */
  received(call: Call, thread: Thread): void {
    this.#answeredBy(call, thread, 0);
  }

  /** The same from a stream. */
  answered(call: Call, thread: Thread): void {
    this.#answeredBy(call, thread, LENGTH_BYTES);
  }

  #answeredBy(call: Call, thread: Thread, skipped: number): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined || lookup.fd !== call.fd) return;
    this.#spent(call, lookup);
    if (!(call.result > 0)) return;
    lookup.answers++;
    const bytes = call.arguments.payload(MESSAGE_BYTES) ?? '';
    const answer = dnsMessage(bytes) ?? (skipped === 0 ? null : dnsMessage(bytes.slice(skipped)));
    if (answer === null || !answer.isAnswer) return;
    if (answer.noSuchName) lookup.noSuchName++;
    if (answer.failed) lookup.failures++;
    lookup.lastFailed = answer.noSuchName || answer.failed;
  }

  /** The answer had not come when the capture ended. */
  leftOpen(call: Call, thread: Thread, { fd, watched }: LeftIn): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined || (lookup.fd !== fd && watched !== 1)) return;
    const { family } = call.syscall;
    if (family !== 'poll' && family !== 'select' && family !== 'read') return;
    this.#spent(call, lookup);
    lookup.openAtEnd = true;
    this.turnEnding(thread);
  }

  /** A wait that is not the loop's. */
  #polled(call: Call, thread: Thread): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined || !call.arguments.polled().includes(lookup.fd)) return;
    this.#spent(call, lookup);
    // A poll of no time at all looks whether more has come.
    if (call.result === 0 && lengthOf(call) >= MILLISECOND) this.#timedOut(lookup, lookup.server);
  }

  #timedOut(lookup: NameLookup, server: string): void {
    lookup.timeouts++;
    if (lookup.silent.length < MOST_SILENT) lookup.silent.push(server);
    lookup.lastFailed = true;
  }

  closed(call: Call, thread: Thread): void {
    const lookup = lookups.of(thread);
    if (lookup?.fd === call.fd) lookup.isClosed = true;
  }

  /** A thread without turns does something else: its lookup is over. So it is when the next one comes much later. */
  #endClosed(thread: Thread, at = Number.POSITIVE_INFINITY): void {
    const lookup = lookups.of(thread);
    if (lookup?.isClosed === true && !lookup.isInTurn && lookup.end < at) this.turnEnding(thread);
  }

  threadEnded(thread: Thread): void {
    if (lookups.of(thread)?.isInTurn === false) this.turnEnding(thread);
  }

  finish(threads: Iterable<Thread>): void {
    for (const thread of threads) this.turnEnding(thread);
  }

  /** The turn is over. Without having blocked, the resolver is one that lets the loop wait, and not of interest. */
  turnEnding(thread: Thread): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined) return;
    this.#forget(thread, lookup);
    if (lookup.blocked < BLOCKS || !this.inWindow(lookup.start)) return;
    if (lookup.isInTurn) lookup.request = servedIn(thread, lookup);
    this.facts.tell('nameLookup', lookup);
  }

  /**
   * The lookup that a question belongs to: a retry and the next search domain go on, anything else begins a new one.
   */
  #continued(call: Call, thread: Thread, running: NameLookup, { name }: Asked): NameLookup {
    let lookup = running;
    if (lookup.lastName !== '' && name !== lookup.lastName) {
      const isNextDomain =
        lookup.lastFailed && firstLabel(name) === firstLabel(lookup.lastName) && call.start - lookup.end <= NEXT_NAME;
      if (!isNextDomain) {
        lookup = this.#another(call, thread, lookup);
      }
    } else if (lookup.lastName === name && name !== '' && !lookup.lastFailed && call.start - lookup.end > NEXT_NAME) {
      lookup = this.#another(call, thread, lookup);
    }
    if (name !== lookup.lastName) lookup.names++;
    lookup.name ||= name;
    lookup.lastName = name;
    return lookup;
  }

  /** The next lookup through a socket that is connected already. */
  #another(call: Call, thread: Thread, { server }: NameLookup): NameLookup {
    this.turnEnding(thread);
    const lookup = this.#begin(call, thread);
    lookup.server = server;
    if (server !== '') lookup.servers.push(server);
    return lookup;
  }

  #begin(call: Call, thread: Thread): NameLookup {
    if (this.inWindow(call.start)) this.begun++;
    const lookup = lookups.set(thread, new NameLookup(call, thread));
    if (!lookup.isInTurn) this.#elsewhere++;
    return lookup;
  }

  #forget(thread: Thread, lookup: NameLookup): void {
    lookups.clear(thread);
    if (!lookup.isInTurn) this.#elsewhere--;
  }

  #spent(call: Call, lookup: NameLookup): void {
    const duration = lengthOf(call);
    lookup.end = call.end;
    if (duration < 0) return;
    lookup.blocked += duration;
    if (duration <= lookup.longest || duration < MILLISECOND) return;
    lookup.longest = duration;
    const entry = entryLine(call);
    const lines = call.startLine === call.line ? [keptLine(call)] : [entry, keptLine(call)];
    lookup.lines = [...lookup.lines.slice(0, 1), ...lines].slice(0, EVIDENCE);
  }
}

/** Whose lookup it was. After its reply nothing tells whether the loop still works for it, or for another one. */
function servedIn({ loop, process }: Thread, { start, request }: NameLookup): string {
  const owner = loop.workedFor(start);
  if (owner === undefined) return request;
  if (owner === null) return '';
  const isAnswered = owner.answeredAt !== UNKNOWN && owner.answeredAt <= start;
  for (const _other of isAnswered ? process.inProgress.unanswered(process) : []) return '';
  return owner.line;
}

function firstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** How long the call took; of a wait that ran out at least its time limit, where the capture does not tell. */
function lengthOf({ duration, result, syscall: { family }, arguments: told }: Call): Nanoseconds {
  if (duration >= 0 || result !== 0 || family !== 'poll') return duration;
  const limit = told.timeout();
  return Number.isFinite(limit) ? limit : duration;
}
