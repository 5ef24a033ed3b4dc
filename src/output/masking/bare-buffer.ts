import { sizeOf } from './shapes.ts';

/** Arguments that are buffers, of which perf trace of Linux 6.12 prints the bytes without quotes. */
const BARE_BUFFER =
  /\b(?:u?buf|buff|ubuffer|buffer|data|value|msg|optval|iov|vec|string|payload|_payload|description): (?!0x[0-9a-f]|NULL\b|\d{1,20}[,)]|<|")/;
/** Arguments behind a buffer, from the end of the line backwards. */
const AFTER_BUFFER =
  /, (?:count|len|size|buflen|bufsiz|flags|addr|addr_len|pos|offset|optlen|vlen|msg_len|nbytes|fd|dfd|mode|ubuf_size): [\w|<>:[\]./]{1,64}$/;

/**
 * A line of perf trace with the bytes of a buffer counted: they go on to the last argument that can stand behind it.
 */
export function withoutBareBuffer(line: string): string {
  const buffer = BARE_BUFFER.exec(line);
  if (buffer === null) return line;
  const start = buffer.index + buffer[0].length;
  const close = line.search(/\) {1,40}= (?:-?\d|0x)[^)]{0,60}(?:\([\w ]{1,60}\)){0,2}\s*$/);
  let end = close < start ? line.length : close;
  const result = line.slice(end);
  const seen = new Set<string>();
  for (;;) {
    const behind = AFTER_BUFFER.exec(line.slice(Math.max(start, end - 100), end));
    const name = behind?.[0].slice(2, behind[0].indexOf(':')) ?? '';
    if (behind === null || seen.has(name)) break;
    seen.add(name);
    end -= behind[0].length;
  }
  return (
    `${line.slice(0, start)}${sizeOf(line.slice(start, end))}` +
    `${close < start ? '' : line.slice(end, line.length - result.length)}${result}`
  );
}
