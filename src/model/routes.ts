import type { Call } from '../trace/record.ts';
import type { Syscall } from '../trace/syscalls.ts';
import type { DescriptorTracker } from './following/descriptor-tracker.ts';
import type { TrafficTracker } from './following/traffic-tracker.ts';
import type { WaitTracker } from './following/wait-tracker.ts';
import type { Request } from './machine/connections.ts';
import { NO_THREAD_STARTED } from './machine/loop.ts';
import type { Processes } from './machine/processes.ts';
import { serverOf } from './machine/server-names.ts';
import type { Thread } from './machine/thread.ts';
import type { DeathTracker } from './topics/deaths/death-tracker.ts';
import type { DiskTracker } from './topics/disk/disk-tracker.ts';
import type { FailureTracker } from './topics/failures/failure-tracker.ts';
import type { LivenessTracker } from './topics/liveness/liveness-tracker.ts';
import type { ModuleTracker } from './topics/loading/module-tracker.ts';
import { Boot } from './topics/loading/start-up.ts';
import type { FutexWords } from './topics/locks/futex-words.ts';
import type { SharedLocks } from './topics/locks/shared-locks.ts';
import type { NameLookups } from './topics/names/name-lookups.ts';

/** The call was its thread's hub wait. */
export const HUB_WAIT = Symbol('hub wait');

/** Whom a call works for: a request, nobody new (null: whoever ran before), or the loop itself in its hub wait. */
export type Handler = (call: Call, thread: Thread) => Request | null | typeof HUB_WAIT;

export interface Trackers {
  readonly processes: Processes;
  readonly deaths: DeathTracker;
  readonly failures: FailureTracker;
  readonly descriptors: DescriptorTracker;
  readonly traffic: TrafficTracker;
  readonly waits: WaitTracker;
  readonly liveness: LivenessTracker;
  readonly modules: ModuleTracker;
  readonly locks: SharedLocks;
  readonly disk: DiskTracker;
  readonly futexes: FutexWords;
  readonly lookups: NameLookups;
}

const nobody: Handler = () => null;

/** The handler of a syscall: by name where one name differs from its family, else by family. */
export function routeOf(syscall: Syscall, trackers: Trackers): Handler {
  const note = bookkeeping(syscall, trackers);
  if (note !== undefined && syscall.family === 'trivial') {
    return (call, thread) => {
      note(call, thread);
      thread.loop.turn.futile++;
      return null;
    };
  }
  if (note !== undefined) {
    return (call, thread) => {
      note(call, thread);
      return null;
    };
  }
  const { descriptors, failures, modules, traffic, waits, locks, futexes, lookups } = trackers;
  switch (syscall.family) {
    case 'accept':
      return (call, thread) => {
        if (thread.process.boot !== null) modules.ready(thread, call.start);
        const owner = traffic.accept(call, thread);
        waits.acceptFollowed(thread);
        if (thread.holds !== null) locks.accepted(thread);
        if (thread.word !== null) futexes.accepted(thread);
        return owner;
      };
    case 'epoll-wait':
      return (call, thread) => {
        if (thread.word !== null) futexes.beforeWait(thread);
        return waits.epoll(call, thread) ? HUB_WAIT : null;
      };
    case 'poll':
      return (call, thread) => {
        if (waits.poll(call, thread)) return HUB_WAIT;
        if (thread.lookup !== null) lookups.polled(call, thread);
        return ownerOfFirst(call, thread);
      };
    case 'select':
      return (call, thread) => (waits.select(call, thread) ? HUB_WAIT : null);
    case 'read':
      return (call, thread) => traffic.read(call, thread);
    case 'write':
      return (call, thread) => {
        if (call.error !== '') failures.refused(call, thread);
        return traffic.write(call, thread);
      };
    case 'connect':
      return (call, thread) => {
        failures.connected(call, thread);
        return traffic.connect(call, thread);
      };
    case 'close':
      return (call, thread) => {
        const closed = descriptors.closed(call, thread.process);
        if (closed === undefined) return null;
        if (closed.lock !== null) locks.closed(call, thread, closed.lock);
        return traffic.closed(call, thread, closed);
      };
    case 'trivial':
      return (_call, thread) => {
        thread.loop.turn.futile++;
        return null;
      };
    default:
      return nobody;
  }
}

/** Calls that only change what is known of a process or its descriptors. */
function bookkeeping(
  { name, family }: Syscall,
  { processes, deaths, failures, descriptors, liveness, locks, futexes, disk, modules }: Trackers,
): ((call: Call, thread: Thread) => void) | undefined {
  if (name === 'getpid') return (call, thread) => processes.pidNamed(thread, call.result);
  if (name === 'getppid') return (call, thread) => processes.parentNamed(thread.process, call.result);
  if (name === 'gettid') {
    return (_call, thread) => {
      thread.loop.startedThreadIn = thread.loop.turn.number;
    };
  }
  if (name === 'fchmod' || name === 'utimensat') return (call, thread) => liveness.touched(call, thread);
  if (family === 'kill')
    return (call, thread) => {
      if (name === 'kill') liveness.killed(call, thread);
      const sent = call.result === 0 ? call.arguments.signal() : null;
      if (sent !== null && sent.pid > 0) deaths.sent(call, thread, sent.signal, sent.pid);
    };
  if (name === 'getsockname') return (call, thread) => descriptors.socketName(call, thread);
  switch (family) {
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
        if (call.arguments.has('SETLK')) locks.fileLocked(call, thread);
        else descriptors.control(call, thread);
      };
    case 'sync':
      return (call, thread) => {
        if (call.error !== '') failures.refused(call, thread);
        disk.synced(call, thread);
      };
    case 'futex':
      return (call, thread) => futexes.called(call, thread);
    case 'lock':
      return (call, thread) => locks.fileLocked(call, thread);
    case 'semaphore':
      return name.startsWith('sem') ? (call, thread) => locks.semaphore(call, thread) : undefined;
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
      return (call, thread) => {
        if (call.error !== '') failures.refused(call, thread);
        const opened = descriptors.opened(call, thread, 'file');
        if (opened !== null) modules.opened(call, thread, opened);
      };
    case 'memory':
      return (call, thread) => {
        thread.loop.turn.memoryCalls++;
        thread.process.boot?.memory.called(call);
      };
    case 'clone':
      return (call, thread) => {
        if (!(call.result > 0)) return;
        const isThread = call.arguments.has('CLONE_THREAD');
        // The thread that was asked for is a native one after all.
        if (isThread) thread.loop.startedThreadIn = NO_THREAD_STARTED;
        processes.cloned(thread.process, call.result, isThread, call);
        if (!isThread) deaths.forked(thread.process, call.result);
      };
    case 'wait-child':
      return (call, thread) => deaths.reaped(call, thread);
    case 'execve':
      return executed;
    default:
      return undefined;
  }
}

function ownerOfFirst(call: Call, thread: Thread): Request | null {
  const [first] = call.arguments.polled();
  const descriptor = first === undefined ? undefined : thread.process.descriptors.get(first);
  return descriptor?.connection?.request ?? descriptor?.owner ?? null;
}

function executed(call: Call, thread: Thread): void {
  if (call.result !== 0) return;
  const { process } = thread;
  process.argv = call.arguments.argv();
  process.server = serverOf(process.argv) || process.server;
  process.descriptors.keepStandardStreams();
  if (process.boot === null) return;
  process.boot = new Boot();
  process.boot.executed = true;
}
