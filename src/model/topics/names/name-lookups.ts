import type { CallArguments } from '../../../trace/call-arguments.ts';
import { type DnsMessage, dnsMessage } from '../../../trace/dns.ts';
import { portOf } from '../../../trace/payload.ts';
import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { FactBus } from '../../fact-bus.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import { type Heard, HUB_WAIT, type Tracker, type TrackerContext } from '../../tracker.ts';

declare module '../../fact-bus.ts' {
  interface Facts {
    /** A name was looked up on the thread of a loop, which waited for the answer. */
    nameLookup: NameLookup;
  }
}

const MESSAGE_BYTES = 300;
const EVIDENCE = 4;
const SERVERS = 4;
const MOST_SILENT = 16;
/** Names of one search list are tried without a pause. */
const NEXT_NAME = 5 * MILLISECOND;
/** A resolver that waits blocks for at least this long; one that lets the loop wait does not block at all. */
const BLOCKS = MILLISECOND;

/** The name that a thread is asking a name server for, within its running turn. */
const lookups = new PerThread<NameLookup>();

/** One name asked of name servers by the code of a thread, with all its retries and search domains, within one turn. */
export class NameLookup {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  /** What was being served, '' when not known. */
  readonly request: string;
  end: Nanoseconds;
  /** As asked first: the name itself, or with the first search domain. */
  name = '';
  readonly servers: string[] = [];
  /** The one asked last, and those that gave no answer, each as often as it did. */
  server = '';
  readonly silent: string[] = [];
  /** Time inside calls that wait for the answer. */
  blocked: Nanoseconds = 0;
  /** The longest such call. */
  longest: Nanoseconds = 0;
  questions = 0;
  /** Waits that ended without an answer. */
  timeouts = 0;
  /** Answers that there is no such name, and other failures. */
  noSuchName = 0;
  failures = 0;
  /** Names tried: more than one when search domains are appended. */
  names = 0;
  /** Fell back to TCP. */
  overTcp = false;
  lastName = '';
  lastFailed = false;
  /** It had no answer when the trace ended. */
  isOpen = false;
  fd: number;
  lines: KeptLine[] = [];

  constructor(call: Call, thread: Thread) {
    this.thread = thread;
    this.start = call.start;
    this.end = call.end;
    this.fd = call.fd;
    this.request = thread.loop.owner?.line ?? '';
  }
}

/** Follows names that are looked up on the thread of a loop, from the first socket to the last answer. */
export class NameLookups implements Tracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  /** Lookups that began within the turn of a loop, whether or not it waited for the answer. */
  begun = 0;

  constructor({ facts, inWindow }: TrackerContext) {
    this.#facts = facts;
    this.#inWindow = inWindow;
  }

  hears({ family }: Syscall): Heard | undefined {
    if (family !== 'poll') return undefined;
    return (call, thread, worksFor) => {
      if (worksFor !== HUB_WAIT) this.#polled(call, thread);
    };
  }

  /** A socket was connected to that address. */
  connected(call: Call, thread: Thread, { kind }: Descriptor, address: string): void {
    if (address.endsWith(':53')) this.#asks(call, thread, address, kind === 'datagram');
  }

  #asks(call: Call, thread: Thread, address: string, isDatagram: boolean): void {
    if (portOf(address) !== 53 || !thread.loop.inTurn) return;
    const lookup = lookups.of(thread) ?? this.#begin(call, thread);
    lookup.fd = call.fd;
    if (!isDatagram) lookup.overTcp = true;
    lookup.server = address;
    if (lookup.servers.length < SERVERS && !lookup.servers.includes(address)) lookup.servers.push(address);
  }

  /** Something was sent through a datagram socket. */
  sent(call: Call, thread: Thread, descriptor: Descriptor): void {
    if (descriptor.peer === '') this.#asks(call, thread, call.arguments.socketAddress(), true);
    const running = lookups.of(thread);
    if (running === undefined || running.fd !== call.fd) return;
    const messages = messagesOf(call.arguments);
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
    const lookup = lookups.of(thread);
    if (lookup === undefined || lookup.fd !== call.fd) return;
    this.#spent(call, lookup);
    if (!(call.result > 0)) return;
    const answer = dnsMessage(call.arguments.payload(MESSAGE_BYTES) ?? '');
    if (answer === null || !answer.isAnswer) return;
    if (answer.noSuchName) lookup.noSuchName++;
    if (answer.failed) lookup.failures++;
    lookup.lastFailed = answer.noSuchName || answer.failed;
  }

  /** The answer had not come when the trace ended. */
  leftOpen(call: Call, thread: Thread, { fd, watched }: LeftIn): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined || (lookup.fd !== fd && watched !== 1)) return;
    const { family } = call.syscall;
    if (family !== 'poll' && family !== 'select' && family !== 'read') return;
    this.#spent(call, lookup);
    lookup.isOpen = true;
    this.turnEnding(thread);
  }

  /** A wait that is not the loop's. */
  #polled(call: Call, thread: Thread): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined || !call.arguments.polled().includes(lookup.fd)) return;
    this.#spent(call, lookup);
    // A poll of no time at all looks whether more has come.
    if (call.result !== 0 || !(call.duration >= MILLISECOND)) return;
    lookup.timeouts++;
    if (lookup.silent.length < MOST_SILENT) lookup.silent.push(lookup.server);
    lookup.lastFailed = true;
  }

  /** The turn is over. Without having blocked, the resolver is one that lets the loop wait, and not of interest. */
  turnEnding(thread: Thread): void {
    const lookup = lookups.of(thread);
    if (lookup === undefined) return;
    lookups.clear(thread);
    if (lookup.blocked < BLOCKS || !this.#inWindow(lookup.start)) return;
    this.#facts.tell('nameLookup', lookup);
  }

  /**
   * The lookup that a question belongs to: a retry and the next search domain go on, anything else begins a new one.
   */
  #continued(call: Call, thread: Thread, running: NameLookup, { name }: DnsMessage): NameLookup {
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
    if (this.#inWindow(call.start)) this.begun++;
    return lookups.set(thread, new NameLookup(call, thread));
  }

  #spent(call: Call, lookup: NameLookup): void {
    const { duration } = call;
    lookup.end = call.end;
    if (duration < 0) return;
    lookup.blocked += duration;
    if (duration <= lookup.longest || duration < MILLISECOND) return;
    lookup.longest = duration;
    const entry = { file: call.file, line: call.startLine, text: call.startText };
    const lines = call.startLine === call.line ? [keptLine(call)] : [entry, keptLine(call)];
    lookup.lines = [...lookup.lines.slice(0, 1), ...lines].slice(0, EVIDENCE);
  }
}

function firstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(0, dot);
}

/** The questions in the arguments of `sendto`, `sendmsg` or `sendmmsg`: A and AAAA go out together. */
function messagesOf(told: CallArguments): DnsMessage[] {
  const found: DnsMessage[] = [];
  for (const bytes of told.payloads(MESSAGE_BYTES)) {
    const message = dnsMessage(bytes);
    if (message !== null && !message.isAnswer) found.push(message);
  }
  return found;
}
