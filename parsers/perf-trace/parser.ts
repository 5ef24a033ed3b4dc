import type { CallArguments } from '../../src/trace/call-arguments.ts';
import type { Call } from '../../src/trace/record.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { LONGEST_CAPTURE, MILLISECOND } from '../../src/trace/time.ts';
import { WordedArguments } from '../arguments/worded-arguments.ts';
import type { ParserOptions } from '../format.ts';
import type { Where } from '../text/line-parser.ts';
import { pendingFacts } from '../timeline/call-in-words.ts';
import { CallLineParser } from '../timeline/call-line-parser.ts';
import { OpenCalls } from '../timeline/open-calls.ts';
import { Ordering } from '../timeline/ordering.ts';
import { type CallFacts, PrintedCall } from '../timeline/printed-call.ts';
import { descriptorIn, factsOf } from './call-facts.ts';
import { FRAME, isHead, type PerfLine, readPerfLine } from './line.ts';
import { straceWords } from './strace-words.ts';
import { Summary } from './summary.ts';

const LONGEST_LINE = 16_384;
/** A line that a terminal wrapped is put together from at most so many. */
const MOST_PIECES = 12;
const LOST = /^LOST (\d{1,15}) events!?$/;
const MESSAGE = /^(?:Warning|Error|perf): ?|^\[ perf |^Note: |^raw_syscalls:sys_(?:enter|exit) |^\s+raw_syscalls:sys_/;
/** Numbers of threads are that large at most. */
const MOST_TID = 0x7fffffff;

interface Waiting {
  readonly seenAt: number;
  readonly where: Where;
  readonly tid: number;
  readonly comm: string;
  readonly facts: CallFacts | null;
  /** Lost events, when it is no call. */
  readonly lost: number;
}

/** A call whose end comes in a later line. */
interface Open {
  readonly name: string;
  readonly entry: PerfLine;
  readonly start: number;
  readonly where: Where;
}

/** Reads the text of `perf trace`: the README of this folder is the grammar. */
export class PerfTraceParser extends CallLineParser {
  readonly #ordering = new Ordering<Waiting>();
  readonly #summary = new Summary();
  readonly #open = new OpenCalls<Open>(({ where }) => this.accounting.note('lost-half', where.line, where.text));
  /** The beginning of a line that a terminal may have wrapped. */
  #piece: { text: string; line: number; count: number } | null = null;
  #lastSeen = 0;
  /** What is not whole will not be any more. */
  #isEnding = false;

  constructor(options: ParserOptions) {
    super(options, LONGEST_LINE);
  }

  *inFlight(): Iterable<Call> {
    for (const [tid, { entry, start, where }] of this.#open) {
      const facts = pendingFacts({ name: entry.name, words: entry.args, start });
      if (facts === null) continue;
      const { name, takesDescriptor } = facts.syscall;
      const fd = takesDescriptor ? descriptorIn(name, entry.args) : facts.fd;
      yield this.callOf(tid, { ...facts, fd }, where);
    }
  }

  protected override readLine(line: string, isLast: boolean): void {
    const text = line.trimEnd();
    this.#isEnding = isLast;
    if (isHead(text) || text === '' || LOST.test(text)) this.#dropPiece();
    else if (this.#piece !== null && !FRAME.test(text) && !MESSAGE.test(text)) {
      this.#join(text);
      return;
    }
    this.#read(text);
  }

  protected override release(): boolean {
    const waiting = this.#ordering.next();
    if (waiting !== null) this.#release(waiting);
    return waiting !== null;
  }

  protected override finish(): void {
    this.#isEnding = true;
    this.#dropPiece();
    this.#ordering.end();
    for (const record of this.#summary.records()) this.tell(record);
  }

  #read(text: string): void {
    const { account } = this;
    const lost = LOST.exec(text)?.[1];
    if (text.trim() === '') account.blank++;
    else if (lost !== undefined) {
      account.notices++;
      this.accounting.noteMany('lost-events', Number(lost), this.line, text);
      const where = this.where(text);
      this.#ordering.add({ seenAt: this.#lastSeen, where, tid: 0, comm: '', facts: null, lost: Number(lost) });
    } else if (isHead(text)) {
      if (!this.#entry(text, this.line)) this.#piece = { text, line: this.line, count: 1 };
    } else if (this.#summary.read(text)) account.counts++;
    else if (FRAME.test(text)) account.attached++;
    else if (MESSAGE.test(text)) account.notices++;
    else {
      account.foreign++;
      this.accounting.note('foreign-line', this.line, text);
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
    this.accounting.note(code, piece.line, piece.text);
    if (this.#isEnding) this.account.foreign++;
    else this.account.unparsed++;
  }

  /** False when the line may go on in the next one. */
  #entry(text: string, line: number): boolean {
    const read = readPerfLine(text);
    if (read === null) return false;
    const where = { ...this.where(text), line };
    if (read === 'event') {
      this.account.notices++;
      return true;
    }
    const tid = Math.max(read.tid, 0);
    const at = read.at === null ? null : this.axis.at(read.at * MILLISECOND);
    const took = (read.took ?? 0) * MILLISECOND;
    if (Number.isNaN(at ?? 0) || took > LONGEST_CAPTURE || tid > MOST_TID || knownSyscall(read.name) === '') {
      this.account.unparsed++;
      this.accounting.note('unparsed-line', line, text);
      return true;
    }
    this.flags.pids ||= read.tid >= 0;
    if (/<(?:socket|pipe|anon_inode):|<\//.test(read.args)) this.flags.fdDecoration = 'path';
    if (at !== null) {
      this.flags.timestamps = 'monotonic';
      if (at > this.#lastSeen) this.#lastSeen = at;
    }
    // It returns into what the signal interrupted, and perf tells of no return.
    if (read.isOpen && read.name === 'rt_sigreturn') {
      this.account.notices++;
      this.#open.pass(tid);
      return true;
    }
    if (read.isOpen) {
      this.flags.split = true;
      this.account.unfinished++;
      if (at !== null) this.#open.enter(tid, { name: read.name, entry: read, start: at, where });
      return true;
    }
    let entry: Open | null = null;
    if (read.isContinued) {
      entry = this.#open.leave(tid, read.name);
      this.account.resumed++;
      if (entry === null) this.accounting.note('orphan-resume', line, text);
    } else {
      this.account.calls++;
      this.#open.pass(tid);
    }
    const start = at ?? entry?.start ?? null;
    // It began before the capture and nothing tells when it ended: the time of the latest line is as near as one can
    // get.
    const end = start === null ? this.#lastSeen : start + took;
    const facts = factsOf(read, entry?.entry ?? read, start ?? end, end);
    if (facts === null) return true;
    if (facts.duration >= 0) this.flags.durations = true;
    if (!this.#ordering.add({ seenAt: end, where, tid, comm: read.comm, facts, lost: 0 }))
      this.accounting.note('late-line', line, text);
    return true;
  }

  #release({ tid, comm, facts, where, lost, seenAt }: Waiting): void {
    if (facts === null) {
      this.tell({ kind: 'lost', count: lost, time: seenAt });
      return;
    }
    this.tellCall(tid, facts, where, comm);
  }

  protected override callOf(tid: number, facts: CallFacts, where: Where): PrintedCall {
    return new NamedCall(facts, this.lanes.get(tid), where, this.axis);
  }
}

/** A call whose arguments perf printed with their names: they are put into strace's words when somebody asks. */
class NamedCall extends PrintedCall {
  protected override readArguments(): CallArguments {
    const { facts, syscall } = this;
    return new WordedArguments({ ...facts, words: straceWords(syscall.name, facts.words ?? '') });
  }
}
