import type { Process } from '../../model/machine/process.ts';
import { type FutexTable, type FutexWord, futexesOf } from '../../model/topics/locks/futex-words.ts';
import { count, duration, milliseconds, percent, plural, round } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { DraftFinding, Severity } from '../finding.ts';
import { seeNativeCode } from '../see-code.ts';
import type { Metrics } from './metrics.ts';

/** Threads that wait for one word for at least `share` of the time between the first and the last wait. */
export function contenders(
  { waiters, first, last }: FutexWord,
  share: number,
): { readonly tid: number; readonly total: Nanoseconds }[] {
  return [...waiters]
    .filter(([, { total }]) => total >= share * (last - first))
    .map(([tid, { total }]) => ({ tid, total }))
    .toSorted((a, b) => b.total - a.total);
}

/** Wake-ups by those who wait themselves: at a queue of jobs half of them come from whoever fills it. */
const HANDED_OVER = 0.9;
const FEWEST_HAND_OFFS = 5;

/** Whether those who wait also wake each other, as holders of a lock do; a queue is filled by somebody else. */
export function handsOver({ handOffs, otherWakes }: FutexWord): boolean {
  return handOffs >= FEWEST_HAND_OFFS && handOffs >= HANDED_OVER * (handOffs + otherWakes);
}

/** The finding about one lock between the threads of a process. */
export function threadLockFinding(
  process: Process,
  word: FutexWord,
  threads: readonly { readonly tid: number; readonly total: Nanoseconds }[],
  severity: Severity,
): DraftFinding<Metrics> {
  const { pid } = process;
  const { total, first, last, longest, handOffs, otherWakes } = word;
  const again = againShare(futexesOf(process));
  const worker = pid === 0 ? 'the worker' : `worker ${pid}`;
  return {
    severity,
    confidence: 'likely',
    title: `${threads.length} threads of ${worker} queue for one lock`,
    summary:
      `${plural(threads.length, 'thread')} of ${worker} waited ${duration(total)} in ` +
      `${duration(last - first)} for the same futex word ${word.address}, the longest wait ${duration(longest)}. ` +
      `${count(handOffs)} of ${count(handOffs + otherWakes)} wake-ups came from threads that wait for it ` +
      'themselves: they hand a lock to each ' +
      'other.' +
      (again === null
        ? ''
        : ` ${percent(again)} of all futex waits of this process found the word changed before they slept.`),
    why:
      'Threads that need the same lock run one after the other, however many there are. Which lock it is strace ' +
      'does not tell: the word is an address.',
    start: first,
    end: last,
    openEnded: false,
    workers: [pid],
    metrics: {
      lock: word.address,
      count: [...word.waiters.values()].reduce((sum, waiter) => sum + waiter.count, 0),
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      handOffs,
      otherWakes,
      againShare: again === null ? null : round(again, 4),
      waiters: threads.slice(0, 20).map(({ tid, total: waited }) => ({ pid, tid, waitedMs: milliseconds(waited) })),
    },
    evidence: word.lines,
    next: [
      seeNativeCode(process, 'See which lock the threads wait for, and who has it.'),
      {
        text: 'Do less under the lock: no I/O, no logging, no call to another service while it is held; or split it.',
        caveat: 'More threads make the queue longer, not faster.',
      },
    ],
    subjects: [`pid ${pid}`, `target ${word.address}`],
  };
}

/** The share of futex waits that found the word changed, or null without any to speak of. */
function againShare(table: FutexTable | null): number | null {
  return table === null || table.again === 0 || table.calls < 100 ? null : table.again / table.calls;
}
