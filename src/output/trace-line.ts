import { cut, head } from './show.ts';

/** A pid or `[pid 17]`, kept, and the time behind it. */
const TIME = /^((?:\[pid +\d+\] |\d+(?:<[^>]*>)? )?) *(?:\d+\.\d{3,9}|\d\d:\d\d:\d\d(?:\.\d+)?) +(?=\S)/;

/** Enough for a pid, the longest common names and `...`. */
const NAME_ROOM = 22;

/**
 * Lines of a trace (text that `show` returned) fitted into that many cells. If one is too long, all lose their times
 * first, then each its middle.
 */
export function fitTraceLines(lines: readonly string[], cells: number): readonly string[] {
  if (lines.every((line) => line.length <= cells)) return lines;
  return lines.map((line) => cutMiddle(line.replace(TIME, '$1'), cells));
}

/**
 * Shortens a line of a trace like `cut`, but keeps what the call returned, ` = -1 EPIPE <0.000031>`: its end, as much
 * of it as leaves room for the call's name in front.
 */
export function cutMiddle(text: string, cells: number): string {
  if (text.length <= cells) return text;
  const result = text.lastIndexOf(' = ');
  if (result < 0) return cut(text, cells);
  const start = text.slice(0, result).trimEnd();
  // The name of an errno says enough: "(Resource temporarily unavailable)" goes first, then the duration.
  const end = text.slice(result).replace(/ \([A-Z][^()]*\)/, '');
  for (const kept of [end, end.replace(/ <[\d.]+>$/, '')]) {
    if (start.length + kept.length <= cells) return start + kept;
    if (cells - kept.length >= NAME_ROOM)
      return `${head(start, cells - kept.length - 3).replace(/\.+$/, '')}...${kept}`;
  }
  return cut(text, cells);
}
