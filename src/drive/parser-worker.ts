import { parentPort, workerData } from 'node:worker_threads';
import { BatchWriter } from '../../parsers/batch/batch-writer.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { formats } from '../../parsers/registry.ts';
import type { Call } from '../trace/record.ts';
import type { InFlightCall, ParserAnswer, ParserRequest, ParserTask } from './parser-messages.ts';

/** The thread that parses: chunks in, batches of records out. Its only state is one parser. */
const { format, file, tid, origin, head, slots, chunkBytes } = workerData as ParserTask;
const chosen = formats.find(({ id }) => id === format);
const port = parentPort;
if (chosen === undefined || port === null) throw new Error(`no parser for ${format}`);
const lanes = new LaneTable();
const parser = chosen.createParser(bufferOver(head), { file, lanes, origin, ...(tid === undefined ? {} : { tid }) });
const writer = new BatchWriter(slots, chunkBytes);

port.on('message', (request: ParserRequest) => {
  const chunk = request === null ? Buffer.alloc(0) : bufferOver(request);
  writer.begin(chunk);
  if (request === null) parser.end();
  else parser.push(chunk);
  for (let record = parser.next(); record !== null; record = parser.next()) writer.add(record);
  const { account, flags, diagnostics } = parser;
  const answer: ParserAnswer = { batch: writer.take(), account, flags, diagnostics, origin, end: request === null ? ending() : null };
  port.postMessage(answer);
});

function ending(): ParserAnswer['end'] {
  const inFlight = Array.from(parser.inFlight(), decoded);
  const lastLines = [...lanes.live].flatMap(({ index, lastLine }) =>
    lastLine === null ? [] : [{ lane: index, file: lastLine.file, line: lastLine.line, text: lastLine.text }],
  );
  return { inFlight, lastLines };
}

/** The call with its strings decoded: getters do not cross to another thread. */
function decoded(call: Call): InFlightCall {
  const { kind, start, end, duration, result, error, fd, inFlight, injected, partial, line, startLine, previousLine } = call;
  const numbers = { start, end, duration, result, fd, line, startLine, previousLine };
  const { args, returned, text, startText, previousText } = call;
  const strings = { error, file, args, returned, text, startText, previousText };
  return { kind, lane: call.lane.index, syscall: call.syscall.name, inFlight, injected, partial, ...numbers, ...strings };
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
