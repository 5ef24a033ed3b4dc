import { isPid } from '../../trace/process-number.ts';
import type { Call } from '../../trace/record.ts';
import { serverOf } from '../../trace/server-names.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { type Audience, heardBy } from '../audience.ts';
import type { Request } from '../machine/connections.ts';
import { NO_THREAD_STARTED } from '../machine/loop.ts';
import type { Processes } from '../machine/processes.ts';
import type { Thread } from '../machine/thread.ts';
import { threadsOf } from '../machine/threads-of.ts';
import { type Heard, HUB_WAIT, type WorksFor } from '../tracker.ts';
import type { Followers } from './followers.ts';
import { isInterruption } from './interruptions.ts';
import { readOwnNumber, STANDARD_ERROR } from './own-number.ts';

/** Follows a call and says whom it works for. */
type Handler = (call: Call, thread: Thread) => WorksFor;
/** Follows a call that works for nobody new. */
type Note = (call: Call, thread: Thread) => void;

/**
 * What is done with the calls of one syscall: who follows the machine comes first, then the trackers that hear of it.
 * Each of them is called from here and not through another function: most of a trace goes this way.
 */
export class Route {
  readonly #note: Note | undefined;
  readonly #handler: Handler | undefined;
  readonly #heard: Heard | undefined;
  /** Such a call gets nothing done. */
  readonly #isFutile: boolean;

  constructor(syscall: Syscall, followers: Followers, audience: Audience) {
    this.#note = bookkeeping(syscall, followers, audience);
    this.#handler = this.#note === undefined ? handlerOf(syscall, followers, audience) : undefined;
    this.#heard = heardBy(audience, syscall);
    this.#isFutile = syscall.family === 'trivial';
  }

  /** Says whom the call works for. */
  follow(call: Call, thread: Thread): WorksFor {
    let worksFor: WorksFor = null;
    if (this.#note !== undefined) this.#note(call, thread);
    else if (this.#handler !== undefined) worksFor = this.#handler(call, thread);
    if (this.#isFutile) thread.loop.turn.futile++;
    if (this.#heard !== undefined) this.#heard(call, thread, worksFor);
    return worksFor;
  }
}

/** By family; undefined for calls that nobody follows. */
function handlerOf({ family }: Syscall, followers: Followers, audience: Audience): Handler | undefined {
  const { descriptors, traffic, waits, processes } = followers;
  switch (family) {
    case 'accept':
      return (call, thread) => {
        audience.serving(thread, call.start);
        const owner = traffic.accept(call, thread);
        waits.acceptFollowed(call, thread);
        return waits.acceptWaited(call, thread) ? HUB_WAIT : owner;
      };
    case 'restart':
      return (call, thread) => (waits.resumed(call, thread) ? HUB_WAIT : null);
    case 'epoll-wait':
      return (call, thread) => (waits.epoll(call, thread) ? HUB_WAIT : null);
    case 'poll':
      return (call, thread) => (waits.poll(call, thread) ? HUB_WAIT : ownerOfFirst(call, thread));
    case 'select':
      return (call, thread) => (waits.select(call, thread) ? HUB_WAIT : null);
    case 'read':
      return (call, thread) => traffic.read(call, thread);
    case 'write':
      return (call, thread) => {
        if (call.fd <= STANDARD_ERROR && !thread.process.isWhole) readOwnNumber(call, thread, processes);
        return traffic.write(call, thread);
      };
    case 'connect':
      return (call, thread) => traffic.connect(call, thread);
    case 'close':
      return (call, thread) => {
        const closed = descriptors.closed(call, thread);
        return closed === undefined ? null : traffic.closed(call, thread, closed);
      };
    default:
      return undefined;
  }
}

/** Calls that only change what is known of a process or its descriptors: by name where it differs from its family. */
function bookkeeping(
  { name, family }: Syscall,
  { processes, descriptors }: Followers,
  audience: Audience,
): Note | undefined {
  if (name.startsWith('io_uring_'))
    return (_call, thread) => {
      thread.process.usesRing = true;
    };
  if (name === 'prctl') return (call, thread) => renamed(call, thread);
  if (name === 'getpid') return (call, thread) => processes.memberships.pidNamed(thread, call.result);
  if (name === 'getppid') return (call, thread) => processes.memberships.parentNamed(thread.process, call.result);
  if (name === 'gettid') {
    return (_call, { loop }) => {
      if (loop.startedThreadIn !== loop.turn.number) loop.turnsAskedForId++;
      loop.startedThreadIn = loop.turn.number;
    };
  }
  if (name === 'getsockname') return (call, thread) => descriptors.socketName(call, thread);
  switch (family) {
    case 'wait-child':
      return (call, thread) => {
        const { memberships } = processes;
        if (call.result > 0) memberships.reaped(thread.process, call.result);
        else if (call.result === 0) lookedAfter(call, thread, processes);
      };
    case 'socket':
      return (call, thread) => descriptors.socket(call, thread);
    case 'bind':
      return (call, thread) => descriptors.bind(call, thread);
    case 'listen':
      return (call, thread) => descriptors.listen(call, thread);
    case 'setsockopt':
      return (call, thread) => descriptors.setOption(call, thread);
    case 'shutdown':
      return (call, thread) => descriptors.shutdown(call, thread);
    case 'dup':
      return (call, thread) => descriptors.duplicated(call, thread);
    case 'fcntl':
      return (call, thread) => {
        if (!call.arguments.has('SETLK')) descriptors.control(call, thread);
      };
    case 'ioctl':
      return (call, thread) => descriptors.control(call, thread);
    case 'epoll-ctl':
      return (call, thread) => descriptors.epollControl(call, thread);
    case 'epoll-create':
      return (call, thread) => descriptors.opened(call, thread, 'epoll');
    case 'eventfd':
      return (call, thread) => descriptors.opened(call, thread, 'event');
    case 'pipe':
      return (call, thread) => descriptors.pair(call, thread, 'pipe');
    case 'socketpair':
      return (call, thread) => descriptors.pair(call, thread, 'socket');
    case 'open':
      return (call, thread) => descriptors.opened(call, thread, 'file');
    case 'sleep':
      return ({ syscall, duration }, { loop: { turn } }) => {
        turn.sleeps++;
        if (duration > 0) turn.slept += duration;
        turn.lastSleep = syscall;
      };
    case 'memory':
      return (_call, thread) => {
        thread.loop.turn.memoryCalls++;
      };
    case 'clone':
      return (call, thread) => {
        if (!isPid(call.result)) return;
        const isThread = call.arguments.has('CLONE_THREAD');
        // The thread that was asked for is a native one after all.
        if (isThread) thread.loop.startedThreadIn = NO_THREAD_STARTED;
        processes.cloned(thread.process, call.result, isThread, call);
      };
    case 'futex':
      return (call, thread) => usedWord(call, thread, processes);
    case 'execve':
      return (call, thread) => executed(call, thread, audience);
    default:
      return undefined;
  }
}

/** Whoever is told that one process has not ended yet is its parent: of any other the kernel says ECHILD. */
function lookedAfter(call: Call, { process }: Thread, { memberships }: Processes): void {
  const child = call.arguments.child();
  if (child > 0) memberships.childNamed(process, child);
}

/** The first thread of a process chooses its name, of which the kernel keeps 15 bytes. */
function renamed(call: Call, { process, tid }: Thread): void {
  const isName = tid === process.pid && call.result === 0 && call.arguments.has('PR_SET_NAME');
  if (isName) process.chosenName = call.arguments.path().slice(0, 15);
}

function ownerOfFirst(call: Call, thread: Thread): Request | null {
  const [first] = call.arguments.polled();
  const descriptor = first === undefined ? undefined : thread.process.descriptors.get(first);
  return descriptor?.connection?.request ?? descriptor?.owner ?? null;
}

/**
 * Who wakes a thread by a private word is of its process, whether the capture shows that thread or not. So many wakes
 * and waits of a process are looked at that nobody has seen begin.
 */
function usedWord(call: Call, thread: Thread, processes: Processes): void {
  const { process } = thread;
  if (process.isWhole || call.result < 0 || process.wordsLookedAt >= MOST_LOOKED_AT) return;
  const use = call.arguments.futex();
  if (use === null || !use.isPrivate) return;
  const isWake = use.operation.startsWith('WAKE');
  if (!isWake && !use.operation.startsWith('WAIT')) return;
  process.wordsLookedAt++;
  // A wait that ends well was ended by somebody; an interrupted one goes on.
  if (isInterruption(call.error)) return;
  if (isWake === call.result > 0 && threadsOf(process).length === 1) process.wakesUnseen = true;
  processes.memberships.usedWord(thread, use.word, isWake ? call.result : null, call);
}

const MOST_LOOKED_AT = 10_000;

function executed(call: Call, thread: Thread, audience: Audience): void {
  if (call.result !== 0) return;
  const { process } = thread;
  process.argv = call.arguments.argv();
  process.parent?.noteProgram(process.pid, call.arguments.path() || (process.argv[0] ?? ''));
  // A program of which the capture does not show the name may be the same again.
  if (process.argv.length > 0) process.server = serverOf(process.argv);
  process.descriptors.keepStandardStreams();
  // Another program has a loop of its own, if any.
  for (const { loop } of threadsOf(process)) if (loop.hub !== null) loop.hubClosed();
  process.isWhole = true;
  audience.executed(process);
}
