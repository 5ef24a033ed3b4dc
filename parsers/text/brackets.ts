/** The arguments do not end: a bracket is open. */
export const OPEN = -1;
/** The arguments do not end: a string is open. */
export const OPEN_STRING = -2;

/** After so many decorations without an end the line has none: each search goes to the end of the line. */
const MOST_UNENDED = 8;
const SPECIAL = specialBytes('"()[]{}</');
const AT_FDCWD = Buffer.from('AT_FDCWD');

/**
 * Finds the bracket that closes the arguments at `from`: the first `)` outside of strings, brackets, comments and
 * descriptor decorations that blanks and `=` follow. OPEN or OPEN_STRING when there is none before `to`. Linear and
 * without recursion, whatever the bytes are.
 */
export function closingBracket(bytes: Buffer, from: number, to: number): number {
  let depth = 0;
  let unended = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (SPECIAL[byte] === 0) continue;
    switch (byte) {
      case 0x22 /* " */:
        at = stringEnd(bytes, at + 1, to);
        if (at >= to) return OPEN_STRING;
        break;
      case 0x3c /* < */:
        {
          if (unended === MOST_UNENDED || !opensDecoration(bytes, from, at)) break;
          const end = decorationEnd(bytes, at + 1, to);
          if (end >= 0) at = end;
          else unended++;
          break;
        }
      case 0x2f /* / */:
        if (bytes[at + 1] === 0x2a /* * */) {
          at = commentEnd(bytes, at + 2, to);
        }
        break;
      case 0x28: // (
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        break;
      default:
        if (depth > 0) depth--;
        else if (byte === 0x29 /* ) */ && beginsResult(bytes, at + 1, to)) return at;
    }
  }
  return OPEN;
}

/** Blanks and `= ` stand at `at`. */
export function beginsResult(bytes: Buffer, at: number, to: number): boolean {
  const first = at;
  while (bytes[at] === 0x20 && at < to) at++;
  return at > first && bytes[at] === 0x3d /* = */ && bytes[at + 1] === 0x20 && at + 2 < to;
}

/** Index of the quote that ends the string at `from`; `to` when it does not end. */
export function stringEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  for (; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x22) return at;
    if (byte === 0x5c /* \ */) at++;
  }
  return to;
}

/** Index of the `/` that ends the comment; `to` when it does not end. */
function commentEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at + 1 < to; at++) {
    if (bytes[at] === 0x2a && bytes[at + 1] === 0x2f) return at + 1;
  }
  return to;
}

/** `<` belongs to a descriptor only behind a number (`3<`) or AT_FDCWD; elsewhere it is an operator or text. */
function opensDecoration(bytes: Buffer, from: number, at: number): boolean {
  const before = bytes[at - 1] as number;
  if (before >= 0x30 && before <= 0x39) return bytes[at + 1] !== 0x3c;
  return before === 0x44 /* D */ && at - 8 >= from && bytes.compare(AT_FDCWD, 0, 8, at - 8, at) === 0;
}

/**
 * Index of the `>` that ends a decoration, or -1. Sockets and pipes end with `]>`; paths may hold `->`, quotes and,
 * before 4.22, raw `<` and `>`, so a path ends at the first `>` outside of nested `<...>`, behind which an argument can
 * end.
 */
function decorationEnd(bytes: Buffer, from: number, to: number): number {
  let nested = 0;
  let bracket = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === 0x3c) nested++;
    else if (byte === 0x22 && bracket > 0) at = stringEnd(bytes, at + 1, to);
    else if (byte === 0x5b && (bracket > 0 || bytes[at - 1] === 0x3a) /* :[ */) bracket++;
    else if (byte === 0x5d && bracket > 0) bracket--;
    else if (byte === 0x3e && bracket === 0) {
      if (nested > 0 && bytes[at + 1] === 0x3e) nested--;
      else if (endsArgument(bytes[at + 1] as number)) return at;
    }
  }
  return -1;
}

/** `,` `)` `]` `}` blank `(` (of `(deleted)`), newline or `>`. */
function endsArgument(byte: number): boolean {
  return (
    byte === 0x2c ||
    byte === 0x29 ||
    byte === 0x5d ||
    byte === 0x7d ||
    byte === 0x20 ||
    byte === 0x28 ||
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x3e
  );
}

function specialBytes(text: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of text) table[letter.charCodeAt(0)] = 1;
  return table;
}
