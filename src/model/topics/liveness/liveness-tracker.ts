import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { type Nanoseconds, SECOND } from '../../../trace/time.ts';
import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';

/** A gunicorn worker showed its master that it lives. */
export interface Heartbeat {
  readonly thread: ThreadView;
  /** The call before was a select, in which of all workers only those of the class sync wait. */
  readonly isAfterSelect: boolean;
  /** Valid while the fact is told. */
  readonly record: Call;
}

/** A process was sent a signal by another. */
export interface Kill {
  readonly thread: ThreadView;
  readonly pid: number;
  readonly signal: string;
  /** Valid while the fact is told. */
  readonly record: Call;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    heartbeat: Heartbeat;
    kill: Kill;
  }
}

/** What the file of a worker is called. */
const OWN_FILE = '/wgunicorn-';

/** How long workers wait in select for the next client, at most. */
const idleWaits = new PerProcess<Nanoseconds>();

/**
 * Seconds after which gunicorn kills that sync worker, by how long it waits for a client: half of them. null where that
 * was not seen, or is less than a second, as it also is with no timeout.
 */
export function timeoutByWait(process: Process): number | null {
  const wait = idleWaits.of(process);
  return wait === undefined || wait === 0 ? null : Math.ceil((2 * wait) / SECOND);
}

/** Follows how workers show that they live, and how they are ended. */
export class LivenessTracker extends TrackerBase implements Tracker {
  hears({ name, family }: Syscall): Heard | undefined {
    if (name === 'fchmod' || name === 'utimensat') return (call, thread) => this.#touched(call, thread);
    if (family === 'select') return (call, thread) => this.#waited(call, thread);
    return name === 'kill' ? (call, thread) => this.#killed(call, thread) : undefined;
  }

  /**
   * gunicorn workers touch a file of their own, by `fchmod` (up to 21) or `utimensat` (from 22 on); it names the
   * server, too.
   */
  #touched(call: Call, thread: Thread): void {
    const told = call.arguments;
    if (!told.label().includes(OWN_FILE) && !told.path().includes(OWN_FILE)) return;
    thread.process.showsLife = true;
    if (thread.process.server === '') thread.process.server = 'gunicorn';
    thread.beats = true;
    const isAfterSelect = thread.lastSyscall?.family === 'select';
    if (this.inWindow(call.end)) this.facts.tell('heartbeat', { thread, isAfterSelect, record: call });
  }

  /** A sync worker that has nothing to do waits for half of its timeout; interrupted, for what is left of that. */
  #waited(call: Call, { beats, process }: Thread): void {
    const known = idleWaits.of(process);
    // An attached capture begins in such a wait, before any heartbeat.
    if (!beats && known !== undefined) return;
    const limit = call.arguments.timeout();
    idleWaits.set(process, Math.max(known ?? 0, limit >= SECOND && Number.isFinite(limit) ? limit : 0));
  }

  /** `kill(4711, SIGABRT)`. */
  #killed(call: Call, thread: Thread): void {
    if (call.result !== 0 || !this.inWindow(call.end)) return;
    const sent = call.arguments.signal();
    if (sent !== null && sent.pid >= 0) this.facts.tell('kill', { thread, ...sent, record: call });
  }
}
