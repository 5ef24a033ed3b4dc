const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?$/;
/** As Kibana writes it into tables. */
const KIBANA = /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) @ (\d\d:\d\d:\d\d(?:\.\d{1,9})?)$/;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** Since 1970: seconds, milliseconds, microseconds or nanoseconds. */
const EPOCH = /^(1[0-9]\d{8})(?:\.(\d{1,9})|(\d{3}|\d{6}|\d{9}))?$/;
/** How fields are called that date a line; others may hold a time as well. */
const NAME = /^(?:.*\.)?(?:@?time(?:stamp)?|_time|ts|date|__REALTIME_TIMESTAMP|before)$/i;

/** Date, time and zone in the manner of RFC 3339; '' for what is none. */
export function stampOf(value: string): string {
  const text = value.trim().replace(/^\[(.*)\]$/, '$1');
  if (ISO.test(text)) return text.replace(' ', 'T').replace(/ (?=\S)/, '');
  const [, month = '', day = '', year, clock] = KIBANA.exec(text) ?? [];
  if (year !== undefined && MONTHS.includes(month))
    return `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, '0')}-${day.padStart(2, '0')}T${clock}`;
  const [, seconds, fraction, digits] = EPOCH.exec(text) ?? [];
  if (seconds === undefined) return '';
  const moment = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  return `${moment}.${(fraction ?? digits ?? '0').padEnd(6, '0')}Z`;
}

/** The names of fields that may date a line, the likeliest first. */
export function datingFirst(names: readonly string[]): string[] {
  return [...names.filter((name) => NAME.test(name)), ...names.filter((name) => !NAME.test(name))];
}
