import type { Process } from '../../model/machine/process.ts';
import {
  type FutexTable,
  type FutexWord,
  futexesOf,
  type HeldIn,
  PARKED,
} from '../../model/topics/locks/futex-words.ts';
import { count, duration, milliseconds, percent, plural, round } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
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

/**
 * Threads that come and go, one for each connection, wait once each: as much waiting as that of `least` threads that
 * wait for `share` of the time, and so many of them at the lock at once, with the one that has it.
 */
export function isQueueOfMany(
  { total, first, last, mostAtOnce, waiters }: FutexWord,
  least: number,
  share: number,
): boolean {
  return waiters.size >= least && mostAtOnce + 1 >= least && total >= least * share * (last - first);
}

/** Wake-ups by those who wait themselves: at a queue of jobs half of them come from whoever fills it. */
const HANDED_OVER = 0.9;
const FEWEST_HAND_OFFS = 5;

/** Whether those who wait also wake each other, as holders of a lock do; a queue is filled by somebody else. */
export function handsOver({ handOffs, otherWakes }: FutexWord): boolean {
  return handOffs >= FEWEST_HAND_OFFS && handOffs >= HANDED_OVER * (handOffs + otherWakes);
}

/** The finding about one lock between these threads of a process; without any, between threads that come and go. */
export function threadLockFinding(
  process: Process,
  word: FutexWord,
  threads: readonly { readonly tid: number; readonly total: Nanoseconds }[],
  severity: Severity,
): DraftFinding<Metrics> {
  const isOfMany = threads.length === 0;
  const { pid } = process;
  const { total, first, last, longest, handOffs, otherWakes, mostAtOnce } = word;
  const again = againShare(futexesOf(process));
  return {
    severity,
    confidence: word.address === PARKED ? 'possible' : 'likely',
    title: titleOf(`${isOfMany ? mostAtOnce : threads.length} threads`, pid, word),
    summary:
      (isOfMany
        ? `Threads of worker ${pid} waited ${plural(word.count, 'time')}, up to ${mostAtOnce} at once: `
        : `${plural(threads.length, 'thread')} of worker ${pid} waited `) +
      `${duration(total)} together within ${duration(last - first)}, the longest wait ${duration(longest)}. ` +
      `${whereAt(word)} ` +
      `${count(handOffs)} of ${count(handOffs + otherWakes)} wake-ups came from threads that wait for it ` +
      'themselves: they hand a lock to each other.' +
      heldInWords(word) +
      servedInWords(word) +
      (again === null
        ? ''
        : ` In ${percent(again)} of the futex waits of this process another thread was faster (EAGAIN).`),
    why:
      'Threads that need the same lock run one after the other, however many there are. strace shows ' +
      'the address of the lock, not its name.',
    start: first,
    end: last,
    openEnded: false,
    workers: [pid],
    metrics: {
      lock: word.address,
      count: word.count,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      handOffs,
      otherWakes,
      againShare: again === null ? null : round(again, 4),
      waiters: (isOfMany ? contenders(word, 0) : threads)
        .slice(0, 20)
        .map(({ tid, total: waited }) => ({ pid, tid, waitedMs: milliseconds(waited) })),
    },
    evidence: word.lines,
    next: [
      seeNativeCode(process, 'See which lock the threads wait for, and who has it.'),
      {
        text: 'Do less under the lock: no I/O, no logging, no call to another service while it is held; or split it.',
        caveat: 'More threads make the queue longer, not faster.',
      },
      ...(word.address === PARKED ? [SEE_THE_POOL] : []),
    ],
    subjects: [`pid ${pid}`, `target ${word.address}`],
  };
}

const SEE_THE_POOL = {
  text:
    'If they wait for a connection of a pool: see what those who have one do with it for so long, and whether the ' +
    'pool (pool_size of SQLAlchemy, CONN_MAX_AGE and pool of Django, maximumPoolSize of HikariCP) is smaller than ' +
    'the number of threads.',
};

/** The call in which a thread that has the lock mostly is while others wait; null where nothing shows. */
function mostHeldIn({ heldIn, heldFor }: FutexWord): HeldIn | null {
  const [most] = [...heldIn.values()].toSorted((a, b) => b.total - a.total);
  return most === undefined || most.total * 2 <= heldFor ? null : most;
}

/** Which requests wait, and what the lock is held for: where there is no room the worker is left out first. */
function titleOf(threads: string, pid: number, word: FutexWord): string {
  const [request = '', times = 0] = [...word.requests].toSorted((a, b) => b[1] - a[1])[0] ?? [];
  const who = times * 2 > word.count ? `${request}: ` : '';
  const names = namesOf(mostHeldIn(word));
  // A pool of connections is handed on in the same way.
  const what = word.address === PARKED ? 'one lock or pool' : 'one lock';
  // Threads that come and go have a number of their own that says how many at most.
  const wait = `wait up to ${duration(word.longest)} for ${what}`;
  const queues = [`${threads} of worker ${pid} ${wait}`, `${threads} ${wait}`];
  const titles = [
    ...names.flatMap((name) => queues.map((queue) => `${who}${queue}, held in ${name}`)),
    ...(names.length > 1 ? names.slice(0, -1).map((name) => `${queues[1]}, held in ${name}`) : []),
    ...queues.map((queue) => `${who}${queue}`),
    queues[1] as string,
  ].map((title) => `${title.charAt(0).toUpperCase()}${title.slice(1)}`);
  return titles.find((title) => title === cutTitle(title)) ?? cutTitle(titles.at(-1) as string);
}

/** What a lock is held in, the best name first. */
function namesOf(held: HeldIn | null): readonly string[] {
  if (held === null) return [];
  const { call, target } = held;
  return target === '' ? [call] : [`${call} on ${target}`, target, call];
}

function heldInWords(word: FutexWord): string {
  const { held, heldFor } = word;
  if (held === 0) return '';
  const most = mostHeldIn(word);
  const where = most?.target === '' ? most.call : `${most?.call} on ${most?.target}`;
  return (
    ` The thread that had the lock kept it for ${duration(heldFor / held)} on average` +
    (most === null ? '.' : `, ${duration(most.total / most.count)} of that in ${where}.`)
  );
}

function servedInWords({ requests }: FutexWord): string {
  const [most] = [...requests].toSorted((a, b) => b[1] - a[1]);
  return most === undefined ? '' : ` ${plural(most[1], 'wait')} came while ${most[0]} was served.`;
}

/** Python since 3.13 parks each waiting thread at an address on its own stack; Java and Ruby have one for each. */
function whereAt({ address }: FutexWord): string {
  return address === PARKED
    ? 'Each waited at an address of its own, as threads do that wait for a lock in Python 3.13 or later, in Java or ' +
        'in Ruby, or for what a pool hands out, such as a connection to a database.'
    : `They waited for the same futex word, ${address}.`;
}

/** The share of futex waits that found the word changed, or null without any to speak of. */
function againShare(table: FutexTable | null): number | null {
  return table === null || table.again === 0 || table.calls < 100 ? null : table.again / table.calls;
}
