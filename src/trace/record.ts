import type { CallArguments } from './call-arguments.ts';
import type { CodeFrame } from './code-frame.ts';
import type { Syscall } from './syscalls.ts';
import type { Nanoseconds } from './time.ts';

/**
 * One life of one thread as the trace shows it. A tid that is used again after its thread ended gets a new lane.
 * Trackers index their tables by `index`.
 */
export interface Lane {
  /** Dense, from 0, in order of appearance. */
  readonly index: number;
  /** The number that the trace prints; 0 when it prints none. */
  readonly tid: number;
  /** Command name where the trace tells it (`-Y`, perf, bpftrace), else ''. It changes over time. */
  comm: string;
  /** Its last record, for evidence of a silence that no later record ends; null when the format keeps none. */
  lastLine: LastLine | null;
  /** The call this thread has entered and not left yet, as far as the trace was read. */
  pending: PendingCall | null;
}

/** The raw line of a thread's last record, at most 1,000 characters, untrusted. Decoded on demand. */
export interface LastLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface PendingCall {
  readonly syscall: Syscall;
  readonly start: Nanoseconds;
  /** 1-based line of the entry. */
  readonly line: number;
}

/**
 * A call that returned, or (with `inFlight`) one that had not when the capture ended.
 * The parser reuses the object: it is valid until the parser is asked for the next record. Keep strings and numbers,
 * never the record.
 */
export interface Call {
  readonly kind: 'call';
  readonly lane: Lane;
  readonly syscall: Syscall;
  /**
   * Entry. For a resumed half without its beginning: `end` minus the traced duration, or `end` when that is not told
   * either.
   */
  readonly start: Nanoseconds;
  /** Exit, or the entry when no duration is known. */
  readonly end: Nanoseconds;
  /** UNKNOWN (-1) when neither `-T` nor a split call tells. */
  readonly duration: Nanoseconds;
  /** The returned number; NaN for `?`, for text that is no number and for calls in flight. */
  readonly result: number;
  /** Errno symbol (`EAGAIN`, `ERESTARTSYS`), '' on success. */
  readonly error: string;
  /** The first argument as a descriptor number, or -1. */
  readonly fd: number;
  /** The call had not returned when the capture ended, or its tracer detached. */
  readonly inFlight: boolean;
  /** Of a call in flight: whoever copied the trace cut its line, and what came of it is not told. */
  readonly isCut?: boolean;
  /** The tracer made this result up (`(INJECTED)`). */
  readonly injected: boolean;
  /** The entry was not traced (attach, cut file): arguments are incomplete and `start` may be a guess. */
  readonly partial: boolean;
  /**
   * What the arguments say: each format answers from what it has, words or numbers; `NO_ARGUMENTS` where it has none.
   * One object that the parser uses again, like the call, and as valid.
   */
  readonly arguments: CallArguments;
  /** Where the line with the result stands. */
  readonly file: string;
  readonly line: number;
  /** Line of the entry: the same as `line` unless the call was split. */
  readonly startLine: number;
  /** The raw line at `line`, at most 1,000 characters, untrusted. Decoded on demand. */
  readonly text: string;
  /** The raw line at `startLine`. */
  readonly startText: string;
  /**
   * The record of the same thread before this call's entry: its line and raw text. 0 and '' when there is none, or
   * (allowed) no gap of 1 ms lies between.
   */
  readonly previousLine: number;
  readonly previousText: string;
  /** What the arguments in `previousText` say, which is a call of that name. */
  previousArguments(syscall: Syscall): CallArguments;
}

export interface Signal {
  readonly kind: 'signal';
  readonly lane: Lane;
  readonly time: Nanoseconds;
  /** `SIGPIPE`. */
  readonly signal: string;
  /** The siginfo between the braces, or ''. */
  readonly info: string;
  /** The line says that the thread is stopped by it: `--- stopped by SIGSTOP ---`. */
  readonly stops?: boolean;
  /** The process is known to ignore it: strace shows ignored signals like all others. */
  readonly isIgnored?: boolean;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface Exit {
  readonly kind: 'exit';
  readonly lane: Lane;
  readonly time: Nanoseconds;
  readonly status: number | null;
  /** `SIGKILL` for `+++ killed by SIGKILL +++`, else ''. */
  readonly signal: string;
  readonly coreDumped: boolean;
  /** `+++ superseded by execve in pid N +++`: the thread that goes on under this tid; else 0. */
  readonly supersededBy: number;
  /**
   * No line says so. `left`: it called `exit` or `exit_group`, and nothing of it followed (`-qq`). `silent`: nothing
   * was heard of it while thousands of others came; its lane ends, the thread may not have: its next line comes on a
   * new lane.
   */
  readonly assumed?: 'left' | 'silent';
  readonly file: string;
  readonly line: number;
  /** The raw line, '' where none says so. */
  readonly text: string;
}

/** A tracer message: `strace: Process N attached`. */
export interface Notice {
  readonly kind: 'notice';
  readonly notice: 'attached' | 'detached' | 'other';
  /** The thread it speaks of; 0 when it names none. */
  readonly tid: number;
  /** `attached with 6 threads`: how many threads of one process were attached together, that one included; else 1. */
  readonly threads: number;
  readonly file: string;
  readonly line: number;
}

/** A stack line (`-k`) of the call that the same parser returned before it; innermost frame first. */
export interface Frame {
  readonly kind: 'frame';
  readonly lane: Lane;
  /** Without offset and clone suffixes: `gc_collect_main`. */
  readonly symbol: string;
  readonly offset: number;
  readonly object: string;
  readonly line: number;
}

/** The trace says which process a thread belongs to, before the thread's first call. */
export interface Membership {
  readonly kind: 'membership';
  readonly lane: Lane;
  /** The lane of the process' first thread. */
  readonly leader: Lane;
  readonly time: Nanoseconds;
}

/** So many events were lost around that time, or UNKNOWN (-1): what a tracer says of itself. */
export interface Lost {
  readonly kind: 'lost';
  readonly count: number;
  readonly time: Nanoseconds;
  /** Whoever copied the trace took lines out here and says so: nobody knows what threads did up to the next line. */
  readonly isElision?: boolean;
}

/** Calls that the trace shows as a sum only: a row of `strace -c`, an entry of a bpftrace map. */
export interface CallCount {
  readonly kind: 'count';
  readonly syscall: Syscall;
  readonly count: number;
  /** How many of them failed, by error; `?` where the table does not name it. */
  readonly errors: readonly (readonly [error: string, count: number])[];
  /** UNKNOWN (-1) when the table does not tell. */
  readonly total: Nanoseconds;
  readonly longest: Nanoseconds;
  /** The end of its table is missing: there may be more calls than its rows show. */
  readonly isCut?: boolean;
}

/**
 * What the scheduler did with a thread until the call that the same parser returns next: since the call before, and
 * during it. Blocked: it waited for something; queued: it was ready and waited for a processor.
 */
export interface Scheduling {
  readonly kind: 'scheduling';
  readonly lane: Lane;
  readonly time: Nanoseconds;
  readonly blockedBefore: Nanoseconds;
  readonly queuedBefore: Nanoseconds;
  readonly blocked: Nanoseconds;
  readonly queued: Nanoseconds;
  /** How often it was woken during the call. */
  readonly wakeUps: number;
}

/** What happened to a TCP connection in the kernel, seen without any call of a process. */
export interface SocketState {
  readonly kind: 'socket-state';
  readonly time: Nanoseconds;
  /**
   * `established`: the handshake is done and the connection waits to be accepted; `closed`: the peer has closed its
   * side; `reset`: it has broken it off.
   */
  readonly state: 'established' | 'closed' | 'reset';
  /** The local port. */
  readonly port: number;
  /** The other end: `10.0.0.7:443`, `[::1]:443`. */
  readonly peer: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** What a thread did in one second, counted in the kernel: `watch.bt`. */
export interface Watched {
  readonly kind: 'watched';
  readonly lane: Lane;
  /** End of that second. */
  readonly time: Nanoseconds;
  readonly accepted: number;
  /** Accepts that found nothing. */
  readonly empty: number;
  /** Waits that reported something, and those that timed out. */
  readonly waits: number;
  readonly timeouts: number;
  /** Wake-ups inside a wait. */
  readonly wakeUps: number;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A turn of a loop that was long, or a write that failed: what a tracer that counts tells at once. */
export interface Noted {
  readonly kind: 'noted';
  readonly lane: Lane;
  /** When the turn began, or the write failed. */
  readonly time: Nanoseconds;
  /** How long the turn took; UNKNOWN (-1) for a write. */
  readonly length: Nanoseconds;
  /** The call that failed, and how; '' for a turn. */
  readonly call: string;
  readonly error: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/**
 * What somebody who looked at a thread from outside saw, once a second or more often while the trace was recorded: who
 * it is, and what it had been in without a change when it was looked at last.
 */
export interface Observed {
  readonly kind: 'observed';
  readonly lane: Lane;
  /** The lane of the first thread of its process. */
  readonly leader: Lane;
  /** The process that started its process. */
  readonly parent: number;
  /** `''` when it was not told. */
  readonly comm: string;
  /** Which server its command line starts, where `comm` does not tell; '' for none. */
  readonly server?: string;
  /** The last look, and the first one from which on nothing had changed. */
  readonly time: Nanoseconds;
  readonly since: Nanoseconds;
  /** It had been so for so long before that already, when nothing was traced yet. */
  readonly before: Nanoseconds;
  /** The call that it was in all that time; '' when it was in none at every look. */
  readonly call: string;
  /** What kept it from running all that time: a signal, the freezer of its cgroup, a debugger; '' for nothing. */
  readonly held: '' | 'stopped' | 'frozen' | 'traced';
  /** The debugger; 0 for none. */
  readonly holder: number;
  /** Time between the two that it was on a processor or ready for one; UNKNOWN (-1) when the host does not tell. */
  readonly ran: Nanoseconds;
  /** The other end of the socket that the call is about, `10.0.0.5:5432`; '' when it is about none. */
  readonly peer: string;
  /** That socket is the connection of a client. */
  readonly isOfClient: boolean;
  /** Connections of clients that its process held open; -1 when they were not counted. */
  readonly clients: number;
  /** Its process has a ring of io_uring. */
  readonly hasRing: boolean;
  /**
   * At least so many connections waited to be accepted by its process at each look, for so long, up to a look so long
   * before the last one; null where none did, or nobody looked. Told of its first thread.
   */
  readonly queue: { readonly least: number; readonly length: Nanoseconds; readonly ago: Nanoseconds } | null;
  /** It has left what it was in when it was looked at first; a later record says what it is in now. */
  readonly isOver: boolean;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** What the traced program itself wrote between the lines of the tracer, where it tells of a failure. */
export interface Printed {
  readonly kind: 'printed';
  /** The thread whose line of the tracer stands above it: as a rule the one that wrote it. */
  readonly lane: Lane;
  /** One line or several. Not masked. */
  readonly text: string;
  readonly file: string;
  /** Of the first of them. */
  readonly line: number;
}

/**
 * The code that a thread was in, as a program said that looked at its stack while the trace was recorded. It looked
 * between `from` and `time`.
 */
export interface Sampled {
  readonly kind: 'sampled';
  readonly lane: Lane;
  readonly from: Nanoseconds;
  readonly time: Nanoseconds;
  /** The program that looked: `py-spy`. */
  readonly by: string;
  /** Innermost first. */
  readonly frames: readonly CodeFrame[];
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** What drover noted of the cost of tracing, nanoseconds of one processor. */
export interface Cost {
  readonly kind: 'cost';
  /** How long it was measured. */
  readonly lasted: Nanoseconds;
  readonly tracer: Nanoseconds;
  /** drover itself, its analysis included. */
  readonly drover: Nanoseconds;
  /** Programs of the tracer in the kernel; UNKNOWN (-1) when nobody counted it. */
  readonly kernel: Nanoseconds;
}

export type TraceRecord =
  | Call
  | Signal
  | Exit
  | Notice
  | Printed
  | Frame
  | Membership
  | Lost
  | CallCount
  | Scheduling
  | SocketState
  | Watched
  | Noted
  | Observed
  | Sampled
  | Cost;
