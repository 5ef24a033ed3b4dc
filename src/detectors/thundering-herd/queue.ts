import type { KeptLine } from '../../model/evidence.ts';
import type { AcceptCycle } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { BareAccepts } from './bare-accepts.ts';
import { Bursts } from './bursts.ts';

const EVIDENCE = 6;

/** What happened on one accept queue. */
export class Queue {
  productive = 0;
  wasted = 0;
  /** Wake-ups that ended inside the wait, with nothing left to report. */
  silent = 0;
  drained = 0;
  /** Accepts that were tried without having been woken for the listener. */
  probes = 0;
  connections = 0;
  readonly shares = new Map<Thread, number>();
  readonly wasters = new Set<Thread>();
  wastedTime: Nanoseconds = 0;
  wastedCalls = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  readonly lines: KeptLine[] = [];
  readonly bursts = new Bursts();
  readonly bare = new BareAccepts();

  /** Acceptors that there was no room for. */
  gone = 0;

  forget(thread: Thread): void {
    if (this.shares.delete(thread)) this.gone++;
    this.wasters.delete(thread);
    this.bursts.forget(thread);
    this.bare.forget(thread);
  }

  cycle(cycle: AcceptCycle): void {
    const { thread, kind } = cycle;
    this.first = earlier(this.first, cycle.start);
    this.last = later(this.last, cycle.end);
    this.drained += cycle.drained;
    this.shares.set(thread, (this.shares.get(thread) ?? 0) + cycle.accepted);
    this.connections += cycle.accepted;
    if (kind === 'productive') this.productive++;
    else if (kind === 'wasted') {
      this.wasted++;
      this.wasters.add(thread);
      this.wastedTime += cycle.end - cycle.start;
      this.wastedCalls += cycle.calls + 1;
      if (this.lines.length < EVIDENCE) this.lines.push(cycle.line);
    } else if (kind !== 'error') this.probes++;
    if (cycle.woken && (kind === 'productive' || kind === 'wasted'))
      this.bursts.add(thread, cycle.start, kind === 'productive');
  }
}
