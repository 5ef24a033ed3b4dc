import { LazySet } from './lazy-set.ts';
import type { Listener } from './listeners.ts';

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
  /** Requests on connections it accepted that it, or another thread, read. */
  servedItself = 0;
  handedOver = 0;
  /** It changed between connections that were both unfinished. */
  interleaved = 0;
  /** Accepted sockets were made non-blocking. */
  nonblocking = 0;
  lastFd = -1;
  /** The one that it tried to accept from last. */
  listener: Listener | null = null;
}
