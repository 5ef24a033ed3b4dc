import { accessSync, close, constants, fstatSync, open, type Stats, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { count } from '../trace/format-numbers.ts';
import { ByteInput, bytes } from './byte-input.ts';
import { BUFFERS_EACH, OPEN_FLAGS, readAhead, readReopening } from './file-bytes.ts';
import { cannotRead, InputError, kindOf } from './input-error.ts';
import type { SourceDiagnostic, TraceInput } from './trace-input.ts';

const openFile = promisify(open);
const closeFile = promisify(close);

interface FileInputOptions {
  readonly chunkBytes: number;
  /** Opens the file for each chunk instead of holding it open: for sets of very many files. */
  readonly reopen: boolean;
  /** Others are read beside it. */
  readonly isOneOfSeveral: boolean;
  readonly tid: number | undefined;
}

type Tell = (diagnostic: SourceDiagnostic) => void;

/**
 * A file on disk: plain or compressed; a regular one, a named pipe or a device. A regular one is read as far as it
 * reached when it was opened. Throws `InputError` when it cannot be read, as far as that can be told without opening
 * it.
 */
export function fileInput(path: string, options: FileInputOptions): TraceInput {
  const { chunkBytes, reopen, tid } = options;
  const { isFile, isPipe, size } = statusOf(path);
  const read = (tell: Tell) => {
    const ended = (wanted: number, done: number, descriptor: number): void => {
      if (Number.isFinite(wanted)) tellEnd(wanted, done, fstatSync(descriptor).size, tell);
    };
    if (!isFile) return readUnsized(path, isPipe, chunkBytes);
    const check = (descriptor: number): number => reachOf(path, size, descriptor);
    return reopen ? readReopening(path, chunkBytes, check, ended) : readHeldOpen(path, options, check, ended);
  };
  return new ByteInput({ name: path, tid, sizeBytes: isFile ? size : null, rereadable: isFile, read });
}

/**
 * No more memory than a small file needs; one page more than its size, so that the end is seen without another buffer.
 */
export function chunkSizeFor(descriptor: number, chunkBytes: number): number {
  const status = fstatSync(descriptor);
  return status.isFile() ? Math.min(chunkBytes, status.size + 4_096) : chunkBytes;
}

/** What is needed of a file's status: all of it is a kilobyte, and a set may have forty thousand files. */
interface Status {
  readonly isFile: boolean;
  readonly isPipe: boolean;
  readonly size: number;
}

function statusOf(path: string): Status {
  try {
    const status = statSync(path);
    if (status.isSocket() || status.isDirectory()) throw notAFile(path, status);
    accessSync(path, constants.R_OK);
    return { isFile: status.isFile(), isPipe: status.isFIFO(), size: status.size };
  } catch (error) {
    throw error instanceof InputError ? error : cannotRead(path, error);
  }
}

function notAFile(path: string, status: Stats): InputError {
  const reason = `it is ${kindOf(status)}`;
  return new InputError(`Cannot read ${path}: ${reason}.`, { reason });
}

/**
 * How far the opened file is to be read. Throws `InputError` when something else has got its name since it was looked
 * at.
 */
function reachOf(path: string, size: number, descriptor: number): number {
  const opened = fstatSync(descriptor);
  if (!opened.isFile()) throw notAFile(path, opened);
  // Files of the kernel have no size: they are read to their end.
  return Math.max(opened.size, size) || Number.POSITIVE_INFINITY;
}

/** Bytes that were there and are gone make a report partial; those that came later are for the next report. */
export function tellEnd(wanted: number, done: number, size: number, tell: Tell): void {
  if (done < wanted)
    tell({
      code: 'shrunk-file',
      text: `the file became shorter while it was read: ${count(done)} of ${bytes(wanted)} were still there`,
    });
  else if (size > wanted)
    tell({
      code: 'grown-file',
      text:
        `the file grew while it was read: the ${bytes(wanted)} it had at the start were read, ` +
        `${bytes(size - wanted)} came later`,
    });
}

async function* readHeldOpen(
  path: string,
  { chunkBytes, isOneOfSeveral }: FileInputOptions,
  check: (descriptor: number) => number,
  ended: (wanted: number, done: number, descriptor: number) => void,
): AsyncGenerator<Buffer> {
  const descriptor = await openFile(path, OPEN_FLAGS);
  try {
    const wanted = check(descriptor);
    let done = 0;
    const buffers = isOneOfSeveral ? BUFFERS_EACH : undefined;
    for await (const chunk of readAhead(descriptor, chunkSizeFor(descriptor, chunkBytes), wanted, buffers)) {
      done += chunk.length;
      yield chunk;
    }
    ended(wanted, done, descriptor);
  } finally {
    await closeFile(descriptor);
  }
}

/** A named pipe or a device: read until whoever writes to it ends. */
async function* readUnsized(path: string, isPipe: boolean, chunkBytes: number): AsyncGenerator<Buffer> {
  const descriptor = await openFile(path, OPEN_FLAGS);
  // The socket waits for a writer, and closes the pipe.
  if (isPipe) return yield* new Socket({ fd: descriptor, readable: true, writable: false });
  try {
    yield* readAhead(descriptor, chunkBytes);
  } finally {
    await closeFile(descriptor);
  }
}
