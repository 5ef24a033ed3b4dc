import type { Request } from '../../model/machine/connections.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';

const RECENT = 16;

interface Line {
  arrivals: number;
  /** Of these, attempts that were lost: they are no demand of others. */
  lost: number;
  readonly recent: Request[];
}

/** How often a request line comes, apart from retries: a popular one comes again without anybody having given up. */
export class LineRates {
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
    else line.recent[(line.arrivals - 1) % RECENT] = request;
  }

  /** One of the arrivals turned out to be lost. */
  lose(identity: string): void {
    const line = this.#lines.get(identity);
    if (line !== undefined) line.lost++;
  }

  /** The last requests of that line. */
  recent(identity: string): readonly Request[] {
    return this.#lines.get(identity)?.recent ?? [];
  }

  /** Others of that line in the time before `now`. */
  lately(identity: string, now: Nanoseconds, time: Nanoseconds, apart: readonly Request[]): number {
    return this.recent(identity).filter(
      (request) => request.readAt <= now && now - request.readAt <= time && !apart.includes(request),
    ).length;
  }

  /** How often others of that line than `again` came from `begin` to `now`, per nanosecond. */
  usually({ identity }: Request, begin: Nanoseconds, now: Nanoseconds, again: Request): number {
    const { arrivals = 0, lost = 0, recent = [] } = this.#lines.get(identity) ?? {};
    const others = Math.max(0, arrivals - lost - (recent.includes(again) ? 1 : 0));
    return others / Math.max(SECOND, now - Math.max(0, begin));
  }

  #first(identity: string): Line {
    const [oldest] = this.#lines.size < this.#most ? [] : this.#lines.keys();
    if (oldest !== undefined) this.#lines.delete(oldest);
    const line = { arrivals: 0, lost: 0, recent: [] };
    this.#lines.set(identity, line);
    return line;
  }
}
