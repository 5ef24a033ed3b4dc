import { readCodeWord } from '../../src/trace/code-words.ts';
import type { Sampled } from '../../src/trace/record.ts';
import { LONGEST_CAPTURE, type Nanoseconds } from '../../src/trace/time.ts';

/** What a line `event=code` says, with its stamp as printed. */
export interface PrintedSample extends Pick<Sampled, 'by' | 'frames'> {
  readonly stamp: string;
  readonly pid: number;
  readonly tid: number;
  /** How long it took to look. */
  readonly took: Nanoseconds;
}

/** In front of such a line where others than drover read the file. */
export const CODE_IN_STRACE = 'strace: drover: event=code ';

const LINE =
  /^(?:event=code )?ts=(\d{1,20}(?:\.\d{1,9})?) took=(\d{1,20}) pid=(\d{1,10}) tid=(\d{1,10}) by=([\w.+-]{1,30}) frames=(\S{1,60000})$/;
const MOST_TID = 0x7fffffff;

/**
 * Reads what drover notes of the code that a thread was in (`src/sources/live/code/code-lines.ts`), without what stands
 * in front of the first key; null when it cannot be that.
 */
export function readCodeSample(words: string): PrintedSample | null {
  const [, stamp = '', took, pid, tid, by = '', word = ''] = LINE.exec(words.trimEnd()) ?? [];
  const frames = word === '' ? null : readCodeWord(word);
  const sample = { stamp, took: Number(took), pid: Number(pid), tid: Number(tid), by, frames: frames ?? [] };
  const isPossible =
    sample.pid > 0 &&
    sample.pid <= MOST_TID &&
    sample.tid > 0 &&
    sample.tid <= MOST_TID &&
    sample.took <= LONGEST_CAPTURE;
  return frames !== null && isPossible ? sample : null;
}
