/** The largest number that Linux gives a process or a thread (PID_MAX_LIMIT in include/linux/threads.h). */
const MOST_PID = 4_194_304;

/** Whether a number can be that of a process or a thread. */
export function isPid(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= MOST_PID;
}
