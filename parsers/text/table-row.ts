/** Times are printed with so many digits that the largest may be this much larger than their sum. */
const ROUNDING = 0.002;

/** What a row of a table of calls says: numbers of calls, and times in one unit. */
export interface TableRow {
  readonly calls: number;
  readonly failed: number;
  readonly total: number;
  readonly longest: number;
}

/**
 * Whether the numbers of a row can be true together: whole counts, no more failures than calls, and no call longer than
 * all of them.
 */
export function isPossible({ calls, failed, total, longest }: TableRow): boolean {
  return (
    Number.isSafeInteger(calls) &&
    Number.isSafeInteger(failed) &&
    failed >= 0 &&
    failed <= calls &&
    total >= 0 &&
    longest >= 0 &&
    Number.isFinite(total) &&
    longest <= total + ROUNDING
  );
}
