import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { QueueDelay } from '../../model/measuring/socket-tracker.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { Delays } from './delays.ts';

const KEPT = 20;

interface Dead {
  readonly thread: Thread;
  readonly peer: string;
  readonly delay: Nanoseconds;
  readonly time: Nanoseconds;
  readonly line: KeptLine;
}

/** What waited on one accept queue. */
export class Queue {
  readonly delays = new Delays();
  readonly threads = new Set<Thread>();
  /** Connections whose client had left before they were accepted. */
  readonly dead: Dead[] = [];
  deadCount = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  longest: KeptLine | null = null;

  add({ connection, delay, goneBefore, time, line }: QueueDelay): void {
    if (delay > this.delays.longest || this.longest === null) this.longest = line;
    this.delays.add(delay);
    this.threads.add(connection.acceptedBy);
    this.first = earlier(this.first, time - delay);
    this.last = later(this.last, time);
    if (!goneBefore) return;
    this.deadCount++;
    if (this.dead.length < KEPT)
      this.dead.push({ thread: connection.acceptedBy, peer: connection.peer, delay, time, line });
  }
}
