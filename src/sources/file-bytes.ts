import { closeSync, constants, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from './input-error.ts';

const readInto = promisify(read);

/** One is being filled, one may hold the end of a line, the others are being parsed or analysed. */
const BUFFERS = 7;
/** Of each of several files two chunks are under way at most. */
export const BUFFERS_EACH = 3;
/** How often something that has nothing to read at the moment is looked at: a terminal, a log of the kernel. */
const LOOK_EVERY_MS = 20;

/**
 * Opens without waiting for anybody, and reads so, too: a thread that is blocked in `open` or `read` would keep the
 * process from ending on Ctrl-C. A terminal that is opened does not become ours.
 */
export const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Yields what an open descriptor holds from its current position on, `limit` bytes at most, and fetches the next chunk
 * while the last one is being looked at. Buffers take turns: some are being parsed or analysed, one may still hold the
 * end of a line that the parser has not taken over yet, one is being filled.
 */
export async function* readAhead(
  descriptor: number,
  chunkBytes: number,
  limit = Number.POSITIVE_INFINITY,
  count = BUFFERS,
): AsyncGenerator<Buffer> {
  // Shared memory, so that another thread can parse a chunk where it lies.
  const buffers = Array.from({ length: count }, () => Buffer.from(new SharedArrayBuffer(chunkBytes)));
  const reading = { isWanted: true, left: limit };
  let turn = 0;
  let filling = fill(descriptor, buffers[0] as Buffer, reading);
  try {
    for (;;) {
      const chunk = await filling;
      if (chunk.length === 0) return;
      turn = (turn + 1) % count;
      filling = fill(descriptor, buffers[turn] as Buffer, reading);
      // The failure of a read that runs ahead is thrown by the `await` above when its turn comes; until then it must
      // not count as unhandled.
      filling.catch(() => undefined);
      yield chunk;
    }
  } finally {
    reading.isWanted = false;
    // The descriptor must not be closed under a running read: another file could get its number.
    await filling.catch(() => undefined);
  }
}

/**
 * Yields a regular file, as far as `check` wants it, without keeping it open between chunks, so that thousands of files
 * can be read side by side. `check` looks at each opened descriptor, and `ended` is told how far the reading came.
 */
export function* readReopening(
  path: string,
  chunkBytes: number,
  check: (descriptor: number) => number,
  ended: (wanted: number, done: number, descriptor: number) => void,
): Generator<Buffer> {
  // Made when they are needed and no larger than what is left: most files of a large set are small.
  const buffers: [Buffer | null, Buffer | null] = [null, null];
  let wanted = Number.NaN;
  for (let position = 0, turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
    const descriptor = openSync(path, OPEN_FLAGS);
    let length: number;
    let buffer: Buffer;
    try {
      const reach = check(descriptor);
      if (Number.isNaN(wanted)) wanted = reach;
      const most = Math.min(chunkBytes, wanted - position);
      buffer = buffers[turn] ?? Buffer.allocUnsafeSlow(most);
      buffers[turn] = buffer;
      length = readSync(descriptor, buffer, 0, most, position);
      if (length === 0) ended(wanted, position, descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (length === 0) return;
    position += length;
    yield buffer.subarray(0, length);
  }
}

async function fill(
  descriptor: number,
  buffer: Buffer,
  reading: { readonly isWanted: boolean; left: number },
): Promise<Buffer> {
  const length = Math.min(buffer.length, reading.left);
  for (;;) {
    try {
      // No read of nothing: some devices wait even then.
      const bytesRead = length === 0 ? 0 : (await readInto(descriptor, buffer, 0, length, null)).bytesRead;
      reading.left -= bytesRead;
      return bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN' || !reading.isWanted) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}
