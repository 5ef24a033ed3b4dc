/** `GET /\x0d\x0a` as a string of bytes, one character each. A backslash that stands for itself stays. */
export function rawBytes(printed: string): string {
  if (!printed.includes('\\')) return printed;
  return printed.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
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
