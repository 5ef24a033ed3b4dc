import { type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, NO_LINE } from '../../evidence.ts';

/** From where a thread takes its jobs: a pipe, a service with a queue, or a word of memory that a pool waits for. */
export type QueueKind = 'pipe' | 'broker' | 'word';

/** What a thread was in, and for how long in all. */
export interface Stay {
  readonly call: string;
  readonly target: string;
  total: Nanoseconds;
  /** The longest of these calls. */
  longest: Nanoseconds;
  line: KeptLine;
}

/** More places of one job are not told apart. */
const MOST_STAYS = 16;
const NOWHERE: Stay = { call: '', target: '', total: 0, longest: 0, line: NO_LINE };

/** What a thread does between two waits for a job. */
export class Work {
  readonly kind: QueueKind;
  /** Of a pipe or a broker the descriptor number, of a pool the place of its word; -1 while that is not known. */
  source: number;
  /** Who shares it takes jobs of the same queue: the name of a queue at its broker, a word. */
  queue: string;
  /** When the last job was taken; UNKNOWN while it waits for one. */
  since: Nanoseconds = UNKNOWN;
  /** How many jobs it took, and how long it waited for them in all. */
  taken = 0;
  waited: Nanoseconds = 0;
  /** How often it said, since it waited last, that a job is done. */
  dones = 0;
  /** When the next one was asked for, and since when the last one is over, while it is not told. */
  askedAt: Nanoseconds = UNKNOWN;
  overAt: Nanoseconds = UNKNOWN;
  #stays: Stay[] = [];

  constructor(kind: QueueKind, source: number, queue: string) {
    this.kind = kind;
    this.source = source;
    this.queue = queue;
  }

  begin(at: Nanoseconds): void {
    this.since = at;
    this.taken++;
    this.dones = 0;
    this.#stays = [];
  }

  /** It was in a call for so long. */
  stayed(call: string, target: string, length: Nanoseconds, line: KeptLine): void {
    const known = this.#stays.find((each) => each.call === call && each.target === target);
    if (known === undefined) {
      if (this.#stays.length < MOST_STAYS) this.#stays.push({ call, target, total: length, longest: length, line });
      return;
    }
    known.total += length;
    if (length <= known.longest) return;
    known.longest = length;
    known.line = line;
  }

  /** Where it was for longest. */
  get place(): Stay {
    return this.#stays.reduce((most, each) => (each.total > most.total ? each : most), NOWHERE);
  }
}
