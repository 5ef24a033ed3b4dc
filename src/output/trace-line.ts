import type { LineParts, Stamp } from '../../parsers/format.ts';
import { rawLinesOf } from '../../parsers/registry.ts';
import { cut, head } from './show.ts';

/** Enough for a pid, the longest common names and `...`. */
const NAME_ROOM = 22;
/** With less beside it than this, a time says less than the call. */
const TIME_ROOM = 40;
const MICROSECONDS = 6;
/** What `-y` says of descriptors that have no name: `<socket:[4711]>`. */
const INODE = /<(?:socket|pipe):\[\d+\]>/g;
const STAMP = /(?:\d+:)*\d+(\.\d+)?/;

/** What the lines of a report need to be shown. */
export interface LineNotation {
  /** Of the report: it knows where times and results stand. */
  readonly format: string;
  /** The time of a line as the report writes times, with microseconds; null where the line's own has to do. */
  readonly timeOf: (stamp: Stamp) => string | null;
}

/**
 * Lines of a trace (text that `show` returned) with the times that the report uses, fitted into that many cells. If one
 * is too long, all lose their microseconds (their times, where little room is left or the
 * report has others), then each what the kernel calls its sockets and pipes, then its middle.
 */
export function fitTraceLines(lines: readonly string[], cells: number, notation: LineNotation): readonly string[] {
  const taken = lines.map((line) => partsOf(line, notation));
  const whole = lines.map((line) => withReportTime(line, notation));
  if (whole.every((line) => line.length <= cells)) return whole;
  return taken.map(({ owner, time, body, results, isOfReport }) => {
    const when = isOfReport && cells >= TIME_ROOM ? inMilliseconds(time).trimStart() : '';
    const start = (when === '' ? owner : owner.replace(/ +$/, ' ')) + when;
    const isTooLong = start.length + body.length + (results[0] ?? '').length > cells;
    return fitted(start + (isTooLong ? body.replace(INODE, '') : body), results, cells);
  });
}

/**
 * Shortens a line of a trace like `cut`, but keeps what the call returned, ` = -1 EPIPE <0.000031>`: its end, as much
 * of it as leaves room for the call's name in front.
 */
export function cutMiddle(text: string, cells: number, notation: LineNotation): string {
  const { owner, time, body, results } = partsOf(text, notation);
  return fitted(owner + time + body, results, cells);
}

/** The whole line, with the time that the report uses. */
export function withReportTime(line: string, notation: LineNotation): string {
  const { owner, time, body, results } = partsOf(line, notation);
  return owner + time + body + (results[0] ?? '');
}

/** The time of day instead of seconds since 1970: `02:13:32.104113`, with as many digits as the line has. */
function partsOf(line: string, { format, timeOf }: LineNotation): LineParts & { readonly isOfReport: boolean } {
  const lines = rawLinesOf(format);
  const parts = lines.parts(line);
  const stamp = parts.time === '' ? null : lines.stamp(line);
  const time = stamp === null ? null : timeOf(stamp);
  if (time === null) return { ...parts, isOfReport: false };
  return {
    ...parts,
    isOfReport: true,
    time: parts.time.replace(STAMP, (_, fraction = '') => {
      const missing = MICROSECONDS - Math.min(MICROSECONDS, fraction.length - 1);
      return time.replace(/(\.\d+)/, (digits) => digits.slice(0, digits.length - missing).replace(/\.$/, ''));
    }),
  };
}

/** `02:13:32.104113 ` as `02:13:32.104 `. */
function inMilliseconds(time: string): string {
  return time.replace(/(\.\d{3})\d+/, '$1');
}

function fitted(start: string, [whole = '', ...shorter]: readonly string[], cells: number): string {
  const text = start + whole;
  if (text.length <= cells) return text;
  for (const result of shorter) {
    if (start.length + result.length <= cells) return start + result;
    if (cells - result.length >= NAME_ROOM)
      return `${head(start, cells - result.length - 3).replace(/\.+$/, '')}...${result}`;
  }
  return cut(text, cells);
}
