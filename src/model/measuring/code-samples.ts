import { type CodeFrame, codeFrame, MOST_FRAMES } from '../../trace/code-frame.ts';
import type { Call, Frame, Lane, Sampled } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import type { Thread } from '../machine/thread.ts';
import type { Tracker } from '../tracker.ts';

/** The code that a thread was in, and the line that says so. */
export interface CodeSample {
  readonly from: Nanoseconds;
  readonly time: Nanoseconds;
  /** The program that looked; '' of the stack that `strace -k` printed behind a call. */
  readonly by: string;
  /** The call that such a stack is of; '' of a look. */
  readonly call: string;
  /** Innermost first. */
  readonly frames: readonly CodeFrame[];
  readonly line: KeptLine;
}

/** Samples kept of a capture, and of a thread in it. */
const MOST_SAMPLES = 1_000;
const MOST_OF_THREAD = 50;
/** The stack of a shorter call explains no stall. */
const LEAST_CALL = 10 * MILLISECOND;
/** Bytes behind the beginning of a function in which most of it lies. */
const FAR = 0x400;

/** The stack of a call, while its frames are read. */
interface Stack {
  readonly call: Omit<CodeSample, 'frames'>;
  readonly frames: CodeFrame[];
}

/** The code that threads were seen in while they were traced, and that long calls came from. */
export class CodeSamples implements Tracker {
  /** By number: a thread that has ended since has another lane in the lines behind the capture. */
  readonly #byThread = new Map<number, CodeSample[]>();
  readonly #stacks = new WeakMap<Thread, Stack>();
  #count = 0;
  /** Of a capture at work. */
  #lately: readonly Sampled[] = [];

  add(record: Sampled): void {
    if (record.frames.length > 0) this.#keep(record.lane, lookOf(record));
  }

  /** All looks of a capture at work so far, which stand behind it when it ends. */
  setLately(looks: readonly Sampled[]): void {
    this.#lately = looks;
  }

  /** A long call: its frames follow, where there are any. */
  blocked(call: Call, thread: Thread): void {
    if (call.duration < LEAST_CALL) return;
    const { start: from, end: time } = call;
    this.#stacks.set(thread, {
      call: { from, time, by: '', call: call.syscall.name, line: keptLine(call) },
      frames: [],
    });
  }

  /** The next frame of the last call of a thread. */
  frame({ symbol, object, offset }: Frame, thread: Thread): void {
    const stack = this.#stacks.get(thread);
    if (stack === undefined || stack.call.time !== thread.lastTime || stack.frames.length >= MOST_FRAMES) return;
    // Further away it is the nearest name that a library exports, and not that of the function.
    stack.frames.push(codeFrame(offset < FAR ? symbol : '', object, 0));
    if (stack.frames.length === 1) this.#keep(thread.lane, { ...stack.call, frames: stack.frames });
  }

  /**
   * What a thread was seen in between two moments, the look included; else the longest call of that name that has a
   * stack. Null where there is neither.
   */
  within({ tid }: Pick<Lane, 'tid'>, start: Nanoseconds, end: Nanoseconds, call = ''): CodeSample | null {
    const lately = this.#lately.filter(({ lane, frames }) => lane.tid === tid && frames.length > 0).map(lookOf);
    const own = [...(this.#byThread.get(tid) ?? []), ...lately].filter(
      ({ from, time }) => from >= start && time <= end,
    );
    const looked = own.find(({ by }) => by !== '');
    if (looked !== undefined || call === '') return looked ?? null;
    return own.filter((each) => each.call === call).toSorted((a, b) => lengthOf(b) - lengthOf(a))[0] ?? null;
  }

  /** Where there is no room a longer call takes the place of the shortest of its thread. */
  #keep({ tid }: Pick<Lane, 'tid'>, sample: CodeSample): void {
    const known = this.#byThread.get(tid) ?? [];
    if (this.#count < MOST_SAMPLES && known.length < MOST_OF_THREAD) {
      this.#count++;
      known.push(sample);
      this.#byThread.set(tid, known);
      return;
    }
    const least = known.reduce<CodeSample | null>(
      (shortest, each) =>
        each.by === '' && (shortest === null || lengthOf(each) < lengthOf(shortest)) ? each : shortest,
      null,
    );
    if (sample.by === '' && least !== null && lengthOf(least) < lengthOf(sample)) known[known.indexOf(least)] = sample;
  }
}

function lookOf({ from, time, by, frames, file, line, text }: Sampled): CodeSample {
  return { from, time, by, call: '', frames, line: { file, line, text } };
}

function lengthOf({ from, time }: CodeSample): Nanoseconds {
  return time - from;
}
