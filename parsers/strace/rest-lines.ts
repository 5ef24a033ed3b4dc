import type { TraceRecord } from '../../src/trace/record.ts';
import { endOfWrite, findEcho } from './echo.ts';
import { Fragment } from './fragment.ts';
import { readFrame } from './frames.ts';
import type { Layout } from './layout.ts';
import type { LineReader } from './line-reader.ts';
import { type Message, readMessage } from './messages.ts';
import { NOBODY, NOTED, RECORD, UNENDED } from './outcome.ts';
import type { Reading } from './reading.ts';
import { repairLine } from './repair.ts';

/** The line begins a record, so that it cannot go on with a call that was cut. */
const RECORD_START = /^(?:\[pid +\d|[a-z_][a-z0-9_]*\(|<\.\.\. \w+ resumed>|--- (?:SIG|stopped)|\+\+\+ (?:exited|killed|superseded) )/;
const PROMPT = /^(?:\S{0,80}[#$%] |# |\[[^\]]{1,80}\]\s?[#$] ?)\s*(?:sudo )?\S{0,80}strace /;
const ELISION = /^\s*(?:\.{2,}|\u2026|\xe2\x80\xa6|[[(<]\s*\.{2,}.{0,60}[\])>]|[[(<]?\s*(?:snip|cut|skipped|omitted)\b.{0,60})\s*$/i;
const SUMMARY_HEAD = /^\s*(?:% )?(?:time|ime)\s+(?:seconds|\S+)\s+\S+\s+calls\b/;
const SUMMARY_ROW = /^\s*(?:-{3,}[\s-]*|\d{1,3}[.,]\d\d\s+\d+[.,]\d+\s.*)$/;
/** The beginning of a record behind output of the program, which may even stand inside of `[pid N]`. */
const JUNK_BEFORE_PID = /^.{0,8192}? {1,8}(\d{1,9})(?:<[^>]{0,64}>)?\] (?=\d\d:\d\d:|\d{9}|[a-z_]+\(|<\.\.\. |--- |\+\+\+ )/;
/** Colours or entities may hide the end of a line. */
const MARKED_UP = /\x1b\[|&[lg]t;/;
const CONTROL = /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/;
const INTERRUPTED = /\^C$/;
/** What a call that was cut may lack before it can be read as one that goes on. */
const MISSING = ['', '"...'];

/** The lines that do not read at first sight: messages, cut calls, stacks, pastes, output of the program. */
export class RestLines {
  readonly #reading: Reading;
  readonly #reader: LineReader;
  readonly #layout: Layout;
  readonly #hasColumns: boolean;
  readonly #release: () => void;
  #fragment: Fragment | null = null;
  #inSummary = false;

  constructor(reading: Reading, reader: LineReader, layout: Layout, release: () => void) {
    this.#reading = reading;
    this.#reader = reader;
    this.#layout = layout;
    this.#hasColumns = layout.time !== 'none' || layout.pid === 'bare';
    this.#release = release;
  }

  /** A call was cut and waits for its end, so that no line reads at first sight. */
  get isWaiting(): boolean {
    return this.#fragment !== null;
  }

  /** Reads the current line; `outcome` is what the first sight said. */
  read(outcome: number, isLast: boolean): TraceRecord | null {
    const text = this.#line();
    if (this.#fragment !== null) return this.#continue(this.#fragment, text, isLast);
    if (isLast) return this.#readLast(text);
    return this.#readAgain(outcome, text);
  }

  /** The capture ends: a cut call goes on, as far as the trace tells. */
  finish(): TraceRecord | null {
    const fragment = this.#fragment;
    this.#fragment = null;
    if (fragment === null) return null;
    const { account, flags } = this.#reading;
    const { split } = flags;
    account.calls--;
    this.#reading.noteOn('cut-line', fragment.line, fragment.text);
    this.#reading.firstLine = fragment.line;
    let outcome = UNENDED;
    for (let i = 0; i < MISSING.length && outcome === UNENDED; i++) outcome = this.#readAside(`${fragment.text}${MISSING[i]} <unfinished ...>`);
    flags.split = split;
    if (outcome === RECORD) return this.#reader.record;
    if (outcome !== NOTED) account.unparsed++;
    return null;
  }

  #readAgain(outcome: number, text: string): TraceRecord | null {
    const reading = this.#reading;
    const { account } = reading;
    if (text.trim() === '') {
      account.blank++;
      return null;
    }
    if (text.startsWith(' > ') || text.startsWith(' | ') || text.startsWith(' * ')) return this.#readAttached(text);
    const message = readMessage(text);
    if (message !== null) return this.#readMessage(message, text);
    if (outcome === NOBODY) return this.#foreign('foreign-line');
    if (outcome === UNENDED && !MARKED_UP.test(text)) return this.#openFragment(text);
    let record = this.#repair(text);
    if (record === undefined) record = this.#joinHalf(text);
    if (record !== undefined) return record;
    return outcome === UNENDED ? this.#openFragment(text) : this.#giveUp(text);
  }

  /** A line without a newline at the end of the capture. */
  #readLast(text: string): TraceRecord | null {
    const reading = this.#reading;
    const isCut = reading.flags.durations && /[\d)]$/.test(text) && !/ E[A-Z0-9]+ \(/.test(text);
    const outcome = isCut ? UNENDED : this.#reader.read(true);
    if (outcome === RECORD) return this.#reader.record;
    if (outcome === NOTED) return null;
    if (isCut || (outcome !== UNENDED && /^[\d[\s]/.test(text) && readMessage(text) === null)) {
      reading.account.unparsed++;
      reading.note('cut-line');
      return null;
    }
    return this.#readAgain(outcome, text);
  }

  /** A line while a call waits for its end. */
  #continue(fragment: Fragment, text: string, isLast: boolean): TraceRecord | null {
    const reading = this.#reading;
    const { account } = reading;
    const message = fragment.swallows ? null : readMessage(text);
    if (message !== null && message.at === 0) return this.#notice(message);
    if (PROMPT.test(text)) return this.#leaveStuck(fragment);
    if (!this.#beginsRecord(text, fragment)) {
      for (const whole of fragment.add(text)) {
        reading.firstLine = fragment.line;
        const outcome = this.#readAside(whole);
        if (outcome !== RECORD && outcome !== NOTED) continue;
        account.calls--;
        account.continued++;
        this.#fragment = null;
        return outcome === RECORD ? this.#reader.record : null;
      }
      if (!fragment.isExhausted) {
        account.continued++;
        return null;
      }
    }
    this.#lose(fragment);
    reading.firstLine = reading.line;
    if (isLast) return this.#readLast(text);
    const outcome = this.#reader.read(false);
    if (outcome === RECORD) return this.#reader.record;
    return outcome === NOTED ? null : this.#readAgain(outcome, text);
  }

  #beginsRecord(text: string, fragment: Fragment): boolean {
    const { leader, source, from } = this.#reading;
    if (this.#hasColumns) return leader.read(source.bytes, from) >= 0;
    return !fragment.swallows && RECORD_START.test(text);
  }

  /** Keeps a call that does not end on its line. */
  #openFragment(text: string): TraceRecord | null {
    const reading = this.#reading;
    let head = text.replace(INTERRUPTED, '');
    let output = 0;
    const { leader, source, from } = reading;
    const args = head.indexOf('(', Math.max(leader.read(source.bytes, from) - from, 0)) + 1;
    const echo = findEcho(head.slice(args));
    if (echo !== null) {
      const shown = head.slice(args + echo.at);
      head = head.slice(0, args + echo.at);
      output = echo.length;
      const fragment = new Fragment(reading.line, head, output);
      for (const whole of fragment.add(shown)) {
        const outcome = this.#readAside(whole);
        if (outcome === RECORD) return this.#reader.record;
        if (outcome === NOTED) return null;
      }
      this.#fragment = fragment;
    } else {
      const end = endOfWrite(head.slice(args));
      if (end >= 0 && this.#readAside(`${head.slice(0, args + end)} <unfinished ...>`) === NOTED) return null;
      this.#fragment = new Fragment(reading.line, head, 0);
    }
    reading.account.calls++;
    return null;
  }

  /** With `-z` the second half of a split call has neither columns nor `<... resumed>`, and stands on the next line. */
  #joinHalf(text: string): TraceRecord | null | undefined {
    const reading = this.#reading;
    const { half, line, account } = reading;
    if (reading.isMixed || account.resumed > 0 || half === null || !half.pending || half.line !== line - 1) return undefined;
    const first = half.entry.raw(half.argsTo);
    const { syscall, start } = half;
    half.finish();
    reading.firstLine = line - 1;
    const outcome = this.#readAside(first + text);
    if (outcome === RECORD || outcome === NOTED) {
      account.unfinished--;
      account.continued++;
      return outcome === RECORD ? this.#reader.record : null;
    }
    half.begin(syscall, start, line - 1);
    reading.firstLine = line;
    return undefined;
  }

  /** The cut call never ended, and other records follow. */
  #lose(fragment: Fragment): void {
    const { account } = this.#reading;
    this.#fragment = null;
    account.calls--;
    account.unparsed++;
    account.continued -= fragment.lines;
    account.foreign += fragment.lines;
    this.#reading.noteOn('unparsed-line', fragment.line, fragment.text);
  }

  /** Another command follows a cut call: the user stopped strace while the call went on. */
  #leaveStuck(fragment: Fragment): TraceRecord | null {
    const reading = this.#reading;
    this.#foreign('foreign-line');
    for (const missing of MISSING) {
      reading.firstLine = fragment.line;
      if (this.#readAside(`${fragment.text}${missing} <detached ...>`) === RECORD) {
        reading.account.calls--;
        this.#fragment = null;
        return this.#reader.record;
      }
    }
    this.#lose(fragment);
    return null;
  }

  /** A message at the beginning of the line, or behind the first piece of a call. */
  #readMessage(message: Message, text: string): TraceRecord | null {
    if (message.at === 0) return this.#notice(message);
    const reading = this.#reading;
    const outcome = this.#readAside(text.slice(0, message.at));
    if (outcome === UNENDED) {
      this.#openFragment(text.slice(0, message.at));
      reading.account.notices--;
      return this.#notice(message);
    }
    if (outcome !== RECORD && outcome !== NOTED) return this.#notice(message);
    reading.account.notices--;
    const notice = this.#notice(message);
    if (outcome === NOTED) return notice;
    this.#reader.second = notice;
    return this.#reader.record;
  }

  #notice({ notice, tid }: Message): TraceRecord {
    const reading = this.#reading;
    reading.account.notices++;
    if (notice === 'other') reading.note('tracer-message');
    reading.hear(notice, tid, this.#fragment !== null);
    return { kind: 'notice', notice, tid, file: reading.file, line: reading.line };
  }

  /** Stack lines and dumps, which have no leader. */
  #readAttached(text: string): TraceRecord | null {
    const { account, flags, recent, line } = this.#reading;
    account.attached++;
    if (text[1] !== '>') return null;
    flags.stacks = true;
    return recent === null ? null : readFrame(text, recent.lane, line);
  }

  /** Reads the line without what a paste, a terminal or the program added; undefined when that does not help. */
  #repair(text: string): TraceRecord | null | undefined {
    const repaired = repairLine(text, this.#layout.prefix);
    for (const candidate of [repaired, this.#withoutJunk(repaired)]) {
      if (candidate === text) continue;
      const outcome = this.#readAside(candidate);
      if (outcome === RECORD) return this.#reader.record;
      if (outcome === NOTED) return null;
      if (outcome === UNENDED) return this.#openFragment(candidate);
      const message = readMessage(candidate);
      if (message !== null) return this.#readMessage(message, candidate);
    }
    return undefined;
  }

  /** Output of the program without a line break stands before the record of a thread that is known. */
  #withoutJunk(text: string): string {
    if (!this.#reading.isMixed || this.#reading.threads.seen < 2) return text;
    const found = JUNK_BEFORE_PID.exec(text);
    if (found === null || this.#reading.threads.find(Number(found[1])) === null) return text;
    return `[pid ${found[1]}] ${text.slice(found[0].length)}`;
  }

  #giveUp(text: string): null {
    const reading = this.#reading;
    const { account } = reading;
    if (SUMMARY_HEAD.test(text)) {
      this.#inSummary = true;
      reading.addFlag('-c');
      return this.#foreign('summary-table');
    }
    if (this.#inSummary && SUMMARY_ROW.test(text)) {
      account.foreign++;
      return null;
    }
    this.#inSummary = false;
    if (ELISION.test(text)) return this.#foreign('elision');
    const { leader, source, from } = reading;
    if (this.#hasColumns ? leader.read(source.bytes, from) >= 0 : RECORD_START.test(text)) {
      account.unparsed++;
      reading.note('unparsed-line');
      return null;
    }
    return this.#foreign(CONTROL.test(text) ? 'binary-bytes' : 'foreign-line');
  }

  #foreign(code: string): null {
    this.#reading.account.foreign++;
    this.#reading.note(code);
    return null;
  }

  /** The current line as Latin-1, a character a byte. */
  #line(): string {
    const { source, from, to } = this.#reading;
    return source.bytes.toString('latin1', from, to);
  }

  /** Reads another text in place of the current line. When that fails the current line is as it was. */
  #readAside(text: string): number {
    const reading = this.#reading;
    const { source, from, to } = reading;
    const { bytes } = source;
    this.#release();
    source.bytes = Buffer.from(`${text}\n`, 'latin1');
    reading.from = 0;
    reading.to = text.length;
    const outcome = this.#reader.read(true);
    if (outcome === RECORD || outcome === NOTED) return outcome;
    source.bytes = bytes;
    reading.from = from;
    reading.to = to;
    return outcome;
  }
}
