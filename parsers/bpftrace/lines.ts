import type { CallCount } from '../../src/trace/record.ts';
import type { Family } from '../../src/trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import type { ParserOptions, TraceFlags } from '../format.ts';
import type { LineAccounting } from '../text/line-accounting.ts';
import type { Where } from '../text/line-parser.ts';
import type { CallFacts } from '../timeline/printed-call.ts';
import { TimeAxis } from '../timeline/time-axis.ts';
import { CallLineReader } from './call-line.ts';
import { CountedCalls } from './counted-calls.ts';
import { type EarlierCall, EarlierCalls } from './earlier-calls.ts';
import type { LineFields } from './fields.ts';
import type { ForeignLayout } from './foreign-columns.ts';
import { type JsonRecord, lostEvents, mapEntries, printedText, readJson } from './json-record.ts';
import { type CostFacts, KeyValueReader, type LineMeaning } from './line-reader.ts';
import { MapLines } from './map-lines.ts';
import { ReturnsAlone } from './returns-alone.ts';
import type { Waiting } from './waiting.ts';
import { WatchedCapture } from './watched.ts';

/** Where what was read goes. */
export interface LineSink {
  add(waiting: Waiting): void;
  /** A call that was still running when the capture ended. */
  left(tid: number, facts: CallFacts, where: Where): void;
  /** What tracing cost. */
  cost(cost: CostFacts): void;
  /** What a descriptor of a process is, as found before the capture. */
  describe(pid: number, fd: number, label: string): void;
}

/** How a line is accounted for. */
type Shape = 'calls' | 'signals' | 'exits' | 'notices' | 'counts' | 'continued' | 'blank' | 'foreign' | 'unparsed';

const ATTACHED = /^Attach(?:ing|ed) \d+ probes?(?:\.\.\.)?$/;
const LOST = /Lost (\d{1,15}) events$/;
const LOST_IN_ALL = /WARNING: Total lost event count: (\d{1,15})$/;
const MESSAGE = /^(?:\S+:\d+:\d+(?:-\d+)?: )?(?:ERROR|WARNING|INFO|DEBUG): /;
/** bpftrace says so at every start, and goes on. */
const HARMLESS = /RLIMIT_MEMLOCK/;
/** A printf without a newline is continued by the next one; so many characters are kept. */
const LONGEST_PIECE = 65_536;
const MOST_IN_FLIGHT = 10_000;
/** `(1422085065189, 232, 7, 681807472, 64, 1000)` of drover's own map `@in`. */
const TUPLE = /^\(([^()]*)\)$/;

/** The waits of loops. */
const OF_LOOPS: ReadonlySet<Family> = new Set<Family>(['epoll-wait', 'poll', 'select']);

/** Reads line after line of bpftrace's output, text and JSON mixed as they come, and says of each what it is. */
export class Lines {
  readonly #accounting: LineAccounting;
  readonly #flags: TraceFlags;
  readonly #sink: LineSink;
  /** How lines of a program that is not drover's are read. */
  readonly #foreign: ForeignLayout | null;
  readonly axis: TimeAxis;
  readonly earlier = new EarlierCalls();
  readonly #reader: KeyValueReader;
  readonly #calls: CallLineReader;
  readonly #maps = new MapLines();
  readonly #counted = new CountedCalls();
  readonly #watched = new WatchedCapture();
  /** The last `event=tick`: the maps behind it are those of the second that ends with it. */
  #tick: { readonly seenAt: Nanoseconds; readonly where: Where } | null = null;
  /** The beginning of a printed line whose end is in a later JSON record. */
  #piece = '';
  /** Lines that only a bpftrace prints, or somebody who started it, that tells in the same place what it lost. */
  #tellsLosses = false;
  /** The first line of a call. */
  #first: Where | null = null;
  #lost = 0;
  #lastSeen = 0;
  #left = 0;
  readonly #returns = new ReturnsAlone();

  constructor(
    { origin, file }: Pick<ParserOptions, 'origin' | 'file'>,
    accounting: LineAccounting,
    flags: TraceFlags,
    sink: LineSink,
    foreign: ForeignLayout | null,
  ) {
    this.#accounting = accounting;
    this.#flags = flags;
    this.#sink = sink;
    this.#foreign = foreign;
    this.axis = new TimeAxis(
      origin,
      foreign?.isTimeless === true ? 'none' : foreign?.isClock === true ? 'clock' : 'monotonic',
    );
    this.#reader = new KeyValueReader(this.axis);
    this.#calls = new CallLineReader(file, this.axis);
  }

  /** Reads the line `bytes[from..to]` when it is a call as drover's programs print it. Else false. */
  readCall(bytes: Buffer, from: number, to: number, line: number): boolean {
    if (this.#foreign !== null || this.#maps.isOpen) return false;
    const call = this.#calls.read(bytes, from, to, line, this.#reader.machine);
    if (call === null) return false;
    this.#accounting.account[this.#wait(call)]++;
    return true;
  }

  /** Reads one line of the file. */
  read(text: string, where: Where, isLast: boolean): void {
    const { account } = this.#accounting;
    const record = text.startsWith('{') ? readJson(text) : null;
    if (record !== null) this.#tellsLosses = true;
    const shape = record === null ? this.#plain(text, where) : this.#json(record, where);
    if (shape === 'unparsed' && isLast) {
      this.#accounting.note('cut-line', where.line, where.text);
      account.foreign++;
      return;
    }
    account[shape]++;
    if (shape === 'calls') this.#first ??= where;
    if (shape === 'unparsed') this.#accounting.note('unparsed-line', where.line, where.text);
    else if (shape === 'foreign') this.#accounting.note('foreign-line', where.line, where.text);
  }

  /** The input is at its end. */
  end(line: number): void {
    this.#endSecond();
    // Up to 0.23 "Attaching 2 probes..." stands on standard output, as lost events do.
    if (!this.#tellsLosses && this.#first !== null)
      this.#accounting.note('losses-untold', this.#first.line, this.#first.text);
    if (this.#piece === '') return;
    this.#accounting.note('cut-line', line, this.#piece);
    this.#piece = '';
  }

  /** A call that was running at the end, with what was seen of it right behind the end. */
  completed(tid: number, facts: CallFacts): CallFacts {
    const seen = this.earlier.behind(tid);
    return seen === undefined ? facts : this.#reader.completed(facts, seen);
  }

  /**
   * Calls in which threads were found behind the end. bpftrace prints those that it saw begin, unless it ended before
   * it had printed all.
   */
  *foundBehind(): Iterable<{ readonly call: EarlierCall; readonly facts: CallFacts }> {
    for (const call of this.earlier.movedTo()) {
      if (!this.#reader.traces(call.number)) continue;
      const facts = this.#reader.earlier(call, this.earlier.span.ended);
      if (facts !== null) yield { call, facts };
    }
  }

  /** Calls that threads were in before the capture began, and still are. */
  *stillIn(): Iterable<{ readonly call: EarlierCall; readonly facts: CallFacts }> {
    const { begun } = this.earlier.span;
    if (Number.isNaN(begun)) return;
    for (const call of this.earlier.values()) {
      const facts = this.#reader.earlier(call, begun);
      if (facts !== null) yield { call, facts };
    }
  }

  /**
   * The thread's wait for several descriptors, from which the thread came back before or in the capture, and no later
   * than `before`: nobody saw when, nor with what. Null where it was in another call, which may have ended long before.
   */
  waitUpTo(tid: number, before: Nanoseconds): { readonly call: EarlierCall; readonly facts: CallFacts } | null {
    const call = this.earlier.moved(tid);
    if (call === undefined) return null;
    const facts = this.#reader.earlier(call, this.earlier.span.begun);
    if (facts === null || !OF_LOOPS.has(facts.syscall.family)) return null;
    return { call, facts: { ...facts, start: before, end: before, inFlight: false } };
  }

  /** What maps told of calls. */
  counted(): CallCount[] {
    return [...this.#counted.records(), ...this.#watched.records()];
  }

  #plain(text: string, where: Where): Shape {
    if (text.trim() === '') return 'blank';
    if (text.startsWith('{"type"')) return 'unparsed';
    const lost = LOST.exec(text);
    if (lost === null) return this.#printed(text, where);
    this.#tellsLosses = true;
    this.#note(Number(lost[1]), where);
    // The message may be glued behind a line that had no newline.
    const before = text.slice(0, lost.index);
    return before === '' ? 'notices' : this.#printed(before, where);
  }

  #printed(text: string, where: Where): Shape {
    const map = this.#maps.read(text);
    if (map !== null) {
      if (map.kind === 'entry') this.#entry(map.map, map.key, map.value, where);
      return 'counts';
    }
    const meaning = this.#meaningOf(text, where);
    switch (meaning.kind) {
      case 'waiting':
        return this.#wait(this.#returns.begun(meaning.waiting));
      case 'header':
        this.#tellsLosses = true;
        this.#header(meaning.fields, where);
        return 'notices';
      case 'cost':
        this.#sink.cost(meaning.cost);
        return 'notices';
      case 'earlier':
        this.earlier.note(meaning.call, this.#reader.traces(meaning.call.number));
        return 'notices';
      case 'silent':
        return 'signals';
      case 'broken':
        this.#missing(text);
        return 'unparsed';
      case 'other':
        return this.#message(text, where);
    }
  }

  #message(text: string, where: Where): Shape {
    if (ATTACHED.test(text)) {
      this.#tellsLosses = true;
      return 'notices';
    }
    const total = LOST_IN_ALL.exec(text)?.[1];
    if (total !== undefined) {
      // It sums up what was told before, or what was not.
      this.#note(Number(total) - this.#lost, where);
      return 'notices';
    }
    if (!MESSAGE.test(text)) return 'foreign';
    if (!HARMLESS.test(text)) this.#accounting.note('tracer-message', where.line, where.text);
    return 'notices';
  }

  #json(record: JsonRecord, where: Where): Shape {
    this.#addFlag('-f json');
    switch (record.type) {
      case 'printf':
        return typeof record.data === 'string' ? this.#pieces(printedText(record), where) : 'unparsed';
      case 'lost_events':
        this.#note(lostEvents(record), where);
        return 'notices';
      case 'map':
        for (const { map, key, value } of mapEntries(record.data)) this.#entry(map, key, value, where);
        return 'counts';
      case 'hist':
      case 'stats':
      case 'tseries':
        return 'counts';
      case 'value':
        return Array.isArray(record.data) ? this.#pieces(printedText(record), where) : 'counts';
      default:
        return 'notices';
    }
  }

  /** The text of a printf may hold several lines, or a part of one. */
  #pieces(data: string, where: Where): Shape {
    const lines = `${this.#piece}${data}`.split('\n');
    this.#piece = (lines.pop() ?? '').slice(0, LONGEST_PIECE);
    let shape: Shape = lines.length === 0 ? 'continued' : 'blank';
    for (const line of lines) {
      const found =
        line.trim() === '' ? 'blank' : this.#printed(line, { ...where, text: line.slice(0, where.text.length) });
      if (RANK[found] > RANK[shape]) shape = found;
    }
    return shape;
  }

  #entry(map: string, key: string, value: unknown, where: Where): void {
    if (map === '@in') {
      const tuple =
        typeof value === 'string'
          ? TUPLE.exec(value)?.[1]?.split(/, ?/)
          : Array.isArray(value)
            ? value.map(String)
            : undefined;
      const isThread = /^\d{1,10}$/.test(key);
      const facts =
        tuple === undefined || !isThread || this.#left >= MOST_IN_FLIGHT
          ? null
          : this.#reader.inFlight(Number(key), tuple);
      if (facts !== null) {
        this.#left++;
        this.earlier.moved(Number(key));
        this.#sink.left(Number(key), facts, where);
      }
      return;
    }
    const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof count === 'number' && !this.#watched.add(map, key, count)) this.#counted.add(map, key, count);
  }

  #wait(waiting: Waiting): Shape {
    // Without times the order of the lines is all that is known.
    this.#sink.add(this.axis.kind === 'none' ? { ...waiting, seenAt: 0 } : waiting);
    if (waiting.seenAt > this.#lastSeen) this.#lastSeen = waiting.seenAt;
    this.#flags.timestamps = this.axis.kind;
    if (waiting.kind !== 'lost') this.#flags.pids = true;
    if (waiting.kind === 'call' && waiting.facts.duration >= 0) this.#flags.durations = true;
    switch (waiting.kind) {
      case 'call':
        return 'calls';
      case 'exit':
        return 'exits';
      case 'signal':
        return 'signals';
      default:
        return 'notices';
    }
  }

  /** The maps behind the last tick are complete. */
  #endSecond(): void {
    if (this.#tick === null) return;
    for (const second of this.#watched.takeSecond()) this.#wait({ kind: 'watched', ...this.#tick, second });
    this.#tick = null;
  }

  #header({ event, time, pid, fd, others }: LineFields, where: Where): void {
    if (event === 'tick') {
      this.#endSecond();
      const seenAt = this.axis.at(time);
      this.#tick = Number.isNaN(seenAt) ? null : { seenAt, where };
    }
    if (event === 'fd') {
      if (pid > 0 && fd >= 0) this.#sink.describe(pid, fd, others.get('is') ?? '');
      this.#flags.fdDecoration = 'path';
      return;
    }
    if (event === 'end') this.earlier.end(time);
    if (event === 'lost') {
      const at = Number.isNaN(time) ? time : this.axis.at(time);
      this.#note(Number(others.get('count')), where, Number.isNaN(at) ? UNKNOWN : at);
      return;
    }
    if (event !== 'start') return;
    this.earlier.begin(time);
    if (others.get('machine') === 'arm64') {
      this.#reader.machine = 'arm64';
      this.#counted.machine = 'arm64';
    }
    this.axis.anchor(time, others.get('clock') ?? '');
    const program = others.get('program');
    if (program === 'watch') this.#watched.active = true;
    // They print how long each call took, also where none came back.
    if (program === 'calls' || program === 'exact') this.#flags.durations = true;
    if (program !== undefined && /^[a-z]{1,20}$/.test(program)) this.#addFlag(`${program}.bt`);
  }

  #note(count: number, where: Where, seenAt = this.#lastSeen): void {
    if (!(count > 0)) return;
    this.#lost += count;
    this.#accounting.noteMany('lost-events', count, where.line, where.text);
    this.#sink.add({ kind: 'lost', seenAt, count });
  }

  #meaningOf(text: string, where: Where): LineMeaning {
    const foreign = this.#foreign;
    if (foreign === null) return this.#reader.read(text, where);
    const isKeyed = foreign.isKeyed === true;
    const own = isKeyed ? null : this.#reader.read(text, where);
    if (own !== null && own.kind !== 'other') return own;
    const translated = foreign.translate(text);
    if (translated === null) return own ?? this.#reader.read(text, where);
    this.#addFlag(`columns read as ${foreign.description}`);
    return this.#reader.read(translated, where);
  }

  /** A call that cannot be read, of a line that was cut or broken, is one that was lost: a silence may be that. */
  #missing(text: string): void {
    if (!text.startsWith('ts=')) return;
    const stamp = Number(/^ts=(\d{1,19})\b/.exec(text)?.[1] ?? Number.NaN);
    const at = Number.isNaN(stamp) ? stamp : this.axis.at(stamp);
    this.#sink.add({ kind: 'lost', seenAt: Number.isNaN(at) ? this.#lastSeen : at, count: 1 });
  }

  #addFlag(flag: string): void {
    if (!this.#flags.others.includes(flag)) this.#flags.others.push(flag);
  }
}

/** Of several lines in one record the most telling one decides how it is accounted for. */
const RANK: Readonly<Record<Shape, number>> = {
  continued: 0,
  blank: 1,
  foreign: 2,
  notices: 3,
  counts: 4,
  signals: 5,
  exits: 6,
  calls: 7,
  unparsed: 8,
};
