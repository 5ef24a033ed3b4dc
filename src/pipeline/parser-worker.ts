import { parentPort } from 'node:worker_threads';
import { BatchWriter } from '../../parsers/columns/batch-writer.ts';
import type { TraceParser } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { StraceParser } from '../../parsers/strace/parser.ts';
import { SimpleMemory } from '../../parsers/strace/simple/simple-memory.ts';
import { threadableFormats } from '../../parsers/threadable.ts';
import type { Call } from '../trace/record.ts';
import type { TimeOrigin } from '../trace/time.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { InFlightCall, ParserAnswer, ParserCall, ParserRequest, ParserTask } from './parser-messages.ts';
import { simpleLinesModule } from './simple-lines-module.ts';

/** One memory for all parsers: each reserves more addresses than a process has for hundreds. */
let space: SimpleMemory | null = null;
let module: WebAssembly.Module | null | undefined;

/** One parser, and the batches of its records. */
class OneParser {
  readonly #origin: TimeOrigin;
  readonly #lanes: LaneTable;
  readonly #parser: TraceParser;
  readonly #writer: BatchWriter;
  readonly #memory = new MemoryWatch();

  constructor({ format, file, tid, laneNumbers, origin, head, slots, chunkBytes }: ParserTask) {
    const chosen = threadableFormats.find(({ id }) => id === format);
    if (chosen === undefined) throw new Error(`no parser for ${format}`);
    this.#origin = origin;
    this.#lanes = new LaneTable(laneNumbers);
    this.#parser = chosen.createParser(bufferOver(head), {
      file,
      lanes: this.#lanes,
      origin,
      ...(tid === undefined ? {} : { tid }),
    });
    this.#writer = this.#writerFor(slots, chunkBytes);
  }

  /** With the assembly, where it helps and this Node runs it. */
  #writerFor(slots: number, chunkBytes: number): BatchWriter {
    const parser = this.#parser;
    if (parser instanceof StraceParser) module ??= simpleLinesModule();
    if (module != null && parser instanceof StraceParser) {
      try {
        space ??= new SimpleMemory();
        const writer = new BatchWriter(slots, chunkBytes, space);
        parser.writeTo(writer, { module, space });
        return writer;
      } catch {
        // No memory for it.
      }
    }
    return new BatchWriter(slots, chunkBytes);
  }

  readonly answer = (request: ParserRequest): ParserAnswer => {
    const parser = this.#parser;
    const writer = this.#writer;
    const chunk = request === null ? Buffer.alloc(0) : bufferOver(request);
    writer.begin(chunk);
    if (request === null) parser.end();
    else parser.push(chunk);
    for (let record = parser.next(); record !== null; record = parser.next()) writer.add(record);
    // A thread that was in one call all the time has no record, and is told of at the end.
    if (request === null) for (const lane of this.#lanes.live) writer.mention(lane);
    this.#memory.save();
    const { account, flags, diagnostics } = parser;
    return {
      batch: writer.take(),
      account,
      flags,
      diagnostics,
      origin: this.#origin,
      end: request === null ? this.#ending() : null,
    };
  };

  #ending(): ParserAnswer['end'] {
    const inFlight = Array.from(this.#parser.inFlight(), decoded);
    const lastLines = [...this.#lanes.live].flatMap(({ index, lastLine }) =>
      lastLine === null ? [] : [{ lane: index, file: lastLine.file, line: lastLine.line, text: lastLine.text }],
    );
    return { inFlight, lastLines };
  }
}

/** The call with its strings decoded: getters do not cross to another thread. */
function decoded(call: Call): InFlightCall {
  const { kind, start, end, duration, result, error, fd, inFlight, injected, partial, line, startLine, previousLine } =
    call;
  const numbers = { start, end, duration, result, fd, line, startLine, previousLine };
  const { file, text, startText, previousText } = call;
  const { text: args, returnedText: returned } = call.arguments;
  const strings = { error, file, args, returned, text, startText, previousText };
  return {
    kind,
    lane: call.lane.index,
    syscall: call.syscall.name,
    inFlight,
    injected,
    partial,
    ...numbers,
    ...strings,
  };
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The thread that parses: chunks in, batches of records out, for each parser on a port of its own. */
const main = parentPort;
if (main === null) throw new Error('this module runs in a thread of its own');
main.on('message', ({ task, port }: ParserCall) => {
  const { answer } = new OneParser(task);
  port.on('message', (request: ParserRequest) => port.postMessage(answer(request)));
});
