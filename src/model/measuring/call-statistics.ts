import type { Call, CallCount } from '../../trace/record.ts';
import { type Syscall, syscallById } from '../../trace/syscalls.ts';
import { type KeptLine, keptLine } from '../evidence.ts';
import { Durations } from '../machine/durations.ts';

/** Linux has some 150 errors. */
const MOST_ERRORS = 256;

/** Counts, errors and durations of one syscall. */
export class CallTotals extends Durations {
  readonly syscall: Syscall;
  count = 0;
  readonly errors = new Map<string, number>();
  /** The first call that failed with each error. */
  readonly examples = new Map<string, KeptLine>();
  /** Failed calls whose error is not among those, for there were too many different ones. */
  otherErrors = 0;
  /** A table gave the total. */
  hasTotal = false;

  constructor(syscall: Syscall) {
    super();
    this.syscall = syscall;
  }

  add(call: Call): void {
    this.count++;
    if (call.error !== '') {
      const known = this.errors.get(call.error);
      if (known !== undefined) this.errors.set(call.error, known + 1);
      else {
        if (this.errors.size < MOST_ERRORS) this.examples.set(call.error, keptLine(call));
        this.#failed(call.error, 1);
      }
    }
    const { duration } = call;
    if (duration >= 0) this.took(duration);
  }

  #failed(error: string, times: number): void {
    const known = this.errors.get(error);
    if (known !== undefined || this.errors.size < MOST_ERRORS) this.errors.set(error, (known ?? 0) + times);
    else this.otherErrors += times;
  }

  /** Takes over what a table says: no single durations. */
  addCounted({ count, errors, total, longest }: CallCount): void {
    this.count += count;
    for (const [error, failed] of errors) this.#failed(error, failed);
    if (total >= 0) {
      this.total += total;
      this.hasTotal = true;
    }
    if (longest > this.longest) this.longest = longest;
  }
}

/** Counts every call of the trace. */
export class CallCounter {
  readonly #counts: (CallTotals | undefined)[] = [];
  /** Sums were taken over from a table. */
  fromTables = false;
  /** The end of a table is missing: other calls may be, too. */
  hasCutTable = false;

  add(call: Call): void {
    (this.#counts[call.syscall.id] ?? this.#first(call.syscall)).add(call);
  }

  addCounted(count: CallCount): void {
    this.fromTables = true;
    if (count.isCut === true) this.hasCutTable = true;
    (this.#counts[count.syscall.id] ?? this.#first(count.syscall)).addCounted(count);
  }

  #first(syscall: Syscall): CallTotals {
    while (this.#counts.length <= syscall.id) this.#counts.push(undefined);
    const made = new CallTotals(syscallById(syscall.id));
    this.#counts[syscall.id] = made;
    return made;
  }

  /** Most total time first, then most calls. */
  all(): CallTotals[] {
    return this.#counts.filter((count) => count !== undefined).sort((a, b) => b.total - a.total || b.count - a.count);
  }
}
