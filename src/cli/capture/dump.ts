import { close, fsync, statfs, write } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { Destination } from '../../files/destination.ts';
import { cannotWrite, OutputError } from '../../files/output-error.ts';
import { PrivateFolder } from '../../files/private-folder.ts';
import type { TraceInput } from '../../sources/trace-input.ts';
import { mebibytes } from '../../trace/format-numbers.ts';

const writeInto = promisify(write);
const flush = promisify(fsync);
const closeFile = promisify(close);
const statDisk = promisify(statfs);

const GROWING = 'dump.trace';
/** A dump leaves this share of the disk free, so that the recorder can go on. */
const LEAST_FREE_SHARE = 0.12;
/** Names of one second are told apart by a number. */
const MOST_OF_A_SECOND = 100;

/**
 * Writes what an input gives into a new file that only its owner may read: `NAME-20261126T160501.EXT`. It gets the name
 * when it is whole, and replaces nothing. Gives its path and size. Throws `OutputError`, and leaves nothing then.
 */
export async function writeDump(
  input: TraceInput,
  name: string,
  aboutBytes: number,
): Promise<{ readonly path: string; readonly bytes: number }> {
  const destination = freeName(name);
  try {
    await demandRoom(destination, aboutBytes);
    const folder = PrivateFolder.make(destination.directory, '.drover-');
    try {
      const descriptor = folder.create(GROWING);
      try {
        const bytes = await copy(input, descriptor);
        await flush(descriptor);
        destination.take(folder.at(GROWING), descriptor);
        return { path: destination.path, bytes };
      } finally {
        await closeFile(descriptor);
      }
    } finally {
      folder.remove([GROWING]);
    }
  } catch (error) {
    throw cannotWrite(destination.path, error);
  } finally {
    destination.close();
  }
}

/** Throws `OutputError` unless files of this name can be made. */
export function checkDumpName(name: string): void {
  freeName(name).close();
}

async function copy(input: TraceInput, descriptor: number): Promise<number> {
  let bytes = 0;
  for await (const chunk of input.chunks())
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await writeInto(descriptor, chunk, at, chunk.length - at);
      at += bytesWritten;
      bytes += bytesWritten;
    }
  return bytes;
}

async function demandRoom({ directory, path }: Destination, aboutBytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statDisk(directory.self);
  if (bavail * bsize - aboutBytes >= blocks * bsize * LEAST_FREE_SHARE) return;
  throw new OutputError(
    `Cannot write ${path}: of the disk ${mebibytes(bavail * bsize)} are free, and the dump takes ` +
      `${mebibytes(aboutBytes)}.`,
    { fault: 'place' },
  );
}

function freeName(name: string): Destination {
  const ending = extname(name);
  const stem = join(dirname(name), basename(name, ending));
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
  for (let number = 1; ; number++) {
    const path = `${stem}-${time}${number === 1 ? '' : `-${number}`}${ending}`;
    try {
      return Destination.find(path, { option: '-o', force: false, inputs: [] });
    } catch (error) {
      if (!(error instanceof OutputError) || !error.isTaken || number >= MOST_OF_A_SECOND) throw error;
    }
  }
}
