import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BatchReader } from '../../parsers/columns/batch-reader.ts';
import { BatchWriter } from '../../parsers/columns/batch-writer.ts';
import type { RecordBatch } from '../../parsers/columns/record-batch.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import { Analysis } from '../../src/analysis/analysis.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { bigTrace } from './big-trace.ts';

/**
 * What the analysing thread takes for a record, with nothing beside it: all records of a capture are parsed first, then
 * told to one analysis after another. Prints nanoseconds of the processor; the first rounds are those in which V8
 * compiles. Reads `/proc`, as Node has no such clock of one thread.
 */
const CHUNK = 1 << 20;
const HEAD = 65_536;

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: 'samples/busy-workers/healthy/trace.strace.gz' },
    size: { type: 'string', default: '100000000' },
    rounds: { type: 'string', default: '6' },
  },
});
const file = bigTrace(values.sample, Number(values.size));
const origin = createTimeOrigin();
const batches = batchesOf(readFileSync(file));
const figures = Array.from({ length: Number(values.rounds) }, () => round().toFixed(0));
console.log(`${values.sample}: ${figures.join(', ')} ns a record`);

/** Batches share the memory of their writer, which has two: each is kept as a copy. */
function batchesOf(bytes: Buffer): readonly (readonly [RecordBatch, Buffer])[] {
  const parser = straceFormat.createParser(bytes.subarray(0, HEAD), { file, lanes: new LaneTable(), origin });
  const writer = new BatchWriter(2, CHUNK);
  return Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, turn) => {
    const chunk = Buffer.from(bytes.subarray(turn * CHUNK, (turn + 1) * CHUNK));
    writer.begin(chunk);
    parser.push(chunk);
    for (let record = parser.next(); record !== null; record = parser.next()) writer.add(record);
    const batch = writer.take();
    const [integers, doubles, extra] = [batch.integers.slice(), batch.doubles.slice(), batch.extra.slice()];
    return [{ ...batch, integers, doubles, extra }, chunk] as const;
  });
}

function round(): number {
  const reader = new BatchReader(file);
  const analysis = new Analysis(origin, {}, null);
  const before = processorTime();
  let records = 0;
  for (const [batch, chunk] of batches) {
    reader.load(batch, chunk);
    for (let record = reader.next(); record !== null; record = reader.next()) {
      analysis.accept(record);
      records++;
    }
  }
  return (processorTime() - before) / records;
}

/** Of the thread that runs this, in nanoseconds. */
function processorTime(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ', 1)[0]);
}
