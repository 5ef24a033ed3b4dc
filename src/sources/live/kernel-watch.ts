import { readdirSync, statSync } from 'node:fs';
import { serverOfComm } from '../../trace/server-names.ts';
import { type Machine, syscallName } from '../../trace/syscall-numbers.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { ProcessMemory } from '../bpftrace/process-memory.ts';
import { type HeldNow, heldNow } from './held.ts';
import { type QueueTables, readQueues } from './listening-queues.ts';
import { innerNumber, linkOrEmpty, readOrEmpty, serverStarted } from './process-facts.ts';
import type { EndedStay, ProcessSight, QueueStay, Queues, ThreadSight } from './sights.ts';
import { descriptorsOf, inodeOf, type ListenerRow, readSockets, type SocketFacts } from './socket-tables.ts';
import { ThreadFiles } from './thread-files.ts';
import { isInWait } from './waiting.ts';

interface WatchOptions {
  readonly machine: Machine;
  /** Where the kernel shows processes. */
  readonly root?: string;
  /** Nanoseconds of a clock that only grows. */
  readonly now?: () => number;
  /** Milliseconds, to measure what a look at the sockets takes. */
  readonly stopwatch?: () => number;
}

/** Threads that are looked at, all processes together. */
const MOST_THREADS = 512;
/** Links to the folder of a task of one thread. */
const ONE_THREAD = 3;
/** Sockets are looked up again after so long, and never for more than a hundredth of the time. */
const SOCKETS_EVERY_MS = 2_000;
const SOCKETS_SHARE = 100;
/** When a thread has just got stuck, who waits for it is worth more. */
const SOCKETS_SHARE_THEN = 20;
const STUCK = 0.9e9;
const POLLFD_BYTES = 8;
/**
 * Who computes is on a processor or ready for one nearly all the time, and hardly ever goes to sleep: an interpreter
 * hands its lock over a few times a second. A busy server sleeps dozens of times.
 */
const LEAST_RUN = 0.8;
const MOST_SLEEPS_A_SECOND = 10;
const NO_QUEUES: Queues = { now: null, longest: null };
const NOT_HELD: HeldNow = { held: '', holder: 0 };
const RESTART = 'restart_syscall';
const RESUMED: readonly (readonly [place: RegExp, call: string])[] = [
  [/nanosleep/, 'clock_nanosleep'],
  [/futex/, 'futex'],
  [/poll/, 'poll'],
];

/** When this look is, how many clients the process had at the last one, and what the kernel prints of the thread. */
interface Looked {
  readonly now: number;
  readonly clients: number;
  readonly schedstat: string;
}

interface Known {
  readonly sight: ThreadSight;
  /** Times that it was given a processor, as printed: who got none since the last look is where it was. */
  readonly slices: string;
  /** Whether it was asked, since it ran last, what keeps it from running. */
  readonly isAsked: boolean;
  readonly ranAtSince: number;
  /** How long it had run, or been ready to, and how often it had gone to sleep by then; -1 when not told. */
  readonly ran: number;
  readonly sleeps: number;
}

interface Member {
  readonly parent: number;
  readonly name: string;
  readonly server: string;
  readonly innerPid: number;
  clients: number;
  /** When they were counted. */
  countedAt: number;
  hasRing: boolean;
  threads: Map<number, Known>;
  /** What it had open at the last listing, and how often its threads had run by then. */
  descriptors: ReturnType<typeof descriptorsOf>;
  /** Its network namespace. */
  network: string;
  listedAt: string;
  /** Sockets of it on which it listens. */
  listeners: readonly string[];
  queues: Queues;
}

/**
 * Looks at processes from outside, through /proc alone, which stops nobody. A thread that was not given a processor
 * between two looks has not come back from its call.
 */
export class KernelWatch {
  readonly #machine: Machine;
  readonly #root: string;
  readonly #now: () => number;
  readonly #stopwatch: () => number;
  readonly #files: ThreadFiles;
  #members = new Map<number, Member>();
  #sockets: ReadonlyMap<string, SocketFacts> = new Map();
  /** Where their listeners stand. */
  #tables: QueueTables = { tcp: 0, tcp6: 0, unix: false };
  #socketsDue = Number.NEGATIVE_INFINITY;
  #socketsDueThen = Number.NEGATIVE_INFINITY;
  #first = Number.NaN;
  #shown: readonly ProcessSight[] | null = null;

  constructor({
    machine,
    root = '/proc',
    now = () => Number(process.hrtime.bigint()),
    stopwatch = () => performance.now(),
  }: WatchOptions) {
    this.#stopwatch = stopwatch;
    this.#machine = machine;
    this.#root = root;
    this.#files = new ThreadFiles(root);
    this.#now = now;
  }

  /** Looks at all of them; to be called about once a second. */
  look(pids: readonly number[]): void {
    const now = this.#now();
    if (Number.isNaN(this.#first)) this.#first = now;
    const share = Math.max(1, Math.floor(MOST_THREADS / Math.max(1, pids.length)));
    const members = new Map<number, Member>();
    for (const pid of pids) {
      const member = this.#members.get(pid) ?? this.#meet(pid);
      if (member === null) continue;
      member.threads = this.#threads(pid, member, share, now);
      if (member.threads.size > 0) members.set(pid, member);
    }
    this.#members = members;
    this.#files.sweep();
    const due = [...members.values()].some(hasUncountedClients) ? this.#socketsDueThen : this.#socketsDue;
    if (now >= due) this.#lookAtSockets(now);
    this.#lookAtQueues(now);
    this.#shown = null;
  }

  /** What the last look showed, in the order of the pids that it was given. */
  get processes(): readonly ProcessSight[] {
    // The screen asks ten times a second.
    this.#shown ??= this.#show();
    return this.#shown;
  }

  #show(): readonly ProcessSight[] {
    return [...this.#members].map(([pid, { parent, name, server, innerPid, clients, hasRing, queues, threads }]) => ({
      pid,
      parent,
      name,
      server,
      innerPid,
      clients,
      hasRing,
      queues,
      threads: [...threads.values()].map(({ sight }) => sight),
    }));
  }

  #meet(pid: number): Member | null {
    const stat = readOrEmpty(`${this.#root}/${pid}/stat`);
    if (stat === '') return null;
    const end = stat.lastIndexOf(')');
    const name = stat.slice(stat.indexOf('(') + 1, end);
    const parent = Number(stat.slice(end + 2).split(' ')[1]);
    return {
      parent,
      name,
      server: serverOfComm(name) || serverStarted(this.#root, pid, parent),
      innerPid: innerNumber(readOrEmpty(`${this.#root}/${pid}/status`)) || pid,
      clients: -1,
      countedAt: Number.NEGATIVE_INFINITY,
      hasRing: false,
      threads: new Map(),
      descriptors: { sockets: new Set(), hasRing: false },
      network: '',
      listedAt: '',
      listeners: [],
      queues: NO_QUEUES,
    };
  }

  #threads(pid: number, { threads: before, clients }: Member, most: number, now: number): Map<number, Known> {
    const threads = new Map<number, Known>();
    const read = new Map([...before.keys()].map((tid) => [tid, this.#files.schedstat(pid, tid)] as const));
    // Only a thread that runs begins another one, or ends.
    const isAtRest = before.size > 0 && [...before].every(([tid, known]) => hasSlept(known, read.get(tid) ?? ''));
    for (const tid of isAtRest ? before.keys() : this.#tids(pid, before, most)) {
      const schedstat = read.get(tid) ?? this.#files.schedstat(pid, tid);
      const found = this.#thread(pid, tid, before.get(tid), { now, clients, schedstat });
      if (found !== null) threads.set(tid, found);
    }
    return threads;
  }

  /** Of one thread there is nothing to list as long as the folder says so: listing takes four times as long. */
  #tids(pid: number, before: Member['threads'], most: number): readonly number[] {
    const folder = `${this.#root}/${pid}/task`;
    try {
      const [only] = before.keys();
      if (only !== undefined && before.size === 1 && statSync(folder).nlink === ONE_THREAD) return [only];
      return readdirSync(folder).slice(0, most).map(Number);
    } catch {
      // It ended a moment ago.
      return [];
    }
  }

  #thread(pid: number, tid: number, known: Known | undefined, { now, clients, schedstat }: Looked): Known | null {
    const task = `${this.#root}/${pid}/task/${tid}`;
    const [onText = '', readyText = '', slices = ''] = schedstat.split(' ');
    const isTold = slices !== '';
    const ran = isTold ? Number(onText) + Number(readyText) : -1;
    if (known !== undefined && isTold && slices === known.slices) {
      const still = known.isAsked ? known : this.#asked(pid, tid, known, now);
      if (still.sight.call !== '' || still.sight.held !== '') return { ...still, sight: movedTo(still.sight, now) };
    }
    const words = readOrEmpty(`${task}/syscall`).trim().split(' ');
    const number = Number(words[0]);
    // `running`, `-1` outside of calls, or nothing at all for a thread that may not be looked at.
    if (words[0] === '') return null;
    const isIn = number >= 0;
    if (!isIn && hasEnded(task)) return null;
    const named = isIn ? syscallName(this.#machine, number) || `syscall_${number}` : '';
    const call = named === RESTART ? this.#resumed(task) : named;
    const sleeps = isIn ? -1 : sleepsOf(task);
    if (known !== undefined && goesOn(known, { call: named, ran, sleeps, now }))
      return {
        ...known,
        slices,
        isAsked: false,
        ran,
        sleeps,
        sight: { ...movedTo(known.sight, now), ran: isTold ? ran - known.ranAtSince : -1 },
      };
    // Who is met may have stood still for long; of who has just run the next look says whether it goes on.
    const { held, holder } = known === undefined ? this.#heldWhenMet(pid, tid) : NOT_HELD;
    const args = isIn ? words.slice(1, 7).map((word) => word.replace(/^0x/, '')) : [];
    const fd = isIn ? this.#descriptorOf(pid, call, args) : -1;
    const link = fd >= 0 ? linkOrEmpty(`${this.#root}/${pid}/fd/${fd}`) : '';
    const socket = this.#sockets.get(inodeOf(link));
    const target = socket?.peer ?? link;
    const isOfClient = socket?.isOfClient === true;
    return {
      slices,
      isAsked: held !== '',
      ranAtSince: ran,
      ran,
      sleeps,
      sight: {
        tid,
        call,
        held,
        holder,
        number: isIn ? number : -1,
        args,
        fd,
        target,
        isOfClient,
        since: now,
        before: known?.sight.at ?? now,
        at: now,
        awayFrom:
          isInWait({ call, held, target, isOfClient }) || known === undefined ? now : awayFrom(known.sight, now),
        ran: isTold ? 0 : -1,
        isFromStart: now === this.#first,
        stuckAtFirst: known === undefined ? null : stuckAtFirst(known.sight, clients),
      },
    };
  }

  /** The stop of a tracer may be one of a moment. */
  #heldWhenMet(pid: number, tid: number): HeldNow {
    const found = heldNow(this.#root, pid, tid);
    return found.held === 'traced' ? NOT_HELD : found;
  }

  /** It has not run since the last look: because it waits, or because it is stopped. */
  #asked(pid: number, tid: number, known: Known, now: number): Known {
    const { held, holder } = heldNow(this.#root, pid, tid);
    if (held === known.sight.held) return { ...known, isAsked: true };
    // It was in its call for longer, and stopped in it only since it ran last.
    const { sight } = known;
    return { ...known, isAsked: true, sight: { ...sight, held, holder, awayFrom: sight.since, at: now } };
  }

  /** What a call is about; of `poll` only what it waits for alone. */
  #descriptorOf(pid: number, call: string, [first = '0', second = '0']: readonly string[]): number {
    if (syscall(call).takesDescriptor) return Number.parseInt(first, 16) | 0;
    if (syscall(call).family !== 'poll' || second !== '1') return -1;
    const memory = new ProcessMemory(`${this.#root}/${pid}/mem`);
    const polled = memory.read(BigInt(`0x${first}`), POLLFD_BYTES);
    memory.close();
    return polled.length === POLLFD_BYTES ? polled.readInt32LE(0) : -1;
  }

  /** What a `restart_syscall` goes on with: the function of the kernel that it waits in says so. */
  #resumed(task: string): string {
    const place = readOrEmpty(`${task}/wchan`);
    return RESUMED.find(([pattern]) => pattern.test(place))?.[1] ?? RESTART;
  }

  #lookAtSockets(now: number): void {
    const started = this.#stopwatch();
    const namespaces = new Set<string>();
    const all = new Map<string, SocketFacts>();
    const listening = new Map<string, ListenerRow>();
    for (const [pid, member] of this.#members) {
      // Who has not run since is where it was, and has opened and closed nothing.
      const ran = slicesOf(member);
      if (ran === '' || member.listedAt !== ran) {
        member.descriptors = descriptorsOf(pid, this.#root);
        member.network = linkOrEmpty(`${this.#root}/${pid}/ns/net`);
      }
      member.listedAt = ran;
      const { network: name } = member;
      if (namespaces.has(name)) continue;
      namespaces.add(name);
      const table = readSockets(pid, this.#root);
      for (const [inode, facts] of table.connected) all.set(inode, facts);
      for (const [inode, row] of table.listening) listening.set(inode, row);
    }
    this.#sockets = all;
    const ends = { tcp: 0, tcp6: 0, unix: 0 };
    for (const member of this.#members.values()) {
      const { sockets, hasRing } = member.descriptors;
      member.listeners = [...sockets].filter((inode) => listening.has(inode));
      for (const inode of member.listeners) {
        const { table, end } = listening.get(inode) ?? { table: 'unix', end: 0 };
        ends[table] = Math.max(ends[table], end, 1);
      }
      member.clients = [...sockets].filter((inode) => all.get(inode)?.isOfClient === true).length;
      member.hasRing = hasRing;
      member.countedAt = now;
      for (const [tid, known] of member.threads) member.threads.set(tid, this.#named(known));
    }
    this.#tables = { ...ends, unix: ends.unix > 0 };
    const cost = this.#stopwatch() - started;
    this.#socketsDue = now + Math.max(SOCKETS_EVERY_MS, cost * SOCKETS_SHARE) * 1e6;
    this.#socketsDueThen = now + Math.max(SOCKETS_EVERY_MS, cost * SOCKETS_SHARE_THEN) * 1e6;
  }

  /**
   * Of each network namespace one table is read, and of it the listeners alone: a few of the thousands of rows. Where
   * everybody who listens waits, whoever comes is accepted.
   */
  #lookAtQueues(now: number): void {
    const tables = new Map<string, ReadonlyMap<string, number>>();
    const isBusy = ({ listeners, threads, queues }: Member): boolean =>
      listeners.length > 0 && (queues.now !== null || [...threads.values()].some(({ sight }) => !isInWait(sight)));
    if (![...this.#members.values()].some(isBusy)) return;
    for (const [pid, member] of this.#members) {
      const { network, listeners } = member;
      if (listeners.length === 0) continue;
      const table = tables.get(network) ?? readQueues(pid, this.#tables, this.#root);
      tables.set(network, table);
      const lengths = listeners.map((inode) => table.get(inode));
      // Where one of them is not found, rows have moved: the next look at all sockets tells where they are.
      if (lengths.every((length) => length !== undefined))
        member.queues = queuedOn(
          member.queues,
          lengths.reduce((sum, length) => sum + length, 0),
          now,
        );
    }
  }

  /** A call on a socket that was not known when it began. */
  #named(known: Known): Known {
    const { sight } = known;
    const inode = sight.fd < 0 ? '' : inodeOf(sight.target);
    const socket = inode === '' ? undefined : this.#sockets.get(inode);
    if (socket === undefined) return known;
    return { ...known, sight: { ...sight, target: socket.peer, isOfClient: socket.isOfClient } };
  }
}

/** What is known of queues after a look at which so many waited. */
function queuedOn({ now: before, longest }: Queues, waiting: number, at: number): Queues {
  if (waiting === 0) return before === null ? { now: null, longest } : { now: null, longest: longer(longest, before) };
  const now = { least: Math.min(before?.least ?? waiting, waiting), since: before?.since ?? at, at };
  return { now, longest: longer(longest, now) };
}

function longer(one: QueueStay | null, other: QueueStay): QueueStay {
  return one === null || other.at - other.since >= one.at - one.since ? other : one;
}

/**
 * A thread of it has been away from its wait for a while, or polls one socket that may be anything, and the sockets
 * were looked at before that.
 */
function hasUncountedClients({ threads, countedAt }: Member): boolean {
  for (const { sight } of threads.values()) {
    if (sight.at - sight.awayFrom >= STUCK && countedAt < sight.awayFrom) return true;
    // It may wait for whatever comes, or for an answer.
    const isPoll = sight.call !== '' && syscall(sight.call).family === 'poll';
    const isUnnamed = isPoll && sight.target.startsWith('socket:');
    if (isUnnamed && sight.at - sight.since >= STUCK && countedAt < sight.since) return true;
  }
  return false;
}

/** It was in a call at the last look, and was given no processor since. */
function hasSlept({ sight, slices }: Known, schedstat: string): boolean {
  return sight.call !== '' && slices !== '' && schedstat.endsWith(` ${slices}`);
}

/** How often each of its threads was given a processor; '' where the kernel does not tell. */
function slicesOf({ threads }: Member): string {
  const all = [...threads].map(([tid, { slices }]) => `${tid} ${slices}`);
  return all.some((each) => each.endsWith(' ')) ? '' : all.join(' ');
}

/** The thread leaves what it was in: if it was stuck in that since the first look, that is kept. */
function stuckAtFirst(left: ThreadSight, clients: number): EndedStay | null {
  const { call, held, target, isOfClient, since, at, ran } = left;
  if (!left.isFromStart || isInWait(left) || at - since < STUCK) return left.stuckAtFirst;
  return { call, held, target, isOfClient, since, at, ran, clients };
}

/** It has ended, and its parent did not ask yet how: the kernel shows it as if it computed. */
function hasEnded(task: string): boolean {
  const stat = readOrEmpty(`${task}/stat`);
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** Of a thread that is in no wait now. */
function awayFrom(known: ThreadSight, now: number): number {
  return isInWait(known) ? now : known.awayFrom;
}

/** The same at a later look. */
function movedTo(sight: ThreadSight, now: number): ThreadSight {
  return { ...sight, at: now, awayFrom: isInWait(sight) ? now : sight.awayFrom };
}

/** It still computes, or a tracer interrupted its wait, which the kernel then goes on with. */
function goesOn(
  { sight, ran: ranBefore, sleeps: sleptBefore }: Known,
  {
    call,
    ran,
    sleeps,
    now,
  }: { readonly call: string; readonly ran: number; readonly sleeps: number; readonly now: number },
): boolean {
  if (call !== '') return call === RESTART && sight.call !== '' && !isInstant(sight.call);
  if (sight.call !== '') return false;
  const lasted = now - sight.at;
  // A worker that serves one short request after the other is in no call at many looks.
  if (ran >= 0 && ranBefore >= 0 && ran - ranBefore < lasted * LEAST_RUN) return false;
  return sleeps < 0 || sleptBefore < 0 || sleeps - sleptBefore <= Math.ceil((lasted / 1e9) * MOST_SLEEPS_A_SECOND);
}

/** How often a thread has gone to sleep so far; -1 when the kernel does not tell. */
function sleepsOf(task: string): number {
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readOrEmpty(`${task}/status`))?.[1] ?? -1);
}

function isInstant(call: string): boolean {
  const { family } = syscall(call);
  return !isWait(family) && family !== 'sleep' && family !== 'futex';
}
