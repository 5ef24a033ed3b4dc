import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';

/** How sure it is that several processes mean the same socket. */
export type IdentityGrade =
  /** `listen` was traced and the descriptor was inherited over forks, or the inode is printed. */
  | 'same-socket'
  /** Only the printed address is equal: `SO_REUSEPORT` sockets look the same. */
  | 'same-address'
  /** Only the descriptor number is equal. */
  | 'same-number';

/** A process, as far as a listener knows who opened it. */
export interface Opener {
  readonly pid: number;
}

/** One accept queue: a listening socket, whichever processes hold it. */
export class Listener {
  readonly id: number;
  /** Address, path, inode or number: the best that the trace tells. */
  name: string;
  readonly grade: IdentityGrade;
  /** As given to `listen`; NaN when that was not traced. */
  backlog = Number.NaN;
  /** Where `SO_REUSEPORT` was set on this socket before `listen`; null when it was not, or not traced. */
  reusePort: KeptLine | null = null;
  /** Who called `listen` first, and where; null when that was not traced. */
  openedBy: Opener | null = null;
  openedLine: KeptLine | null = null;
  /** The lane of the thread that accepted last, and when; -1 before anybody did. */
  lastLane = -1;
  lastAt: Nanoseconds = UNKNOWN;
  /** When its queue was last seen empty, or looked at first; UNKNOWN before that. */
  emptyAt: Nanoseconds = UNKNOWN;
  /** Several threads have accepted from it. */
  isShared = false;
  /** Something was written on a connection of it after something had been read. */
  isAnswered = false;
  /** An accept of this very socket found nothing and did not wait: it waits in no process that has it. */
  isNonBlocking = false;
  /** The capture does not tell which descriptor it is: those who accept from it may accept from several. */
  isUntold = false;
  /** False for those beyond the number that is followed: nothing is told of them. */
  readonly isFollowed: boolean;

  constructor(id: number, name: string, grade: IdentityGrade, isFollowed = true) {
    this.isFollowed = isFollowed;
    this.id = id;
    this.name = name;
    this.grade = grade;
  }
}
