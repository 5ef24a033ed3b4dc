import { closeSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { GrowthClass, GrowthFile } from './growth-class.ts';

/** Written at once; also a member of its own of a packed file, which gzip allows. */
const PIECE_CHARACTERS = 1_048_576;
const THREAD_FILE = /\.\d+$/;

/** A capture on the disk, as one names it on the command line. */
export interface StoredCapture {
  readonly operands: readonly string[];
  readonly bytes: number;
}

/** Writes the capture of a class with so many of what grows into a new folder. */
export function writeCapture(growthClass: GrowthClass, count: number, folder: string): StoredCapture {
  mkdirSync(folder);
  const paths: string[] = [];
  let bytes = 0;
  for (const file of growthClass.files(count)) {
    const path = join(folder, file.name);
    writeFile(path, file);
    bytes += statSync(path).size;
    paths.push(path);
  }
  return { operands: paths.length > 1 && paths.every((path) => THREAD_FILE.test(path)) ? [folder] : paths, bytes };
}

function writeFile(path: string, { text, packed = false }: GrowthFile): void {
  const descriptor = openSync(path, 'wx', 0o600);
  const write = (piece: string): void => {
    const bytes = Buffer.from(piece, 'latin1');
    writeSync(descriptor, packed ? gzipSync(bytes, { level: 1 }) : bytes);
  };
  try {
    let piece: string[] = [];
    let characters = 0;
    for (const some of text) {
      piece.push(some);
      characters += some.length;
      if (characters < PIECE_CHARACTERS) continue;
      write(piece.join(''));
      piece = [];
      characters = 0;
    }
    write(piece.join(''));
  } finally {
    closeSync(descriptor);
  }
}
