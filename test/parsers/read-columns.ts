import { BatchReader } from '../../parsers/columns/batch-reader.ts';
import { BatchWriter } from '../../parsers/columns/batch-writer.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { sniffColumns } from '../../parsers/strace/line-columns.ts';
import { StraceParser } from '../../parsers/strace/parser.ts';
import { SimpleMemory } from '../../parsers/strace/simple/simple-memory.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { type PlainCall, type PlainOther, plain } from './read-trace.ts';

const HEAD = 65_536;
/** Batches that take turns, as few as may be: what stays behind in columns must not be read. */
const SLOTS = 2;

/** What another thread is told of a capture of strace, as plain data that can be compared. */
export interface ReadColumns {
  readonly records: readonly (PlainCall | PlainOther)[];
  /** Of each call: what its arguments were asked in advance. */
  readonly notes: readonly string[];
  readonly inFlight: readonly (PlainCall | PlainOther)[];
  readonly lanes: readonly object[];
  readonly facts: object;
  /** Lines that the assembly left to JavaScript; all of them without it. */
  readonly hardLines: number;
}

/**
 * Reads a capture in chunks of these sizes, in turn, through columns; with the assembly when its module is given.
 * Every chunk is overwritten behind the next one.
 */
export function readColumns(
  bytes: Buffer,
  chunks: readonly number[],
  module: WebAssembly.Module | null,
  tid?: number,
): ReadColumns {
  const lanes = new LaneTable();
  const origin = createTimeOrigin();
  const own = tid === undefined ? {} : { tid };
  const parser = new StraceParser(sniffColumns(bytes.subarray(0, HEAD)), { file: 'made-up', lanes, origin, ...own });
  // As few rows at first as may be, so that columns grow.
  const space = module === null ? undefined : new SimpleMemory();
  const writer = new BatchWriter(SLOTS, 1, space);
  if (module !== null && space !== undefined) parser.writeTo(writer, { module, space });
  const reader = new BatchReader('made-up');
  const records: (PlainCall | PlainOther)[] = [];
  const notes: string[] = [];
  const accounts: object[] = [];
  let byParser = 0;
  const read = (chunk: Buffer): void => {
    for (let record = parser.next(); record !== null; record = parser.next()) {
      writer.add(record);
      byParser++;
    }
    reader.load(writer.take(), chunk);
    for (let record = reader.next(); record !== null; record = reader.next()) {
      records.push(plain(record));
      if (record.kind !== 'call') continue;
      const { readyData, inetAddress, head } = record.arguments;
      const flags = (['SOCK_NONBLOCK', 'HUP', 'F_DUPFD', 'SETLK'] as const).filter((flag) =>
        record.arguments.has(flag),
      );
      notes.push(`${readyData} ${inetAddress} ${head} ${record.arguments.setsNonblocking()} ${flags}`);
    }
    accounts.push({ ...parser.account });
  };
  let turn = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = chunks[turn++ % chunks.length] as number;
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    writer.begin(chunk);
    parser.push(chunk);
    read(chunk);
    chunk.fill('#');
    at += size;
  }
  const nothing = Buffer.alloc(0);
  writer.begin(nothing);
  parser.end();
  read(nothing);
  const inFlight = Array.from(parser.inFlight(), plain);
  const { flags, diagnostics } = parser;
  return {
    records,
    notes,
    inFlight,
    lanes: Array.from(lanes.live, ({ index, tid: number, comm, lastLine }) => ({
      index,
      number,
      comm,
      line: lastLine?.line,
      text: lastLine?.text,
    })),
    facts: { flags, accounts, diagnostics: [...diagnostics.values()], origin },
    hardLines: byParser,
  };
}
