import type { Call } from '../../trace/record.ts';
import type { LeftIn } from '../machine/left-in.ts';
import type { Processes } from '../machine/processes.ts';
import type { Thread } from '../machine/thread.ts';
import { AcceptCycles } from './accept-cycles.ts';
import { DescriptorTracker } from './descriptor-tracker.ts';
import type { FollowerContext } from './follower-context.ts';
import { Holes } from './holes.ts';
import { TrafficTracker } from './traffic-tracker.ts';
import { TurnTracker } from './turn-tracker.ts';
import { WaitTracker } from './wait-tracker.ts';

/** Those who follow what calls do to the machine. They know each other; nobody else changes the machine. */
export class Followers {
  readonly processes: Processes;
  readonly cycles: AcceptCycles;
  readonly descriptors: DescriptorTracker;
  readonly traffic: TrafficTracker;
  readonly waits: WaitTracker;
  readonly turns: TurnTracker;
  readonly holes: Holes;

  constructor(context: FollowerContext) {
    this.processes = context.processes;
    this.cycles = new AcceptCycles(context);
    this.descriptors = new DescriptorTracker(context);
    this.traffic = new TrafficTracker(context, this.cycles);
    this.waits = new WaitTracker(context, this.cycles);
    this.turns = new TurnTracker(context, this.waits);
    this.holes = new Holes(context.completeness, this.cycles);
  }

  /** A call had not come back at the end of the capture. */
  leftOpen(call: Call, thread: Thread, left: LeftIn): void {
    const { duration } = call;
    const { family } = left.syscall;
    if (family === 'accept') {
      this.traffic.awaited(thread, left);
      thread.loop.acceptBlocked += duration;
    } else if (family === 'futex') {
      this.turns.leftOpen(call, thread, left);
      if (left.hasTimeout !== true) thread.loop.futexBlocked += duration;
    }
  }
}
