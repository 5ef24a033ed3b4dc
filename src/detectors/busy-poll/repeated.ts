import { type KeptLine, keptLine } from '../../model/evidence.ts';
import { describeTarget } from '../../model/machine/descriptors.ts';
import type { ThreadView as Thread } from '../../model/machine/views.ts';
import type { CallTotals } from '../../model/measuring/call-statistics.ts';
import type { Model } from '../../model/model.ts';
import type { RowOfWaits } from '../../model/topics/spin/rounds.ts';
import type { RepeatedWait } from '../../model/topics/spin/rounds-tracker.ts';
import { count, milliseconds, plural, ratio, round } from '../../trace/format-numbers.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, SECOND, UNKNOWN } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import { workerName } from '../words.ts';
import { adviceFor, adviceForEnd, adviceForGone, adviceForYields, WHY, WHY_YIELDS } from './advice.ts';
import type { Metrics } from './metrics.ts';

const EVIDENCE = 3;
const YIELD = 'sched_yield';

/** Waits of one thread that returned the same, again and again. */
export class Repeated {
  call = '';
  /** What they reported; '' when they reported nothing, or the trace does not tell. */
  target = '';
  /** The descriptor of `target`; -1 when that is not told. */
  fd = -1;
  /** Descriptors that the same wait reported beside it. */
  others = 0;
  readonly lines: KeptLine[] = [];
  rounds: RowOfWaits | null = null;

  add({ thread, rounds, record }: RepeatedWait): void {
    this.rounds = rounds;
    if (this.lines.length < EVIDENCE) this.lines.push(keptLine(record));
    if (this.call !== '') return;
    this.call = record.syscall.name;
    const { process, loop } = thread;
    if (record.syscall.family === 'read') this.target = describeTarget(record.fd, process.descriptors.get(record.fd));
    if (!(record.result > 0) || record.syscall.name === YIELD) return;
    const [first] = record.arguments.ready();
    const data = record.arguments.readyData >= 0 ? record.arguments.readyData : (first?.data ?? -1);
    if (data < 0) return;
    const fd =
      record.syscall.family === 'epoll-wait' ? (loop.hub?.descriptor?.epoll?.descriptorOf(data) ?? data) : data;
    this.target = fd < 65_536 ? describeTarget(fd, process.descriptors.get(fd)) : '';
    if (this.target === '') return;
    this.fd = fd;
    this.others = record.arguments.ready().length - 1;
  }
}

/** The finding about a thread most of whose waits were for nothing; null when they were not. */
export function repeatedFinding(
  { model, capabilities, threshold }: Context,
  thread: Thread,
  { call, target, fd, others, lines, rounds }: Repeated,
): DraftFinding<Metrics> | null {
  if (rounds === null) return null;
  const { total, waits, stuck, timeout, worked, spent, isForWork = false } = rounds;
  const share = total / Math.max(1, waits);
  const seconds = capabilities.times ? Math.max(0, thread.lastTime - thread.firstTime) / SECOND : 0;
  const perSecond = seconds > 0 ? total / seconds : 0;
  if (share < 0.5) return null;
  const mayBeWakeUp = stuck && !isForWork;
  if (seconds > 0 && perSecond < threshold(mayBeWakeUp ? 'busy-poll-per-second' : 'busy-wake-per-second')) return null;
  // A lock of CPython without interpreter lock yields 40 times before it waits, also in one that lives for moments.
  if (call === YIELD && seconds > 0 && total < threshold('busy-poll-per-second')) return null;
  // A scheduler of Erlang yields for a millisecond before it rests.
  if (spent !== undefined && spent > 0 && spent < threshold('busy-poll-share') * seconds * SECOND) return null;
  // A collector of garbage yields in rows, too, and works in between; and without times a row may have been short.
  if ((call === YIELD || seconds === 0) && total < worked) return null;
  if (seconds === 0 && !stuck && timeout > MILLISECOND) return null;
  // Whoever only waits may wait for others, which read what is ready: how soon is not told without times.
  const mayBePoller = seconds === 0 && worked === 0 && model.processes.all().length > 1;
  const { pid } = thread.process;
  const name = pid === 0 ? 'The process' : workerName(pid);
  const rate = seconds > 0 ? `${count(round(perSecond, 0))} times a second` : `${count(total)} times in a row`;
  const way = wayOf(call, stuck);
  const isGone = fd >= 0 && rounds.broken?.fd === fd;
  const words: Words = { call, target, rate, others, gone: isGone ? (rounds.broken?.writes ?? 0) : 0 };
  return {
    severity: stuck && !mayBePoller ? 'warning' : 'info',
    confidence: seconds > 0 && stuck ? 'likely' : 'possible',
    title: cutTitle(titleOf(way, name, words)),
    summary: summaryOf(
      way,
      name.replace(/^[TW]/, (first) => first.toLowerCase()),
      words,
      rounds,
    ),
    why: call === YIELD ? WHY_YIELDS : WHY,
    ...span(capabilities, thread.firstTime, thread.lastTime),
    openEnded: false,
    workers: pid === 0 ? [] : [pid],
    metrics: {
      kind: way,
      call,
      target,
      sharePercent: round(share * 100, 1),
      rounds: total,
      totalMs: seconds > 0 ? milliseconds(thread.lastTime - thread.firstTime) : 0,
      roundsPerSecond: round(perSecond, 0),
      spinners: [
        {
          pid,
          tid: thread.tid,
          rounds: total,
          totalMs: seconds > 0 ? milliseconds(thread.lastTime - thread.firstTime) : 0,
          sharePercent: round(share * 100, 1),
        },
      ],
    },
    evidence: lines,
    next: nextOf(way, thread, isGone),
    subjects: [`pid ${pid}`],
  };
}

type Way = Metrics['kind'];

function wayOf(call: string, stuck: boolean): Way {
  if (call === YIELD) return 'yields';
  if (!isWait(syscall(call).family)) return 'end-of-file';
  return stuck ? 'stuck-readiness' : 'empty-waits';
}

interface Words {
  readonly call: string;
  readonly target: string;
  readonly rate: string;
  /** Descriptors that stay ready beside the target. */
  readonly others: number;
  /** Writes to the target in between that failed. */
  readonly gone: number;
}

function readyIn({ target, others }: Words): string {
  if (target === '') return 'the same descriptors';
  return others > 0 ? `${target} and ${plural(others, 'other', 'others')}` : target;
}

function titleOf(way: Way, name: string, words: Words): string {
  switch (way) {
    case 'yields':
      return `${name} spins: sched_yield ${words.rate}`;
    case 'stuck-readiness':
      return (
        `${name} spins: ${readyIn(words)} ${words.target === '' || words.others > 0 ? 'stay' : 'stays'} ready` +
        (words.gone > 0 ? ', and writes to it fail' : '')
      );
    case 'end-of-file':
      return `${name} spins: it reads at the end of ${words.target} ${words.rate}`;
    case 'empty-waits':
      return `${name} wakes ${words.rate} for nothing`;
  }
}

function summaryOf(way: Way, name: string, words: Words, { total, waits, timeout }: RowOfWaits): string {
  const { call, target, rate, gone } = words;
  switch (way) {
    case 'yields':
      return (
        `${name.replace(/^[tw]/, (one) => one.toUpperCase())} called sched_yield ${rate}, and nothing in between: ` +
        `${count(total)} of ${count(waits)} such calls. It polls a lock or a flag that another thread has to change.`
      );
    case 'stuck-readiness':
      return (
        `${call} of ${name} reported ${readyIn(words)} ${rate}, and nothing was read, written, accepted or closed ` +
        `in between: ${count(total)} of ${count(waits)} waits.` +
        (gone > 0 ? ` ${plural(gone, 'write')} to ${target} failed meanwhile: the other end is gone.` : '')
      );
    case 'end-of-file':
      return (
        `${call} of ${name} found the end of ${target} ${rate}, without a pause: ${count(total)} of ${count(waits)} ` +
        'reads that returned 0 bytes. Nothing is left to read there, and the descriptor was not closed.'
      );
    case 'empty-waits':
      return (
        `${call} of ${name} returned with nothing ${rate}, after a time limit of ` +
        `${ratio(timeout / MILLISECOND)} ms at most, and nothing was done in between: ${count(total)} of ` +
        `${count(waits)} waits.`
      );
  }
}

function nextOf(way: Way, { process }: Thread, isGone: boolean): readonly Step[] {
  if (isGone) return adviceForGone(process);
  if (way === 'yields') return adviceForYields(process);
  return way === 'end-of-file' ? adviceForEnd(process) : adviceFor(way === 'stuck-readiness', false, process);
}

/** Of a table of counts: nearly only waits and what prepares them is what a spin leaves. */
export function tableFinding({ statistics }: Model): DraftFinding<Metrics> | null {
  const rows = statistics.all();
  const sum = (wanted: (row: CallTotals) => boolean): number =>
    rows.filter(wanted).reduce((total, row) => total + row.count, 0);
  const isWait = ({ syscall: { family, name } }: CallTotals): boolean =>
    family === 'epoll-wait' || family === 'poll' || family === 'select' || name === YIELD;
  const waits = sum(isWait);
  const work = sum(({ syscall: { changesNothing } }) => !changesNothing);
  const [largest] = rows.filter(isWait).toSorted((a, b) => b.count - a.count);
  if (largest === undefined || waits < LEAST_WAITS || work * 100 > waits) return null;
  const call = largest.syscall.name;
  const isYield = call === YIELD;
  return {
    severity: 'warning',
    confidence: 'possible',
    title: `The process spins: ${count(waits)} ${isYield ? YIELD : 'waits'} and ${count(work)} other calls`,
    summary: isYield
      ? `The table has ${count(waits)} calls of sched_yield beside ${count(work)} calls that do something: ` +
        'somebody asks again and again for a lock or a flag. A table does not tell who, or when.'
      : `The table has ${count(waits)} waits (${call}) beside ${count(work)} calls that read, write, accept or ` +
        'change anything. A loop that works does at least one of those each time it wakes. A table does not tell ' +
        'who, when, or what stays ready.',
    why: isYield ? WHY_YIELDS : WHY,
    start: UNKNOWN,
    end: UNKNOWN,
    openEnded: false,
    workers: [],
    metrics: {
      kind: isYield ? 'yields' : 'stuck-readiness',
      call,
      target: '',
      sharePercent: round((100 * waits) / Math.max(1, waits + work), 1),
      rounds: waits,
      totalMs: 0,
      roundsPerSecond: 0,
      spinners: [],
    },
    evidence: [],
    next: isYield ? adviceForYields(null) : adviceFor(true, false, null),
    subjects: [],
  };
}

const LEAST_WAITS = 1_000;
