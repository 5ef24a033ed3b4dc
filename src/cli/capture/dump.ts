import { close, fsync, statfsSync, write } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { Destination } from '../../files/destination.ts';
import { leastFree } from '../../files/least-free.ts';
import { cannotWrite, OutputError } from '../../files/output-error.ts';
import { PrivateFolder } from '../../files/private-folder.ts';
import type { TraceInput } from '../../sources/trace-input.ts';
import { mebibytes } from '../../trace/format-numbers.ts';
import { timeInName } from './default-name.ts';

const writeInto = promisify(write);
const flush = promisify(fsync);
const closeFile = promisify(close);

const GROWING = 'dump.trace';
/** A dump leaves more free than a capture must have, so that the recorder can go on. */
const MORE_FREE = 1.2;
/** Names of one second are told apart by a number. */
const MOST_OF_A_SECOND = 100;

interface DumpBytes {
  /** What the dump will take. */
  readonly about: number;
  /** What it may take at most. */
  readonly most: number;
}

/**
 * Writes what an input gives into a new file that only its owner may read: `NAME-20261126T160501.EXT`. It gets the name
 * when it is whole, and replaces nothing. Gives its path and size. Throws `OutputError`, and leaves nothing then.
 */
export async function writeDump(
  input: TraceInput,
  name: string,
  { about, most }: DumpBytes,
): Promise<{ readonly path: string; readonly bytes: number }> {
  const destination = freeName(name);
  try {
    demandRoom(destination, about, most);
    const folder = PrivateFolder.make(destination.directory, '.drover-');
    const clear = (): void => folder.remove([GROWING]);
    // Somebody may not want to wait for it.
    process.once('exit', clear);
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
      process.removeListener('exit', clear);
      clear();
    }
  } catch (error) {
    throw cannotWrite(destination.path, error);
  } finally {
    destination.close();
  }
}

/** Throws `OutputError` unless files of this name can be made, each of at most so many bytes. */
export function checkDumpName(name: string, most: number): void {
  const destination = freeName(name);
  try {
    demandRoom(destination, 0, most);
  } finally {
    destination.close();
  }
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

function demandRoom({ directory, path }: Destination, about: number, most: number): void {
  const disk = statfsSync(directory.self);
  const least = leastFree(disk, most) * MORE_FREE;
  const free = disk.bavail * disk.bsize;
  if (free - about >= least) return;
  throw new OutputError(
    `Cannot write ${path}: the disk has ${mebibytes(free)} free, of which ${mebibytes(least)} must stay free` +
      `${about === 0 ? '' : `; the dump takes ${mebibytes(about)}`}.`,
    { fault: 'place' },
  );
}

function freeName(name: string): Destination {
  const ending = extname(name);
  const stem = join(dirname(name), basename(name, ending));
  const time = timeInName();
  for (let number = 1; ; number++) {
    const path = `${stem}-${time}${number === 1 ? '' : `-${number}`}${ending}`;
    try {
      return Destination.find(path, { option: '-o', force: false, inputs: [] });
    } catch (error) {
      if (!(error instanceof OutputError) || !error.isTaken || number >= MOST_OF_A_SECOND) throw error;
    }
  }
}
