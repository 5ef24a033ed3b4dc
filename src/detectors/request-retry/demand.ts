import type { Request } from '../../model/connections.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';

const RECENT = 8;

/** How often a request line comes, apart from retries: a popular one comes again without anybody having given up. */
export class Demand {
  readonly #most: number;
  readonly #byIdentity = new Map<string, { arrivals: number; readonly recent: Request[] }>();

  constructor(most: number) {
    this.#most = most;
  }

  add(request: Request, isRetry: boolean): void {
    let known = this.#byIdentity.get(request.identity);
    if (known === undefined) {
      if (this.#byIdentity.size >= this.#most) this.#forgetOldest();
      known = { arrivals: 0, recent: [] };
      this.#byIdentity.set(request.identity, known);
    }
    if (!isRetry) known.arrivals++;
    known.recent.push(request);
    if (known.recent.length > RECENT) known.recent.shift();
  }

  /** The last requests of that line. */
  recent(identity: string): readonly Request[] {
    return this.#byIdentity.get(identity)?.recent ?? [];
  }

  /** How many requests of that line were to be expected in so long a time, judged by what came from `begin` to `now`; `apart` of those are the ones in question. */
  expected(identity: string, begin: Nanoseconds, now: Nanoseconds, time: Nanoseconds, apart: number): number {
    const others = Math.max(0, (this.#byIdentity.get(identity)?.arrivals ?? 0) - apart);
    return (others / Math.max(SECOND, now - Math.max(0, begin))) * time;
  }

  #forgetOldest(): void {
    for (const oldest of this.#byIdentity.keys()) {
      this.#byIdentity.delete(oldest);
      return;
    }
  }
}
