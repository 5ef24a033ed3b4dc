/**
 * What keeps a thread from running wherever it is: a signal (SIGSTOP, SIGTSTP) stopped it, the freezer of its cgroup
 * (`docker pause`, `systemctl freeze`), a debugger; '' for nothing.
 */
export type Held = '' | 'stopped' | 'frozen' | 'traced';

/** What the kernel says of a thread, and since which look it has said so. Times are nanoseconds of one clock. */
export interface ThreadSight {
  readonly tid: number;
  /** '' while it is in no call: it computes, waits for a processor, or is stopped. */
  readonly call: string;
  readonly held: Held;
  /** The debugger that holds it; 0 for none. */
  readonly holder: number;
  readonly number: number;
  /** Six arguments, hexadecimal. */
  readonly args: readonly string[];
  readonly fd: number;
  /** What the descriptor of the call is: an address, a path; '' when it takes none. */
  readonly target: string;
  readonly isOfClient: boolean;
  readonly since: number;
  /** The look before that: it went there between the two. The same as `since` at the first look. */
  readonly before: number;
  readonly at: number;
  /** The first look since which it was in no wait at any; the same as `at` while it is in one. */
  readonly awayFrom: number;
  /** Time on a processor or ready for one since `since`; -1 when this kernel does not tell. */
  readonly ran: number;
  /** It was so at the first look. */
  readonly isFromStart: boolean;
  /** What it was stuck in at the first look, as of the last look at which it still was; null where nothing was. */
  readonly stuckAtFirst: EndedStay | null;
}

/** What a thread was in without a change, and is not any more. */
export interface EndedStay {
  readonly call: string;
  readonly held: Held;
  readonly target: string;
  readonly isOfClient: boolean;
  readonly since: number;
  readonly at: number;
  readonly ran: number;
  /** Connections of clients that its process held then; -1 when not counted. */
  readonly clients: number;
}

/** Looks, one after the other, at each of which connections waited to be accepted. Nanoseconds of one clock. */
export interface QueueStay {
  /** So many waited at each of them. */
  readonly least: number;
  readonly since: number;
  readonly at: number;
}

/** What waited in the queues of the listeners of a process; null for nothing, or where nobody could look. */
export interface Queues {
  /** Up to the last look. */
  readonly now: QueueStay | null;
  /** The longest so far. */
  readonly longest: QueueStay | null;
}

/** A process with its threads, its first one first. */
export interface ProcessSight {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Which server its command line starts; '' for none that is known. */
  readonly server?: string;
  /** Its number in its own container; the same as `pid` on the host. */
  readonly innerPid: number;
  /** Connections of clients that it holds; -1 when not counted. */
  readonly clients: number;
  /** It has a ring of io_uring, which does calls without showing them. */
  readonly hasRing: boolean;
  readonly queues?: Queues;
  readonly threads: readonly ThreadSight[];
}
