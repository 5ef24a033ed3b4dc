import { UNKNOWN } from '../../../trace/time.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { threadsOf } from '../../machine/threads-of.ts';
import { Work, works } from './work.ts';

/** It neither accepts clients nor waits for several things at once. */
export function isTaker({ accepts, loop }: Thread): boolean {
  return loop.hub?.kind !== 'epoll' && !loop.isShared && !accepts.isWait && accepts.listeners.size === 0;
}

/** A thread that was started in the capture may begin with a job. */
export function workOfNew(thread: Thread): Work | undefined {
  const { process, isMain } = thread;
  if (isMain || !process.tids.includes(thread.tid) || threadsOf(process).length < 2) return undefined;
  const work = works.set(thread, new Work('word', -1, ''));
  work.begin(thread.firstTime);
  return work;
}

/** A worker that forks for each job is where its child is. */
export function workOfParent({ process: { parent } }: Thread): Work | undefined {
  const [first] = parent === null ? [] : threadsOf(parent);
  const work = first === undefined ? undefined : works.of(first);
  return work !== undefined && work.kind !== 'word' && work.since !== UNKNOWN ? work : undefined;
}

/** Bytes of a condition of glibc that waiters use in turn. */
const WORDS_OF_ONE = 8;

/** Where a word of memory is, by the condition that it may be a part of. */
export function placeOf(word: string): number {
  return Math.floor(Number.parseInt(word, 16) / WORDS_OF_ONE);
}

/** The queue of those who wait at one word. Processes of which the beginning was not seen may be threads of one. */
export function wordQueue({ isWhole, pid }: Process, place: number): string {
  return `${isWhole ? pid : ''} word ${place}`;
}

/** Whether this call waits for the next job. */
export function isForWork(work: Work, { fd, futex, syscall }: LeftIn): boolean {
  // Who waits for a lock between processes waits for its turn at the pipe, as likely as not.
  if (work.kind === 'pipe' && futex !== null) return !futex.isPrivate;
  if (work.kind !== 'word') return fd === work.source;
  return syscall.family === 'futex' && (futex === null || placeOf(futex.word) === work.source);
}
