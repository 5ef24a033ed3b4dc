import type { CallCount } from '../../src/trace/record.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { isPossible } from '../text/table-row.ts';

const SECTION = /^\s*(?:Summary of events:|.{1,40} \(\d+\), \d+ events, [\d.]+%|total, \d+ events)\s*$/;
const HEADER = /^\s*syscall\s+calls\b/;
const UNITS = /^\s*(?:\(msec\)|\(%\)|\s)+$/;
const DASHES = /^\s*-{5,}[\s-]*$/;
const ROW = /^\s+([a-z_][a-z0-9_]*)\s+(\d{1,15})\s+(.*)$/;
const ERROR = /^\s+(E[A-Z0-9]+): (\d{1,15})$/;
const MOST = 10_000;

interface Row {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly total: number;
  readonly longest: number;
  readonly errors: [error: string, count: number][];
}

/** Reads the tables that `perf trace -s` and `-S` end with. */
export class Summary {
  readonly #rows: Row[] = [];
  #hasErrors = false;
  #inTable = false;

  /** Whether the line belongs to a table. */
  read(line: string): boolean {
    if (SECTION.test(line)) {
      this.#inTable = false;
      return true;
    }
    if (HEADER.test(line)) {
      this.#inTable = true;
      this.#hasErrors = /\berrors\b/.test(line);
      return true;
    }
    if (!this.#inTable) return false;
    if (DASHES.test(line) || UNITS.test(line)) return true;
    const error = ERROR.exec(line);
    if (error !== null) {
      return this.#failed(error[1] ?? '', Number(error[2]));
    }
    const row = ROW.exec(line);
    if (row === null) return false;
    const name = knownSyscall(row[1] ?? '');
    const numbers = (row[3] ?? '').replaceAll('%', '').trim().split(/\s+/).map(Number);
    const [failed = 0, total = Number.NaN, , , longest = Number.NaN] = this.#hasErrors ? numbers : [0, ...numbers];
    const calls = Number(row[2]);
    if (name === '' || !isPossible({ calls, failed, total, longest: Number.isNaN(longest) ? total : longest }))
      return false;
    if (this.#rows.length < MOST) this.#rows.push({ name, calls, failed, total, longest, errors: [] });
    return true;
  }

  /** No more calls fail than there are. */
  #failed(error: string, count: number): boolean {
    const row = this.#rows.at(-1);
    if (row === undefined || row.errors.reduce((sum, [, each]) => sum + each, count) > row.calls) return false;
    row.errors.push([error, count]);
    return true;
  }

  *records(): Generator<CallCount> {
    for (const { name, calls, failed, total, longest, errors } of this.#rows) {
      yield {
        kind: 'count',
        syscall: syscall(name),
        count: calls,
        errors: errors.length > 0 ? errors : failed > 0 ? [['?', failed]] : [],
        total: total * MILLISECOND,
        longest: Number.isNaN(longest) ? -1 : longest * MILLISECOND,
      };
    }
  }
}
