import protobuf from 'protobufjs';
import type { AnalysisOptions } from '../../src/analysis/options.ts';
import type { Report } from '../../src/analysis/report.ts';
import { ChromeTraceEncoder } from '../../src/output/timeline/chrome-trace.ts';
import { PerfettoEncoder } from '../../src/output/timeline/perfetto.ts';
import { TimelineWriter } from '../../src/output/timeline/timeline-writer.ts';
import { analyzeCaptures } from '../../src/pipeline/analyze-captures.ts';
import { openCaptures } from '../../src/sources/open-captures.ts';

/** What is used of Perfetto's protos (protos/perfetto/trace), numbers and types as they stand there. */
const PROTOS = `
syntax = "proto2";
message Trace { repeated TracePacket packet = 1; }
message TracePacket {
  optional uint64 timestamp = 8;
  optional uint32 trusted_packet_sequence_id = 10;
  optional TrackEvent track_event = 11;
  optional uint32 sequence_flags = 13;
  optional TrackDescriptor track_descriptor = 60;
}
message TrackDescriptor {
  optional uint64 uuid = 1;
  optional string name = 2;
  optional ProcessDescriptor process = 3;
  optional ThreadDescriptor thread = 4;
  optional uint64 parent_uuid = 5;
}
message ProcessDescriptor { optional int32 pid = 1; optional string process_name = 6; }
message ThreadDescriptor { optional int32 pid = 1; optional int32 tid = 2; optional string thread_name = 5; }
message TrackEvent {
  enum Type { TYPE_UNSPECIFIED = 0; TYPE_SLICE_BEGIN = 1; TYPE_SLICE_END = 2; TYPE_INSTANT = 3; TYPE_COUNTER = 4; }
  repeated DebugAnnotation debug_annotations = 4;
  optional Type type = 9;
  optional uint64 track_uuid = 11;
  repeated string categories = 22;
  optional string name = 23;
  repeated fixed64 flow_ids = 47;
}
message DebugAnnotation {
  optional bool bool_value = 2;
  optional uint64 uint_value = 3;
  optional string string_value = 6;
  optional string name = 10;
}`;

const TRACE = protobuf.parse(PROTOS, { keepCase: true }).root.lookupType('Trace');

/** A slice or a mark as a viewer shows it. */
export interface Shown {
  /** The names of its process and its track: `gunicorn 4870 (event-loop)`, `requests 1`. */
  readonly process: string;
  readonly track: string;
  readonly pid: number;
  readonly category: string;
  readonly name: string;
  readonly start: number;
  /** null for a mark. */
  readonly length: number | null;
  /** How many slices it is within. */
  readonly depth: number;
  readonly flows: readonly number[];
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

interface Packet {
  readonly timestamp: number;
  readonly trusted_packet_sequence_id: number;
  readonly sequence_flags?: number;
  readonly track_descriptor?: {
    readonly uuid: number;
    readonly name?: string;
    readonly parent_uuid?: number;
    readonly process?: { readonly pid: number; readonly process_name?: string };
    readonly thread?: { readonly pid: number; readonly tid: number; readonly thread_name: string };
  };
  readonly track_event?: {
    readonly type: number;
    readonly track_uuid: number;
    readonly name?: string;
    readonly categories?: readonly string[];
    readonly flow_ids?: readonly number[];
    readonly debug_annotations?: readonly Readonly<Record<string, string | number | boolean>>[];
  };
}

/**
 * What Perfetto shows of a file: it reads all descriptors, then sorts the events by their time, those of one moment in
 * the order of the file. Throws where an end has no begin, a begin no end, or an event no track.
 */
export function shownByPerfetto(bytes: Uint8Array): Shown[] {
  const { packet } = TRACE.toObject(TRACE.decode(bytes), { longs: Number }) as { readonly packet: readonly Packet[] };
  if (((packet[0]?.sequence_flags ?? 0) & 1) === 0) throw new Error('names of threads are not taken');
  const tracks = new Map<number, { name: string; parent: number; pid: number }>();
  for (const { track_descriptor: told } of packet) {
    if (told === undefined) continue;
    const known = tracks.get(told.uuid);
    const name = told.process?.process_name ?? told.thread?.thread_name ?? told.name ?? '';
    const pid = told.process?.pid ?? told.thread?.pid ?? 0;
    const parent = told.parent_uuid ?? 0;
    if (known !== undefined && (known.parent !== parent || known.pid !== pid)) throw new Error('a track changed');
    // Of a process the first name is kept.
    if (known !== undefined && known.name !== '' && told.process !== undefined) continue;
    tracks.set(told.uuid, { name, parent, pid });
  }
  const events = packet.filter(({ track_event }) => track_event !== undefined);
  const open = new Map<number, Packet[]>();
  const shown: Shown[] = [];
  for (const event of events.toSorted((a, b) => a.timestamp - b.timestamp)) {
    const { track_event: told, timestamp } = event;
    if (told === undefined) continue;
    const track = tracks.get(told.track_uuid);
    if (track === undefined) throw new Error(`no track ${told.track_uuid}`);
    const stack = open.get(told.track_uuid) ?? [];
    open.set(told.track_uuid, stack);
    if (told.type === 1) {
      stack.push(event);
      continue;
    }
    const begun = told.type === 2 ? stack.pop() : event;
    if (begun?.track_event === undefined) throw new Error('an end without a begin');
    const { name = '', categories, flow_ids = [], debug_annotations = [] } = begun.track_event;
    shown.push({
      process: tracks.get(track.parent)?.name ?? '',
      track: track.name,
      pid: track.pid || (tracks.get(track.parent)?.pid ?? 0),
      category: categories?.[0] ?? '',
      name,
      start: begun.timestamp,
      length: told.type === 2 ? timestamp - begun.timestamp : null,
      depth: stack.length,
      flows: flow_ids,
      details: Object.fromEntries(
        debug_annotations.map((each) => [
          String(each['name']),
          each['string_value'] ?? each['uint_value'] ?? each['bool_value'] ?? '',
        ]),
      ),
    });
  }
  const unended = [...open.values()].flat();
  if (unended.length > 0) throw new Error(`${unended.length} slices have no end`);
  return shown.toSorted((a, b) => a.start - b.start || a.depth - b.depth);
}

interface ChromeEvent {
  readonly ph: 'X' | 'M' | 'i';
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly cat: string;
  readonly name: string;
  readonly args?: Readonly<Record<string, string>>;
}

/** What a viewer shows of the JSON. Throws where two slices of a thread overlap without one being in the other. */
export function shownByChrome(text: string): Shown[] {
  const { traceEvents } = JSON.parse(text) as { readonly traceEvents: readonly ChromeEvent[] };
  const names = new Map<string, string>();
  for (const { ph, name, pid, tid, args } of traceEvents)
    if (ph === 'M') names.set(`${name} ${pid}${name === 'thread_name' ? ` ${tid}` : ''}`, args?.['name'] ?? '');
  const open = new Map<string, number[]>();
  const events = traceEvents.filter(({ ph }) => ph !== 'M');
  // Thousandths of a microsecond are exact as whole numbers only.
  const nanoseconds = (time: number): number => Math.round(time * 1_000);
  return events
    .toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
    .map(({ ph, ts, dur, pid, tid, cat, name, args }) => {
      const key = `${pid} ${tid}`;
      const start = nanoseconds(ts);
      const length = ph === 'X' ? nanoseconds(dur) : null;
      const ends = open.get(key) ?? [];
      while (ends.length > 0 && (ends.at(-1) ?? 0) <= start) ends.pop();
      if (length !== null && ends.length > 0 && start + length > (ends.at(-1) ?? 0))
        throw new Error(`${name} overlaps`);
      const depth = ends.length;
      if (length !== null) ends.push(start + length);
      open.set(key, ends);
      const process = names.get(`process_name ${pid}`) ?? '';
      const track = names.get(`thread_name ${key}`) ?? '';
      return { process, track, pid, category: cat, name, start, length, depth, flows: [], details: args ?? {} };
    });
}

export interface TimelineRun {
  readonly report: Report;
  readonly perfetto: Uint8Array;
  readonly chrome: string;
  readonly leftOut: string;
}

/** Both timelines of these captures, as `drover analyze` writes them. */
export async function timelinesOf(
  files: readonly string[],
  {
    mostEvents,
    withPayload = false,
    ...options
  }: AnalysisOptions & { mostEvents?: number; withPayload?: boolean } = {},
): Promise<TimelineRun> {
  const perfetto: Buffer[] = [];
  const chrome: Buffer[] = [];
  const encoders = [
    new PerfettoEncoder((bytes) => perfetto.push(Buffer.from(bytes))),
    new ChromeTraceEncoder((bytes) => chrome.push(Buffer.from(bytes))),
  ];
  const room = mostEvents === undefined ? {} : { mostEvents };
  const events = new TimelineWriter(encoders, { withPayload, pids: options.pids ?? null, ...room });
  const report = await analyzeCaptures(openCaptures(files), { ...options, events });
  const leftOut = events.finish();
  return { report, perfetto: Buffer.concat(perfetto), chrome: Buffer.concat(chrome).toString(), leftOut };
}
