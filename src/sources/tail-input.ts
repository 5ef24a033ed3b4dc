import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cannotRead } from './input-error.ts';
import type { SourceDiagnostic, TraceInput } from './trace-input.ts';

const readInto = promisify(read);

/** What came since the last look is read in pieces of at most this size. */
const CHUNK_BYTES = 1_048_576;
/** One may hold the end of the last line, one is being analysed, one is being filled. */
const BUFFERS = 4;
/** A live capture must not wait for hundreds of lines before its first one is looked at. */
const HEAD_BYTES = 2_048;
/** Of a quiet server those took ten seconds and more, and all that time nothing was known of it. */
const HEAD_WITHIN_MS = 300;
const LOOK_EVERY_MS = 50;
/** After each look at which nothing came the next one is later: a thread that wakes up costs more than the look. */
const LATER_BY_MS = 25;
const LOOK_RARELY_MS = 250;
/** bpftrace brings what there is by a blank line, four times a second. */
const MOST_IN_VAIN = 3;
/** So little is there at once: another thread would take longer to be told to read it. */
const FEW_BYTES = 65_536;
const LINE_END = Buffer.from('\n');

interface TailOptions {
  /** As evidence shows it: the path unless given. */
  readonly name?: string;
  /** What is opened. */
  readonly path: string;
  /** Settles when nobody writes to the file any more. */
  readonly ended: Promise<unknown>;
  /** Looked at while reading, so that what a watcher notes late is reported as well. */
  readonly diagnostics: readonly SourceDiagnostic[];
  /** Bytes at the beginning of the file that were given back, up to the beginning of a line; they read as zeros. */
  readonly freed?: () => number;
}

/** A file that grows while it is read: the spool of a tracer. */
export function tailInput({ path, name = path, ended, diagnostics, freed = () => 0 }: TailOptions): TraceInput {
  let bytesRead = 0;
  return {
    name,
    sizeBytes: null,
    get bytesRead() {
      return bytesRead;
    },
    rereadable: false,
    headBytes: HEAD_BYTES,
    headWithinMs: HEAD_WITHIN_MS,
    diagnostics,
    async *chunks() {
      for await (const chunk of grow(name, path, ended, freed)) {
        bytesRead += chunk.length;
        yield chunk;
      }
    },
  };
}

async function* grow(name: string, path: string, ended: Promise<unknown>, freed: () => number): AsyncGenerator<Buffer> {
  let isOver = false;
  const over = ended.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  const descriptor = open(name, path);
  try {
    const buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(CHUNK_BYTES));
    let position = 0;
    let inVain = 0;
    for (let turn = 0; ; ) {
      const buffer = buffers[turn] as Buffer;
      // Asked before the read: what is written between the two is found by one read more.
      const wasOver = isOver;
      const isLate = position < freed();
      if (isLate) position = freed();
      const waiting = fstatSync(descriptor).size - position;
      const bytesRead = waiting <= 0 ? 0 : await readAt(descriptor, buffer, position, waiting);
      // Freed while it was read.
      if (position < freed()) continue;
      // The line that was being read has lost its end.
      if (isLate && bytesRead > 0) yield LINE_END;
      position += bytesRead;
      inVain = bytesRead > MOST_IN_VAIN ? 0 : inVain + 1;
      if (bytesRead > 0) {
        turn = (turn + 1) % BUFFERS;
        yield buffer.subarray(0, bytesRead);
      } else if (wasOver) return;
      // A look for every line would cost more than the analysis; a pause also gathers a chunk worth reading.
      if (bytesRead < CHUNK_BYTES && !isOver)
        await Promise.race([over, pause(Math.min(LOOK_RARELY_MS, LOOK_EVERY_MS + inVain * LATER_BY_MS))]);
    }
  } finally {
    closeSync(descriptor);
  }
}

async function readAt(descriptor: number, buffer: Buffer, position: number, waiting: number): Promise<number> {
  if (waiting <= FEW_BYTES) return readSync(descriptor, buffer, 0, CHUNK_BYTES, position);
  return (await readInto(descriptor, buffer, 0, CHUNK_BYTES, position)).bytesRead;
}

function open(name: string, path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw cannotRead(name, error);
  }
}
