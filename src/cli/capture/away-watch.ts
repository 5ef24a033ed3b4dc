import type { ProcessSight, ThreadSight } from '../../sources/live/sights.ts';
import { isInWait, isParking, tellingThread } from '../../sources/live/waiting.ts';

/** Who is seen in one call, or in no wait, for less than this may just be busy. */
const AWAY_MS = 900;
const RESTLESS_MS = 1_900;
/** What was looked at without a result is looked at again when it has become so many times as long. */
const AGAIN_FACTOR = 2;

/** A process whose telling thread has not come back to its wait. */
interface Away {
  readonly pid: number;
  readonly tid: number;
  readonly ms: number;
  /** Names what it is away in: as long as that is the same, it is the same time away. */
  readonly what: string;
}

/**
 * Says who is away from its wait, as the kernel shows it, and whether somebody is in a way that nobody has looked at
 * yet. A look reads all of a ring: a thread that is parked for days, or hangs for good, must not be looked at for ever.
 */
export class AwayWatch {
  readonly #stallMs: number;
  /** By thread: what was looked at, and how long it must be away in that for another look. */
  readonly #lookedAt = new Map<number, { readonly what: string; readonly againMs: number }>();
  #away: readonly Away[] = [];

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** Takes what the kernel says; `now` on the same clock. Gives the pids that are away. */
  look(sights: readonly ProcessSight[], now: number): ReadonlySet<number> {
    this.#away = sights.flatMap((sight) => {
      const thread = tellingThread(sight);
      const away = thread === undefined ? null : this.#timeAway(thread, now);
      return away === null || thread === undefined ? [] : [{ pid: sight.pid, tid: thread.tid, ...away }];
    });
    const tids = new Set(sights.flatMap(({ threads }) => threads.map(({ tid }) => tid)));
    for (const tid of this.#lookedAt.keys()) if (!tids.has(tid)) this.#lookedAt.delete(tid);
    return new Set(this.#away.map(({ pid }) => pid));
  }

  /** Whether one of them should be looked at who is not known already. */
  isWorthALook(isKnown: (pid: number) => boolean): boolean {
    return this.#away.some(({ pid, tid, ms, what }) => {
      const before = this.#lookedAt.get(tid);
      return !isKnown(pid) && (before === undefined || before.what !== what || ms >= before.againMs);
    });
  }

  /** They are being looked at now. */
  looked(): void {
    for (const { tid, ms, what } of this.#away) this.#lookedAt.set(tid, { what, againMs: ms * AGAIN_FACTOR });
  }

  #timeAway(thread: ThreadSight, now: number): Pick<Away, 'ms' | 'what'> | null {
    if (isInWait(thread)) return null;
    const { call, since, at, awayFrom } = thread;
    const inCallMs = (now - since) / 1e6;
    if (inCallMs >= Math.max(AWAY_MS, this.#stallMs))
      // Who is parked is so in one call after the other, for days.
      return { ms: inCallMs, what: isParking(call) ? call : `${call} ${since}` };
    const restlessMs = (at - awayFrom) / 1e6;
    return restlessMs >= Math.max(RESTLESS_MS, this.#stallMs) ? { ms: restlessMs, what: `${awayFrom}` } : null;
  }
}
