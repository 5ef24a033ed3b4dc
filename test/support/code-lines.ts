import { ORIGIN_SECONDS } from './trace-lines.ts';

interface Seen {
  /** Milliseconds of the capture. */
  readonly at: number;
  /** Milliseconds that the look took. */
  readonly took?: number;
  readonly tid?: number;
  /** As a line prints it. */
  readonly frames?: string;
}

/** A stack whose second frame is that of the application, `app.py:12 application()`. */
export const FRAMES =
  'dumps@/usr/lib/python3.11/json/__init__.py:231,application@/srv/app.py:12,run@/usr/lib/python3/x.py:3';

/** The line behind a capture of strace that says what a thread was seen to run. */
export function seenCode({ at, took = 20, tid = 101, frames = FRAMES }: Seen): string {
  const ts = (ORIGIN_SECONDS + at / 1_000).toFixed(6);
  return `strace: drover: event=code ts=${ts} took=${took * 1e6} pid=${tid} tid=${tid} by=py-spy frames=${frames}\n`;
}
