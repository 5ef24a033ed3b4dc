import { errorName } from '../../src/trace/errors.ts';
import type { CallCount } from '../../src/trace/record.ts';
import { knownSyscall, type Machine, syscallName } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { UNKNOWN } from '../../src/trace/time.ts';

/**
 * Maps whose numbers count calls by the names that people give them; anything else may hold bytes, microseconds, last
 * values.
 */
const COUNTS =
  /^@(?:c|n|num|cnt|counts?|calls?|sys|syscalls?|ret|rets|results?|errors?|errs?|probes?|accepts?|eagains?)?$/;
const MOST = 10_000;

interface Entry {
  readonly call: string;
  readonly error: string;
  last: number;
  sum: number;
  /** It was printed again with a smaller number: it is cleared in between. */
  falls: boolean;
}

/** Collects what maps tell of calls: `@[epoll_wait]: 5`, `@ret[accept4, -11]: 23`, `@syscall[232]: 17`. */
export class CountedCalls {
  readonly #entries = new Map<string, Entry>();
  machine: Machine = 'x86-64';

  /** True when the entry counts calls of a known name. */
  add(map: string, key: string, value: number): boolean {
    if (!COUNTS.test(map) || !Number.isSafeInteger(value) || value < 0) return false;
    const parts = key.split(/, ?/);
    const call = this.#callOf(map, parts);
    if (call === '') return false;
    const failed = parts.find((part) => /^-\d{1,3}$/.test(part));
    const error =
      failed === undefined ? (parts.find((part) => /^E[A-Z0-9]{2,}$/.test(part)) ?? '') : errorName(-Number(failed));
    const identity = `${map} ${key}`;
    const known = this.#entries.get(identity);
    if (!Number.isSafeInteger((known?.sum ?? 0) + value)) return false;
    if (known !== undefined) {
      known.falls ||= value < known.last;
      known.last = value;
      known.sum += value;
    } else if (this.#entries.size < MOST)
      this.#entries.set(identity, { call, error, last: value, sum: value, falls: false });
    return true;
  }

  /**
   * One record for each entry. A map that was printed several times counts once, or, where it was cleared in between,
   * each time.
   */
  *records(): Generator<CallCount> {
    for (const { call, error, last, sum, falls } of this.#entries.values()) {
      yield countOf(call, error, falls ? sum : last);
    }
  }

  #callOf(map: string, parts: readonly string[]): string {
    for (const part of parts) {
      const name = knownSyscall(part);
      if (name !== '') return name;
    }
    if (!/sys/.test(map)) return '';
    const number = parts.find((part) => /^\d{1,3}$/.test(part));
    return number === undefined ? '' : syscallName(this.machine, Number(number));
  }
}

/** So many calls of this name; all of them failed with `error`, unless that is ''. */
export function countOf(call: string, error: string, count: number): CallCount {
  const errors: CallCount['errors'] = error === '' ? [] : [[error, count]];
  return { kind: 'count', syscall: syscall(call), count, errors, total: UNKNOWN, longest: UNKNOWN };
}
