import type { FutexUse } from '../../trace/call-arguments.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import type { BlockClass } from './block-class.ts';
import type { Request } from './connections.ts';
import type { Descriptor } from './descriptors.ts';

/** A call that had not returned when the capture ended, or that the kernel was about to begin again. */
export interface LeftIn {
  readonly syscall: Syscall;
  /** The call that a `restart_syscall` goes on with: `poll`, `futex`; else the name of the call itself. */
  readonly name: string;
  readonly since: Nanoseconds;
  /** Nothing of the thread was seen before: it may have been in the call long before the capture began. */
  readonly beganBefore: boolean;
  readonly target: string;
  /** Others saw that its socket is the connection of a client. */
  readonly isOfClient: boolean;
  readonly line: KeptLine;
  readonly isHubWait: boolean;
  /** The wait holds a listener, or the call accepts: whoever is in it waits for work. */
  readonly isForListener: boolean;
  /** A wait at an epoll instance for one event, without a time limit. */
  readonly takesOne: boolean;
  readonly class: BlockClass;
  readonly query: string;
  readonly fd: number;
  /** Of `poll` and `select`: how many descriptors it waits for. */
  readonly watched: number;
  /** Each of them is a pipe. */
  readonly watchesPipes: boolean;
  readonly descriptor: Descriptor | null;
  /** How long it may last at most; Infinity without a limit, UNKNOWN when not told or a deadline. */
  readonly timeout: Nanoseconds;
  /** Null when the trace does not tell. */
  readonly hasTimeout: boolean | null;
  readonly futex: FutexUse | null;
  /** Of `wait4`: the process that is waited for, -1 for any; NaN for other calls. */
  readonly child: number;
  /** Of `open` and its like. */
  readonly path: string;
  /** The line shows what only a call that came back has to show: the line was cut, not the call. */
  readonly showsResult: boolean;
  /** Whoever copied the trace cut the line: what came of the call is not told. */
  readonly isCut: boolean;
  /** A signal or the tracer interrupted it, and the kernel begins it again: nothing of the thread follows. */
  readonly isInterrupted: boolean;
  /** Whom the thread was working for. */
  readonly request: Request | null;
  /** That request had been read and not been answered. */
  readonly isServing: boolean;
}
