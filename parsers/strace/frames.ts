import type { Frame, Lane } from '../../src/trace/record.ts';
import { decodeUtf8 } from '../../src/trace/utf8.ts';

/** What compilers append to the names of copies: `.constprop.0`, `.isra.0`, `.part.1`, `.cold`. */
const CLONE_SUFFIX = /(?:\.(?:constprop|isra|part|cold|lto_priv|llvm|localalias)(?:\.\d+)*)+$/;
const OFFSET = /\+0x([0-9a-f]{1,16})$/;

/**
 * Reads ` > /lib/libc.so.6(accept4+0x13) [0x10af63]`, where the place in the source may follow (`-kk`). The symbol is
 * '' where the program has none. Null for lines that are no frame, such as ` > unexpected_backtracing_error [0x1]`.
 * Read from the right, because C++ symbols hold brackets.
 */
export function readFrame(text: string, lane: Lane, line: number): Frame | null {
  const close = text.lastIndexOf(') [0x');
  const open = text.indexOf('(');
  if (close < 0 || open < 0 || open > close) return null;
  const place = text.slice(open + 1, close);
  const offset = OFFSET.exec(place);
  // A program without symbols: strace before 7 writes nothing between the brackets, and later ones `+0x0`.
  if (offset === null && place !== '') return null;
  if (offset === null)
    return { kind: 'frame', lane, symbol: '', offset: 0, object: decodeUtf8(text.slice(3, open)), line };
  const symbol = decodeUtf8(place.slice(0, offset.index).replace(CLONE_SUFFIX, ''));
  return {
    kind: 'frame',
    lane,
    symbol,
    offset: Number.parseInt(offset[1] ?? '0', 16),
    object: decodeUtf8(text.slice(3, open)),
    line,
  };
}
