import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { works } from './work.ts';

/** Processes with fewer children have a helper, no workers. */
const LEAST_WORKERS = 2;

/**
 * Who hands this thread its jobs through a pipe: the one process that writes to it, else the parent of several.
 * 'nobody' when the pipe brings something else: it is written by several, by its reader, or by a child of that.
 */
export function masterOf(thread: Thread): Process | 'unknown' | 'nobody' {
  const { process } = thread;
  const pipe = works.of(thread)?.pipe ?? null;
  const writer = pipe?.writer ?? null;
  if (pipe?.isShared || writer === process || (writer !== null && writer.parent === process)) return 'nobody';
  return writer ?? (hasWorkers(process.parent) ? process.parent : 'unknown');
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
  const { accepted, requests, threads } = process;
  const known = heard.of(process);
  if (known?.aJob || accepted > 0 || requests > 0) return 'others';
  if (threads.some(({ accepts }) => accepts.listeners.size > 0)) return 'others';
  return known === undefined ? 'itself' : 'perhaps';
}
