import type { Call } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';
import type { Thread } from '../../machine/thread.ts';

/**
 * One name asked of name servers by the code of a thread, with all its retries and search domains; on a loop within one
 * turn.
 */
export class NameLookup {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  /** What was being served, '' when not known. On a loop the next reply may tell. */
  request: string;
  end: Nanoseconds;
  /** As asked first: the name itself, or with the first search domain. */
  name = '';
  readonly servers: string[] = [];
  /** The one asked last, and those that gave no answer, each as often as it did. */
  server = '';
  readonly silent: string[] = [];
  /** Time inside calls that wait for the answer. */
  blocked: Nanoseconds = 0;
  /** The longest such call. */
  longest: Nanoseconds = 0;
  questions = 0;
  /** Waits that ended without an answer. */
  timeouts = 0;
  /** Answers of any kind; of them those that there is no such name, and other failures. */
  answers = 0;
  noSuchName = 0;
  failures = 0;
  /** Names tried: more than one when search domains are appended. */
  names = 0;
  /** Fell back to TCP. */
  overTcp = false;
  lastName = '';
  lastFailed = false;
  fd: number;
  /** Its socket was closed: on a thread without turns the next other call shows that it is over. */
  isClosed = false;
  /** It had not ended when the trace did. */
  openAtEnd = false;
  /** It was made within a turn of its thread's loop. */
  readonly isInTurn: boolean;
  lines: KeptLine[] = [];

  constructor(call: Call, thread: Thread) {
    this.thread = thread;
    this.start = call.start;
    this.end = call.end;
    this.fd = call.fd;
    this.isInTurn = thread.loop.inTurn;
    this.request = thread.loop.owner?.line ?? '';
  }
}
