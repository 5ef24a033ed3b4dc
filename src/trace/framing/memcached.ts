import { isMemcachedWord, OTHER_COMMAND } from './command-words.ts';
import { Commands, type Grammar } from './commands.ts';
import { numberAt } from './messages.ts';

/** Commands that a block of data follows, whose size is the fourth word, or the third. */
const STORES = /^(set|add|replace|append|prepend|cas) \S{1,250} \d+ -?\d+ (\d{1,9})\b/;
const META_STORES = /^(ms) \S{1,250} (\d{1,9})\b/;
const SPOKEN =
  /^(?:(?:get|gets|gat|gats|delete|incr|decr|touch|mg|md|ma|me|set|add|replace|append|prepend|cas|ms) \S|(?:stats|version|flush_all|mn)\b[^\r\n]{0,40}\r\n)/;

const TEXT: Grammar = {
  commandAt(bytes, at) {
    const lineEnd = bytes.indexOf('\n', at);
    if (lineEnd < 0) return null;
    const line = bytes.slice(at, lineEnd).trimEnd();
    const stored = STORES.exec(line) ?? META_STORES.exec(line);
    const data = stored === null ? 0 : Number(stored[2]) + 2;
    return { name: wordOf(line), end: lineEnd + 1 + data, mayStayOpen: isUnanswered(line) };
  },
  nameAt(bytes, at) {
    return wordOf(bytes.slice(at, at + 32));
  },
  nextFrom(bytes) {
    return SPOKEN.test(bytes) ? 0 : -1;
  },
};

function wordOf(line: string): string {
  const [word = ''] = line.split(' ', 1);
  return isMemcachedWord(word) ? word : '';
}

/** Nothing is answered, or what others do is told from now on. */
function isUnanswered(line: string): boolean {
  return line.endsWith(' noreply') || line.startsWith('watch') || (/^m[gsda] /.test(line) && / q(?: |$)/.test(line));
}

const MAGIC = 0x80;
const HEADER = 24;
const QUIT = 0x07;
/** By code; from 9 on some are quiet: they are answered only if there is something to say. */
const OPERATIONS: readonly string[] = (
  'get set add replace delete incr decr quit flush_all get noop version get get append prepend stats set add replace ' +
  'delete incr decr quit flush_all append prepend verbosity touch gat gat'
).split(' ');
const QUIET: ReadonlySet<number> = new Set([0x09, 0x0d, ...Array.from({ length: 10 }, (_, code) => 0x11 + code), 0x1e]);

const BINARY: Grammar = {
  commandAt(bytes, at) {
    if (bytes.charCodeAt(at) !== MAGIC || at + HEADER > bytes.length) return null;
    const code = bytes.charCodeAt(at + 1);
    const name = code === QUIT || code === 0x17 ? '' : operation(code);
    return { name, end: at + HEADER + numberAt(bytes, at + 8, 4), mayStayOpen: QUIET.has(code) };
  },
  nameAt(bytes, at) {
    return bytes.charCodeAt(at) === MAGIC && at + 1 < bytes.length ? operation(bytes.charCodeAt(at + 1)) : '';
  },
  nextFrom(bytes) {
    return isBinary(bytes) ? 0 : -1;
  },
};

function operation(code: number): string {
  return OPERATIONS[code] ?? OTHER_COMMAND;
}

/** The lengths in the header fit each other. */
function isBinary(bytes: string): boolean {
  if (bytes.charCodeAt(0) !== MAGIC || bytes.length < HEADER || bytes.charCodeAt(5) !== 0) return false;
  const named = numberAt(bytes, 2, 2) + bytes.charCodeAt(4);
  return bytes.charCodeAt(1) <= 0x3d && named <= numberAt(bytes, 8, 4) && numberAt(bytes, 8, 4) < 2 ** 27;
}

/** The commands of memcached: lines of text, or headers of 24 bytes. */
export class Memcached extends Commands {
  constructor(bytes: string) {
    super(bytes.charCodeAt(0) === MAGIC ? BINARY : TEXT);
  }

  static isSpokenIn(bytes: string): boolean {
    return SPOKEN.test(bytes) || isBinary(bytes);
  }
}
