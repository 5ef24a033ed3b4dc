import type { Cost, Observed, Sampled, TraceRecord } from '../../../src/trace/record.ts';
import { isMarkedUp } from '../../text/cleaning.ts';
import { CODE_IN_STRACE, readCodeSample } from '../../text/code-line.ts';
import { COST_IN_STRACE, NOTED_BY_DROVER, readCost } from '../../text/cost-line.ts';
import { readSight, SIGHT_IN_STRACE } from '../../text/sight-line.ts';
import { readFrame } from '../frames.ts';
import type { LineColumns } from '../line-columns.ts';
import type { LineReader } from '../line-reader.ts';
import { type Message, readMessage } from '../messages.ts';
import { NOBODY, NOTED, RECORD, UNENDED } from '../outcome.ts';
import type { ParserState } from '../parser-state.ts';
import { CutCalls } from './cut-calls.ts';
import { ForeignLines } from './foreign-lines.ts';
import { repairLine, showsPosition } from './repair.ts';
import { Reparser } from './reparse.ts';

/** The line begins a record, so that it cannot go on with a call that was cut. */
const RECORD_START =
  /^(?:\[pid +\d|[a-z_][a-z0-9_]*\(|<\.\.\. \w+ resumed>|--- (?:SIG|stopped)|\+\+\+ (?:exited|killed|superseded) )/;
const PROMPT =
  /^(?:\S{0,80}[#$%\u00bb>] |# |\[[^\]]{1,80}\]\s?[#$] ?)?\s*(?:sudo )?(?:\/\S{0,80}\/)?strace (?:-|\S{1,80} -)/;
/** The beginning of a record behind output of the program, which may even stand inside of `[pid N]`. */
const JUNK_BEFORE_PID =
  /^.{0,8192}? {1,8}(\d{1,9})(?:<[^>]{0,64}>)?\] (?=\d\d:\d\d:|\d{9}|[a-z_]+\(|<\.\.\. |--- |\+\+\+ )/;
/** Whom that strace was attached to, where it was one. */
const ATTACHED_TO = /\s(?:-p\s?|--attach[= ])["']?(\d{1,9})\b/g;
/** ` > /lib/libc.so.6(read+0x13) [0x10af63]` at the end of a line. */
const STACK_BEHIND_CALL = / > (?:\/|\[)[^\s"]*(?: \(deleted\))?\([^"]*\) \[0x[0-9a-f]+\]$/;
/** Markdown around a paste. */
/** A mail program broke the line of a signal. */
const BROKEN_SIGNAL = /^[^{]{0,200}--- SIG[A-Z0-9+]+ \{(?!.* ---$)/;
const FENCE = /^\s*(?:`{3,}|~{3,})/;

/** The lines that do not read at first sight: messages, cut calls, stacks, pastes, output of the program. */
export class RestLines {
  readonly #state: ParserState;
  readonly #reader: LineReader;
  readonly #reparser: Reparser;
  readonly #cut: CutCalls;
  readonly #foreign: ForeignLines;
  /** All lines of the tracer have columns before the call. */
  readonly #hasColumns: boolean;

  constructor(state: ParserState, reader: LineReader, columns: LineColumns) {
    this.#state = state;
    this.#reader = reader;
    this.#reparser = new Reparser(state, reader);
    this.#cut = new CutCalls(state, reader);
    this.#foreign = new ForeignLines(state);
    this.#hasColumns = columns.time !== 'none' || columns.pid === 'bare';
  }

  /** A call was cut and waits for its end, so that no line reads at first sight. */
  get isWaiting(): boolean {
    return this.#cut.waiting !== null;
  }

  /** Reads the current line; `outcome` is what the first sight said. */
  read(outcome: number, isLast: boolean): TraceRecord | null {
    const { window, from, to } = this.#state;
    const text = window.bytes.toString('latin1', from, to);
    if (this.#cut.waiting !== null) return this.#goOn(text, isLast);
    return isLast ? this.#readLast(text) : this.#readAgain(outcome, text);
  }

  /** The capture ends. */
  finish(): TraceRecord | null {
    return this.#cut.finish();
  }

  #readAgain(outcome: number, text: string): TraceRecord | null {
    const { account } = this.#state;
    if (text.trim() === '') {
      account.blank++;
      return null;
    }
    const isMarked = isMarkedUp(text) || showsPosition(text);
    const own = isMarked ? repairLine(text) : text;
    if (own.startsWith(' > ') || own.startsWith(' | ') || own.startsWith(' * ')) return this.#readAttached(own);
    if (text.startsWith(NOTED_BY_DROVER)) {
      const noted = this.#noted(text);
      if (noted !== null) return noted;
    }
    const message = readMessage(own) ?? this.#messageBehindColumns(text);
    if (message !== null) return this.#readMessage(message, own);
    if (outcome === NOBODY) return this.#countForeign(text, false);
    if (outcome === UNENDED) {
      const left = this.#leftWithStack(own);
      if (left !== null) return left;
    }
    if (outcome === UNENDED && !isMarked) return this.#cut.open(text);
    if (BROKEN_SIGNAL.test(own) && this.#beginsRecord(own)) return this.#cut.open(own);
    let record = this.#repair(text);
    if (record === UNENDED) record = this.#cut.joinHalf(text);
    if (record !== UNENDED) return record;
    return outcome === UNENDED ? this.#cut.open(text) : this.#countForeign(text, this.#beginsRecord(own));
  }

  /** A line without a newline at the end of the capture. */
  #readLast(text: string): TraceRecord | null {
    const { flags, account } = this.#state;
    // A result without the duration that all others have may lack digits.
    const isCut = flags.durations && /[\d)]$/.test(text) && !/ E[A-Z0-9]+ \(/.test(text);
    const outcome = isCut ? UNENDED : this.#reader.read(true);
    if (outcome === RECORD) return this.#reader.record;
    if (outcome === NOTED) return null;
    if (isCut || (outcome !== UNENDED && /^[\d[\s]/.test(text) && readMessage(text) === null)) {
      account.unparsed++;
      this.#state.note('cut-line');
      return null;
    }
    return this.#readAgain(outcome, text);
  }

  /** A line while a call waits for its end. */
  #goOn(line: string, isLast: boolean): TraceRecord | null {
    const text = isMarkedUp(line) || showsPosition(line) ? repairLine(line) : line;
    const swallows = this.#cut.waiting?.swallows === true;
    if (text.startsWith(NOTED_BY_DROVER)) {
      const noted = this.#noted(text);
      if (noted !== null) return noted;
    }
    const message = swallows ? null : readMessage(text);
    if (message?.at === 0) return this.#interrupt(message);
    const isBlank = !swallows && !this.#cut.isClone && text.trim() === '';
    if (isBlank || PROMPT.test(text) || (!swallows && FENCE.test(text))) {
      const { account } = this.#state;
      if (isBlank) account.blank++;
      else {
        account.foreign++;
        this.#state.note('foreign-line');
      }
      const stuck = this.#cut.leave();
      // A blank line may be output of the program; a prompt is the end in any case.
      if (stuck === null && !isBlank) this.#cut.lose();
      if (stuck !== null || !isBlank) this.#beginSession(text);
      return stuck;
    }
    // strace 7 ends with the stack of the call that a thread is in, and no word that it does.
    if (!swallows && text.startsWith(' > ')) {
      const left = this.#cut.leave();
      if (left !== null) {
        this.#reader.second = this.#readAttached(text);
        return left;
      }
    }
    // What the program wrote may look like a record, but not have the columns of one.
    if (!(this.#hasColumns || !swallows) || !this.#beginsRecord(text)) {
      const record = this.#cut.add(text);
      if (record !== UNENDED) return record;
    }
    this.#cut.lose();
    if (isLast) return this.#readLast(line);
    const outcome = this.#reader.read(false);
    if (outcome === RECORD) return this.#reader.record;
    return outcome === NOTED ? null : this.#readAgain(outcome, line);
  }

  #beginsRecord(text: string): boolean {
    const { prefix, window, from } = this.#state;
    if (!this.#hasColumns) return RECORD_START.test(text);
    return prefix.read(window, from) >= 0;
  }

  /** `[ Process PID=7 runs in 32 bit mode. ]` has the columns of a call. */
  #messageBehindColumns(text: string): Message | null {
    const { prefix, window, from } = this.#state;
    const body = prefix.read(window, from) - from;
    return body > 0 && text.startsWith('[ ', body) ? readMessage(text.slice(body)) : null;
  }

  /** What drover noted of a thread that it looked at, behind the lines of strace. */
  #noted(text: string): Observed | Sampled | Cost | null {
    if (text.startsWith(SIGHT_IN_STRACE)) return this.#observed(text);
    if (text.startsWith(CODE_IN_STRACE)) return this.#sampled(text);
    return this.#cost(text);
  }

  #observed(text: string): Observed | null {
    const state = this.#state;
    const sight = readSight(text.slice(SIGHT_IN_STRACE.length));
    if (sight === null) return null;
    const { tid, pid, lasted, stamp, ...told } = sight;
    const { time, isStamped } = this.#stamped(stamp);
    state.account.notices++;
    // drover starts strace with -T, also where no call has come back to show it.
    state.flags.durations = true;
    return {
      kind: 'observed',
      lane: state.threads.get(tid).lane,
      leader: state.threads.get(pid).lane,
      time,
      since: isStamped ? time - lasted : time,
      ...told,
      file: state.file,
      line: state.line,
      text: state.text,
    };
  }

  #sampled(text: string): Sampled | null {
    const state = this.#state;
    const sample = readCodeSample(text.slice(CODE_IN_STRACE.length));
    if (sample === null) return null;
    const { tid, took, by, frames, stamp } = sample;
    const { time, isStamped } = this.#stamped(stamp);
    state.account.notices++;
    return {
      kind: 'sampled',
      lane: state.threads.get(tid).lane,
      from: isStamped ? time - took : time,
      time,
      by,
      frames,
      file: state.file,
      line: state.line,
      text: state.text,
    };
  }

  /** A moment as drover prints it; without times in the capture, its end. */
  #stamped(stamp: string): { readonly time: number; readonly isStamped: boolean } {
    const { clock, time } = this.#state;
    if (clock.kind !== 'epoch') return { time, isStamped: false };
    const [seconds = '', fraction = ''] = stamp.split('.');
    return { time: clock.at(Number(seconds), Number(fraction.padEnd(9, '0'))), isStamped: true };
  }

  /** What drover noted of the cost of tracing. */
  #cost(text: string): Cost | null {
    const cost = text.startsWith(COST_IN_STRACE) ? readCost(text.slice(COST_IN_STRACE.length)) : null;
    if (cost === null) return null;
    this.#state.account.notices++;
    return { kind: 'cost', ...cost };
  }

  /** A message at the beginning of the line, or behind the first piece of a call. */
  #readMessage(message: Message, text: string): TraceRecord | null {
    if (message.at === 0) return this.#tell(message);
    const { account } = this.#state;
    const head = text.slice(0, message.at);
    const outcome = this.#reparser.read(head);
    if (outcome === UNENDED) this.#cut.open(head);
    // The line counts as what stands before the message.
    if (outcome === UNENDED || outcome === RECORD || outcome === NOTED) account.notices--;
    const notice = this.#tell(message);
    if (outcome !== RECORD) return notice;
    this.#reader.second = notice;
    return this.#reader.record;
  }

  /** A message while a call waits for its end: another attach means that nobody will print that end. */
  #interrupt(message: Message): TraceRecord | null {
    const stuck = message.notice === 'attached' && !this.#cut.isClone ? this.#cut.leave() : null;
    if (stuck === null) return this.#tell(message);
    this.#state.endSession();
    this.#reader.second = this.#tell(message);
    return stuck;
  }

  #tell({ notice, tid, threads }: Message): TraceRecord {
    const state = this.#state;
    state.account.notices++;
    if (notice === 'other') state.note('tracer-message');
    state.hear(notice, tid, this.#cut.waiting !== null);
    return { kind: 'notice', notice, tid, threads, file: state.file, line: state.line };
  }

  /** The call that a thread is in when strace 7 ends, with the first line of its stack (`-k`) behind it; else null. */
  #leftWithStack(text: string): TraceRecord | null {
    const at = STACK_BEHIND_CALL.exec(text)?.index ?? -1;
    if (at < 0 || this.#reparser.read(`${text.slice(0, at)} <detached ...>`) !== RECORD) return null;
    const { flags, recent, line } = this.#state;
    flags.stacks = true;
    this.#reader.second = recent === null ? null : readFrame(text.slice(at), recent.lane, line);
    return this.#reader.record;
  }

  /** Stack lines and dumps, which have no columns. */
  #readAttached(text: string): TraceRecord | null {
    const { account, flags, recent, line } = this.#state;
    account.attached++;
    if (text[1] !== '>') return null;
    flags.stacks = true;
    return recent === null ? null : readFrame(text, recent.lane, line);
  }

  /** Reads the line without what a paste, a terminal or the program added; UNENDED when that does not help. */
  #repair(text: string): TraceRecord | null | typeof UNENDED {
    const repaired = repairLine(text);
    for (const candidate of [repaired, this.#withoutJunk(repaired)]) {
      if (candidate === text) continue;
      const outcome = this.#reparser.read(candidate);
      if (outcome === RECORD) return this.#reader.record;
      if (outcome === NOTED) return null;
      if (outcome === UNENDED) return this.#cut.open(candidate);
      const message = readMessage(candidate);
      if (message !== null) return this.#readMessage(message, candidate);
    }
    return UNENDED;
  }

  /** The record of a known thread behind output of the program that has no line break. */
  #withoutJunk(text: string): string {
    const { isMixed, threads } = this.#state;
    if (!isMixed || threads.seen < 2) return text;
    const found = JUNK_BEFORE_PID.exec(text);
    if (found === null || threads.find(Number(found[1])) === null) return text;
    return `[pid ${found[1]}] ${text.slice(found[0].length)}`;
  }

  /** Another strace begins, or the paste ends. */
  #beginSession(text: string): void {
    this.#state.endSession();
    const [only, ...others] = [...text.matchAll(ATTACHED_TO)].map((found) => Number(found[1]));
    if (only !== undefined && others.length === 0) this.#state.hear('attached', only, false);
  }

  #countForeign(text: string, isTracers: boolean): TraceRecord | null {
    if (PROMPT.test(text)) this.#beginSession(text);
    return this.#foreign.count(text, isTracers);
  }
}
