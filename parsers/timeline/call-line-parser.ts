import type { ParserOptions } from '../format.ts';
import type { LaneTable } from '../lanes.ts';
import { LineParser, type Where } from '../text/line-parser.ts';
import { type CallFacts, PrintedCall } from './printed-call.ts';
import { TimeAxis } from './time-axis.ts';

/** A `LineParser` for tracers that print a call with its arguments in words: it makes and hands out their calls. */
export abstract class CallLineParser extends LineParser {
  protected readonly lanes: LaneTable;
  protected readonly axis: TimeAxis;

  constructor(options: ParserOptions, longestLine: number) {
    super(options, longestLine);
    this.lanes = options.lanes;
    this.axis = new TimeAxis(options.origin);
  }

  /** A call as it is handed out, or yielded by `inFlight`. `entry` as in `tellCall`. */
  protected callOf(tid: number, facts: CallFacts, where: Where, entry: Where | null = where): PrintedCall {
    return new PrintedCall(facts, this.lanes.get(tid), where, this.axis, entry);
  }

  /**
   * Hands out a call that has ended. `comm`: the name of the thread, where the line tells it. `entry`: the line of its
   * first half, null when that was not traced.
   */
  protected tellCall(tid: number, facts: CallFacts, where: Where, comm: string, entry: Where | null = where): void {
    const call = this.callOf(tid, facts, where, entry);
    const { lane } = call;
    if (comm !== '') lane.comm = comm;
    this.tell(call);
    if (lane.lastLine instanceof PrintedCall) lane.lastLine.forgetPrevious();
    lane.lastLine = call;
    for (const record of this.lanes.endSilent({ time: facts.end, file: where.file, line: where.line }))
      this.tell(record);
  }
}
