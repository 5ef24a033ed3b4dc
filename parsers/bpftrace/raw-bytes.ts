import { latin1 } from '../text/line-reference.ts';

const BACKSLASH = 0x5c;
const X = 0x78;
/** Where bytes are put together. */
let scratch = Buffer.allocUnsafeSlow(4_096);

/** `GET /\x0d\x0a` as a string of bytes, one character each. A backslash that stands for itself stays. */
export function rawBytes(printed: string): string {
  if (!printed.includes('\\')) return printed;
  const { length } = printed;
  if (length > scratch.length) scratch = Buffer.allocUnsafeSlow(length);
  const bytes = scratch;
  let count = 0;
  for (let at = 0; at < length; at++) {
    const byte = printed.charCodeAt(at);
    bytes[count++] = byte;
    if (byte !== BACKSLASH || printed.charCodeAt(at + 1) !== X) continue;
    const value = (hexDigit(printed.charCodeAt(at + 2)) << 4) | hexDigit(printed.charCodeAt(at + 3));
    if (value < 0) continue;
    bytes[count - 1] = value;
    at += 3;
  }
  return latin1(bytes, 0, count);
}

/** The value of a small hexadecimal digit; -1 for anything else, the end of a string among it. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

/** The printed bytes as a C string in the manner of strace: `"GET /\r\n"`. */
export function quoted(printed: string): string {
  return `"${printed.replace(/\\(?:x([0-9a-f]{2}))?|"/g, (found, hex: string | undefined) =>
    hex === undefined ? `\\${found}` : (NAMED[hex] ?? found),
  )}"`;
}

const NAMED: Readonly<Record<string, string>> = { '0a': '\\n', '0d': '\\r', '09': '\\t', '22': '\\"', '5c': '\\\\' };

export function uint16(bytes: string, at: number): number {
  return byte(bytes, at) | (byte(bytes, at + 1) << 8);
}

export function uint32(bytes: string, at: number): number {
  return (uint16(bytes, at) | (uint16(bytes, at + 2) << 16)) >>> 0;
}

export function uint64(bytes: string): bigint {
  let value = 0n;
  for (let at = 7; at >= 0; at--) value = (value << 8n) | BigInt(byte(bytes, at));
  return value;
}

export function byte(bytes: string, at: number): number {
  return at < bytes.length ? bytes.charCodeAt(at) & 0xff : 0;
}
