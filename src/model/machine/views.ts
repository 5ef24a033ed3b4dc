import type { AcceptState } from './accept-state.ts';
import type { Request } from './connections.ts';
import type { Loop } from './loop.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';
import type { Turn } from './turn.ts';

/** A turn as facts show it: whoever hears of it cannot set anything in it. */
export type TurnView = Readonly<Turn>;

/** A request as facts show it. */
export type RequestView = Readonly<Request>;

/** A process as facts show it. */
export type ProcessView = Readonly<Process>;

/** A thread as facts show it, with its loop, what it accepts and its process. */
export type ThreadView = Readonly<Omit<Thread, 'accepts' | 'loop' | 'process'>> & {
  readonly accepts: Readonly<AcceptState>;
  readonly loop: Readonly<Omit<Loop, 'turn'>> & { readonly turn: TurnView };
  readonly process: ProcessView;
};
