import type { Call } from '../../trace/record.ts';
import { syscallById } from '../../trace/syscalls.ts';
import { type Descriptor, describeTarget } from '../machine/descriptors.ts';
import type { Thread } from '../machine/thread.ts';
import { CallTotals } from './call-statistics.ts';

/** Of one syscall; 1.5 KB each. */
const MOST_ROWS = 40;
const OTHERS = 'others';

/**
 * Counts calls by syscall and by what they were made on: a listener, clients, a peer, a file. Numbers of descriptors
 * are used again, so they are no key.
 */
export class CallTargets {
  readonly #bySyscall: (Map<string, CallTotals> | undefined)[] = [];

  add(call: Call, thread: Thread): void {
    const { id } = call.syscall;
    let rows = this.#bySyscall[id];
    if (rows === undefined) {
      rows = new Map();
      this.#bySyscall[id] = rows;
    }
    const target = call.fd < 0 ? '' : targetGroupOf(thread.process.descriptors.get(call.fd));
    (rows.get(target) ?? this.#first(rows, target, id)).add(call);
  }

  /** Files may be many: those that come late share a row. */
  #first(rows: Map<string, CallTotals>, target: string, id: number): CallTotals {
    const key = rows.size < MOST_ROWS ? target : OTHERS;
    const known = rows.get(key);
    if (known !== undefined) return known;
    const made = new CallTotals(syscallById(id));
    rows.set(key, made);
    return made;
  }

  *all(): Generator<{ readonly target: string; readonly count: CallTotals }> {
    for (const rows of this.#bySyscall) for (const [target, count] of rows ?? []) yield { target, count };
  }
}

/** What all connections of clients are called together. */
export const CLIENTS = 'clients';

/** One word for descriptors that a person would not tell apart. */
export function targetGroupOf(descriptor: Descriptor | undefined): string {
  if (descriptor === undefined) return '';
  const { kind, listener, connection, peer, label } = descriptor;
  if (listener !== null) return listener.isUntold ? '' : `listener ${listener.name}`;
  if (connection !== null || kind === 'connection') return CLIENTS;
  if (peer !== '') return describeTarget(-1, descriptor);
  switch (kind) {
    case 'file':
    case 'device':
      return label;
    case 'socket':
    case 'datagram':
      return 'sockets';
    case 'pipe':
      return 'pipes';
    case 'epoll':
      return 'epoll';
    case 'event':
      return 'eventfd';
    default:
      return '';
  }
}
