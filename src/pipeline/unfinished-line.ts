import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StraceArguments } from '../../parsers/arguments/strace-arguments.ts';
import type { Now } from '../analysis/activity.ts';
import { syscall } from '../trace/syscalls.ts';

/** The beginning of the longest lines that matter; what comes before the last line end is not looked at. */
const TAIL_BYTES = 8_192;
/** What strace prints at the entry of a call, before it returns: a pid, a time, and the call. */
const ENTRY = /^(?:\[pid +)?(\d{1,10})\]? +(\d{1,11}\.\d{1,9}) +(\w+)\(([^"]{0,80})/;
/** Calls in which a worker waits for something to do. */
export const WAITS = /^(?:epoll_p?wait2?|p?poll|p?select6?|_newselect|accept4?|wait4|waitid)$/;

/**
 * The call that the last, unfinished line of a growing spool tells; `startMs` is when the trace began, since 1970.
 * strace prints a call when it is entered, and its line ends when the call returns. The parser reads whole lines only,
 * and a worker that is blocked for good never ends its.
 */
export function unfinishedCall(path: string, startMs: number): { readonly tid: number; readonly now: Now } | null {
  const [, tid, time, call, args] = ENTRY.exec(unfinishedLine(path)) ?? [];
  if (tid === undefined || call === undefined || !Number.isFinite(startMs)) return null;
  const target = new StraceArguments({ syscall: syscall(call), args: args ?? '', returned: '' }).label();
  return {
    tid: Number(tid),
    now: {
      state: WAITS.test(call) ? 'waiting' : 'blocked',
      call,
      target,
      sinceMs: Math.max(0, Number(time) * 1000 - startMs),
    },
  };
}

function unfinishedLine(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(TAIL_BYTES, size));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('latin1', bytes.lastIndexOf(10) + 1);
    } finally {
      closeSync(file);
    }
  } catch {
    // Only a nicety is lost; that the spool cannot be read is told by whoever reads it.
    return '';
  }
}
