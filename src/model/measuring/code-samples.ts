import type { CodeFrame } from '../../trace/code-frame.ts';
import type { Lane, Sampled } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';

/** The code that a thread was in, and the line that says so. */
export interface CodeSample {
  readonly from: Nanoseconds;
  readonly time: Nanoseconds;
  readonly by: string;
  /** Innermost first. */
  readonly frames: readonly CodeFrame[];
  readonly line: KeptLine;
}

/** Samples kept of a capture, and of a thread in it. */
const MOST_SAMPLES = 1_000;
const MOST_OF_THREAD = 50;

/** The code that threads were seen in while they were traced. */
export class CodeSamples {
  /** By number: a thread that has ended since has another lane in the lines behind the capture. */
  readonly #byThread = new Map<number, CodeSample[]>();
  #count = 0;

  add({ lane, from, time, by, frames, file, line, text }: Sampled): void {
    const known = this.#byThread.get(lane.tid) ?? [];
    if (this.#count >= MOST_SAMPLES || known.length >= MOST_OF_THREAD || frames.length === 0) return;
    this.#count++;
    known.push({ from, time, by, frames, line: { file, line, text } });
    this.#byThread.set(lane.tid, known);
  }

  /** What a thread was seen in between two moments, the look included; null when nobody looked then. */
  within({ tid }: Pick<Lane, 'tid'>, start: Nanoseconds, end: Nanoseconds): CodeSample | null {
    return this.#byThread.get(tid)?.find(({ from, time }) => from >= start && time <= end) ?? null;
  }
}
