/** Makes text of bytes that a string holds one a character. Total, and different bytes never give the same text. */

const RUN = /[\x80-\xff]+/g;
const BEYOND_PLAIN = /[\\\x80-\xff]/;
/** A backslash that stands for itself, or a run of bytes: escaped in octal or hexadecimal, or as they are. */
const ESCAPED = /\\\\|(?:\\x[0-9a-f]{2}|\\[0-7]{1,3}|[\x80-\xff])+/gi;
const ONE_BYTE = /\\x[0-9a-f]{2}|\\[0-7]{1,3}|[\x80-\xff]/gi;
/** Characters that mean something where a name stands in a line; they stay escaped. */
const MEANINGFUL = '<>"\\';

/**
 * Characters of well-formed UTF-8; `\xNN` for each byte that is part of none. A backslash stays as it is: for whole
 * lines.
 */
export function decodeUtf8(bytes: string): string {
  return bytes.replace(RUN, (run) => textOfRun([...run].map(byteOf), (byte) => escapeOf(byte)));
}

/** The same for a name or a request, where a backslash becomes two, so that it never reads as the escape of a byte. */
export function textOfBytes(bytes: string): string {
  return BEYOND_PLAIN.test(bytes) ? decodeUtf8(bytes.replaceAll('\\', '\\\\')) : bytes;
}

/**
 * A name as strace prints it (`/srv/caf\303\251`), with the characters that its escapes and bytes make (`/srv/café`).
 * Escapes of anything else stay as they were printed.
 */
export function textOfEscaped(printed: string): string {
  if (!BEYOND_PLAIN.test(printed)) return printed;
  return printed.replace(ESCAPED, (run) => {
    if (run === '\\\\') return run;
    const pieces = run.match(ONE_BYTE) ?? [];
    return textOfRun(pieces.map(byteOf), (byte, index) => {
      const piece = pieces[index] ?? '';
      if (piece.length === 1) return escapeOf(byte);
      const isPlain =
        byte >= 0x20 && byte < 0x7f && piece.startsWith('\\x') && !MEANINGFUL.includes(String.fromCharCode(byte));
      return isPlain ? String.fromCharCode(byte) : piece;
    });
  });
}

function byteOf(piece: string): number {
  if (piece.length === 1) return piece.charCodeAt(0);
  return /^\\x/i.test(piece) ? Number.parseInt(piece.slice(2), 16) : Number.parseInt(piece.slice(1), 8) & 0xff;
}

function escapeOf(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The characters of these bytes; `other` says what stands for a byte that is no part of a character beyond ASCII. */
function textOfRun(bytes: readonly number[], other: (byte: number, index: number) => string): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = lengthAt(bytes, at);
    if (length === 1) text += other(bytes[at] as number, at);
    else text += String.fromCodePoint(codePointAt(bytes, at, length));
    at += length;
  }
  return text;
}

/**
 * Bytes of the character beyond ASCII that begins there; 1 where none does: a byte out of place, an overlong form, half
 * of a surrogate pair.
 */
function lengthAt(bytes: readonly number[], at: number): number {
  const first = bytes[at] as number;
  const length =
    first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc2 && first < 0xe0 ? 2 : 1;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined || byte < 0x80 || byte > 0xbf) return 1;
  }
  const second = bytes[at + 1] ?? 0;
  const isOutside =
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && second > 0x8f);
  return isOutside ? 1 : length;
}

function codePointAt(bytes: readonly number[], at: number, length: number): number {
  let point = (bytes[at] as number) & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) point = point * 64 + ((bytes[at + i] as number) & 0x3f);
  return point;
}
