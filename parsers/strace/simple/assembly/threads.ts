import { MOST_ROWS, ROW_BYTES, ROW_SLOTS, TID } from '../layout';

/** Rows of `ROW_BYTES`, and tid → row + 1. A row keeps its tid until all rows are forgotten. */
let rows: usize = 0;
let slots: usize = 0;
let rowCount: i32 = 0;
/** Busy captures change the thread on every other line only. */
let recentTid: i32 = -1;
let recentRow: usize = 0;

export function layThreads(rowsAt: usize, slotsAt: usize): void {
  rows = rowsAt;
  slots = slotsAt;
}

/** The address of the row of this tid, or 0 when it has none. */
export function findRow(tid: i32): usize {
  if (tid === recentTid) return recentRow;
  const number = load<i32>(slotOf(tid));
  if (number === 0) return 0;
  recentTid = tid;
  recentRow = rows + usize(number - 1) * ROW_BYTES;
  return recentRow;
}

/** The number of a row. */
export function numberOf(row: usize): i32 {
  return i32((row - rows) / ROW_BYTES);
}

/** The number of the row of this tid, made at first sight; -1 when all rows are taken. */
export function rowOf(tid: i32): i32 {
  const slot = slotOf(tid);
  const number = load<i32>(slot);
  if (number !== 0) return number - 1;
  if (rowCount === MOST_ROWS) return -1;
  store<i32>(slot, rowCount + 1);
  store<i32>(rows + usize(rowCount) * ROW_BYTES + 4 * TID, tid);
  return rowCount++;
}

/** Makes all rows free. */
export function forgetRows(): void {
  memory.fill(slots, 0, 4 * ROW_SLOTS);
  memory.fill(rows, 0, ROW_BYTES * MOST_ROWS);
  rowCount = 0;
  recentTid = -1;
}

function slotOf(tid: i32): usize {
  let number = (u32(tid) * 0x9e3779b1) >> 17;
  let slot = slots + 4 * usize(number);
  while (holdsAnother(slot, tid)) {
    number = (number + 1) & (ROW_SLOTS - 1);
    slot = slots + 4 * usize(number);
  }
  return slot;
}

function holdsAnother(slot: usize, tid: i32): bool {
  const row = load<i32>(slot);
  return row !== 0 && load<i32>(rows + usize(row - 1) * ROW_BYTES + 4 * TID) !== tid;
}
