import type { Call } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { TracerQueue } from './tracer-queue.ts';

const STEP = 1_000;
const STEPS = 50;
const ENOUGH = 100;
/** With stacks (-k) the tracer takes milliseconds between two calls to unwind them: steps of 100 us, up to 20 ms. */
const UNWINDING_STEP = 100_000;
const UNWINDING_STEPS = 200;

/**
 * What the tracer adds to each call, measured on the trace itself: calls that never block tell the cost inside a call,
 * the shortest gaps the cost between two calls. Pure computing is not slowed down.
 */
export class Calibration {
  readonly #gaps = new Uint32Array(STEPS + 1);
  readonly #calls = new Uint32Array(STEPS + 1);
  /** The same with stacks. Null without them. */
  #unwinding: Uint32Array | null = null;
  #unwindingCount = 0;
  /** How long it may have held the threads. Null without stacks. */
  queue: TracerQueue | null = null;
  #gapCount = 0;
  #callCount = 0;
  /** Calls whose duration is known, and the shortest. */
  measured = 0;
  shortest: Nanoseconds = Number.POSITIVE_INFINITY;

  /** A call, and the gap before it: those of up to 50 us show what the tracer itself takes between two calls. */
  add({ syscall, duration }: Call, gap: Nanoseconds): void {
    if (duration >= 0) {
      this.measured++;
      if (duration < this.shortest) this.shortest = duration;
    }
    if (gap < STEPS * STEP) this.#gap(gap);
    if (this.#unwinding !== null && gap > 0) this.#unwound(this.#unwinding, gap);
    if (syscall.family === 'trivial' && duration >= 0) this.#call(duration);
  }

  /** The capture has stacks, which the tracer unwinds after each call. */
  unwinds(): void {
    this.#unwinding ??= new Uint32Array(UNWINDING_STEPS + 1);
    this.queue ??= new TracerQueue();
  }

  /** The capture has stacks: the tracer holds all threads while it prints one. */
  get isUnwinding(): boolean {
    return this.#unwinding !== null;
  }

  #unwound(histogram: Uint32Array, gap: Nanoseconds): void {
    if (gap >= UNWINDING_STEPS * UNWINDING_STEP) return;
    const step = (gap / UNWINDING_STEP) | 0;
    histogram[step] = (histogram[step] ?? 0) + 1;
    this.#unwindingCount++;
  }

  #gap(length: Nanoseconds): void {
    const step = (length / STEP) | 0;
    this.#gaps[step] = (this.#gaps[step] ?? 0) + 1;
    this.#gapCount++;
  }

  /** The duration of a call that never blocks. */
  #call(duration: Nanoseconds): void {
    const step = Math.min(STEPS, (duration / STEP) | 0);
    this.#calls[step] = (this.#calls[step] ?? 0) + 1;
    this.#callCount++;
  }

  /** Nanoseconds that each traced call costs at least; 0 when the trace has too few samples. */
  get floor(): Nanoseconds {
    const call = percentile(this.#calls, this.#callCount, 0.2);
    const gap = percentile(this.#gaps, this.#gapCount, 0.05);
    if (this.#unwinding === null) return call + gap;
    const unwinding = percentile(this.#unwinding, this.#unwindingCount, 0.05) * (UNWINDING_STEP / STEP);
    return call + Math.max(gap, unwinding);
  }

  /** The tracer was itself waiting for a CPU: the median of the same calls is far above their floor. */
  get contended(): boolean {
    return (
      this.#callCount >= ENOUGH &&
      percentile(this.#calls, this.#callCount, 0.5) > 5 * Math.max(STEP, percentile(this.#calls, this.#callCount, 0.2))
    );
  }
}

function percentile(histogram: Uint32Array, count: number, share: number): Nanoseconds {
  if (count < ENOUGH) return 0;
  let left = Math.ceil(count * share);
  for (let step = 0; step < histogram.length; step++) {
    left -= histogram[step] ?? 0;
    if (left <= 0) return step * STEP;
  }
  return 0;
}
