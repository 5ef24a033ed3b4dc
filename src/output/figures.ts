/** A count with commas between thousands: `1,204,331`. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return '?';
  const [whole = '0', fraction] = String(Math.abs(value)).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A count and its noun in the right number: `1 line`, `1,204,331 lines`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/**
 * Milliseconds in words: ms under a second (`0.012 ms`, `2.4 ms`, `840 ms`), then seconds with two decimals (`2.41 s`);
 * `-` for null.
 */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null || !Number.isFinite(milliseconds)) return '-';
  const size = Math.abs(milliseconds);
  // 999.6 ms would otherwise read "1000 ms".
  if (size >= 999.5) {
    const [whole = '0', hundredths = '00'] = (size / 1000).toFixed(2).split('.');
    return `${milliseconds < 0 ? '-' : ''}${count(Number(whole))}.${hundredths} s`;
  }
  if (size >= 10 || size === 0) return `${milliseconds.toFixed(0)} ms`;
  if (size < 0.001) return 'under 0.001 ms';
  return `${Number(milliseconds.toFixed(size >= 1 ? 1 : 3))} ms`;
}

/** A duration with, from one hour on, its hours and days behind it: `93,784.00 s (1 d 2 h 3 min)`. */
export function longDuration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return duration(milliseconds);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  return `${duration(milliseconds)} (${days > 0 ? `${days} d ` : ''}${hours} h ${minutes % 60} min)`;
}
