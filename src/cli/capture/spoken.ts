const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** A time of whole seconds in words: `90 s`, `20 min`, `36 h`, `7 days`. */
export function spoken(seconds: number): string {
  if (seconds >= 2 * DAY && seconds % DAY === 0) return `${seconds / DAY} days`;
  if (seconds >= 2 * HOUR && seconds % HOUR === 0) return `${seconds / HOUR} h`;
  if (seconds >= 10 * MINUTE && seconds % MINUTE === 0) return `${seconds / MINUTE} min`;
  return `${seconds} s`;
}
