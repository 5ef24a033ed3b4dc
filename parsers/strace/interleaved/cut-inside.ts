import { syscall } from '../../../src/trace/syscalls.ts';

/** Columns of strace or of others stand in front of it. */
const CALL = /(?:^|[\s\]>):|])([a-z_]\w*)\(([^]*)$/;
/** Tags and fences of a page behind the last line. */
const MARKUP = /(?:<\/\w{1,16}>|`){1,8}\s{0,8}$/;
/** Whoever shortens a line by hand and says so wants to show where the call stands. */
const SHORTENED = /(?:^|[^"])(?:\.{3}|\u2026|\xe2\x80\xa6)\s*$/;
/** Behind a string that strace shortens stands its length; flags end in a letter. */
const CUT_TOKEN = /"\.{3}\s*$|[|_]$/;
const FLAG = /\b(O|LOCK)_([A-Z]+)$/;
const OPEN_FLAGS =
  'RDONLY WRONLY RDWR CREAT EXCL NOCTTY TRUNC APPEND NONBLOCK DSYNC SYNC DIRECT LARGEFILE DIRECTORY NOFOLLOW NOATIME ' +
  'CLOEXEC PATH TMPFILE ASYNC ACCMODE';
const FLAGS: Readonly<Record<string, ReadonlySet<string>>> = {
  O: new Set(OPEN_FLAGS.split(' ')),
  LOCK: new Set(['SH', 'EX', 'UN', 'NB']),
};
/** The one command of `fcntl` that waits. */
const LOCKING = /^[^,]*, *(?:cmd=)?F_(?:OFD_)?SETLKW/;
const FUTEX_OPERATION = /^[^,]*, *(?:op=)?FUTEX_[A-Z_|]*$/;
/** strace prints a part of what these take and give when they begin. */
const BOTH_WAYS = new Set(['ioctl', 'bpf']);
/** When these begin strace prints the first argument only. */
const GIVES = /^(?:p?readv?(?:64)?2?|recv(?:from|msg|mmsg)?|accept4?|epoll_p?wait2?|wait4)$/;
/** How many arguments strace prints of calls that give nothing back, when they begin. */
const ARGUMENTS: Readonly<Record<string, number>> = {
  mmap: 6,
  mprotect: 3,
  munmap: 2,
  madvise: 3,
  epoll_ctl: 4,
  setsockopt: 5,
  connect: 3,
  write: 3,
  sendto: 6,
};
/** Calls that wait, of several arguments each, and the others that wait. */
const OF_SEVERAL = ['read', 'write', 'accept', 'connect', 'epoll-wait', 'poll', 'select', 'futex', 'lock'];
const OTHERS = ['fcntl', 'restart', 'wait-child', 'semaphore', 'sleep', 'sync', 'signal-wait', 'open'];

/**
 * Whether the text of a call without an end stops where strace never stops: inside an argument, or behind one that only
 * a call that came back shows. Whoever copied the trace cut it there, and what came of the call is not told.
 */
export function isCutInside(text: string): boolean {
  const found = CALL.exec(text.replace(MARKUP, ''));
  if (found === null) return false;
  const [, name = '', padded = ''] = found;
  const args = padded.includes(')') ? padded : padded.trimEnd();
  if (SHORTENED.test(args)) return false;
  const { depth, isInString, closedAt, commas } = scan(args);
  const { family } = syscall(name);
  if (isInString || CUT_TOKEN.test(args)) return true;
  // strace closes the bracket with the result, and pads behind it. Who closes that of a wait by hand does not.
  if (closedAt >= 0) return args.length > closedAt + 1 || ![...OF_SEVERAL, ...OTHERS].includes(family);
  if (depth > 0) return !BOTH_WAYS.has(name);
  const [, prefix = '', word = ''] = FLAG.exec(args) ?? [];
  if (word !== '' && FLAGS[prefix]?.has(word) !== true) return true;
  if (commas < (ARGUMENTS[name] ?? 0) - 1) return true;
  const comma = args.indexOf(',');
  if (comma < 0) return OF_SEVERAL.includes(family);
  if (GIVES.test(name)) return args.slice(comma + 1).trim() !== '';
  if (family === 'fcntl') return !LOCKING.test(args);
  return family === 'futex' && FUTEX_OPERATION.test(args);
}

/** How many brackets are open at the end, where the one of the call itself is closed, and commas outside of others. */
function scan(args: string): { depth: number; isInString: boolean; closedAt: number; commas: number } {
  let depth = 0;
  let commas = 0;
  for (let at = 0; at < args.length; at++) {
    const letter = args[at];
    if (letter === '"') {
      const end = /"(?:[^"\\]|\\[^])*"/y;
      end.lastIndex = at;
      const string = end.exec(args)?.[0];
      if (string === undefined) return { depth, isInString: true, closedAt: -1, commas };
      at += string.length - 1;
    } else if (letter === '(' || letter === '[' || letter === '{') depth++;
    else if (letter === ')' && depth === 0) return { depth, isInString: false, closedAt: at, commas };
    else if (letter === ',' && depth === 0) commas++;
    else if (letter === ')' || letter === ']' || letter === '}') depth--;
  }
  return { depth, isInString: false, closedAt: -1, commas };
}
