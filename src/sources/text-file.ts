import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { OPEN_FLAGS } from './file-bytes.ts';
import { cannotRead } from './input-error.ts';

const HEAD_BYTES = 1_024;
/** A larger file is no report. */
const MOST_BYTES = 256_000_000;

/**
 * The text of a file whose beginning is the one that is looked for; null for any other, for what is no regular file,
 * and for one that cannot be opened: whoever reads it as something else says why. Throws `InputError` when it fails
 * later.
 */
export function readTextFile(path: string, isWanted: (head: string) => boolean): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, OPEN_FLAGS);
  } catch {
    return null;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.size > MOST_BYTES) return null;
    if (!isWanted(read(descriptor, Math.min(status.size, HEAD_BYTES)))) return null;
    return read(descriptor, status.size);
  } catch (error) {
    throw cannotRead(path, error);
  } finally {
    closeSync(descriptor);
  }
}

function read(descriptor: number, size: number): string {
  const bytes = Buffer.alloc(size);
  let used = 0;
  while (used < size) {
    const step = readSync(descriptor, bytes, used, size - used, used);
    if (step === 0) break;
    used += step;
  }
  return bytes.toString('utf8', 0, used);
}
