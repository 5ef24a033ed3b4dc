import type { Call, TraceRecord } from '../../src/trace/record.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { LONGEST_CAPTURE, MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import type { DiagnosticCount, LineAccount, ParserOptions, TraceFlags, TraceParser } from '../format.ts';
import { type LaneTable, MOST_THREADS } from '../lanes.ts';
import { ByteWindow } from '../text/byte-window.ts';
import { LineAccounting } from '../text/line-accounting.ts';
import { LineCutter } from '../text/line-cutter.ts';
import { decode } from '../text/line-reference.ts';
import { Ordering } from '../timeline/ordering.ts';
import { type CallFacts, PrintedCall } from '../timeline/printed-call.ts';
import { TimeAxis } from '../timeline/time-axis.ts';
import { factsOf } from './call-facts.ts';
import { isHead, type PerfLine, readPerfLine } from './line.ts';
import { Summary } from './summary.ts';

const LONGEST_LINE = 16_384;
const LONGEST_TEXT = 1_000;
/** A line that a terminal wrapped is put together from at most so many. */
const MOST_PIECES = 12;
const LOST = /^LOST (\d{1,15}) events!?$/;
const MESSAGE = /^(?:Warning|Error|perf): ?|^\[ perf |^Note: |^raw_syscalls:sys_(?:enter|exit) |^\s+raw_syscalls:sys_/;
/** `--call-graph` prints the frames of a call under it. */
const FRAME = /^\s{10,}\S+ \(.*\)$/;
/** Numbers of threads are that large at most. */
const MOST_TID = 0x7fffffff;

interface Waiting {
  readonly seenAt: number;
  readonly line: number;
  readonly text: string;
  readonly tid: number;
  readonly comm: string;
  readonly facts: CallFacts | null;
  /** Lost events, when it is no call. */
  readonly lost: number;
}

/** A call whose end comes in a later line. */
interface Open {
  readonly entry: PerfLine;
  readonly start: number;
  readonly line: number;
  readonly text: string;
}

/** Reads the text of `perf trace`: the README of this folder is the grammar. */
export class PerfTraceParser implements TraceParser {
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
  readonly #lanes: LaneTable;
  readonly #axis: TimeAxis;
  readonly #accounting: LineAccounting;
  readonly #window: ByteWindow;
  readonly #cutter: LineCutter;
  readonly #ordering = new Ordering<Waiting>();
  readonly #summary = new Summary();
  readonly #open = new Map<number, Open>();
  readonly #ready: TraceRecord[] = [];
  /** The beginning of a line that a terminal may have wrapped. */
  #piece: { text: string; line: number; count: number } | null = null;
  #line = 0;
  #lastSeen = 0;
  #isEnding = false;

  constructor({ file, lanes, origin }: ParserOptions) {
    this.#file = file;
    this.#lanes = lanes;
    this.#axis = new TimeAxis(origin);
    this.#accounting = new LineAccounting(file);
    this.#window = new ByteWindow(file);
    this.#cutter = new LineCutter(this.#window, () => {});
  }

  get account(): LineAccount {
    return this.#accounting.account;
  }

  get diagnostics(): ReadonlyMap<string, DiagnosticCount> {
    return this.#accounting.diagnostics;
  }

  push(chunk: Buffer): void {
    this.#cutter.push(chunk);
  }

  end(): void {
    this.#cutter.end();
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

  *inFlight(): Iterable<Call> {
    for (const [tid, { entry, start, line, text }] of this.#open) {
      const facts = factsOf(entry, entry, start, start);
      if (facts !== null)
        yield this.#made(
          tid,
          { ...facts, inFlight: true, duration: UNKNOWN, result: Number.NaN, error: '' },
          line,
          text,
        );
    }
  }

  #readLine(): void {
    const { from, to } = this.#cutter;
    const text = decode(this.#window.bytes, from, Math.min(to, from + LONGEST_LINE)).trimEnd();
    this.#line++;
    this.account.lines++;
    if (isHead(text) || text === '' || LOST.test(text)) this.#dropPiece();
    else if (this.#piece !== null && !FRAME.test(text) && !MESSAGE.test(text)) {
      this.#join(text);
      return;
    }
    this.#read(text);
  }

  #read(text: string): void {
    const { account } = this;
    const lost = LOST.exec(text)?.[1];
    if (text.trim() === '') account.blank++;
    else if (lost !== undefined) {
      account.notices++;
      this.#accounting.noteMany('lost-events', Number(lost), this.#line, text);
      this.#ordering.add({
        seenAt: this.#lastSeen,
        line: this.#line,
        text,
        tid: 0,
        comm: '',
        facts: null,
        lost: Number(lost),
      });
    } else if (isHead(text)) {
      if (!this.#entry(text, this.#line)) this.#piece = { text, line: this.#line, count: 1 };
    } else if (this.#summary.read(text)) account.counts++;
    else if (FRAME.test(text)) account.attached++;
    else if (MESSAGE.test(text)) account.notices++;
    else {
      account.foreign++;
      this.#accounting.note('foreign-line', this.#line, text);
    }
  }

  /** A line that begins no entry goes on with one that was not whole. */
  #join(text: string): void {
    const piece = this.#piece as { text: string; line: number; count: number };
    this.account.continued++;
    const glue = /[ |,(]$/.test(piece.text) || text.startsWith(' ') ? '' : ' ';
    piece.text = `${piece.text}${/\|$/.test(piece.text) ? '' : glue}${text}`.slice(0, LONGEST_LINE);
    piece.count++;
    if (this.#entry(piece.text, piece.line)) this.#piece = null;
    else if (piece.count >= MOST_PIECES) this.#dropPiece();
  }

  /** What was begun will not be whole any more. */
  #dropPiece(): void {
    const piece = this.#piece;
    if (piece === null) return;
    this.#piece = null;
    const code = this.#isEnding ? 'cut-line' : 'unparsed-line';
    this.#accounting.note(code, piece.line, piece.text);
    if (this.#isEnding) this.account.foreign++;
    else this.account.unparsed++;
  }

  /** False when the line may go on in the next one. */
  #entry(text: string, line: number): boolean {
    const read = readPerfLine(text);
    if (read === null) return false;
    const shown = text.slice(0, LONGEST_TEXT);
    if (read === 'event') {
      this.account.notices++;
      return true;
    }
    const tid = Math.max(read.tid, 0);
    const at = read.at === null ? null : this.#axis.at(read.at * MILLISECOND);
    const took = (read.took ?? 0) * MILLISECOND;
    if (Number.isNaN(at ?? 0) || took > LONGEST_CAPTURE || tid > MOST_TID || knownSyscall(read.name) === '') {
      this.account.unparsed++;
      this.#accounting.note('unparsed-line', line, text);
      return true;
    }
    this.flags.pids ||= read.tid >= 0;
    if (/<(?:socket|pipe|anon_inode):|<\//.test(read.args)) this.flags.fdDecoration = 'path';
    if (at !== null) {
      this.flags.timestamps = 'monotonic';
      if (at > this.#lastSeen) this.#lastSeen = at;
    }
    if (read.isOpen) {
      this.flags.split = true;
      this.account.unfinished++;
      if (at !== null && this.#open.size < MOST_THREADS)
        this.#open.set(tid, { entry: read, start: at, line, text: shown });
      return true;
    }
    const open = this.#open.get(tid);
    const entry = read.isContinued && open?.entry.name === read.name ? open : undefined;
    this.#open.delete(tid);
    if (read.isContinued) {
      this.account.resumed++;
      if (entry === undefined) this.#accounting.note('orphan-resume', line, text);
    } else this.account.calls++;
    const start = at ?? entry?.start ?? null;
    // It began before the capture and nothing tells when it ended: the time of the latest line is as near as one can
    // get.
    const end = start === null ? this.#lastSeen : start + took;
    const facts = factsOf(read, entry?.entry ?? read, start ?? end, end);
    if (facts === null) return true;
    if (facts.duration >= 0) this.flags.durations = true;
    if (!this.#ordering.add({ seenAt: end, line, text: shown, tid, comm: read.comm, facts, lost: 0 }))
      this.#accounting.note('late-line', line, text);
    return true;
  }

  #release({ tid, comm, facts, line, text, lost, seenAt }: Waiting): void {
    if (facts === null) {
      this.#ready.push({ kind: 'lost', count: lost, time: seenAt });
      return;
    }
    const call = this.#made(tid, facts, line, text);
    if (comm !== '') call.lane.comm = comm;
    this.#ready.push(call);
    if (call.lane.lastLine instanceof PrintedCall) call.lane.lastLine.forgetPrevious();
    call.lane.lastLine = call;
    this.#ready.push(...this.#lanes.endSilent({ time: seenAt, file: this.#file, line }));
  }

  #made(tid: number, facts: CallFacts, line: number, text: string): PrintedCall {
    return new PrintedCall(facts, this.#lanes.get(tid), { file: this.#file, line, text }, undefined, this.#axis);
  }

  #finish(): void {
    this.#dropPiece();
    this.#isEnding = false;
    this.#ordering.end();
    for (const record of this.#summary.records()) this.#ready.push(record);
  }
}
