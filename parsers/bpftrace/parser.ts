import type { CallArguments } from '../../src/trace/call-arguments.ts';
import type { Call, Lane, Signal } from '../../src/trace/record.ts';
import { UNKNOWN } from '../../src/trace/time.ts';
import type { ParserOptions } from '../format.ts';
import { MOST_THREADS } from '../lanes.ts';
import { LineParser, type Where } from '../text/line-parser.ts';
import { Ordering } from '../timeline/ordering.ts';
import { type CallFacts, PrintedCall } from '../timeline/printed-call.ts';
import type { TimeAxis } from '../timeline/time-axis.ts';
import type { ForeignLayout } from './foreign-columns.ts';
import { type LineSink, Lines } from './lines.ts';
import { type Labels, RawArguments } from './raw-arguments.ts';
import { ThreadLine, Threads } from './threads.ts';
import type { Waiting } from './waiting.ts';

/** A line is read up to here. */
const LONGEST_LINE = 65_536;

/** In so long bpftrace takes its probes away: 0.2 to 0.5 s were measured. */
const DETACHING = 1e9;
const MOST_IGNORED = 10_000;

/** Reads what bpftrace prints, as text or as JSON: the README of this folder is the grammar. */
export class BpftraceParser extends LineParser {
  readonly #lines: Lines;
  readonly #threads: Threads;
  readonly #ordering = new Ordering<Waiting>();
  /** Calls that the capture's end showed as running. */
  readonly #left: { readonly tid: number; readonly facts: CallFacts; readonly where: Where }[] = [];
  /** The input is at its end, and what it says of silent threads was not told yet. */
  #isOver = false;
  /** When the program printed last what happened. */
  #lastEvent = Number.NEGATIVE_INFINITY;
  /** Signals that a thread ignores, sent while it was in a call, by thread. */
  readonly #ignored = new Map<number, Signal>();

  constructor(options: ParserOptions, foreign: ForeignLayout | null) {
    super(options, LONGEST_LINE);
    this.#threads = new Threads(options.lanes);
    const sink: LineSink = {
      add: (waiting) => {
        // What was seen from outside stands behind the capture, whenever it was seen.
        const { kind } = waiting;
        const isBehind = kind === 'observed' || kind === 'sampled' || kind === 'lost';
        if (!isBehind && waiting.seenAt > this.#lastEvent) this.#lastEvent = waiting.seenAt;
        if (!this.#ordering.add(waiting) && !isBehind) this.accounting.note('late-line', this.line, waiting.where.text);
      },
      left: (tid, facts, where) => {
        if (this.#left.length < MOST_THREADS) this.#left.push({ tid, facts, where });
      },
      cost: (cost) => this.tell({ kind: 'cost', ...cost }),
      describe: (pid, fd, label) => this.#threads.describe(pid, fd, label),
    };
    this.#lines = new Lines(options, this.accounting, this.flags, sink, foreign);
  }

  /** The calls that bpftrace listed as running when it ended, and those that it never saw begin or end. */
  *inFlight(): Iterable<Call> {
    for (const { call, facts } of this.#lines.stillIn()) yield this.#made(call.tid, call.pid, facts, call.where, null);
    const listed = new Set(this.#left.map(({ tid }) => tid));
    for (const { call, facts } of this.#lines.foundBehind()) {
      const last = this.#threads.lane(call.tid).lastLine;
      // It began after the last call that was printed, and no earlier than that ended.
      const isLater = last instanceof PrintedCall && !(this.#lines.axis.at(call.stamp) < last.end);
      if (!listed.has(call.tid) && isLater)
        yield this.#made(call.tid, call.pid, { ...facts, start: last.end, end: last.end }, call.where);
    }
    for (const { tid, facts, where } of this.#left)
      yield this.#made(tid, this.#threads.pidOf(tid), this.#lines.completed(tid, facts), where);
  }

  protected override readBytes(bytes: Buffer, from: number, to: number): boolean {
    return this.#lines.readCall(bytes, from, to, this.line);
  }

  protected override readLine(line: string, isLast: boolean): void {
    const text = line.trimEnd();
    this.#lines.read(text, this.where(text), isLast);
  }

  protected override release(): boolean {
    const waiting = this.#ordering.next();
    if (waiting !== null) this.#release(waiting);
    else if (this.#isOver) {
      this.#isOver = false;
      this.#introduceSilent();
      return true;
    }
    return waiting !== null;
  }

  protected override finish(): void {
    this.#lines.end(this.line);
    this.#ordering.end();
    this.#isOver = true;
    for (const record of this.#lines.counted()) this.tell(record);
  }

  /** Threads of which no event came are there all the same, from the capture's beginning to its end. */
  #introduceSilent(): void {
    for (const { call, facts } of this.#lines.stillIn()) {
      const lane = this.#threads.lane(call.tid);
      const leader = this.#threads.lane(call.pid);
      const end = this.#tracedTo();
      for (const time of [facts.start, Number.isNaN(end) ? facts.start : end])
        this.tell({ kind: 'membership', lane, leader, time });
    }
  }

  /**
   * Up to when the program saw what happened; NaN when it does not say. bpftrace takes its probes away before it says
   * that it ends: a thread that made calls in that time was not heard, and did not stand still.
   */
  #tracedTo(): number {
    const end = this.#lines.axis.at(this.#lines.earlier.span.ended);
    return end > this.#lastEvent && end - this.#lastEvent < DETACHING ? this.#lastEvent : end;
  }

  /** Somebody may have looked again when nothing was traced any more; what was seen before that was so. */
  #inTime(time: number): number {
    if (!(time > this.#lines.axis.at(this.#lines.earlier.span.ended))) return time;
    return this.#tracedTo();
  }

  /** Makes records of what a line said, now that everything before it was told. */
  #release(waiting: Waiting): void {
    if (waiting.kind === 'lost') {
      this.tell({ kind: 'lost', count: waiting.count, time: waiting.seenAt });
      return;
    }
    if (waiting.kind === 'socket-state') {
      const { seenAt, state, port, peer, where } = waiting;
      const text = `${this.#lines.axis.stamp(seenAt)} TCP ${peer} -> port ${port}: ${state}`;
      this.tell({ kind: 'socket-state', time: seenAt, state, port, peer, ...where, text });
      return;
    }
    if (waiting.kind === 'observed') {
      const { sight, seenAt: time, where } = waiting;
      const { tid, pid, lasted, stamp: _, ...told } = sight;
      const lane = this.#threads.lane(tid);
      const seenAt = this.#inTime(time);
      this.tell({
        kind: 'observed',
        lane,
        leader: this.#threads.lane(pid),
        time: seenAt,
        since: Math.min(time - lasted, seenAt),
        ...told,
        ...where,
      });
      return;
    }
    if (waiting.kind === 'sampled') {
      const { sample, seenAt: time, where } = waiting;
      const { tid, by, frames, took } = sample;
      this.tell({ kind: 'sampled', lane: this.#threads.lane(tid), from: time - took, time, by, frames, ...where });
      return;
    }
    if (waiting.kind === 'watched') {
      const { second, seenAt, where } = waiting;
      const { tid, ...counts } = second;
      // A thread that was counted did not sit in the call in which it was found before.
      this.#lines.earlier.moved(tid);
      this.tell({ kind: 'watched', lane: this.#threads.lane(tid), time: seenAt, ...counts, ...where });
      return;
    }
    const { tid, pid, where, seenAt: time } = waiting;
    const prefix = this.#lines.axis.prefix(tid, time);
    const lane = this.#threads.lane(tid);
    for (const record of this.#threads.endSilent({ time, file: where.file, line: where.line })) this.tell(record);
    if (this.#threads.belongs(tid, pid)) this.tell({ kind: 'membership', lane, leader: this.#threads.lane(pid), time });
    // A signal that is ignored ends no call.
    if (waiting.kind !== 'call' && (waiting.kind !== 'signal' || !waiting.isIgnored)) this.#lines.earlier.moved(tid);
    switch (waiting.kind) {
      case 'call': {
        const { facts } = waiting;
        const wait = this.#lines.waitUpTo(tid, facts.start);
        if (wait !== null) this.tell(this.#made(tid, pid, wait.facts, wait.call.where));
        if (waiting.comm !== '') lane.comm = waiting.comm;
        if (waiting.scheduling !== null) this.tell({ kind: 'scheduling', lane, time, ...waiting.scheduling });
        const call = this.#made(tid, pid, facts, where);
        this.tell(call);
        const ignored = this.#ignored.get(tid);
        if (ignored !== undefined) {
          this.#ignored.delete(tid);
          this.tell({ ...ignored, time });
        }
        this.#note(pid, facts);
        if (lane.lastLine instanceof PrintedCall) lane.lastLine.forgetPrevious();
        lane.lastLine = call;
        return;
      }
      case 'signal': {
        const { signal, info, isIgnored, isFatal } = waiting;
        const { file, line } = where;
        const text = `${prefix}--- ${signal} {${info}} ---`;
        const record: Signal = { kind: 'signal', lane, time, signal, info, isIgnored, file, line, text };
        // It was sent inside a call, which ends later: the process would see it after that.
        if (isIgnored && this.#ignored.size < MOST_IGNORED) this.#ignored.set(tid, record);
        else this.tell(record);
        if (isFatal) this.#threads.killedBy(pid, signal);
        break;
      }
      case 'noted': {
        const { start, length, call, error } = waiting;
        const text =
          length === UNKNOWN
            ? `${prefix}${call}(...) = -1 ${error}`
            : `${this.#lines.axis.prefix(tid, start)}turn of the event loop <${(length / 1e9).toFixed(6)}>`;
        this.tell({ kind: 'noted', lane, time: start, length, call, error, ...where, text });
        break;
      }
      case 'exit': {
        const signal = this.#threads.killerOf(pid);
        this.tell({
          kind: 'exit',
          lane,
          time,
          status: signal === '' ? waiting.status : null,
          signal,
          coreDumped: false,
          supersededBy: 0,
          file: where.file,
          line: where.line,
          text: `${prefix}+++ ${endOf(signal, waiting.status)} +++`,
        });
        this.#threads.ended(tid);
        this.#ignored.delete(tid);
        return;
      }
    }
    lane.lastLine = new ThreadLine(where.file, where.line, where.text);
  }

  /** What the call means for the labels of descriptors. */
  #note(pid: number, { syscall, result, fd }: CallFacts): void {
    if (syscall.family === 'clone') {
      if (result > 0) this.#threads.forked(pid, result);
    } else if (syscall.family === 'close') this.#threads.forget(pid, fd);
    else if (OPENING.has(syscall.family) && result >= 0) this.#threads.forget(pid, result);
  }

  #made(tid: number, pid: number, facts: CallFacts, where: Where, entry: Where | null = where): PrintedCall {
    const labels = this.#threads.labelsOf(pid);
    return new NumberedCall(facts, this.#threads.lane(tid), where, this.#lines.axis, labels, entry);
  }
}

/** How a process ended, in the words of strace. */
function endOf(signal: string, status: number | null): string {
  if (signal !== '') return `killed by ${signal}`;
  return status === null ? 'exited' : `exited with ${status}`;
}

const OPENING: ReadonlySet<string> = new Set(['open', 'accept', 'socket', 'dup', 'epoll-create', 'eventfd']);

/** A call whose arguments are numbers and raw bytes, unless its line has them in words. */
class NumberedCall extends PrintedCall {
  readonly #labels: Labels | undefined;

  constructor(
    facts: CallFacts,
    lane: Lane,
    where: Where,
    axis: TimeAxis,
    labels: Labels | undefined,
    entry: Where | null,
  ) {
    super(facts, lane, where, axis, entry);
    this.#labels = labels;
  }

  protected override get isForPrograms(): boolean {
    return true;
  }

  protected override readArguments(): CallArguments {
    return this.facts.words === null ? new RawArguments(this.facts, this.#labels) : super.readArguments();
  }
}
