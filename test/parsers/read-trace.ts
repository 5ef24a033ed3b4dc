import type { DiagnosticCount, LineAccount, TraceFlags, TraceFormat } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { packingOf, Unpacking } from '../../parsers/packed-lines.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import type { Call, TraceRecord } from '../../src/trace/record.ts';
import { createTimeOrigin, type TimeOrigin } from '../../src/trace/time.ts';

/** A call as plain data, so that it can be kept and compared. */
export interface PlainCall {
  readonly kind: 'call';
  readonly lane: number;
  readonly tid: number;
  readonly comm: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly duration: number;
  /** NaN is told as null. */
  readonly result: number | null;
  readonly error: string;
  readonly fd: number;
  readonly inFlight: boolean;
  readonly injected: boolean;
  readonly partial: boolean;
  readonly args: string;
  readonly returned: string;
  readonly line: number;
  readonly startLine: number;
  readonly text: string;
  readonly startText: string;
  readonly previousLine: number;
  readonly previousText: string;
}

/** Any other record, with the numbers of its lane. */
export interface PlainOther {
  readonly kind: Exclude<TraceRecord['kind'], 'call'>;
  readonly lane?: number;
  readonly tid?: number;
  readonly time?: number;
  readonly signal?: string;
  readonly info?: string;
  readonly status?: number | null;
  readonly supersededBy?: number;
  readonly notice?: string;
  readonly symbol?: string;
  readonly offset?: number;
  readonly object?: string;
  readonly line?: number;
  readonly queuedBefore?: number;
  readonly blocked?: number;
  readonly wakeUps?: number;
  readonly state?: string;
  readonly accepted?: number;
  readonly empty?: number;
  readonly peer?: string;
  /** Of an observation: the first thread of its process. */
  readonly leader?: number;
  readonly since?: number;
  /** Of a sample of code: each frame in words. */
  readonly stack?: string;
  readonly queue?: string;
  /** Of a membership: the thread group. */
  readonly pid?: number;
  readonly count?: number;
  readonly call?: string;
  readonly errors?: readonly (readonly [error: string, count: number])[];
}

export interface ReadTrace {
  readonly records: readonly (PlainCall | PlainOther)[];
  readonly calls: readonly PlainCall[];
  readonly others: readonly PlainOther[];
  readonly inFlight: readonly PlainCall[];
  readonly account: LineAccount;
  /** How often each code was counted. */
  readonly codes: Readonly<Record<string, number>>;
  readonly diagnostics: readonly DiagnosticCount[];
  readonly flags: TraceFlags;
  readonly origin: TimeOrigin;
}

export interface ReadOptions {
  /** Sizes of the chunks, in turn. */
  readonly chunks?: readonly number[];
  readonly tid?: number;
  readonly lanes?: LaneTable;
  readonly origin?: TimeOrigin;
  readonly format?: TraceFormat;
  /** The bytes go to the parser as they are. */
  readonly isUnpacked?: boolean;
}

const HEAD = 65_536;

/** A capture without what it is packed in, and what others put before its lines, as the pipeline reads it. */
export function unpackedBytes(bytes: Buffer): Buffer {
  const packing = packingOf(bytes.subarray(0, HEAD));
  if (packing === null) return bytes;
  const unpacking = new Unpacking(packing);
  return Buffer.concat([unpacking.push(bytes), unpacking.end()]);
}

/** Reads a whole capture. Every chunk is overwritten after it was read, so that nothing can refer to it unnoticed. */
export function readTrace(
  trace: string | Buffer,
  {
    chunks = [1 << 30],
    tid,
    lanes = new LaneTable(),
    origin = createTimeOrigin(),
    format = straceFormat,
    isUnpacked = false,
  }: ReadOptions = {},
): ReadTrace {
  const given = typeof trace === 'string' ? Buffer.from(trace) : trace;
  const bytes = isUnpacked ? given : unpackedBytes(given);
  const parser = format.createParser(bytes.subarray(0, HEAD), {
    file: 'made-up',
    lanes,
    origin,
    ...(tid === undefined ? {} : { tid }),
  });
  const records: (PlainCall | PlainOther)[] = [];
  const pull = (): void => {
    for (let record = parser.next(); record !== null; record = parser.next()) records.push(plain(record));
  };
  let turn = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = chunks[turn++ % chunks.length] as number;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    parser.push(chunk);
    pull();
    chunk.fill('#');
    at += size;
  }
  parser.end();
  pull();
  const inFlight: PlainCall[] = [];
  for (const call of parser.inFlight()) inFlight.push(plainCall(call));
  const diagnostics = [...parser.diagnostics.values()];
  return {
    records,
    calls: records.filter((record) => record.kind === 'call'),
    others: records.filter((record) => record.kind !== 'call'),
    inFlight,
    account: parser.account,
    codes: Object.fromEntries(diagnostics.map(({ code, count }) => [code, count])),
    diagnostics,
    flags: parser.flags,
    origin,
  };
}

/** Lines of the account that no shape claims; 0 in a sound one. */
export function unaccounted({ lines, ...shapes }: LineAccount): number {
  return lines - Object.values(shapes).reduce((sum, count) => sum + count, 0);
}

/** A record that stays as it is. */
export function plain(record: TraceRecord): PlainCall | PlainOther {
  if (record.kind === 'call') return plainCall(record);
  if (record.kind === 'membership')
    return {
      kind: record.kind,
      lane: record.lane.index,
      tid: record.lane.tid,
      pid: record.leader.tid,
      time: record.time,
    };
  if (record.kind === 'observed') {
    const { lane, leader, queue, ...told } = record;
    const waiting = queue === null ? {} : { queue: `${queue.least} for ${queue.length} until ${queue.ago} before` };
    return { ...told, ...waiting, lane: lane.index, tid: lane.tid, leader: leader.tid };
  }
  if (record.kind === 'sampled') {
    const { lane, frames, ...told } = record;
    const stack = frames.map(({ name, file, line }) => `${name} ${file} ${line}`).join(', ');
    return { ...told, lane: lane.index, tid: lane.tid, stack };
  }
  if (record.kind === 'count')
    return { kind: record.kind, call: record.syscall.name, count: record.count, errors: record.errors };
  return 'lane' in record ? { ...record, lane: record.lane.index, tid: record.lane.tid } : { ...record };
}

function plainCall(call: Call): PlainCall {
  const { lane, syscall, start, end, duration, result, error, fd, inFlight, injected, partial } = call;
  const { text: args, returnedText: returned } = call.arguments;
  const { line, startLine, text, startText, previousLine, previousText } = call;
  return {
    kind: 'call',
    lane: lane.index,
    tid: lane.tid,
    comm: lane.comm,
    name: syscall.name,
    start,
    end,
    duration,
    result: Number.isNaN(result) ? null : result,
    error,
    fd,
    inFlight,
    injected,
    partial,
    args,
    returned,
    line,
    startLine,
    text,
    startText,
    previousLine,
    previousText,
  };
}
