import type { Timelines } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import { MILLISECOND, type Nanoseconds, SECOND, type TimeOrigin } from '../../trace/time.ts';
import type { Mark, MarkKind, Slice, SliceKind, TrackOwner } from '../../trace/timeline-sink.ts';
import { redactPayload } from '../payload.ts';
import { redactReport } from '../redact.ts';
import { cut, show } from '../show.ts';
import type { EncodedEvent, EncodedProcess, EncodedTrack, TimelineEncoder } from './encoder.ts';
import { TimelineRoom } from './timeline-room.ts';

const MOST_TRACKS = 4_096;
/** Of one process: requests that overlap each other. */
const MOST_LANES = 64;
/** Beyond the tids of Linux, which end at 2^22. */
const FIRST_LANE: number = 5_000_000;
const MOST_CHARACTERS = 120;
const KNOWN_NAMES = 1_024;
/** Of one capture. */
const MOST_REQUESTS = 2 ** 32;
/** Captures of several hosts begin one before the other: times of none of them are negative so. */
const BEFORE_HOSTS: Nanoseconds = 10 * 86_400 * SECOND;

/** A process of one host, and what is known of it. */
interface Process extends EncodedProcess {
  name: string;
  readonly lanes: { readonly track: EncodedTrack; until: Nanoseconds }[];
}

interface Track extends EncodedTrack {
  readonly process: Process;
}

interface TimelineOptions {
  /** Nothing is masked. */
  readonly withPayload: boolean;
  /** Only these processes have tracks; null for all. */
  readonly pids: readonly number[] | null;
  /** Slices and marks that a file holds at most. */
  readonly mostEvents?: number;
}

/**
 * Writes what happened in captures as a timeline, in one form of file or more: masks and bounds what comes from the
 * trace, gives processes of several hosts numbers of their own, and counts what there is no room for.
 */
export class TimelineWriter implements Timelines {
  readonly #encoders: readonly TimelineEncoder[];
  readonly #options: TimelineOptions;
  readonly #room: TimelineRoom;
  readonly #names = new Map<string, string>();
  readonly #tracks: Track[] = [];
  #processes = new Map<number, Process>();
  #lastNumber = 0;
  /** Requests of the hosts before. */
  #flowsBefore = 0;
  #host = '';
  /** Of the host that was read last. */
  #findings: EncodedTrack | null = null;
  /** What to add to times of the trace; null before its clock is known. */
  #shift: Nanoseconds | null = null;
  /** Where the times of the file count from. */
  #zero: TimeOrigin | null = null;

  constructor(encoders: readonly TimelineEncoder[], options: TimelineOptions) {
    this.#encoders = encoders;
    this.#options = options;
    this.#room = new TimelineRoom(options.mostEvents);
  }

  beginHost(host: string): void {
    this.#host = this.#text(host);
    this.#processes = new Map();
    this.#shift = null;
    this.#flowsBefore += MOST_REQUESTS;
  }

  beginClock(origin: TimeOrigin): void {
    const isFirst = this.#zero === null;
    this.#zero ??= origin;
    this.#shift = this.#host === '' ? 0 : BEFORE_HOSTS + (isFirst ? 0 : distance(this.#zero, origin));
  }

  track({ pid, tid, comm }: TrackOwner): number {
    const { pids } = this.#options;
    if (this.#shift === null || (pids !== null && !pids.includes(pid))) return -1;
    if (this.#tracks.length >= MOST_TRACKS) {
      this.#room.leaveOut('thread');
      return -1;
    }
    const track = { number: this.#number(), process: this.#processOf(pid), tid, isThread: true };
    const name = this.#text(comm);
    for (const encoder of this.#encoders) encoder.track(track, name === '' ? 'thread' : name);
    return this.#tracks.push(track) - 1;
  }

  describe(number: number, { comm, server, role, pid, tid }: TrackOwner): void {
    const track = this.#tracks[number];
    if (track === undefined) return;
    const name = [this.#text(comm), role].filter((word) => word !== '').join(', ');
    for (const encoder of this.#encoders) encoder.track(track, name === '' ? 'thread' : name);
    const { process } = track;
    const isWorker = !LESSER_ROLES.has(role);
    if (process.name !== '' && !isWorker && tid !== pid) return;
    const program = this.#text(server === '' ? comm : server);
    const whose = this.#host === '' ? '' : `${this.#host}: `;
    process.name = `${whose}${program} ${pid}${isWorker ? ` (${role})` : ''}`;
  }

  admits(kind: SliceKind, length: Nanoseconds): boolean {
    return this.#shift !== null && this.#room.admits(kind, length);
  }

  omitted(kind: SliceKind, count: number): void {
    this.#room.leaveOut(kind, count);
  }

  begin(number: number, time: Nanoseconds, slice: Slice): void {
    const track = this.#tracks[number];
    if (track === undefined) return;
    this.#begin(track, time, this.#eventOf(slice));
  }

  end(number: number, time: Nanoseconds): void {
    const track = this.#tracks[number];
    if (track === undefined) return;
    for (const encoder of this.#encoders) encoder.end(track, this.#time(time));
  }

  mark(number: number, time: Nanoseconds, { kind, error, request, flows }: Mark): void {
    const track = this.#tracks[number];
    if (track === undefined || !this.#room.admitsMark(kind)) return;
    const name = [MARKS[kind], this.#text(error), this.#request(request)].filter((word) => word !== '').join(' ');
    this.#instant(track, time, { name, category: kind, details: {}, flows: this.#flows(flows) });
  }

  request(number: number, start: Nanoseconds, end: Nanoseconds, slice: Slice): void {
    const track = this.#tracks[number];
    if (track === undefined) return;
    const lane = this.#laneOf(track.process, start);
    if (lane === null) {
      this.#room.leaveOut('request');
      return;
    }
    lane.until = end;
    this.#begin(lane.track, start, this.#eventOf(slice));
    for (const encoder of this.#encoders) encoder.end(lane.track, this.#time(end));
  }

  judged(report: Report, zero: Nanoseconds): void {
    for (const process of this.#processes.values())
      for (const encoder of this.#encoders) encoder.process(process, process.name);
    const { findings } = this.#options.withPayload ? report : redactReport(report);
    const track = this.#trackOfFindings();
    this.#shift ??= 0;
    for (const { id, kind, severity, confidence, title, workers, startMs, endMs } of findings) {
      const details: Record<string, string | number> = { id, kind, severity, confidence };
      if (workers.length > 0) details['workers'] = workers.join(' ');
      if (startMs !== null && endMs !== null) details['lengthNs'] = Math.round((endMs - startMs) * MILLISECOND);
      const time = zero + Math.round((startMs ?? 0) * MILLISECOND);
      const name = `${severity}: ${this.#text(title)}`;
      this.#instant(track, time, { name, category: 'finding', details, flows: [] });
    }
  }

  /** Ends the files. Says what was left out; '' when everything is in them. */
  finish(): string {
    const leftOut = this.#room.leftOut();
    const about: Record<string, string | number> = { unit: 'times count in nanoseconds from the first event' };
    const { kind = 'none', seconds = null, nanoseconds = 0 } = this.#zero ?? {};
    about['clock'] = kind;
    if (seconds !== null) {
      const before = this.#host === '' ? 0 : BEFORE_HOSTS / SECOND;
      about['startSeconds'] = `${seconds - before}.${String(nanoseconds).padStart(9, '0')}`;
    }
    if (leftOut !== '') about['leftOut'] = leftOut;
    const track = this.#findings ?? this.#trackOfFindings();
    for (const encoder of this.#encoders) encoder.finish(track, about);
    return leftOut;
  }

  #trackOfFindings(): EncodedTrack {
    const process = this.#newProcess(0);
    const track = { number: this.#number(), process, tid: 0, isThread: false };
    for (const encoder of this.#encoders) {
      encoder.process(process, this.#host === '' ? 'findings' : `${this.#host}: findings`);
      encoder.track(track, 'findings');
    }
    this.#findings = track;
    return track;
  }

  #begin(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void {
    const early = -(time + (this.#shift ?? 0));
    // Files have no times before 0: what had begun before the first line tells how much before.
    const told = early > 0 ? { ...event, details: { ...event.details, beganEarlierNs: early } } : event;
    for (const encoder of this.#encoders) encoder.begin(track, this.#time(time), told);
  }

  #instant(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void {
    for (const encoder of this.#encoders) encoder.instant(track, this.#time(time), event);
  }

  #time(time: Nanoseconds): Nanoseconds {
    return Math.max(0, time + (this.#shift ?? 0));
  }

  #eventOf({ kind, call, error, requests, flows, isOpen, isUpperBound }: Slice): EncodedEvent {
    const names = requests.map((request) => this.#request(request));
    const details: Record<string, string | boolean> = {};
    if (error !== '') details['error'] = this.#text(error);
    if (isOpen) details['open'] = true;
    if (isUpperBound) details['atMost'] = true;
    if (kind === 'turn' && names.length > 1) details['requests'] = names.join(', ');
    return { name: nameOf(kind, this.#text(call), names, isOpen), category: kind, details, flows: this.#flows(flows) };
  }

  #flows(flows: readonly number[]): readonly number[] {
    return this.#flowsBefore === 0 ? flows : flows.map((flow) => flow + this.#flowsBefore);
  }

  #laneOf(process: Process, start: Nanoseconds): { readonly track: EncodedTrack; until: Nanoseconds } | null {
    // The lane that was left last, so that long requests find one free.
    let best: { readonly track: EncodedTrack; until: Nanoseconds } | null = null;
    for (const lane of process.lanes)
      if (lane.until <= start && (best === null || lane.until > best.until)) best = lane;
    if (best !== null) return best;
    if (process.lanes.length === MOST_LANES) return null;
    const tid = FIRST_LANE + process.lanes.length;
    const lane = { track: { number: this.#number(), process, tid, isThread: false }, until: 0 };
    process.lanes.push(lane);
    for (const encoder of this.#encoders) encoder.track(lane.track, `requests ${process.lanes.length}`);
    return lane;
  }

  #processOf(pid: number): Process {
    const known = this.#processes.get(pid);
    if (known !== undefined) return known;
    const made = this.#newProcess(pid);
    this.#processes.set(pid, made);
    for (const encoder of this.#encoders) encoder.process(made, '');
    return made;
  }

  #newProcess(pid: number): Process {
    const number = this.#number();
    return { number, pid: this.#host === '' ? pid : number, name: '', lanes: [] };
  }

  #number(): number {
    return ++this.#lastNumber;
  }

  #request(name: string): string {
    if (name === '') return '';
    return this.#remembered(name, () => this.#text(this.#options.withPayload ? name : redactPayload(name)));
  }

  #text(text: string): string {
    return cut(show(text.slice(0, 4 * MOST_CHARACTERS)), MOST_CHARACTERS);
  }

  /** A service is asked the same few things over and over. */
  #remembered(name: string, make: () => string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    if (this.#names.size === KNOWN_NAMES) this.#names.clear();
    const made = make();
    this.#names.set(name, made);
    return made;
  }
}

/** They do not say what their process is for. */
const LESSER_ROLES: ReadonlySet<string> = new Set(['', 'unknown', 'pool-thread', 'library-thread']);

const MARKS: Readonly<Record<MarkKind, string>> = {
  'failed-write': 'failed write',
  'wasted-wakeup': 'woken for nothing',
  reply: 'reply',
};

function nameOf(kind: SliceKind, call: string, requests: readonly string[], isOpen: boolean): string {
  if (kind === 'call') return call;
  const [first = '', ...others] = requests;
  if (kind === 'request') return isOpen ? `${first} (no reply)` : first;
  if (others.length > 0) return `turn with ${others.length === 7 ? 'at least ' : ''}${others.length + 1} requests`;
  return first === '' ? 'turn' : `turn: ${first}`;
}

/** From one origin to another one; 0 where their clocks do not meet. */
function distance(from: TimeOrigin, to: TimeOrigin): Nanoseconds {
  if (from.kind !== 'epoch' || to.kind !== 'epoch' || from.seconds === null || to.seconds === null) return 0;
  const length = (to.seconds - from.seconds) * SECOND + to.nanoseconds - from.nanoseconds;
  return Math.abs(length) < BEFORE_HOSTS ? length : 0;
}
