import { dnsMessage } from '../../../trace/dns.ts';
import type { Call } from '../../../trace/record.ts';
import { earlier, elapsed, later, type Nanoseconds, SECOND, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { Durations } from '../../machine/durations.ts';
import { PerDescriptor, PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Tracker, TrackerContext } from '../../tracker.ts';
import { MESSAGE_BYTES } from './questions.ts';

/** Questions of clients that may be open at a time: the oldest makes room. */
const MOST_OPEN = 10_000;
/** Servers that are asked for one question, and servers told apart. */
const MOST_ASKED = 8;
const MOST_SERVERS = 64;
/** Datagrams that hold no question are looked at before nobody looks any longer: QUIC has thousands a second. */
const MOST_OTHERS = 64;
/** Pids told of one server. */
const MOST_PIDS = 64;
/** Multicast DNS asks all hosts, without a number, and only who knows answers. */
const TO_ALL = '\0\0';
/** A client is late from here on. */
const LATE: Nanoseconds = SECOND;

/** What became of a question to another server. */
type Outcome = 'open' | 'answered' | 'failed' | 'refused';

/** A question that was passed on to another server. */
interface PassedOn {
  readonly to: string;
  readonly at: Nanoseconds;
  readonly line: KeptLine;
  outcome: Outcome;
  endedAt: Nanoseconds;
}

/** A question of a client that has no reply yet. */
interface Open {
  readonly key: string;
  readonly name: string;
  readonly at: Nanoseconds;
  readonly line: KeptLine;
  readonly process: Process;
  readonly passedOn: PassedOn[];
}

/** What is proof of a wait. */
export interface LongestQuestion {
  readonly length: Nanoseconds;
  readonly lines: readonly KeptLine[];
}

/** Another name server, and the clients of this one that waited for it. */
export class ForwardedTo {
  readonly name: string;
  /** How long each question that had a reply waited for that server. */
  readonly waits = new Durations();
  /** Those that waited for `LATE` or longer, and were told no failure. */
  late = 0;
  /** Clients that were told a failure: that server was silent, could not be reached, or had told it. */
  silent = 0;
  refused = 0;
  passedOn = 0;
  longest: LongestQuestion | null = null;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  readonly pids = new Set<number>();

  constructor(name: string) {
    this.name = name;
  }

  get failed(): number {
    return this.silent + this.refused + this.passedOn;
  }
}

/** What clients of a name server met, whoever had to be asked for it. */
export interface ClientsOfNames {
  readonly answered: number;
  /** The longest wait of a question that had its reply. */
  readonly longest: Nanoseconds;
  /** Questions that had no reply when their client may have given up, those without one at that moment included. */
  readonly late: number;
  /** The longest of these, and its name; null for none. */
  readonly latest: { readonly length: Nanoseconds; readonly name: string } | null;
}

/** Questions that have no reply at some moment, and waited for `LATE` or longer for the server they went on to. */
export interface Unanswered {
  readonly count: number;
  /** Those of them of whom that server has said something since. */
  readonly answered: number;
  readonly oldest: LongestQuestion;
  readonly first: Nanoseconds;
  readonly pids: ReadonlySet<number>;
}

/** Datagrams of a process that were no question, until there is one. */
const others = new PerProcess<{ left: number; hears: boolean }>();
/** What was asked last through a socket: forwarders take a new one for each question. */
const lastOf = new PerDescriptor<PassedOn>();

/**
 * Follows a name server that passes questions on: from the question of a client, over that to another server, to the
 * reply. They belong together by the name. What is not asked over datagrams, or not readable, is not followed.
 */
export class ForwardedQuestions implements Tracker {
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #open = new Map<string, Open>();
  readonly #byName = new Map<string, Set<Open>>();
  /** Questions to others by their own number and name. */
  readonly #asked = new Map<string, PassedOn>();
  readonly #servers = new Map<string, ForwardedTo>();
  /** A question of a client counts as late from this time without a reply on. */
  readonly #least: Nanoseconds;
  #answered = 0;
  #longest: Nanoseconds = 0;
  #late = 0;
  #latest: ClientsOfNames['latest'] = null;

  constructor({ inWindow, clientTimeout }: TrackerContext) {
    this.#inWindow = inWindow;
    this.#least = clientTimeout;
  }

  /** What clients have met up to that moment. */
  clients(now: Nanoseconds): ClientsOfNames {
    let late = this.#late;
    let latest = this.#latest;
    for (const { at, key, name } of this.#open.values()) {
      const length = elapsed(at, now);
      if (length < this.#least || !this.#inWindow(now) || key.startsWith(TO_ALL)) continue;
      late++;
      if (latest === null || length > latest.length) latest = { length, name };
    }
    return { answered: this.#answered, longest: this.#longest, late, latest };
  }

  /** The servers that questions were passed on to and that had, or should have had, an answer. */
  servers(): readonly ForwardedTo[] {
    return [...this.#servers.values()];
  }

  /**
   * What has no reply at that moment, by the name of the server that it waits for, or waited for: some drop the client
   * of whom the answer came late.
   */
  unanswered(now: Nanoseconds): ReadonlyMap<string, Unanswered> {
    const found = new Map<string, Unanswered>();
    for (const { at, line, process, passedOn } of this.#open.values()) {
      const blamed = longestOf(passedOn, now);
      if (blamed === null || blamed.length < LATE || !this.#inWindow(at)) continue;
      const { asked: first } = blamed;
      const known = found.get(first.to);
      const oldest = { length: elapsed(at, now), lines: [line, first.line] };
      found.set(first.to, {
        count: (known?.count ?? 0) + 1,
        answered: (known?.answered ?? 0) + (first.endedAt === UNKNOWN ? 0 : 1),
        oldest: known === undefined || oldest.length > known.oldest.length ? oldest : known.oldest,
        first: earlier(known?.first ?? UNKNOWN, at),
        pids: new Set([...(known?.pids ?? []), process.pid].slice(0, MOST_PIDS)),
      });
    }
    return found;
  }

  received(call: Call, thread: Thread, descriptor: Descriptor): void {
    if (call.error === 'ECONNREFUSED') this.#unreachable(call, descriptor);
    if (!(call.result > 0)) return;
    const seen = others.of(thread.process) ?? others.set(thread.process, { left: MOST_OTHERS, hears: false });
    if (seen.left === 0) return;
    for (const bytes of call.arguments.payloads(MESSAGE_BYTES)) {
      const message = dnsMessage(bytes);
      if (message === null) {
        if (!seen.hears) seen.left = Math.max(0, seen.left - 1);
        continue;
      }
      const key = keyOf(bytes, message.name);
      if (message.isAnswer) {
        const asked = this.#asked.get(key);
        if (asked === undefined || asked.outcome === 'answered') continue;
        asked.outcome = message.failed ? 'failed' : 'answered';
        asked.endedAt = call.end;
      } else if (message.name !== '') {
        seen.hears = true;
        this.#began(call, thread, key, message.name.toLowerCase());
      }
    }
  }

  sent(call: Call, _thread: Thread, descriptor: Descriptor): void {
    if (this.#open.size === 0) return;
    if (call.error === 'ECONNREFUSED') this.#unreachable(call, descriptor);
    if (call.error !== '') return;
    for (const bytes of call.arguments.payloads(MESSAGE_BYTES)) {
      const message = dnsMessage(bytes);
      if (message === null) continue;
      if (message.isAnswer) this.#replied(call, keyOf(bytes, message.name), message.failed);
      else this.#passedOn(call, descriptor, keyOf(bytes, message.name), message.name.toLowerCase());
    }
  }

  #began(call: Call, { process }: Thread, key: string, name: string): void {
    // A client that asks again has waited since it asked first.
    if (this.#open.has(key)) return;
    if (this.#open.size >= MOST_OPEN) for (const oldest of this.#open.values()) return void this.#forget(oldest);
    const open: Open = { key, name, at: call.end, line: keptLine(call), process, passedOn: [] };
    this.#open.set(key, open);
    const same = this.#byName.get(name);
    if (same === undefined) this.#byName.set(name, new Set([open]));
    else same.add(open);
  }

  #passedOn(call: Call, descriptor: Descriptor, key: string, name: string): void {
    const waiting = this.#byName.get(name);
    const to = descriptor.peer || call.arguments.socketAddress();
    if (waiting === undefined || to === '') return;
    const asked: PassedOn = { to, at: call.start, line: keptLine(call), outcome: 'open', endedAt: UNKNOWN };
    for (const { passedOn } of waiting) if (passedOn.length < MOST_ASKED) passedOn.push(asked);
    if (this.#asked.size >= MOST_OPEN)
      for (const oldest of this.#asked.keys()) {
        this.#asked.delete(oldest);
        break;
      }
    this.#asked.set(key, asked);
    lastOf.set(descriptor, asked);
  }

  /** The host of that server said that nobody listens there. */
  #unreachable(call: Call, descriptor: Descriptor): void {
    const asked = lastOf.of(descriptor);
    if (asked?.outcome !== 'open') return;
    asked.outcome = 'refused';
    asked.endedAt = call.end;
  }

  #replied(call: Call, key: string, isFailure: boolean): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#forget(open);
    if (!this.#inWindow(call.end)) return;
    this.#count(open, call.end);
    const blamed = longestOf(open.passedOn, call.start);
    if (blamed === null) return;
    const server = this.#serverOf(blamed.asked.to);
    if (server === null) return;
    server.waits.took(blamed.length);
    server.first = earlier(server.first, open.at);
    server.last = later(server.last, call.end);
    if (server.pids.size < MOST_PIDS) server.pids.add(open.process.pid);
    const { outcome } = blamed.asked;
    const isTold = isFailure && outcome !== 'answered';
    if (isTold && outcome === 'open') server.silent++;
    else if (isTold && outcome === 'refused') server.refused++;
    else if (isTold) server.passedOn++;
    else if (blamed.length >= LATE) server.late++;
    // A wait is proof before a failure that was told at once.
    if (server.longest !== null && blamed.length <= server.longest.length) return;
    const lines = [open.line, blamed.asked.line, keptLine(call)];
    server.longest = { length: blamed.length, lines };
  }

  #count({ at, name }: Open, repliedAt: Nanoseconds): void {
    const length = elapsed(at, repliedAt);
    this.#answered++;
    this.#longest = Math.max(this.#longest, length);
    if (length < this.#least) return;
    this.#late++;
    if (this.#latest === null || length > this.#latest.length) this.#latest = { length, name };
  }

  #serverOf(name: string): ForwardedTo | null {
    const known = this.#servers.get(name);
    if (known !== undefined) return known;
    if (this.#servers.size >= MOST_SERVERS) return null;
    const made = new ForwardedTo(name);
    this.#servers.set(name, made);
    return made;
  }

  #forget(open: Open): void {
    this.#open.delete(open.key);
    const same = this.#byName.get(open.name);
    same?.delete(open);
    if (same?.size === 0) this.#byName.delete(open.name);
  }
}

/** The number of a message and its name: those of a question are those of its answer. */
function keyOf(bytes: string, name: string): string {
  return `${bytes.slice(0, 2)}${name.toLowerCase()}`;
}

/**
 * The question that a client waited for longest, and how long: up to its answer, to the next question to another
 * server, or to the reply. null where nobody was asked.
 */
function longestOf(
  passedOn: readonly PassedOn[],
  repliedAt: Nanoseconds,
): { readonly asked: PassedOn; readonly length: Nanoseconds } | null {
  let longest: { readonly asked: PassedOn; readonly length: Nanoseconds } | null = null;
  for (const [index, first] of passedOn.entries()) {
    if (passedOn.findIndex(({ to }) => to === first.to) < index) continue;
    // Asked again, it is the same wait.
    const same = passedOn.filter(({ to }) => to === first.to);
    const ended = same.findLast(({ endedAt }) => endedAt !== UNKNOWN);
    const next = passedOn.find(({ at, to }) => at > first.at && to !== first.to);
    const asked = ended ?? first;
    const until = ended?.endedAt ?? next?.at ?? repliedAt;
    const length = Math.max(0, elapsed(first.at, Math.min(until, repliedAt)));
    if (longest === null || length > longest.length) longest = { asked, length };
  }
  return longest;
}
