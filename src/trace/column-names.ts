/** What a column of printed text can tell: `nr` is the number of a call, `call` its name. */
const ROLES = ['ts', 'pid', 'tid', 'comm', 'call', 'nr', 'fd', 'ret', 'dur'] as const;
/** What a column tells. */
export type ColumnRole = (typeof ROLES)[number];

/** Words in front of a number that say what the number is. */
export const LABELS: Readonly<Record<string, ColumnRole>> = Object.fromEntries(
  (
    [
      ['ts', 'ts time nsecs elapsed timestamp'],
      ['pid', 'pid tgid process'],
      ['tid', 'tid thread'],
      ['comm', 'comm command task'],
      ['call', 'call syscall probe'],
      ['nr', 'nr'],
      ['fd', 'fd epfd sockfd dfd dirfd'],
      ['ret', 'ret retval result res rc returned'],
      ['dur', 'dur duration lat latency took after in delta lasted'],
    ] as const
  ).flatMap(([role, words]) => words.split(' ').map((word) => [word, role])),
);

/** Nanoseconds in a unit, by its names. */
export const UNITS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    [
      [1, 'ns nsec nsecs nanoseconds'],
      [1e3, 'us usec usecs µs microseconds'],
      [1e6, 'ms msec msecs milliseconds'],
      [1e9, 's sec secs seconds'],
    ] as const
  ).flatMap(([size, words]) => words.split(' ').map((word) => [word, size])),
);
/** What a unit is called, by its nanoseconds. */
export const UNIT_NAMES: Readonly<Record<number, string>> = { 1: 'ns', 1e3: 'us', 1e6: 'ms', 1e9: 's' };

/** A column that a user named; `role` is null for `_`, which is not read. Nanoseconds in its unit, NaN without one. */
export interface NamedColumn {
  readonly role: ColumnRole | null;
  readonly unit: number;
}

/** `ts`, `dur:us`, `_`; null for what names no column. */
export function namedColumn(name: string): NamedColumn | null {
  if (name === '_') return { role: null, unit: Number.NaN };
  const [, word = '', unit] = /^([a-z]+?)(?:[:_]([a-zµ]+))?$/.exec(name) ?? [];
  const role = LABELS[word];
  if (role === undefined) return null;
  if (unit === undefined) return { role, unit: Number.NaN };
  const size = role === 'ts' || role === 'dur' ? UNITS[unit] : undefined;
  return size === undefined ? null : { role, unit: size };
}

/** The names that columns have, for a hint. */
export const COLUMN_NAMES = `${ROLES.join(' ')}, _ for what is not read, ts and dur with a unit (dur:us)`;

/** What is wrong with the names of columns, as a sentence; '' when lines can be read by them. */
export function complaintOfColumns(names: readonly string[]): string {
  const unknown = names.find((name) => namedColumn(name) === null);
  if (unknown !== undefined) return `"${unknown}" names no column.`;
  const roles = names.flatMap((name) => namedColumn(name)?.role ?? []);
  const twice = roles.find((role, index) => roles.indexOf(role) !== index);
  if (twice !== undefined) return `Two columns are named ${twice}.`;
  if (!roles.includes('ts')) return 'No column is named ts, the time.';
  if (!roles.includes('call') && !roles.includes('nr')) return 'No column is named call, or nr for its number.';
  return roles.includes('pid') || roles.includes('tid') ? '' : 'No column is named pid or tid.';
}
