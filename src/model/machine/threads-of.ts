import type { Lane } from '../../trace/record.ts';
import { PerProcess } from './owned-state.ts';
import { MOST_TIDS, type Process } from './process.ts';
import { Thread } from './thread.ts';

const threads = new PerProcess<Thread[]>();
const NONE: readonly Thread[] = [];

/** The live threads of a process, and ended ones that were acceptors or loops. */
export function threadsOf(process: Process): readonly Thread[] {
  return threads.of(process) ?? NONE;
}

/** A thread of this process is heard of on that lane. */
export function threadIn(process: Process, lane: Lane): Thread {
  const thread = new Thread(lane, process);
  join(process, thread);
  return thread;
}

/** Nothing is kept of this thread. */
export function leave(thread: Thread): void {
  const all = threads.of(thread.process);
  const place = all?.indexOf(thread) ?? -1;
  if (place >= 0) all?.splice(place, 1);
}

/** The threads of `other` are threads of `process`, as it turned out. */
export function takeThreads(process: Process, other: Process): void {
  for (const thread of threadsOf(other)) {
    thread.process = process;
    join(process, thread);
  }
  threads.clear(other);
}

/** It has threads that the capture does not show, or not as threads of this process. */
export function hasUnseenThreads(process: Process): boolean {
  const { wakesUnseen, tids, threadsStarted } = process;
  return (wakesUnseen && threadsOf(process).length === 1) || (tids.length < MOST_TIDS && tids.length <= threadsStarted);
}

function join(process: Process, thread: Thread): void {
  const all = threads.of(process);
  // Most have one: a literal takes less room than what grows.
  if (all === undefined || all.length === 0) threads.set(process, [thread]);
  else all.push(thread);
  process.noteTid(thread.tid);
}
