import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RawLines } from '../../parsers/format.ts';
import type { Now } from '../analysis/activity.ts';
import { isWait, syscall } from '../trace/syscalls.ts';

/** The beginning of the longest lines that matter; what comes before the last line end is not looked at. */
const LAST_BYTES = 8_192;

/**
 * The call that the last, unfinished line of a growing spool tells, if its format prints calls when they are entered;
 * `startMs` is when the capture began, since 1970. The parser reads whole lines only, and a worker that is blocked for
 * good never ends its.
 */
export function unfinishedCall(
  path: string,
  startMs: number,
  { openCall }: RawLines,
): { readonly tid: number; readonly now: Now } | null {
  const open = openCall(lastLine(path).text);
  if (open === null || !Number.isFinite(startMs)) return null;
  const { tid, seconds, call, target } = open;
  const state = isWait(syscall(call).family) ? 'waiting' : 'blocked';
  return { tid, now: { state, call, target, sinceMs: Math.max(0, seconds * 1000 - startMs) } };
}

/** What stands behind the last line end of a growing file, and where it begins in it. */
export function lastLine(path: string): { readonly text: string; readonly offset: number } {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(LAST_BYTES, size));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      const begin = bytes.lastIndexOf(10) + 1;
      return { text: bytes.toString('latin1', begin), offset: size - bytes.length + begin };
    } finally {
      closeSync(file);
    }
  } catch {
    // Only a nicety is lost; that the spool cannot be read is told by whoever reads it.
    return { text: '', offset: 0 };
  }
}
