/** Reads what a DNS message says. Strings hold one byte a character; anything may be cut off or made up. */

/** Longest name that is shown; names of 253 bytes are allowed. */
const SHOWN_NAME = 80;
const HEADER = 12;
const NO_SUCH_NAME = 3;

export interface DnsMessage {
  /** Asked for, without the last dot; '' when the bytes do not tell. Letters, digits, `-`, `_` and dots only. */
  readonly name: string;
  readonly isAnswer: boolean;
  readonly noSuchName: boolean;
  /** Another failure: the server could not, or would not. */
  readonly failed: boolean;
}

/** The message that these bytes begin, or null when they are no DNS message. */
export function dnsMessage(bytes: string): DnsMessage | null {
  if (bytes.length < HEADER + 2 || bytes.charCodeAt(4) !== 0 || bytes.charCodeAt(5) !== 1) return null;
  const isAnswer = (bytes.charCodeAt(2) & 0x80) !== 0;
  const code = bytes.charCodeAt(3) & 0x0f;
  return {
    name: nameAt(bytes, HEADER),
    isAnswer,
    noSuchName: isAnswer && code === NO_SUCH_NAME,
    failed: isAnswer && code !== 0 && code !== NO_SUCH_NAME,
  };
}

function nameAt(bytes: string, from: number): string {
  let name = '';
  for (let at = from; at < bytes.length && name.length < SHOWN_NAME; ) {
    const length = bytes.charCodeAt(at);
    if (length === 0 || length > 63) break;
    name += `${name === '' ? '' : '.'}${bytes.slice(at + 1, at + 1 + length)}`;
    at += 1 + length;
  }
  return name.slice(0, SHOWN_NAME).replace(/[^A-Za-z0-9_.-]/g, '?');
}
