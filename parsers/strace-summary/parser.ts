import type { Call } from '../../src/trace/record.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MICROSECOND, SECOND, UNKNOWN } from '../../src/trace/time.ts';
import type { ParserOptions } from '../format.ts';
import { cleanLine } from '../text/cleaning.ts';
import type { ForeignColumns } from '../text/foreign-columns.ts';
import { LineParser } from '../text/line-parser.ts';
import { isPossible } from '../text/table-row.ts';
import { pastedHeaderOf } from './header.ts';

const LONGEST_LINE = 2_000;
const MESSAGE = /^(?:\^C)?strace: /;
const DASHES = /^[- ]*-{3,}[- ]*$/;
/** Calls that wait: with this much time each, on average, the table was made with `-w`. */
const WAITING = /^(?:futex|epoll_p?wait2?|p?poll|p?select6?|accept4?|clock_nanosleep|nanosleep|wait4|restart_syscall)$/;
const WAITED = 1_000 * MICROSECOND;
/** A table that shows less of its calls was shortened. */
const LEAST_SHOWN = 0.99;
/** A table has a row for each call there is. */
const MOST_ROWS = 4_096;

interface Row {
  readonly name: string;
  readonly calls: number;
  readonly errors: number;
  readonly total: number;
  readonly longest: number;
}

/** Reads the tables of `strace -c`: counts, without events. */
export class SummaryParser extends LineParser {
  /** Names of the columns, once the header was seen. */
  #columns: readonly string[] | null = null;
  /** What a paste put before each line of the table. */
  #foreign: ForeignColumns | null = null;
  readonly #rows: Row[] = [];
  /** Calls of all tables, by the line that ends each. */
  #total = 0;

  constructor(options: ParserOptions) {
    super(options, LONGEST_LINE, ['-c']);
  }

  inFlight(): Iterable<Call> {
    return [];
  }

  protected override readLine(line: string): void {
    const cleaned = cleanLine(line);
    const text = this.#foreign?.strip(cleaned) ?? cleaned;
    const { account } = this;
    if (text.trim() === '') {
      account.blank++;
      return;
    }
    const header = pastedHeaderOf(line);
    if (header !== null) {
      this.#columns = header.columns;
      this.#foreign = header.foreign;
      account.counts++;
      return;
    }
    if (this.#columns !== null && DASHES.test(text)) {
      account.counts++;
      return;
    }
    const row = this.#columns === null ? null : rowOf(text, this.#columns);
    if (row !== null) {
      account.counts++;
      if (row.name === 'total') this.#total += row.calls;
      else if (this.#rows.length < MOST_ROWS) this.#rows.push(row);
    } else if (MESSAGE.test(text)) account.notices++;
    else {
      account.foreign++;
      this.accounting.note('foreign-line', this.line, text);
    }
  }

  /**
   * `-c` alone measures the time that the kernel computed, `-w` how long calls took: only calls that wait show which.
   * The flag `-w` says so.
   */
  protected override finish(): void {
    const isWall =
      this.#columns?.includes('wall-total') === true ||
      this.#rows.some(({ name, calls, total }) => WAITING.test(name) && total >= WAITED * calls);
    if (isWall) this.flags.others.push('-w');
    const shown = this.#rows.reduce((sum, { calls }) => sum + calls, 0);
    const isCut = this.#total < shown || shown < this.#total * LEAST_SHOWN;
    for (const { name, calls, errors, total, longest } of this.#rows) {
      this.tell({
        kind: 'count',
        syscall: syscall(name),
        count: calls,
        errors: errors > 0 ? [['?', errors]] : [],
        total,
        longest,
        isCut,
      });
    }
  }
}

/** `33,78    0,000229          28         8           mmap`: the column of errors is empty when there are none. */
function rowOf(text: string, columns: readonly string[]): Row | null {
  const cells = text.trim().split(/\s+/);
  if (cells.length < 2 || cells.length > columns.length) return null;
  const named = new Map<string, number>();
  const missing = columns.length - cells.length;
  let cell = 0;
  let name = '';
  let skipped = 0;
  for (const column of columns) {
    // Errors are left out first; the total of old versions has no average either.
    if (skipped < missing && (column === 'errors' || (column === 'usecs/call' && missing > 1))) {
      skipped++;
      continue;
    }
    const value = cells[cell++] ?? '';
    if (column === 'syscall') name = value;
    else if (/^\d+(?:[.,]\d+)?$/.test(value)) named.set(column, Number(value.replace(',', '.')));
    else return null;
  }
  if (cell !== cells.length) return null;
  if (name !== 'total' && knownSyscall(name) === '') return null;
  const calls = named.get('calls');
  const total = named.get('wall-total') ?? named.get('seconds') ?? named.get('total-time');
  const longest = named.get('wall-max') ?? named.get('longest') ?? named.get('max');
  const errors = named.get('errors') ?? 0;
  if (
    calls === undefined ||
    !isPossible({ calls, failed: errors, total: total ?? longest ?? 0, longest: longest ?? 0 })
  )
    return null;
  return {
    name,
    calls,
    errors,
    total: total === undefined ? UNKNOWN : total * SECOND,
    longest: longest === undefined ? UNKNOWN : longest * SECOND,
  };
}
