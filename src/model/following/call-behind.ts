import type { CallArguments } from '../../trace/call-arguments.ts';
import type { Call, Lane } from '../../trace/record.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/**
 * A call that began, by its line, before the call before it in its thread had ended: whole seconds, a clock that was
 * set, a line seen twice, lines out of order. A thread does one thing at a time, so it is told right behind the other.
 * One object, used again: valid as long as the call is.
 */
export class CallBehind implements Call {
  readonly kind = 'call';
  #call: Call | null = null;
  start: Nanoseconds = 0;
  end: Nanoseconds = 0;
  duration: Nanoseconds = UNKNOWN;

  /**
   * The call as it is when it begins at `time` at the earliest, and ends when its line says; with `keepsLength` later,
   * when it lasted as long as that.
   */
  after(time: Nanoseconds, call: Call, keepsLength: boolean): Call {
    const length = keepsLength ? Math.max(call.end - call.start, call.duration) : Math.max(0, call.end - time);
    this.#call = call;
    this.start = time;
    this.end = time + length;
    this.duration = call.duration < 0 ? UNKNOWN : Math.min(call.duration, length);
    return this;
  }

  get lane(): Lane {
    return this.#told.lane;
  }

  get syscall(): Syscall {
    return this.#told.syscall;
  }

  get result(): number {
    return this.#told.result;
  }

  get error(): string {
    return this.#told.error;
  }

  get fd(): number {
    return this.#told.fd;
  }

  get inFlight(): boolean {
    return this.#told.inFlight;
  }

  get injected(): boolean {
    return this.#told.injected;
  }

  get partial(): boolean {
    return this.#told.partial;
  }

  get arguments(): CallArguments {
    return this.#told.arguments;
  }

  get file(): string {
    return this.#told.file;
  }

  get line(): number {
    return this.#told.line;
  }

  get startLine(): number {
    return this.#told.startLine;
  }

  get text(): string {
    return this.#told.text;
  }

  get startText(): string {
    return this.#told.startText;
  }

  get previousLine(): number {
    return this.#told.previousLine;
  }

  get previousText(): string {
    return this.#told.previousText;
  }

  previousArguments(syscall: Syscall): CallArguments {
    return this.#told.previousArguments(syscall);
  }

  get #told(): Call {
    if (this.#call === null) throw new Error('no call is told yet');
    return this.#call;
  }
}
