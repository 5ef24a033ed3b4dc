import type { Call } from '../../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, NO_LINE } from '../../evidence.ts';
import { PerThread } from '../../machine/owned-state.ts';
import type { Pipe } from './pipes.ts';

/** From where a thread takes its jobs: a pipe, a service with a queue, or a word of memory that a pool waits for. */
export type QueueKind = 'pipe' | 'broker' | 'word';

/** What a thread was in, and for how long in all. */
export interface TimeInCall {
  readonly call: string;
  readonly target: string;
  total: Nanoseconds;
  /** The longest of these calls. */
  longest: Nanoseconds;
  line: KeptLine;
}

/** More calls of one job are not told apart. */
const MOST_CALLS = 16;
const NOWHERE: TimeInCall = { call: '', target: '', total: 0, longest: 0, line: NO_LINE };

/** What a thread does between two waits for a job. */
export class Work {
  readonly kind: QueueKind;
  /** Of a pipe or a broker the descriptor number, of a pool the place of its word; -1 while that is not known. */
  source: number;
  /** Who shares it takes jobs of the same queue: the name of a queue at its broker, a word. */
  queue: string;
  /** Nothing tells what it reads jobs from. */
  isUnnamed = false;
  /** The pipe it reads jobs from; null where nothing tells that pipe from others. */
  pipe: Pipe | null = null;
  /** When the last job was taken; UNKNOWN while it waits for one. */
  since: Nanoseconds = UNKNOWN;
  /** How many jobs it took, and how long it waited for them in all. */
  taken = 0;
  waited: Nanoseconds = 0;
  /** How often it said, since it waited last, that a job is done. */
  dones = 0;
  /** Its last wait for a lock between processes: where workers share a pipe they take turns. */
  queuedAt: Nanoseconds = UNKNOWN;
  queuedUntil: Nanoseconds = Number.NEGATIVE_INFINITY;
  /** When the next one was asked for, and since when the last one is over, while it is not told. */
  askedAt: Nanoseconds = UNKNOWN;
  overAt: Nanoseconds = UNKNOWN;
  #times: TimeInCall[] = [];

  constructor(kind: QueueKind, source: number, queue: string) {
    this.kind = kind;
    this.source = source;
    this.queue = queue;
  }

  begin(at: Nanoseconds): void {
    this.since = at;
    this.taken++;
    this.dones = 0;
    this.#times = [];
  }

  /** It waited for its turn. */
  queued({ start, end }: Pick<Call, 'start' | 'end'>): void {
    this.queuedAt = start;
    this.queuedUntil = end;
  }

  /** Since when a thread that reads its pipe from `start` on has waited for that. */
  askedAtPipe(start: Nanoseconds): Nanoseconds {
    return start - this.queuedUntil < MILLISECOND ? this.queuedAt : start;
  }

  /** It was in a call for so long. */
  wasIn(call: string, target: string, length: Nanoseconds, line: KeptLine): void {
    const known = this.#times.find((each) => each.call === call && each.target === target);
    if (known === undefined) {
      if (this.#times.length < MOST_CALLS) this.#times.push({ call, target, total: length, longest: length, line });
      return;
    }
    known.total += length;
    if (length <= known.longest) return;
    known.longest = length;
    known.line = line;
  }

  /** Where it was for longest. */
  get place(): TimeInCall {
    return this.#times.reduce((most, each) => (each.total > most.total ? each : most), NOWHERE);
  }
}

/** What each thread takes jobs from, as far as was seen. */
export const works = new PerThread<Work>();
