import type { Syscall } from '../../trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Connection } from './connections.ts';
import { LazySet } from './lazy-set.ts';
import type { Listener } from './listener.ts';
import { Tending } from './tending.ts';

/** Listeners of one thread that are told from other descriptors. */
const MOST_NUMBERS = 1_024;

/** From what a thread accepts, and how it goes about it. */
export class AcceptState {
  /** Totals of the thread, inside the analysed window. */
  acceptedTotal = 0;
  wastedTotal = 0;
  /** Descriptor numbers it passed to accept. */
  readonly listenerNumbers = new LazySet<number>(MOST_NUMBERS);
  /** The listeners it accepts from or waits for. */
  readonly listeners = new LazySet<Listener>();
  /** When it accepted from them, or waited for them. */
  readonly tending = new Tending();
  /** Requests on connections it accepted that it, or another thread, read. */
  servedItself = 0;
  handedOver = 0;
  /** It changed between connections that were both unfinished. */
  interleaved = 0;
  /** Accepted sockets were made non-blocking. */
  nonblocking = 0;
  /** An option of an accepted socket was set, and the capture does not show which, or to what. */
  optionsUntold = false;
  lastFd = -1;
  /** An accept found nothing and did not wait: whoever accepts so waits in something else. */
  wouldBlock = false;
  /** It waited for one client alone: a loop never does. */
  clientWaits = 0;
  /** It waits for connections in accept itself, as long as it has no hub. */
  isWait = false;
  /** That is more than a guess: accept has waited, or brought several connections without any other wait. */
  isSurelyWait = false;
  /** The only descriptor of its last wait, where that is not known to be a listener; -1 for none. */
  waitedFor = -1;
  /** When a wait went on of which the trace does not tell what it is for; UNKNOWN for none. */
  resumedAt: Nanoseconds = UNKNOWN;
  /** Its last wait of a set that the capture does not tell: the call, and when it came back. */
  untoldWait: Syscall | null = null;
  untoldUntil: Nanoseconds = UNKNOWN;
  /** The last client that it heard of which was there before the capture. */
  found: Connection | null = null;
  /** The client that it answered last. */
  answered: Connection | null = null;
  /** The one that it tried to accept from last. */
  listener: Listener | null = null;
}
