import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { earlier, later, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import { isInterpreterLockWait } from '../../machine/block-class.ts';
import { describeTarget } from '../../machine/descriptors.ts';
import { PerProcess, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import { runtimeOf } from '../../machine/runtime.ts';
import type { Thread } from '../../machine/thread.ts';
import { waitedOn } from '../../machine/waited-on.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { type WaitInRequest, WaitsInRequests } from './waits-in-requests.ts';

const MOST_WORDS = 256;
/** In place of the address of a word: each thread has its own. */
export const PARKED = 'an address for each thread';
const MOST_THREADS = 64;
const EVIDENCE = 4;
/** So many of the last waits for a word are compared with the next one to see how many wait at once. */
const WAITS_COMPARED = 16;
const MOST_WAITS_TAKEN_IN = 1_024;
const MOST_HELD_IN = 16;
const MOST_REQUESTS = 32;
/** A request that waits so long for another thread is held up by it. */
const LONG_IN_REQUEST = 100 * MILLISECOND;
/** From so many waiting threads on it is worth to look at who wakes whom. */
const CONTENDERS = 3;

/** The word that a thread was woken at last, until it does something that shows what it was for. */
const lastWords = new PerThread<FutexWord>();
/** The contended word that a thread got last, until it wakes the next one there, and its longest call meanwhile. */
const holding = new PerThread<{ readonly word: FutexWord; readonly since: Nanoseconds; longest: HeldIn | null }>();
const tables = new PerProcess<FutexTable>();

/** What the threads of a process wait for; null while no futex call was seen. */
export function futexesOf(process: Process): FutexTable | null {
  return tables.of(process) ?? null;
}

/** A call in which a thread was while it had a lock that others waited for. */
export interface HeldIn {
  readonly call: string;
  /** What the call was made on; '' where it has no target. */
  readonly target: string;
  count: number;
  total: Nanoseconds;
}

/** What one thread waited for a word. */
interface Waiter {
  count: number;
  total: Nanoseconds;
  /** The thread had read a request. */
  serves: boolean;
}

/** A word of memory that threads of one process wait on: a lock, a condition, a queue. */
export class FutexWord {
  readonly address: string;
  /** The last ones that waited, up to a bound: a server may start a thread for each connection. */
  readonly waiters = new Map<number, Waiter>();
  /** Waits, of all threads that ever waited. */
  count = 0;
  /** How many threads waited at once, at most, as far as neighbouring waits show. */
  mostAtOnce = 0;
  /** Requests that were served meanwhile, by their lines, and in how many waits. */
  readonly requests = new Map<string, number>();
  /** How often a thread that had waited handed it on, how long these threads had it, and the longest call of each. */
  held = 0;
  heldFor: Nanoseconds = 0;
  readonly heldIn = new Map<string, HeldIn>();
  /** The last waits. */
  #last: { readonly start: Nanoseconds; readonly end: Nanoseconds }[] = [];
  total: Nanoseconds = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  longest: Nanoseconds = 0;
  /**
   * Wakes by threads that wait for it themselves, as those who share a lock do, and by others, as those who fill a
   * queue do.
   */
  handOffs = 0;
  otherWakes = 0;
  /** Waits that ended with a wake, not a timeout. */
  woken = 0;
  /** Wake-ups after which the thread went to wait for a connection and took it: the word serialises accepts. */
  accepting = 0;
  /** One thread at a time waits here, as a parked thread of Python does; so often others that wait so woke it. */
  isParked = false;
  peerWakes = 0;
  /** Python's interpreter lock, which is no lock of the program. */
  isInterpreterLock = false;
  lines: KeptLine[] = [];

  constructor(address: string) {
    this.address = address;
  }

  /** Who waits holds nothing back: idle threads at a queue, at the interpreter lock or at a lock around accept. */
  get isIdling(): boolean {
    return this.isInterpreterLock || (this.accepting > 0 && this.accepting * 2 >= this.woken);
  }

  /** A wait for it ended, while `request` was served ('' for none). */
  add({ start, end, duration }: Pick<Call, 'start' | 'end' | 'duration'>, request: string): void {
    this.count++;
    if (request !== '') this.#counted(request, 1);
    this.total += duration;
    this.first = earlier(this.first, start);
    this.last = later(this.last, end);
    const others = this.#last.filter((wait) => wait.start <= start && wait.end > start).length;
    this.mostAtOnce = Math.max(this.mostAtOnce, 1 + others);
    if (this.#last.push({ start, end }) > WAITS_COMPARED) this.#last.shift();
  }

  #counted(request: string, times: number): void {
    const known = this.requests.get(request);
    if (known !== undefined || this.requests.size < MOST_REQUESTS) this.requests.set(request, (known ?? 0) + times);
  }

  /** One that serves waited for it, and was woken by another one that serves. */
  handedTo(wait: WaitInRequest): void {
    const { duration, line, tid, request } = wait;
    const waiter = this.waiters.get(tid) ?? newWaiter(this, tid);
    waiter.count++;
    waiter.total += duration;
    waiter.serves = true;
    this.add(wait, request);
    this.handOffs++;
    this.woken++;
    if (this.lines.length >= EVIDENCE && duration <= this.longest) return;
    this.lines = [line, ...this.lines].slice(0, EVIDENCE);
    this.longest = Math.max(this.longest, duration);
  }

  /** A thread that got it at `since` wakes the next one. */
  handedOn(since: Nanoseconds, at: Nanoseconds, longest: HeldIn | null): void {
    this.held++;
    this.heldFor += Math.max(0, at - since);
    if (longest === null) return;
    const key = `${longest.call} ${longest.target}`;
    const known = this.heldIn.get(key);
    if (known !== undefined) {
      known.count++;
      known.total += longest.total;
    } else if (this.heldIn.size < MOST_HELD_IN) this.heldIn.set(key, longest);
  }

  /** Counts how many of the last waits, of all that were taken in, there were at once. */
  countAtOnce(): void {
    const edges = this.#last.flatMap(({ start, end }) => [
      { at: start, by: 1 },
      { at: end, by: -1 },
    ]);
    let now = 0;
    for (const { by } of edges.sort((a, b) => a.at - b.at || a.by - b.by)) {
      now += by;
      this.mostAtOnce = Math.max(this.mostAtOnce, now);
    }
  }

  absorb(other: FutexWord): void {
    this.#last = [...this.#last, ...other.#last].slice(-MOST_WAITS_TAKEN_IN);
    for (const [tid, { count, total, serves }] of other.waiters) {
      const own = this.waiters.get(tid);
      if (own === undefined) this.waiters.set(tid, { count, total, serves });
      else {
        own.count += count;
        own.total += total;
      }
    }
    this.count += other.count;
    this.mostAtOnce = Math.max(this.mostAtOnce, other.mostAtOnce);
    for (const [request, times] of other.requests) this.#counted(request, times);
    this.held += other.held;
    this.heldFor += other.heldFor;
    for (const [key, each] of other.heldIn) {
      const known = this.heldIn.get(key);
      if (known === undefined) this.heldIn.set(key, { ...each });
      else {
        known.count += each.count;
        known.total += each.total;
      }
    }
    this.total += other.total;
    if (other.first !== UNKNOWN) this.first = earlier(this.first, other.first);
    if (other.last !== UNKNOWN) this.last = later(this.last, other.last);
    this.handOffs += other.handOffs;
    this.otherWakes += other.otherWakes;
    this.woken += other.woken;
    this.accepting += other.accepting;
    this.isInterpreterLock ||= other.isInterpreterLock;
    if (other.longest > this.longest) this.lines = other.lines;
    this.longest = Math.max(this.longest, other.longest);
  }
}

/** What the threads of a process wait for, by word. */
export class FutexTable {
  readonly words = new Map<string, FutexWord>();
  /**
   * Threads that each wait at addresses of their own, as those for a lock of Python do since 3.13: which lock it is
   * nothing shows.
   */
  readonly parked = new Set<number>();
  /** Calls in all, and waits that found the word changed: somebody else was quicker. */
  calls = 0;
  again = 0;
  /** A word has several waiters: wakes are looked at from then on. */
  isContended = false;
  /** Long waits of threads that were in the middle of a request, and one such request by its line. */
  inRequests: Nanoseconds = 0;
  request = '';
  /** The same, by who ended them. */
  readonly waitsInRequests = new WaitsInRequests(new FutexWord(PARKED));
}

/**
 * Follows waiting on futexes: counts every call, looks only at waits of a millisecond and more, and at wakes once
 * several threads wait for one word.
 */
export class FutexWords extends TrackerBase implements Tracker {
  hears({ family }: Syscall): Heard | undefined {
    if (family === 'futex') return (call, thread) => this.#called(call, thread);
    if (family === 'epoll-wait') return (_call, thread) => this.#beforeWait(thread);
    return family === 'accept' ? (_call, thread) => this.#acceptTried(thread) : undefined;
  }

  /** Every futex call. */
  #called(call: Call, thread: Thread): void {
    const table = tableOf(thread.process);
    table.calls++;
    if (call.error === 'EAGAIN') table.again++;
    else if (call.result > 0 && call.duration < MILLISECOND) {
      if (table.isContended) wakes(call, thread, table);
      if (table.inRequests > 0) wakesInRequest(call, thread, table);
    }
  }

  /** The thread waits for events: right after it got the word, that may be what the word is for. */
  #beforeWait(thread: Thread): void {
    if (lastWords.of(thread) !== undefined && thread.lastSyscall?.family !== 'futex') lastWords.clear(thread);
  }

  /** The thread takes a connection, with nothing between this and the word but a wait for it. */
  #acceptTried(thread: Thread): void {
    const word = lastWords.of(thread);
    if (word === undefined) return;
    const family = thread.lastSyscall?.family;
    if (family === 'futex' || family === 'epoll-wait' || family === 'poll') word.accepting++;
    lastWords.clear(thread);
  }

  /** A wait of a millisecond or more. */
  blocked(call: Call, thread: Thread): void {
    if (call.syscall.family !== 'futex') {
      worked(call, thread);
      return;
    }
    const futex = call.arguments.futex();
    if (futex === null) return;
    const { end, duration } = call;
    if (!this.inWindow(end) || !futex.operation.startsWith('WAIT')) return;
    const table = tableOf(thread.process);
    const address = futex.word;
    const word = table.words.get(address) ?? added(table, address);
    if (isInterpreterLockWait(call)) word.isInterpreterLock = true;
    const { owner } = thread.loop;
    if (duration >= LONG_IN_REQUEST && owner?.inProgress === true && !word.isInterpreterLock) {
      table.inRequests += duration;
      table.request = owner.line;
      if (call.error === '') {
        const wait = { start: call.start, end, duration, line: keptLine(call), tid: thread.tid, request: owner.line };
        table.waitsInRequests.waited(address, wait);
        holding.set(thread, { word: table.waitsInRequests.all, since: end, longest: null });
      }
    }
    const waiter = word.waiters.get(thread.tid) ?? newWaiter(word, thread.tid);
    waiter.count++;
    waiter.total += duration;
    waiter.serves ||= thread.servesRequests;
    word.add(call, thread.loop.owner?.line ?? '');
    if (call.error === '') {
      word.woken++;
      lastWords.set(thread, word);
      if (!word.isInterpreterLock && word.waiters.size > 1) holding.set(thread, { word, since: end, longest: null });
    }
    if (word.waiters.size >= CONTENDERS) table.isContended = true;
    if (futex.isRealtime && call.error === '' && word.mostAtOnce === 1) park(word, thread, table);
    if (word.lines.length < EVIDENCE || duration > word.longest) {
      word.lines = [keptLine(call), ...word.lines].slice(0, EVIDENCE);
      word.longest = Math.max(word.longest, duration);
    }
  }

  merged(process: Process, other: Process): void {
    const futexes = tables.of(other);
    if (futexes !== undefined) absorb(process, futexes);
  }
}

/** A call of a millisecond or more that is no wait for a word, by a thread that may have a lock. */
function worked(call: Call, thread: Thread): void {
  const held = holding.of(thread);
  if (held === undefined || call.duration <= (held.longest?.total ?? 0)) return;
  const { fd, descriptor } = waitedOn(call, thread.process);
  const target = fd < 0 ? '' : describeTarget(fd, descriptor);
  held.longest = { call: call.syscall.name, target, count: 1, total: call.duration };
}

/** A thread waits at an address where nobody else waits. */
function park(word: FutexWord, thread: Thread, table: FutexTable): void {
  if (runtimeOf(thread.process) !== 'python') return;
  word.isParked = true;
  if (table.parked.size < MOST_THREADS) table.parked.add(thread.tid);
  if (table.parked.size >= CONTENDERS) table.isContended = true;
}

/** What of a word's wakes come from other waiters of its kind when it is a lock that is handed on. */
const FROM_PEERS = 0.9;

/**
 * All the words of a process at which a parked thread is woken by others that were parked, as one: what waits for jobs
 * is woken by whoever has them. Null when there is none.
 */
export function parkedWaits({ words }: FutexTable): FutexWord | null {
  const all = new FutexWord(PARKED);
  for (const word of words.values()) {
    const { isParked, peerWakes, handOffs, otherWakes, mostAtOnce } = word;
    if (!isParked || mostAtOnce !== 1 || peerWakes === 0 || peerWakes < FROM_PEERS * (handOffs + otherWakes)) continue;
    all.absorb(word);
    // Some of them have waited there themselves.
    all.handOffs += peerWakes - handOffs;
    all.otherWakes -= peerWakes - handOffs;
  }
  all.countAtOnce();
  return all.total === 0 ? null : all;
}

function absorb(process: Process, futexes: FutexTable): void {
  const own = tableOf(process);
  own.calls += futexes.calls;
  own.again += futexes.again;
  own.inRequests += futexes.inRequests;
  own.request ||= futexes.request;
  own.waitsInRequests.all.absorb(futexes.waitsInRequests.all);
  for (const tid of futexes.parked) own.parked.add(tid);
  for (const word of futexes.words.values()) {
    const known = own.words.get(word.address);
    if (known === undefined) own.words.set(word.address, word);
    else known.absorb(word);
    own.isContended ||= (known ?? word).waiters.size >= CONTENDERS;
  }
}

function tableOf(process: Process): FutexTable {
  return tables.of(process) ?? tables.set(process, new FutexTable());
}

/** `futex(0x7f12, FUTEX_WAKE_PRIVATE, 1) = 1`. */
function wakes(call: Call, thread: Thread, { words, parked }: FutexTable): void {
  const word = words.get(call.arguments.futex()?.word ?? '');
  if (word === undefined) return;
  // Of those who hand a lock on each has waited for it. A loop, or who accepts, hands out work, whatever it waited for.
  if (word.isParked && parked.has(thread.tid) && !handsOutWork(thread)) word.peerWakes++;
  if (word.waiters.has(thread.tid)) word.handOffs++;
  else word.otherWakes++;
  const held = holding.of(thread);
  if (held?.word !== word) return;
  word.handedOn(held.since, call.start, held.longest);
  holding.clear(thread);
}

/** The same, where each thread waits at a word of its own. */
function wakesInRequest(call: Call, thread: Thread, { waitsInRequests }: FutexTable): void {
  const isPeer = thread.loop.owner?.inProgress === true && !handsOutWork(thread);
  waitsInRequests.woke(call.arguments.futex()?.word ?? '', { at: call.start, isPeer });
  const held = holding.of(thread);
  if (held?.word !== waitsInRequests.all || !isPeer) return;
  waitsInRequests.all.handedOn(held.since, call.start, held.longest);
  holding.clear(thread);
}

function handsOutWork({ loop, accepts }: Thread): boolean {
  return loop.hub !== null || accepts.listeners.size > 0;
}

/** When the table is full, the word that was waited for least makes room. */
function added({ words }: FutexTable, address: string): FutexWord {
  if (words.size >= MOST_WORDS) {
    let least: FutexWord | null = null;
    for (const word of words.values()) if (least === null || word.total < least.total) least = word;
    if (least !== null) words.delete(least.address);
  }
  const made = new FutexWord(address);
  words.set(address, made);
  return made;
}

/** When there are too many, the one that came first makes room: where threads come and go, that one has ended. */
function newWaiter({ waiters }: FutexWord, tid: number): Waiter {
  if (waiters.size >= MOST_THREADS) for (const first of [...waiters.keys()].slice(0, 1)) waiters.delete(first);
  const made = { count: 0, total: 0, serves: false };
  waiters.set(tid, made);
  return made;
}
