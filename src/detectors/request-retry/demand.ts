import type { Request } from '../../model/connections.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';

const RECENT = 16;

interface Line {
  arrivals: number;
  readonly recent: Request[];
}

/** How often a request line comes, apart from retries: a popular one comes again without anybody having given up. */
export class Demand {
  readonly #most: number;
  readonly #lines = new Map<string, Line>();

  /** Remembers so many lines at most. */
  constructor(most: number) {
    this.#most = most;
  }

  add(request: Request): void {
    const line = this.#lines.get(request.identity) ?? this.#first(request.identity);
    line.arrivals++;
    if (line.recent.length < RECENT) line.recent.push(request);
    else line.recent[line.arrivals % RECENT] = request;
  }

  /** The last requests of that line. */
  recent(identity: string): readonly Request[] {
    return this.#lines.get(identity)?.recent ?? [];
  }

  /** Others of that line in the time before `now`. */
  lately(identity: string, now: Nanoseconds, time: Nanoseconds, apart: readonly Request[]): number {
    return this.recent(identity).filter((request) => request.readAt <= now && now - request.readAt <= time && !apart.includes(request)).length;
  }

  /** Others of that line that were to be expected in so long a time, judged by all that came from `begin` to `now`. */
  usually(identity: string, begin: Nanoseconds, now: Nanoseconds, time: Nanoseconds, apart: number): number {
    const others = Math.max(0, (this.#lines.get(identity)?.arrivals ?? 0) - apart);
    return (others / Math.max(SECOND, now - Math.max(0, begin))) * time;
  }

  #first(identity: string): Line {
    const [oldest] = this.#lines.size < this.#most ? [] : this.#lines.keys();
    if (oldest !== undefined) this.#lines.delete(oldest);
    const line = { arrivals: 0, recent: [] };
    this.#lines.set(identity, line);
    return line;
  }
}
