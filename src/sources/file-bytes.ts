import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

const readInto = promisify(read);

/** One is being filled, one may hold the end of a line, the others are being parsed or analysed. */
const BUFFERS = 7;

/**
 * Yields what an open descriptor holds from its current position on, and fetches the next chunk while the last one is being looked at.
 * Buffers take turns: some are being parsed or analysed, one may still hold the end of a line that the parser has not taken over yet, one is being filled.
 */
export async function* readAhead(descriptor: number, chunkBytes: number): AsyncGenerator<Buffer> {
  // Shared memory, so that another thread can parse a chunk where it lies.
  const buffers = Array.from({ length: BUFFERS }, () => Buffer.from(new SharedArrayBuffer(chunkBytes)));
  let turn = 0;
  let filling = fill(descriptor, buffers[0] as Buffer);
  try {
    for (;;) {
      const chunk = await filling;
      if (chunk.length === 0) return;
      turn = (turn + 1) % BUFFERS;
      filling = fill(descriptor, buffers[turn] as Buffer);
      // The failure of a read that runs ahead is thrown by the `await` above when its turn comes; until then it must not count as unhandled.
      filling.catch(() => undefined);
      yield chunk;
    }
  } finally {
    // The descriptor must not be closed under a running read: another file could get its number.
    await filling.catch(() => undefined);
  }
}

/** Yields a regular file without keeping it open between chunks, so that thousands of files can be read side by side. */
export function* readReopening(path: string, chunkBytes: number): Generator<Buffer> {
  const buffers: [Buffer, Buffer] = [Buffer.allocUnsafeSlow(chunkBytes), Buffer.allocUnsafeSlow(chunkBytes)];
  for (let position = 0, turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
    const buffer = buffers[turn];
    const descriptor = openSync(path, 'r');
    let length: number;
    try {
      length = readSync(descriptor, buffer, 0, chunkBytes, position);
    } finally {
      closeSync(descriptor);
    }
    if (length === 0) return;
    position += length;
    yield buffer.subarray(0, length);
  }
}

async function fill(descriptor: number, buffer: Buffer): Promise<Buffer> {
  const { bytesRead } = await readInto(descriptor, buffer, 0, buffer.length, null);
  return bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
}
