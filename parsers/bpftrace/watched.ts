import type { CallCount } from '../../src/trace/record.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { UNKNOWN } from '../../src/trace/time.ts';

/** Which calls the maps of `watch.bt` count, and with which error. */
const MAPS: Readonly<Record<string, readonly [call: string, error: string]>> = {
  '@accepts': ['accept4', ''],
  '@eagain': ['accept4', 'EAGAIN'],
  '@emfile': ['accept4', 'EMFILE'],
  '@waits': ['epoll_wait', ''],
  '@timeouts': ['epoll_wait', ''],
  '@reads': ['recvfrom', ''],
  '@epipe': ['sendto', 'EPIPE'],
  '@reset': ['sendto', 'ECONNRESET'],
};

/** Sums up what `watch.bt` prints once a second. */
export class Watched {
  readonly #sums = new Map<string, number>();
  /** The capture is one of `watch.bt`. */
  active = false;

  /** True when the entry is one of the program's. */
  add(map: string, value: number): boolean {
    if (!this.active || MAPS[map] === undefined || !Number.isSafeInteger(value) || value < 0) return false;
    this.#sums.set(map, (this.#sums.get(map) ?? 0) + value);
    return true;
  }

  /** Each family of calls goes by the name of its most usual one. */
  *records(): Generator<CallCount> {
    for (const [map, count] of this.#sums) {
      const [call = '', error = ''] = MAPS[map] ?? [];
      yield {
        kind: 'count',
        syscall: syscall(call),
        count,
        errors: error === '' ? [] : [[error, count]],
        total: UNKNOWN,
        longest: UNKNOWN,
      };
    }
  }
}
