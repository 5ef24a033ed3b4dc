import type { Call } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Thread } from '../../machine/thread.ts';
import { packageOf } from './program-files.ts';

const MOST_PACKAGES = 8;
/** From one module to the next it takes less than this, or something else went on in between. */
const LONGEST_STEP = 50 * MILLISECOND;
/** Shorter steps hold no wait that is worth a look. */
const SHORT_STEP = 10 * MILLISECOND;

/** Modules that were opened while a request was read and not answered. */
export class RequestImports {
  readonly request: Request;
  readonly thread: Thread;
  readonly modules = new Set<number>();
  /** Packages they belong to, at most 8. */
  readonly packages: string[] = [];
  readonly firstAt: Nanoseconds;
  readonly firstLine: KeptLine;
  lastLine: KeptLine;
  /**
   * From module to module, as far as nothing else went on: a lower bound, since nothing shows when the last one was
   * done.
   */
  time: Nanoseconds = 0;
  /** Calls of the loop in that time. */
  calls = 0;
  /** The request was the first that its process was seen to read. */
  readonly isFirst: boolean;
  lastEnd: Nanoseconds;
  #turn: number;
  #turnCalls: number;
  #blocked: Nanoseconds;

  constructor(request: Request, thread: Thread, call: Call) {
    const { loop, process } = thread;
    this.request = request;
    this.thread = thread;
    this.firstAt = call.start;
    this.firstLine = keptLine(call);
    this.lastLine = this.firstLine;
    this.lastEnd = call.start;
    this.isFirst = process.requests <= 1;
    this.#turn = loop.turn.number;
    this.#turnCalls = loop.turn.calls;
    this.#blocked = loop.blockedElsewhere;
  }

  add(module: number, path: string, call: Call, thread: Thread): void {
    const { turn, blockedElsewhere } = thread.loop;
    const step = call.start - this.lastEnd;
    if (turn.number === this.#turn && step >= 0 && step < LONGEST_STEP) {
      this.time += call.end - this.lastEnd - (step < SHORT_STEP ? 0 : Math.min(step, blockedElsewhere - this.#blocked));
      this.calls += turn.calls - this.#turnCalls;
    } else this.time += call.end - call.start;
    this.lastEnd = call.end;
    this.#turn = turn.number;
    this.#turnCalls = turn.calls;
    this.#blocked = blockedElsewhere;
    if (this.modules.has(module)) return;
    this.modules.add(module);
    this.lastLine = keptLine(call);
    const name = packageOf(path);
    // A name with an underscore is the inside of a package that was named before.
    const tells = name !== '' && !name.startsWith('_');
    if (tells && this.packages.length < MOST_PACKAGES && !this.packages.includes(name)) this.packages.push(name);
  }
}
