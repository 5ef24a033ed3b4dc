import type { Family } from '../../src/trace/syscalls.ts';
import { ARGUMENT_WORDS, type ArgumentWord, RAW_WORD } from '../arguments/argument-words.ts';
import { word } from './byte-words.ts';

/** The event that nearly every wait of a server returns, up to its data. */
const ONE_INPUT = words('[{events=EPOLLIN, data={u32=');
const NONBLOCKING = words('FIONBIO, [1]');
const CLOSE_ON_EXEC = words('SOCK_CLOEXEC');
const INET_PORT = words('{sa_family=AF_INET, sin_port=hto');
const INET_ADDRESS = words(', sin_addr=inet_addr');
const HTTP = words('HTTP');
const FIRST_DATA = Uint8Array.from(Buffer.from('u32='));
const BYTES = Object.fromEntries(
  Object.values(ARGUMENT_WORDS)
    .flat()
    .map((word) => [word, Uint8Array.from(Buffer.from(word))]),
) as Readonly<Record<ArgumentWord, Uint8Array>>;

/**
 * Whether the arguments at `from..to` (whole ones, or one half) hold the word; found in the bytes, without a string
 * being made. The usual arguments of the usual calls are recognised as a whole.
 */
export function holdsWord(
  family: Family,
  word: ArgumentWord,
  bytes: Buffer,
  view: DataView,
  from: number,
  to: number,
): boolean {
  if (family === 'ioctl') {
    if (word !== RAW_WORD.ioctl && asksNonblocking(view, from, to)) return true;
  } else if (family === 'accept') {
    if (endsWith(view, from, to, CLOSE_ON_EXEC) && bytes[to - 13] === 0x20 && bytes[to - 14] === 0x2c) return false;
  }
  return indexOf(bytes, from, to, BYTES[word]) >= 0;
}

/** The arguments, or the half of them that holds any, end with `FIONBIO, [1]`. */
export function asksNonblocking(view: DataView, from: number, to: number): boolean {
  return endsWith(view, from, to, NONBLOCKING);
}

/** The arguments of an `epoll_wait` that returned one event are only input: no hang-up among them. */
export function isOneInput(view: DataView, from: number, to: number): boolean {
  return beginsWith(view, from, to, ONE_INPUT);
}

/**
 * Where the traced text of a buffer begins that may be a request line: behind the first quote of the arguments, when a
 * capital follows. -1 for anything else. `headEnd` tells where it ends.
 */
export function headStart(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== 0x22 /* " */) at++;
  const first = at + 1 < to ? (bytes[at + 1] as number) : 0;
  return first >= 0x41 && first <= 0x5a ? at + 1 : -1;
}

/** The same for the status line of a reply of HTTP: other writes may be lines of logs, of which no two are equal. */
export function replyStart(bytes: Buffer, view: DataView, from: number, to: number): number {
  const start = headStart(bytes, from, to);
  return start >= 0 && beginsWith(view, start, to, HTTP) && bytes[start + 4] === 0x2f /* / */ ? start : -1;
}

/** The first escape or the closing quote from `from` on. */
export function headEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== 0x22 && bytes[at] !== 0x5c /* \\ */) at++;
  return at;
}

/** The number behind the first `u32=`, or -1. */
export function firstData(bytes: Buffer, view: DataView, from: number, to: number): number {
  let at = beginsWith(view, from, to, ONE_INPUT)
    ? from + 4 * ONE_INPUT.length
    : indexOf(bytes, from, to, FIRST_DATA) + FIRST_DATA.length;
  if (at < FIRST_DATA.length) return -1;
  let value = 0;
  for (let byte = bytes[at] as number; byte >= 0x30 && byte <= 0x39 && at < to; byte = bytes[++at] as number)
    value = value * 10 + (byte - 0x30);
  return value;
}

/**
 * The IPv4 socket address in the arguments at `from..to`, as address × 65,536 + port: `{sa_family=AF_INET,
 * sin_port=htons(40286), sin_addr=inet_addr("127.0.0.1")}`. -1 when they hold no such text, or anything stands before
 * it that is no descriptor.
 */
export function inetAddress(bytes: Buffer, view: DataView, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== 0x7b /* { */ && bytes[at] !== 0x22 /* " */) at++;
  if (!beginsWith(view, at, to, INET_PORT)) return -1;
  at += 4 * INET_PORT.length;
  if (bytes[at] !== 0x6e /* n */ || bytes[at + 1] !== 0x73 /* s */ || bytes[at + 2] !== 0x28 /* ( */) return -1;
  at += 3;
  let port = 0;
  let byte = bytes[at] as number;
  for (; byte >= 0x30 && byte <= 0x39 && port < 65_536; byte = bytes[++at] as number) port = port * 10 + (byte - 0x30);
  if (byte !== 0x29 /* ) */ || port > 65_535 || !beginsWith(view, at + 1, to, INET_ADDRESS)) return -1;
  at += 1 + 4 * INET_ADDRESS.length;
  if (bytes[at] !== 0x28 /* ( */ || bytes[at + 1] !== 0x22) return -1;
  at += 2;
  let address = 0;
  for (let part = 0; part < 4; part++) {
    let value = 0;
    const first = at;
    byte = bytes[at] as number;
    for (; byte >= 0x30 && byte <= 0x39 && at < to; byte = bytes[++at] as number) value = value * 10 + (byte - 0x30);
    if (at === first || value > 255 || byte !== (part === 3 ? 0x22 /* " */ : 0x2e) /* . */) return -1;
    address = address * 256 + value;
    at++;
  }
  return address * 65_536 + port;
}

/** A text whose length is a multiple of four, in words. */
function words(text: string): Int32Array {
  return Int32Array.from({ length: text.length / 4 }, (_, i) => word(text.slice(4 * i)));
}

function beginsWith(view: DataView, from: number, to: number, text: Int32Array): boolean {
  if (from + 4 * text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (view.getInt32(from + 4 * i, true) !== text[i]) return false;
  return true;
}

function endsWith(view: DataView, from: number, to: number, text: Int32Array): boolean {
  const at = to - 4 * text.length;
  return at >= from && beginsWith(view, at, to, text);
}

function indexOf(bytes: Buffer, from: number, to: number, word: Uint8Array): number {
  const first = word[0] as number;
  const last = to - word.length;
  for (let at = from; at <= last; at++) {
    if (bytes[at] !== first) continue;
    let i = 1;
    while (i < word.length && bytes[at + i] === word[i]) i++;
    if (i === word.length) return at;
  }
  return -1;
}
