import { rawLinesOf } from '../../parsers/registry.ts';
import { cut, head } from './show.ts';

/** Enough for a pid, the longest common names and `...`. */
const NAME_ROOM = 22;

/**
 * Lines of a trace (text that `show` returned) fitted into that many cells. If one is too long, all lose their times
 * first, then each its middle. `format` is that of the report: it knows where times and results stand.
 */
export function fitTraceLines(lines: readonly string[], cells: number, format: string): readonly string[] {
  if (lines.every((line) => line.length <= cells)) return lines;
  const { parts } = rawLinesOf(format);
  return lines.map((line) => {
    const { owner, body, results } = parts(line);
    return fitted(owner + body, results, cells);
  });
}

/**
 * Shortens a line of a trace like `cut`, but keeps what the call returned, ` = -1 EPIPE <0.000031>`: its end, as much
 * of it as leaves room for the call's name in front.
 */
export function cutMiddle(text: string, cells: number, format: string): string {
  if (text.length <= cells) return text;
  const { owner, time, body, results } = rawLinesOf(format).parts(text);
  return fitted(owner + time + body, results, cells);
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
