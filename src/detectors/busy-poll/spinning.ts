import { type KeptLine, keptLine } from '../../model/evidence.ts';
import { describeTarget } from '../../model/machine/descriptors.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { Spun } from '../../model/topics/spin/spin-tracker.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** The rounds of one thread in which nothing got done. */
export class Spinning {
  rounds = 0;
  time: Nanoseconds = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  /** What was reported in vain, in words, the first time; '' when the trace does not tell. */
  target = '';
  /** What was reported in vain is a listener. */
  listener: Listener | null = null;
  call = '';
  line: KeptLine | null = null;

  add(fact: Spun): void {
    this.rounds += fact.rounds;
    this.time += fact.end - fact.start;
    this.last = fact.end;
    if (this.line !== null) return;
    this.first = fact.start;
    this.line = keptLine(fact.record);
    this.call = fact.record.syscall.name;
    if (fact.ready < 0) return;
    const { loop, process } = fact.thread;
    // User data need not be a descriptor: nginx keeps pointers there.
    const fd = loop.hub?.descriptor?.epoll?.descriptorOf(fact.ready) ?? fact.ready;
    const descriptor = process.descriptors.get(fd);
    if (descriptor === undefined) return;
    const client = descriptor.connection?.peer ?? '';
    this.target = client === '' ? describeTarget(fd, descriptor) : `client ${client}`;
    this.listener = descriptor.listener;
  }
}
