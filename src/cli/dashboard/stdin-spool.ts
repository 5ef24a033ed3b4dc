import { createWriteStream, fstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { temporaryFolder } from '../../files/private-folder.ts';
import { packedAs } from '../../sources/compression.ts';

const NAME = 'stdin';

/**
 * What comes on standard input, kept in a file: the lines behind a finding are looked up again, and a pipe cannot be
 * read twice.
 */
export interface StdinSpool {
  readonly path: string;
  /** Resolves when nothing more comes. */
  readonly ended: Promise<void>;
  /** It can be read only when all of it is there. */
  readonly isPacked: boolean;
  remove(): void;
}

/** The file that standard input was redirected from; null for a pipe, and where nobody tells its name. */
export function redirectedFile(): string | null {
  if (!fstatSync(0).isFile()) return null;
  try {
    return readlinkSync('/proc/self/fd/0');
  } catch {
    // Without /proc it is copied, as a pipe is.
    return null;
  }
}

/** Begins to copy standard input into a file that only its owner may read. Resolves when it is known what it is. */
export async function spoolStdin(): Promise<StdinSpool> {
  const folder = temporaryFolder();
  const first = await new Promise<Buffer>((resolve) => {
    process.stdin.once('data', (chunk: Buffer) => {
      process.stdin.pause();
      process.stdin.unshift(chunk);
      resolve(chunk);
    });
    process.stdin.once('end', () => resolve(Buffer.alloc(0)));
  });
  const file = createWriteStream('', { fd: folder.create(NAME) });
  const ended = pipeline(process.stdin, file);
  // Whoever waits for the end learns of a failure; nobody may be waiting yet.
  ended.catch(() => undefined);
  const path = join(folder.path, NAME);
  return { path, ended, isPacked: packedAs(first) !== 'none', remove: () => folder.remove([NAME]) };
}
