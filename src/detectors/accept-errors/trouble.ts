import type { KeptLine } from '../../model/evidence.ts';
import type { AcceptError } from '../../model/facts.ts';
import type { Process } from '../../model/machine/process.ts';
import type { Nanoseconds } from '../../trace/time.ts';

/** What went wrong on one accept queue. */
export interface Trouble {
  readonly errors: Map<string, number>;
  readonly workers: Set<Process>;
  total: number;
  dropped: number;
  first: Nanoseconds;
  last: Nanoseconds;
  /** What the process held open when it failed first, by kind. */
  readonly census: Readonly<Record<string, number>>;
  readonly lines: KeptLine[];
}

/** The first failure on a queue, with what its worker held open then. */
export function begin({ thread, time }: AcceptError): Trouble {
  const kinds = new Map<string, number>();
  for (const [, { kind }] of thread.process.descriptors.entries()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const census = Object.fromEntries([...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { errors: new Map(), workers: new Set(), total: 0, dropped: 0, first: time, last: time, census, lines: [] };
}
