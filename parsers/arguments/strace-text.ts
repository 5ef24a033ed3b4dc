import { EVENT, type FutexUse, type ReadyEvent } from '../../src/trace/call-arguments.ts';
import { UNKNOWN } from '../../src/trace/time.ts';
import { textOfBytes, textOfEscaped } from '../../src/trace/utf8.ts';
import { ipv4, ipv6 } from './ip-bytes.ts';
import { eventBits, flagWord, futexOperation } from './kernel-words.ts';

/**
 * Decodes the argument text of strace lines. Everything here is total: odd text gives null, -1, '' or an empty list,
 * never an exception.
 */

/** Splits at commas outside quotes, brackets and comments; strips the `name=` that strace ≥ 6.16 prints with `-N`. */
export function splitArguments(args: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < args.length; i++) {
    const code = args.charCodeAt(i);
    if (code === 0x22) i = skipQuoted(args, i);
    else if (code === 0x2f && args.charCodeAt(i + 1) === 0x2a) i = skipComment(args, i);
    else if (code === 0x28 || code === 0x5b || code === 0x7b || (code === 0x3c && opensDecoration(args, i))) depth++;
    else if (
      code === 0x29 ||
      code === 0x5d ||
      code === 0x7d ||
      (code === 0x3e && depth > 0 && args.charCodeAt(i - 1) !== 0x3d && args.charCodeAt(i - 1) !== 0x2d)
    )
      depth--;
    else if (code === 0x2c && depth <= 0) {
      parts.push(withoutName(args.slice(start, i)));
      start = i + 1;
    }
  }
  if (start < args.length) parts.push(withoutName(args.slice(start)));
  return parts;
}

/** The last argument behind a list and a number, as that of `[…], 64, 1000`; '' where the arguments end otherwise. */
export function lastBehindList(args: string): string {
  const last = args.lastIndexOf(', ');
  const list = last < 1 ? -1 : args.lastIndexOf(', ', last - 1);
  return list > 0 && args.charCodeAt(list - 1) === 0x5d /* ] */ ? args.slice(last + 2) : '';
}

/** An argument without the name and the blanks in front of it. */
function withoutName(raw: string): string {
  const argument = raw.trim();
  if (argument === '') return argument;
  const first = argument.charCodeAt(0);
  // Constants are capitals, numbers digits: few arguments need a second look.
  if (first !== 0x5f && !(first >= 0x61 && first <= 0x7a)) return argument;
  return argument.replace(/^[a-z_][a-z0-9_]*=(?!=)/, '');
}

function skipQuoted(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i;
  }
  return text.length;
}

function skipComment(text: string, from: number): number {
  const end = text.indexOf('*/', from + 2);
  return end < 0 ? text.length : end + 1;
}

/** `<` opens a decoration only after a digit or AT_FDCWD; elsewhere it is an operator or text. */
function opensDecoration(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  return (before >= 0x30 && before <= 0x39) || (before === 0x44 && text.endsWith('AT_FDCWD', at));
}

/**
 * The decoration of the first descriptor in the text, its characters decoded: `socket:[123]` of `5<socket:[123]>, …`;
 * '' when it has none.
 */
export function decoration(text: string): string {
  const match = /^\s*(?:[a-z_]+=)?-?\d+</.exec(text);
  if (match === null) return '';
  return textOfEscaped(decorationAt(text, match[0].length - 1));
}

/** Where the decoration of the first descriptor ends; 0 when it has none. */
export function endOfDecoration(text: string): number {
  const match = /^\s*(?:[a-z_]+=)?-?\d+</.exec(text);
  return match === null ? 0 : match[0].length + decorationAt(text, match[0].length - 1).length;
}

/** The text between the `<` at `open` and its partner, as it was printed. */
export function decorationAt(text: string, open: number): string {
  return text.slice(open + 1, Math.max(open, endOfLabel(text, open)));
}

/** Where the partner of the `<` at `open` stands; -1 when it is cut off. */
function endOfLabel(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = skipQuoted(text, i);
    else if (code === 0x3c) depth++;
    else if (code === 0x3e && text.charCodeAt(i - 1) !== 0x2d && --depth === 0) return i;
  }
  return -1;
}

/** The leading integer of an argument, decimal or hexadecimal; NaN when it has none. */
export function integer(argument: string | undefined): number {
  if (argument === undefined) return Number.NaN;
  if (!argument.startsWith('x', 1) && !argument.startsWith('x', 2)) return integerAt(argument, 0);
  const match = /^-?(?:0x[0-9a-f]+|\d+)/i.exec(argument);
  return match === null ? Number.NaN : Number(match[0]);
}

/**
 * The bytes of the first C string in the text as a latin1 string, at most `limit` bytes; null when there is none.
 * Reads octal and hexadecimal escapes, so `-x` and `-xx` captures decode too.
 */
export function quotedBytes(text: string, limit = 4096): string | null {
  const open = text.indexOf('"');
  if (open < 0) return null;
  let from = open + 1;
  let close = text.indexOf('"', from);
  if (close < 0) close = text.length;
  let escape = text.indexOf('\\', from);
  if (escape < 0 || escape > close) return text.slice(from, Math.min(close, from + limit));
  let out = '';
  while (out.length < limit) {
    if (escape < 0 || escape >= close) return out + text.slice(from, Math.min(close, from + limit - out.length));
    out += text.slice(from, escape);
    const width = widthOfEscape(text, escape + 1);
    out += escapedByte(text, escape + 1, width);
    from = escape + 1 + width;
    // An escaped quote does not close the string.
    if (close < from) close = indexOrEnd(text, '"', from);
    escape = text.indexOf('\\', from);
  }
  return out.slice(0, limit);
}

function indexOrEnd(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}

/** How many characters behind the backslash belong to the escape. */
function widthOfEscape(text: string, at: number): number {
  const first = at < text.length ? text.charCodeAt(at) : 0;
  if (first === 0x78 /* x */) return isHexDigit(text, at + 1) && isHexDigit(text, at + 2) ? 3 : 1;
  if (!isOctalDigit(first)) return 1;
  if (at + 1 >= text.length || !isOctalDigit(text.charCodeAt(at + 1))) return 1;
  return at + 2 < text.length && isOctalDigit(text.charCodeAt(at + 2)) ? 3 : 2;
}

function escapedByte(text: string, at: number, width: number): string {
  const first = at < text.length ? text.charCodeAt(at) : 0;
  if (isOctalDigit(first)) {
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 8 + (text.charCodeAt(at + i) - 0x30);
    return String.fromCharCode(value & 0xff);
  }
  if (width === 3) return String.fromCharCode(Number.parseInt(text.slice(at + 1, at + 3), 16));
  switch (first) {
    case 0x6e:
      return '\n';
    case 0x72:
      return '\r';
    case 0x74:
      return '\t';
    case 0x76:
      return '\v';
    case 0x66:
      return '\f';
    default:
      return text.charAt(at);
  }
}

function isOctalDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x37;
}

function isHexDigit(text: string, at: number): boolean {
  if (at >= text.length) return false;
  const code = text.charCodeAt(at);
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

/** The first C string as it was printed, without its quotes; '' when there is none, or its end was cut off. */
export function quotedText(text: string, from = 0): string {
  const open = text.indexOf('"', from);
  const close = open < 0 ? text.length : skipQuoted(text, open);
  return close >= text.length ? '' : text.slice(open + 1, close);
}

/** An address of IPv4 in one of IPv6. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * `10.0.0.7:443`, `[::1]:443`, `unix:/run/x.sock` of a sockaddr; '' when the text holds none. Sockets of both families
 * (all of Java) show an address of IPv4 as `::ffff:10.0.0.7`.
 */
export function socketAddress(text: string): string {
  const path = text.indexOf('sun_path=');
  if (path >= 0 && text.startsWith('"', path + (text.charAt(path + 9) === '@' ? 10 : 9)))
    return `unix:${textOfBytes(quotedBytes(`"${quotedText(text, path)}"`) ?? '')}`;
  const port = /sin6?_port=htons\((\d+)\)/.exec(text)?.[1];
  if (port === undefined) return rawSocketAddress(text);
  const v4 = /sin_addr=inet_addr\("([^"]*)"\)/.exec(text)?.[1];
  if (v4 !== undefined) return `${quotedBytes(`"${v4}"`)}:${port}`;
  const v6 = /inet_pton\(AF_INET6, "([^"]*)"/.exec(text)?.[1];
  if (v6 === undefined) return `:${port}`;
  return withPort(quotedBytes(`"${v6}"`) ?? '', port);
}

function withPort(v6: string, port: string | number): string {
  const mapped = MAPPED.exec(v6)?.[1];
  return mapped === undefined ? `[${v6}]:${port}` : `${mapped}:${port}`;
}

/** As `-X raw` and `-X verbose` print it: port and address are bytes, `sin_port="\x1f\x90"`. */
function rawSocketAddress(text: string): string {
  const at = text.indexOf('_port="');
  if (at < 0) return '';
  const port = quotedBytes(text.slice(at)) ?? '';
  const address = text.indexOf('_addr="', at);
  const bytes = address < 0 ? '' : (quotedBytes(text.slice(address)) ?? '');
  if (port.length !== 2 || (bytes.length !== 4 && bytes.length !== 16)) return '';
  const number = (port.charCodeAt(0) << 8) | port.charCodeAt(1);
  return bytes.length === 4 ? `${ipv4(bytes)}:${number}` : withPort(ipv6(bytes), number);
}

/** No set of events is longer. */
const LONGEST_EVENTS = 200;

/**
 * The events of an `epoll_wait` that returned, `{events=EPOLLIN, data={u32=5, u64=5}}` or `{EPOLLIN, {u32=5, u64=5}}`;
 * empty when the text shows none. By hand: loops ask it thousands of times a second.
 */
export function readyEvents(args: string): ReadyEvent[] {
  const found: ReadyEvent[] = [];
  for (let at = args.indexOf('{u32='); at >= 0; at = args.indexOf('{u32=', at + 5)) {
    const comma = args.startsWith(', data=', at - 7) ? at - 7 : at - 2;
    const open = args.startsWith(', ', comma) ? args.lastIndexOf('{', comma) : -1;
    if (open < 0 || comma - open > LONGEST_EVENTS) continue;
    const printed = args.slice(args.startsWith('events=', open + 1) ? open + 8 : open + 1, comma);
    const data = integerAt(args, at + 5);
    if ((printed.startsWith('EPOLL') || printed.startsWith('0x')) && data >= 0)
      found.push({ events: eventBits(printed), data });
  }
  if (found.length === 0 && args.includes(', data=0x'))
    for (const [, events = '', data = ''] of args.matchAll(RAW_EVENT))
      found.push({ events: eventBits(events), data: lowHalf(data) });
  return found;
}

/** As `-X raw` prints an event: the user data is one number of 64 bits. */
const RAW_EVENT = /\{events=(0x[0-9a-f]{1,8}), data=0x([0-9a-f]{1,16})\}/g;

/** The low 32 bits of a hexadecimal number. */
export function lowHalf(digits: string): number {
  return Number.parseInt(digits.slice(-8), 16);
}

/** What a `poll` or `select` returned: `1 ([{fd=3, revents=POLLIN}])`, `2 (in [5 6], left {tv_sec=1, tv_usec=0})`. */
export function returnedEvents(returned: string): ReadyEvent[] {
  const found: ReadyEvent[] = [];
  let open = -1;
  let nextOpen = returned.indexOf('{fd=');
  for (let at = returned.indexOf('revents='); at >= 0; at = returned.indexOf('revents=', at + 8)) {
    for (; nextOpen >= 0 && nextOpen < at; nextOpen = returned.indexOf('{fd=', nextOpen + 4)) open = nextOpen;
    const printed = returned.slice(at + 8, at + 8 + LONGEST_EVENTS);
    const end = printed.indexOf('}');
    if (open < 0 || end < 0) continue;
    found.push({ events: eventBits(printed.slice(0, end)), data: integerAt(returned, open + 4) });
  }
  if (found.length > 0) return found;
  for (let at = returned.indexOf(' ['); at >= 0; at = returned.indexOf(' [', at + 2)) {
    const events = returned.endsWith('in', at) ? EVENT.IN : returned.endsWith('out', at) ? EVENT.OUT : EVENT.PRI;
    const end = eachOfSet(returned, at + 1, (data) => found.push({ events, data }));
    if (end < 0) break;
    at = end;
  }
  return found;
}

/** What the arguments of a futex say. By hand: servers with threads ask it for every tenth call. */
export function futexIn(args: string): FutexUse | null {
  const first = args.indexOf(', ');
  if (first < 0) return null;
  const next = args.indexOf(', ', first + 2);
  const end = next < 0 ? args.length : next;
  const word = withoutName(args.slice(0, first));
  const value = next < 0 ? Number.NaN : integer(withoutName(args.slice(next + 2, next + 30)));
  if (args.startsWith('FUTEX_', first + 2)) return futexUse(args, first + 2, end, word, value);
  const words = flagWord(withoutName(args.slice(first + 2, end)), futexOperation);
  return words.startsWith('FUTEX_') ? futexUse(words, 0, words.length, word, value) : null;
}

/** `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME` stands at `from..to`. */
function futexUse(text: string, from: number, to: number, word: string, value: number): FutexUse {
  const bar = text.indexOf('|', from);
  const end = bar >= 0 && bar < to ? bar : to;
  const isPrivate = text.endsWith('_PRIVATE', end);
  return {
    word,
    operation: text.slice(from + 'FUTEX_'.length, isPrivate ? end - '_PRIVATE'.length : end),
    isPrivate,
    isRealtime: end < to && text.startsWith('FUTEX_CLOCK_REALTIME', end + 1),
    value,
  };
}

/** Nanoseconds of `{tv_sec=1, tv_nsec=5}`, `{1, 5}`; UNKNOWN where the text is none. */
export function timeIn(text: string, inMicroseconds: boolean): number {
  const [, seconds, rest] = /^\{(?:tv_sec=)?(\d{1,10}), (?:tv_[un]?sec=)?(\d{1,9})\}/.exec(text) ?? [];
  return seconds === undefined ? UNKNOWN : Number(seconds) * 1e9 + Number(rest) * (inMicroseconds ? 1e3 : 1);
}

/** The descriptors of a poll array, each with the events asked for. */
export function pollDescriptors(args: string): number[] {
  const found: number[] = [];
  for (let at = args.indexOf('{fd='); at >= 0; at = args.indexOf('{fd=', at + 4)) {
    const fd = integerAt(args, at + 4);
    if (!Number.isNaN(fd)) found.push(fd);
  }
  return found;
}

/**
 * The decimal number at `from`; NaN when there is none. By hand: loops ask it thousands of times a second. Nothing is
 * read behind the end: V8 compiles whatever does so a second time, and slower.
 */
function integerAt(text: string, from: number): number {
  const isNegative = text.startsWith('-', from);
  const end = Math.min(text.length, from + 25);
  let value = Number.NaN;
  for (let at = isNegative ? from + 1 : from; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) break;
    value = Number.isNaN(value) ? digit : value * 10 + digit;
  }
  return isNegative ? -value : value;
}

/** The descriptors of the read set of a select call: `[5<TCP:[…]> 6<pipe:[…]>]`. */
export function selectReadDescriptors(args: string): number[] {
  const open = args.indexOf('[');
  const comma = args.indexOf(', ');
  if (open < 0 || comma < 0 || open !== comma + 2) return [];
  return descriptorsOfSet(args, open);
}

/** The descriptors of the set or list that opens at `open`: `[5<TCP:[…]> 6]`, `[19<socket:[…]>, 20]`. */
export function descriptorsOfSet(text: string, open: number): number[] {
  const found: number[] = [];
  eachOfSet(text, open, (fd) => found.push(fd));
  return found;
}

/** The same with what `-y` prints for each, '' for none. Returns where the set ends, or -1 when it is cut off. */
export function eachOfSet(text: string, open: number, take: (fd: number, label: string) => void): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5d) return at;
    if (code < 0x30 || code > 0x39) continue;
    const fd = integerAt(text, at);
    while (text.charCodeAt(at + 1) >= 0x30 && text.charCodeAt(at + 1) <= 0x39) at++;
    const from = at + 1;
    if (text.charCodeAt(from) === 0x3c) at = endOfLabel(text, from);
    take(fd, at > from ? textOfEscaped(text.slice(from + 1, at)) : '');
    if (at < 0) return -1;
  }
  return -1;
}
