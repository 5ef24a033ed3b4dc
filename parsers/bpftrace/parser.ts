import type { Call, Signal, TraceRecord } from '../../src/trace/record.ts';
import type { DiagnosticCount, LineAccount, ParserOptions, TraceFlags, TraceParser } from '../format.ts';
import { MOST_THREADS } from '../lanes.ts';
import { Source } from '../text/byte-window.ts';
import { LineCutter } from '../text/line-cutter.ts';
import { decode } from '../text/line-reference.ts';
import { Tally } from '../text/line-tally.ts';
import { Ordering } from '../timeline/ordering.ts';
import { type CallFacts, PrintedCall } from '../timeline/printed-call.ts';
import { Lines } from './lines.ts';
import { ThreadLine, Threads } from './threads.ts';
import type { Waiting, Where } from './waiting.ts';

/** Lines are kept up to this length. */
const LONGEST_TEXT = 1_000;
/** A line is read up to here. */
const LONGEST_LINE = 65_536;

const MOST_IGNORED = 10_000;

/** Reads what bpftrace prints, as text or as JSON: the README of this folder is the grammar. */
export class BpftraceParser implements TraceParser {
  readonly flags: TraceFlags = {
    timestamps: 'none',
    durations: false,
    pids: false,
    fdDecoration: 'none',
    stacks: false,
    split: false,
    others: [],
  };
  readonly #file: string;
  readonly #source: Source;
  readonly #cutter: LineCutter;
  readonly #tally: Tally;
  readonly #lines: Lines;
  readonly #threads: Threads;
  readonly #ordering = new Ordering<Waiting>();
  readonly #ready: TraceRecord[] = [];
  /** Calls that the capture's end showed as running. */
  readonly #left: { readonly tid: number; readonly facts: CallFacts; readonly where: Where }[] = [];
  /** Signals that a thread ignores, sent while it was in a call, by thread. */
  readonly #ignored = new Map<number, Signal>();
  #line = 0;
  #isLast = false;
  #isEnding = false;

  constructor({ file, lanes, origin }: ParserOptions) {
    this.#file = file;
    this.#source = new Source(file);
    this.#cutter = new LineCutter(this.#source, () => {});
    this.#tally = new Tally(file);
    this.#threads = new Threads(lanes);
    this.#lines = new Lines(origin, this.#tally, this.flags, {
      add: (waiting) => {
        if (!this.#ordering.add(waiting))
          this.#tally.note('late-line', this.#line, waiting.kind === 'lost' ? '' : waiting.where.text);
      },
      left: (tid, facts, where) => {
        if (this.#left.length < MOST_THREADS) this.#left.push({ tid, facts, where });
      },
      describe: (pid, fd, label) => this.#threads.describe(pid, fd, label),
    });
  }

  get account(): LineAccount {
    return this.#tally.account;
  }

  get diagnostics(): ReadonlyMap<string, DiagnosticCount> {
    return this.#tally.diagnostics;
  }

  push(chunk: Buffer): void {
    this.#cutter.push(chunk);
  }

  end(): void {
    this.#isLast = this.#cutter.end();
    this.#isEnding = true;
  }

  next(): TraceRecord | null {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      const waiting = this.#ordering.next();
      if (waiting !== null) this.#release(waiting);
      else if (this.#cutter.next()) this.#readLine();
      else if (this.#isEnding) this.#finish();
      else return null;
    }
  }

  /** The calls that bpftrace listed as running when it ended, and those that it never saw begin or end. */
  *inFlight(): Iterable<Call> {
    for (const { call, facts } of this.#lines.stillIn()) yield this.#made(call.tid, call.pid, facts, call.where);
    for (const { tid, facts, where } of this.#left) yield this.#made(tid, this.#threads.pidOf(tid), facts, where);
  }

  #readLine(): void {
    const { from, to } = this.#cutter;
    this.#line++;
    if (this.#cutter.skipped > 0) this.#tally.note('long-line', this.#line, '');
    const text = decode(this.#source.bytes, from, Math.min(to, from + LONGEST_LINE)).replace(/\r$/, '');
    this.#lines.read(text, { file: this.#file, line: this.#line, text: text.slice(0, LONGEST_TEXT) }, this.#isLast);
  }

  #finish(): void {
    this.#isEnding = false;
    this.#lines.end(this.#line);
    this.#ordering.end();
    this.#introduceSilent();
    for (const counted of this.#lines.counted()) this.#ready.push(counted);
  }

  /** Threads of which no event came are there all the same, from the capture's beginning to its end. */
  #introduceSilent(): void {
    const { ended } = this.#lines.earlier.span;
    for (const { call, facts } of this.#lines.stillIn()) {
      const lane = this.#threads.lane(call.tid);
      const leader = this.#threads.lane(call.pid);
      const end = this.#lines.axis.at(ended);
      for (const time of [facts.start, Number.isNaN(end) ? facts.start : end])
        this.#ready.push({ kind: 'membership', lane, leader, time });
    }
  }

  /** Makes records of what a line said, now that everything before it was told. */
  #release(waiting: Waiting): void {
    if (waiting.kind === 'lost') {
      this.#ready.push({ kind: 'lost', count: waiting.count, time: waiting.seenAt });
      return;
    }
    if (waiting.kind === 'socket-state') {
      const { seenAt, state, port, peer, where } = waiting;
      this.#ready.push({ kind: 'socket-state', time: seenAt, state, port, peer, ...where });
      return;
    }
    if (waiting.kind === 'watched') {
      const { second, seenAt, where } = waiting;
      const { tid, ...counts } = second;
      this.#ready.push({ kind: 'watched', lane: this.#threads.lane(tid), time: seenAt, ...counts, ...where });
      return;
    }
    const { tid, pid, where, seenAt: time } = waiting;
    const lane = this.#threads.lane(tid);
    // A signal that is ignored ends no call.
    if (waiting.kind !== 'signal' || !waiting.isIgnored) this.#lines.earlier.moved(tid);
    this.#ready.push(...this.#threads.endSilent({ time, file: where.file, line: where.line }));
    if (this.#threads.belongs(tid, pid))
      this.#ready.push({ kind: 'membership', lane, leader: this.#threads.lane(pid), time });
    switch (waiting.kind) {
      case 'call': {
        const { facts } = waiting;
        if (waiting.comm !== '') lane.comm = waiting.comm;
        if (waiting.scheduling !== null) this.#ready.push({ kind: 'scheduling', lane, time, ...waiting.scheduling });
        const call = this.#made(tid, pid, facts, where);
        this.#ready.push(call);
        const ignored = this.#ignored.get(tid);
        if (ignored !== undefined) {
          this.#ignored.delete(tid);
          this.#ready.push({ ...ignored, time });
        }
        this.#note(pid, facts);
        if (lane.lastLine instanceof PrintedCall) lane.lastLine.forgetPrevious();
        lane.lastLine = call;
        return;
      }
      case 'signal': {
        const { signal, info, isIgnored, isFatal } = waiting;
        const { file, line, text } = where;
        const record: Signal = { kind: 'signal', lane, time, signal, info, isIgnored, file, line, text };
        // It was sent inside a call, which ends later: the process would see it after that.
        if (isIgnored && this.#ignored.size < MOST_IGNORED) this.#ignored.set(tid, record);
        else this.#ready.push(record);
        if (isFatal) this.#threads.killedBy(pid, signal);
        break;
      }
      case 'exit': {
        const signal = this.#threads.killerOf(pid);
        this.#ready.push({
          kind: 'exit',
          lane,
          time,
          status: signal === '' ? waiting.status : null,
          signal,
          supersededBy: 0,
          file: where.file,
          line: where.line,
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

  #made(tid: number, pid: number, facts: CallFacts, where: Where): PrintedCall {
    return new PrintedCall(facts, this.#threads.lane(tid), where, this.#threads.labelsOf(pid), this.#lines.axis);
  }
}

const OPENING: ReadonlySet<string> = new Set(['open', 'accept', 'socket', 'dup', 'epoll-create', 'eventfd']);
