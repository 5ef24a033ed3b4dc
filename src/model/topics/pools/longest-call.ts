import type { Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, NO_LINE } from '../../evidence.ts';
import type { LeftIn } from '../../machine/left-in.ts';

/** The call that a thread was in for longest since its work began; `call` is '' when none took a millisecond. */
export class LongestCall {
  call = '';
  target = '';
  length: Nanoseconds = 0;
  line: KeptLine = NO_LINE;

  took(call: string, target: string, length: Nanoseconds, line: KeptLine): void {
    if (length <= this.length) return;
    this.call = call;
    this.target = target;
    this.length = length;
    this.line = line;
  }
}

/** The client of the connection that a thread waits for has asked nothing that is not answered. */
export function isForIdleClient({ descriptor, isServing }: LeftIn): boolean {
  return descriptor?.connection != null && !isServing;
}
