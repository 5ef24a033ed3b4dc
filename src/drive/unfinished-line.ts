import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Activity, Now } from '../analysis/activity.ts';
import type { Report } from '../analysis/report.ts';

/** The beginning of the longest lines that matter; what comes before the last line end is not looked at. */
const TAIL_BYTES = 8_192;
/** What strace prints at the entry of a call, before it returns: a pid, a time, and the call. */
const ENTRY = /^(?:\[pid +)?(\d+)\]? +(\d+\.\d+) +(\w+)\(([^"]{0,80})/;
const WAITS = /^(?:epoll_p?wait2?|p?poll|p?select6?|_newselect|accept4?|wait4|waitid)$/;

/**
 * Adds the call that the last, unfinished line of a growing spool tells: strace prints a call when it is entered, and its line ends when
 * the call returns. The parser reads whole lines only, and a worker that is blocked for good never ends its.
 */
export function withUnfinishedLine(activity: Activity, report: Report, path: string): Activity {
  const [, tid, time, call, args] = ENTRY.exec(unfinishedLine(path)) ?? [];
  const startMs = Date.parse(report.window.startTime ?? '');
  if (tid === undefined || call === undefined || !Number.isFinite(startMs)) return activity;
  const pid = Number(tid);
  const sinceMs = Number(time) * 1000 - startMs;
  const target = /^\d+<([^>]*)>/.exec(args ?? '')?.[1] ?? '';
  const now: Now = { state: WAITS.test(call) ? 'waiting' : 'blocked', call, target, sinceMs };
  const workers = activity.workers.map((worker) => (worker.pid === pid && worker.now.state !== 'ended' ? { ...worker, now } : worker));
  return { ...activity, workers };
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
