import { decodeUtf8 } from '../trace/utf8.ts';
import { nameOfPayload, placeholder, redactProse, redactSecrets } from './payload.ts';

/** Calls whose quoted strings are names (paths, arguments of a program): they stay. Strings of every other call count as payload. */
const NAMING_CALLS: ReadonlySet<string> = new Set(
  (
    'open openat openat2 creat memfd_create execve execveat access faccessat faccessat2 stat lstat stat64 lstat64 fstat fstat64 fstatat64 newfstatat oldstat statx statfs statfs64 ' +
    'readlink readlinkat rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir mknod mknodat chmod fchmodat fchmodat2 chown lchown fchownat truncate truncate64 ' +
    'utime utimes utimensat futimesat link linkat symlink symlinkat chdir chroot getcwd mount umount umount2 pivot_root statmount inotify_add_watch fanotify_mark name_to_handle_at ' +
    'socket bind connect accept accept4 getsockname getpeername prctl shm_open mq_open mq_unlink uselib swapon acct'
  ).split(' '),
);
/** What strace prints around arguments in the manner of a call. */
const DECODERS: ReadonlySet<string> = new Set(
  'inet_addr inet_pton htons htonl ntohs ntohl makedev if_nametoindex msg_name msg_iov msg_control msg_flags cmsg_len KERNEL_VERSION QCMD'.split(
    ' ',
  ),
);
const CALL = /(?<![a-z_])([a-z_][a-z0-9_]{0,40})\(|<\.\.\. ([a-z_][a-z0-9_]{0,40}) resumed/g;
/** The text before a string that is an address, in whatever call. */
const ADDRESS = /(?:sun_path=@?|inet_addr\(|inet_pton\(AF_INET6?, ?&?|if_nametoindex\(|sll_addr=|sin6?_addr=)$/;
/** What strace prints after the quote that ends a string. In payload any other quote is taken as a part of it: too much is removed, never too little. */
const AFTER_STRING = /(?:,|\)|\}|\]|>|\.\.\.|=>|\s*$| <| +=| \/\*| \|)/y;
const BEYOND_ASCII = /[^\x00-\x7f]/;
const ESCAPE = /\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[^]|$)/g;
const NAMED_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f', a: '\x07', b: '\b', e: '\x1b' };
/** A row of the hex dumps that `-e read=` and `-e write=` add. */
const DUMP_ROW = /^(\s*\| ?[0-9a-f]{5,} )[^]*$/;

/** A line of drover's bpftrace programs: bytes go on to its end. */
const PRINTED_BYTES = /^(.*\bts=.* data=)([^]+)$/;

/**
 * One raw line of a trace without payload. Paths, program arguments, addresses and descriptor names stay; the strings of all other calls
 * shrink to what `nameOfPayload` allows, or to their size. Lines of no known shape lose all that stands between their first and last quote.
 */
export function redactLine(line: string): string {
  const dump = DUMP_ROW.exec(line);
  if (dump !== null) return `${dump[1]}<bytes>`;
  if (line.startsWith('{"')) return redactJson(line);
  const printed = PRINTED_BYTES.exec(line);
  if (printed !== null)
    return `${printed[1]}${redactString(printed[2] ?? '', false)
      .slice(1)
      .replace(/"(?=\.*$)/, '')}`;
  const firstQuote = line.indexOf('"');
  if (calls(firstQuote < 0 ? line : line.slice(0, firstQuote)).length === 0) return redactUnknown(line, firstQuote);
  let done = '';
  let onlyNames = true;
  let at = 0;
  for (;;) {
    const open = nextQuote(line, at);
    if (open < 0) return done + line.slice(at);
    const before = line.slice(at, open);
    onlyNames &&= calls(before).every((name) => NAMING_CALLS.has(name));
    const isName = onlyNames || ADDRESS.test(before);
    const close = closingQuote(line, open + 1, isName);
    const isCut = close >= line.length || line.startsWith('...', close + 1);
    done += before + (isName ? line.slice(open, close + 1) : redactString(line.slice(open + 1, close), isCut));
    at = close + 1;
    if (!isName && line.startsWith('...', at)) at += 3;
  }
}

/** Text in which only quoted parts can be payload (a target with a query behind it), reduced like the strings of a line. */
export function redactQuoted(text: string): string {
  const reduced = text.replace(/"((?:\\[^]|[^"\\])*)(?:"|$)(\.\.\.)?/g, (quoted: string, content: string, cut: string | undefined) =>
    /^[/@][^\s?]*$/.test(content) ? quoted : redactString(content, cut !== undefined),
  );
  return redactProse(reduced);
}

function redactString(content: string, isCut: boolean): string {
  if (content === '') return isCut ? '""...' : '""';
  const bytes = decode(content);
  const name = nameOfPayload(bytes);
  // What was printed as escapes is bytes until here; what was not is text already.
  const shown = name === null || BEYOND_ASCII.test(content) ? name : decodeUtf8(name);
  if (name !== null) return `"${shown}"${name === bytes && !isCut ? '' : '...'}`;
  return `"${placeholder(bytes)}"${isCut ? '...' : ''}`;
}

/** Names of the calls that start in a text, without strace's own decoders. */
function calls(text: string): readonly string[] {
  const names: string[] = [];
  for (const [, called, resumed] of text.matchAll(CALL)) {
    const name = called ?? resumed ?? '';
    if (!DECODERS.has(name)) names.push(name);
  }
  return names;
}

/** The next quote that starts a string: one in a descriptor's name (`3<UNIX:[17,"/run/x.sock"]>`) or behind a backslash does not. */
function nextQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    const character = line[at];
    if (character === '"') return at;
    if (character === '\\') at++;
    else if (character === '<' && /[\dD]/.test(line[at - 1] ?? '')) at = endOfDescriptorName(line, at);
  }
  return -1;
}

function endOfDescriptorName(line: string, open: number): number {
  for (let at = open + 1; at < line.length; at++) {
    if (line[at] === '>' && line[at - 1] !== '-') return at;
    if (line.startsWith(', "', at)) break;
  }
  // Never closed, or the next argument already begins: the line is damaged, so look at each quote.
  return open;
}

function closingQuote(line: string, from: number, isName: boolean): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') {
      if (isName) return at;
      AFTER_STRING.lastIndex = at + 1;
      if (AFTER_STRING.test(line)) return at;
    }
  }
  return line.length;
}

function decode(content: string): string {
  return content.replace(ESCAPE, (escape) => {
    const body = escape.slice(1);
    if (/^x[0-9a-fA-F]/.test(body)) return String.fromCharCode(Number.parseInt(body.slice(1), 16));
    if (/^[0-7]/.test(body)) return String.fromCharCode(Number.parseInt(body, 8) & 0xff);
    return NAMED_ESCAPES[body] ?? (body === '' ? '?' : body);
  });
}

/** A line of `bpftrace -f json`: each of its strings is a line of its own; numbers keep their digits. */
function redactJson(line: string): string {
  try {
    JSON.parse(line);
  } catch {
    // Cut off or not JSON after all.
    return redactUnknown(line, line.indexOf('"'));
  }
  return line.replace(/"(?:\\[^]|[^"\\])*"/g, (quoted) => {
    const value: unknown = JSON.parse(quoted);
    const redacted = typeof value === 'string' ? redactLine(value) : value;
    return redacted === value ? quoted : JSON.stringify(redacted);
  });
}

function redactUnknown(line: string, firstQuote: number): string {
  if (firstQuote < 0) return redactProse(line);
  const lastQuote = line.lastIndexOf('"');
  const quotes = line.split('"').length - 1;
  // With an odd number it cannot be told which side of a quote is data.
  if (quotes % 2 === 1) return placeholder(line);
  return (
    redactSecrets(line.slice(0, firstQuote)) +
    redactString(line.slice(firstQuote + 1, lastQuote), false) +
    redactSecrets(line.slice(lastQuote + 1))
  );
}
