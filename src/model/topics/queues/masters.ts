import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { threadsOf } from '../../machine/threads-of.ts';
import type { Pipe } from './pipes.ts';
import { works } from './work.ts';

/** Processes with fewer children have a helper, no workers. */
const LEAST_WORKERS = 2;

/**
 * Who hands this thread its jobs through a pipe: the one process that writes to it, else the parent of several.
 * 'nobody' when the pipe brings something else: it is written by several, by its reader, or by a child of that.
 */
export function masterOf(thread: Thread): Process | 'unknown' | 'nobody' {
  const { process } = thread;
  const work = works.of(thread);
  const pipe = work?.pipe ?? null;
  if (pipe !== null && (pipe.isShared || isOwn(pipe, process))) return 'nobody';
  // Nothing names what it reads from, and it was there before the capture: that may be a client's socket.
  if (work?.isUnnamed && !process.isWhole) return 'unknown';
  return pipe?.writer ?? (hasWorkers(process.parent) ? process.parent : 'unknown');
}

/** Whether what this process reads from a pipe is no job: a token of its own, or what a child of it says. */
function isOwn({ writer }: Pipe, process: Process): boolean {
  return writer === process || writer?.parent === process;
}

/** Whether another process was seen to hand this one something through that pipe. */
export function feeds(pipe: Pipe, process: Process): boolean {
  return pipe.writer !== null && !isOwn(pipe, process);
}

/** Whether this is a parent of several processes. */
export function hasWorkers(process: Process | null): process is Process {
  return process !== null && process.forks >= LEAST_WORKERS;
}

/**
 * For whom a process works: for others where it was seen to serve, or to take jobs of a broker; perhaps for others
 * where it hears a service.
 */
export type Demand = 'others' | 'perhaps' | 'itself';

interface Heard {
  /** It took a job from a broker; false where it read from another service. */
  aJob: boolean;
}

const heard = new PerProcess<Heard>();

/** Something came from another service: whether that is a job. */
export function hears(process: Process, isJob: boolean): void {
  const known = heard.of(process);
  if (known === undefined) heard.set(process, { aJob: isJob });
  else known.aJob ||= isJob;
}

/** Whether somebody may wait for what this process does, or has others do. */
export function worksFor(process: Process): Demand {
  const { accepted, requests } = process;
  const known = heard.of(process);
  if (known?.aJob || accepted > 0 || requests > 0) return 'others';
  if (threadsOf(process).some(({ accepts }) => accepts.listeners.size > 0)) return 'others';
  return known === undefined ? 'itself' : 'perhaps';
}
