import { close, constants, fstatSync, open, openSync, type Stats, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { ByteInput } from './byte-input.ts';
import { readAhead, readReopening } from './file-bytes.ts';
import { cannotRead } from './input-error.ts';
import type { TraceInput } from './trace-input.ts';

const openFile = promisify(open);
const closeFile = promisify(close);

export interface FileInputOptions {
  readonly chunkBytes: number;
  /** Opens the file for each chunk instead of holding it open: for sets of very many files. */
  readonly reopen: boolean;
  readonly tid: number | undefined;
}

/** A file on disk: plain or compressed, regular or a named pipe. Throws `InputError` when there is none. */
export function fileInput(path: string, { chunkBytes, reopen, tid }: FileInputOptions): TraceInput {
  const status = statusOf(path);
  const isFile = status.isFile();
  const read = () => {
    if (status.isFIFO()) return readPipe(path);
    return isFile && reopen ? readReopening(path, chunkBytes) : readHeldOpen(path, chunkBytes);
  };
  return new ByteInput({ name: path, tid, sizeBytes: isFile ? status.size : null, rereadable: isFile, read });
}

/** No more memory than a small file needs; one page more than its size, so that the end is seen without another buffer. */
export function chunkSizeFor(descriptor: number, chunkBytes: number): number {
  const status = fstatSync(descriptor);
  return status.isFile() ? Math.min(chunkBytes, status.size + 4_096) : chunkBytes;
}

function statusOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/** Waits for a writer without occupying a thread: a thread that is blocked in `open` or `read` would keep the process from ending on Ctrl-C. */
function readPipe(path: string): Socket {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

async function* readHeldOpen(path: string, chunkBytes: number): AsyncGenerator<Buffer> {
  const descriptor = await openFile(path, 'r');
  try {
    yield* readAhead(descriptor, chunkSizeFor(descriptor, chunkBytes));
  } finally {
    await closeFile(descriptor);
  }
}
