import type { StatsFs } from 'node:fs';

/** A file system must keep this share free, unless it is so large that less is plenty. */
const LEAST_SHARE = 0.1;
/** Free space for so many of the largest files that may be written is plenty. */
const PLENTY_FILES = 2;

/** Bytes of a file system that must stay free while files of at most `mostBytes` are written to it. */
export function leastFree({ blocks, bsize }: Pick<StatsFs, 'blocks' | 'bsize'>, mostBytes: number): number {
  return Math.min(blocks * bsize * LEAST_SHARE, PLENTY_FILES * mostBytes);
}
