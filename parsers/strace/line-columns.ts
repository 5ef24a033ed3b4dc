import type { TimestampKind } from '../../src/trace/time.ts';
import { cleanLine, isMarkedOutside } from '../text/cleaning.ts';
import { BARE_PIDS, FOREIGN_COLUMNS, type ForeignColumns, NUMBERED, QUOTES } from '../text/foreign-columns.ts';
import { SIGHT_IN_STRACE } from '../text/sight-line.ts';

/** Which columns stand before the name of the call, by a vote of the first lines. */
export interface LineColumns {
  /** `1234 read(`, `[pid 1234] read(` on some lines, or none. */
  readonly pid: 'none' | 'bare' | 'bracket';
  readonly time: TimestampKind;
  /** The seconds of the time have no fraction. */
  readonly isWhole: boolean;
  /** `(+ 0.000123)` beside the absolute time (`-r -tt`). */
  readonly distance: boolean;
  /** Brackets between time and call: a SELinux context, `-n`, `-i`. */
  readonly brackets: boolean;
  /** What is told in `TraceFlags.others`. */
  readonly others: readonly string[];
  /** The process of lines without a prefix beside lines with `[pid N]`; 0 when the head does not tell. */
  readonly initialTid: number;
  /** A mail program or a narrow terminal broke lines between the result and what explains it. */
  readonly breaksResults: boolean;
  /** Lines hold entities of HTML or typographic quotes, and have to be cleaned before they are read. */
  readonly isMarkedUp: boolean;
}

/** A line taken to pieces: its columns and what stands behind them. */
export interface SniffedLine {
  readonly pid: LineColumns['pid'];
  readonly tid: number;
  readonly time: TimestampKind;
  readonly isWhole: boolean;
  readonly distance: boolean;
  readonly brackets: boolean;
  readonly comm: boolean;
  /** In brackets, of the call; -1 when there is none. */
  readonly number: number;
  readonly pointer: boolean;
  readonly body: string;
}

const LINES = 200;
/** Shorter heads are whole captures, whose last line counts. */
const WHOLE_HEAD = 20;
/**
 * Whole seconds between lines (`-r` with a precision of seconds) are one digit, as a rule; more digits behind blanks
 * are a pid in an indented paste.
 */
const LINE = new RegExp(
  [
    /^(?:\[pid +(?<bracketed>\d{1,9})(?<comm1><[^>]*>)?\] |(?<bare>\d{1,9})(?<comm2><[^>]*>)? +)?/,
    /(?<context>\[[a-zA-Z_][^\]\s]*:[^\]]*\] )?/,
    /(?:(?<clock>\d{1,2}:\d\d:\d\d(?<clockFraction>\.\d{1,9})?) |(?<epoch>\d{9,12}(?:\.\d{1,9})?) | *(?<relative>\d{1,8}\.\d{1,9}|\d) )?/,
    /(?<distance>\(\+ *\d+(?:\.\d+)?\) )?/,
    /(?<number>\[ *(?:\d+|\?{1,8})\] )?/,
    /(?<pointer>\[(?:[0-9a-f]{8}|[0-9a-f]{16}|\?{8}|\?{16})\] )?/,
    /(?<body>(?:[a-z_][a-z0-9_]*(?:#\d+)?|\d+:[a-z_]\w*|SYS_\d+|\?\?\?)\(.*|<\.\.\. .*|--- (?:SIG|stopped |\{).*|\+\+\+ [eks].*)$/,
  ]
    .map((part) => part.source)
    .join(''),
);

/** What options leave in the arguments. */
const TRAITS: readonly (readonly [string, RegExp])[] = [
  [
    '-N',
    /^(?:(?:read|write|close|fcntl|fstat)\(fd=|(?:accept4?|bind|listen|connect|recvfrom|sendto|setsockopt|getsockopt)\(sockfd=|epoll_\w+\(epfd=|openat\(dirfd=)/,
  ],
  ['-x', /^(?:openat|execve|access|read|write|sendto|recvfrom)\([^"]{0,80}"\\x[0-9a-f]{2}/],
  ['-e raw', /^(?:accept4?|epoll_wait|recvfrom|sendto|close|fchmod|ioctl|[gs]etsockopt)\(0x[0-9a-f]{1,8}[, )]/],
  [
    '-X raw',
    /^(?!.*\/\*)(?:openat\((?:-100|0xffffff9c)\b|mmap2?\((?:NULL|0), \d+, 0x|socket\(0x|accept4\(\d+[^,]*, [^"]{0,200}\], 0x)/,
  ],
];

/** Takes one line to pieces, or gives null when it is not a line of strace. */
export function sniffLine(line: string): SniffedLine | null {
  const groups = LINE.exec(line)?.groups;
  if (groups === undefined) return null;
  const { bracketed, bare, clock, clockFraction, epoch, relative } = groups;
  return {
    pid: bracketed !== undefined ? 'bracket' : bare !== undefined ? 'bare' : 'none',
    tid: Number(bracketed ?? bare ?? -1),
    time:
      clock !== undefined
        ? clockFraction === undefined
          ? 'clock-seconds'
          : 'clock'
        : epoch !== undefined
          ? 'epoch'
          : relative !== undefined
            ? 'relative'
            : 'none',
    isWhole: clock === undefined ? (epoch ?? relative)?.includes('.') === false : clockFraction === undefined,
    distance: groups['distance'] !== undefined,
    brackets: groups['context'] !== undefined || groups['number'] !== undefined || groups['pointer'] !== undefined,
    comm: groups['comm1'] !== undefined || groups['comm2'] !== undefined,
    number: groups['number'] === undefined ? -1 : Number(/\d+/.exec(groups['number'])?.[0] ?? 0),
    pointer: groups['pointer'] !== undefined,
    body: groups['body'] ?? '',
  };
}

/** The non-empty lines of the head, cleaned; without the last one when it is cut. */
export function headLines(head: Buffer): string[] {
  const lines = head.toString('latin1').split('\n');
  if (lines.length > WHOLE_HEAD) lines.pop();
  return lines
    .map(cleanLine)
    .filter((line) => line.trim() !== '')
    .slice(0, LINES);
}

/** A line that ends with its result, and what strace writes behind results on the same line. */
export const ENDS_BARE = /= -?\d{1,20}(?: E[A-Z0-9]{2,15})?$/;
export const EXPLAINS_RESULT =
  /^[\s>|]{0,8}(?:E[A-Z0-9]{2,15} \(|\((?:\[|\{|Timeout\)|in \[|out \[|left |[A-Z][a-z]+ )|<\d+\.\d{6}>)/;

/** Votes. Works for any head; when nothing reads as strace there are no columns. */
export function sniffColumns(head: Buffer): LineColumns {
  const lines = headLines(head);
  const sniffed = sniffAll(lines);
  const most = <K extends keyof SniffedLine>(key: K, fallback: SniffedLine[K]): SniffedLine[K] =>
    majority(
      sniffed.map((line) => line[key]),
      fallback,
    );
  const pid = sniffed.some((line) => line.pid === 'bracket') ? 'bracket' : most('pid', 'none');
  const others: string[] = [];
  if (sniffed.some((line) => line.comm)) others.push('-Y');
  if (sniffed.filter(({ number }) => number >= 0).length * 2 > sniffed.length) others.push('-n');
  if (most('pointer', false)) others.push('-i');
  for (const [flag, trait] of TRAITS) {
    if (sniffed.some((line) => trait.test(line.body))) others.push(flag);
  }
  const text = head.toString('latin1');
  if (text.includes('\r\n')) others.push('crlf');
  if (text.includes('\x1b[')) others.push('colour');
  const isSights = sniffed.length === 0 && lines.some((line) => line.startsWith(SIGHT_IN_STRACE));
  return {
    pid: isSights ? 'bare' : pid,
    time: isSights ? 'epoch' : most('time', 'none'),
    isWhole: !isSights && most('isWhole', false),
    distance: most('distance', false),
    brackets: most('brackets', false),
    others,
    initialTid: initialTid(lines),
    breaksResults: lines.some(
      (line, index) => ENDS_BARE.test(line) && EXPLAINS_RESULT.test(lines[index + 1] ?? '') && sniffLine(line) !== null,
    ),
    isMarkedUp: text.split('\n', LINES).some(isMarkedOutside),
  };
}

/** The lines of a head without what others put before all of them. */
export interface SniffedLines {
  readonly lines: readonly string[];
  readonly foreign: ForeignColumns | null;
  readonly sniffed: readonly SniffedLine[];
}

/** Finds the foreign columns without which most lines read as strace; none when they read as they are. */
export function bestColumns(lines: readonly string[], isQuoted = false): SniffedLines {
  if (areNumbered(lines)) {
    const { foreign, ...behind } = bestColumns(lines.map((line) => NUMBERED.strip(line)));
    return {
      ...behind,
      foreign: foreign === null ? NUMBERED : { strip: (line) => foreign.strip(NUMBERED.strip(line)) },
    };
  }
  let best: SniffedLines = { lines, foreign: null, sniffed: sniffAll(lines) };
  if (areThreads(best.sniffed)) return without(BARE_PIDS, lines);
  if (best.sniffed.length * 2 >= lines.length) return best;
  for (const foreign of FOREIGN_COLUMNS) {
    const found = without(foreign, lines);
    if (found.sniffed.length > best.sniffed.length) best = found;
  }
  const own = lines.filter((line) => !ATTACHED.test(line));
  if (best.sniffed.length * 2 < own.length && !isQuoted) {
    const found = underQuotes(lines);
    if (found !== null && found.sniffed.length > best.sniffed.length) return found;
  }
  if (best.foreign?.dated === undefined) return best;
  // Where strace gave no times those of the other program stand in.
  const dated = without(best.foreign.dated, lines);
  const times = best.sniffed.map(({ time }) => time);
  return majority(times, 'none') === 'none' && dated.sniffed.length === best.sniffed.length ? dated : best;
}

/** Stacks and dumps, which have no columns: behind a quote they would look like calls. */
const ATTACHED = /^ [>|*] /;

/** The columns of another program behind those of a quote or of `grep -n`; null when none of these is on most lines. */
function underQuotes(lines: readonly string[]): SniffedLines | null {
  let best: SniffedLines | null = null;
  for (const quote of QUOTES) {
    const stripped = lines.map((line) => quote.strip(line));
    if (stripped.filter((line, index) => line !== lines[index]).length * 2 < lines.length) continue;
    const { foreign, ...behind } = bestColumns(stripped, true);
    if (foreign === null || behind.sniffed.length <= (best?.sniffed.length ?? 0)) continue;
    best = { ...behind, foreign: { strip: (line) => foreign.strip(quote.strip(line)) } };
  }
  return best;
}

/** So many lines that count up by one are no chance; of the lines at most one in so many has no number. */
const LEAST_NUMBERED = 5;
const MOST_WITHOUT = 5;

/**
 * An editor or `cat -n` writes numbers to the right, or begins at one, or stands before a pid and a time; strace writes
 * pids to the left.
 */
const EDITORS = /^\s+\d|^\d+\t|^1\s|^\d+\s+\d{1,7}\s+(?:\d\d:\d\d:|\d{10}\.)/;

/**
 * An editor or `cat -n` numbered the lines. Threads that have a line each in the order of their numbers are what an
 * attach to many idle ones looks like.
 */
function areNumbered(lines: readonly string[]): boolean {
  const numbered = lines.filter((line) => /^\s*\d{1,9}(?:\s|$)/.test(line));
  if (numbered.length < LEAST_NUMBERED || (lines.length - numbered.length) * MOST_WITHOUT > lines.length) return false;
  if (!EDITORS.test(numbered[0] as string)) return false;
  // Short-lived processes of a container may come like that, where the capture holds the first call of each.
  const names = new Set(lines.map((line) => /^\s*\d+\s.*?\b([a-z_]\w*)\(/.exec(line)?.[1] ?? ''));
  const numbers = numbered.map((line) => Number.parseInt(line, 10));
  return names.size > 1 && numbers.every((number, index) => number === (numbers[0] as number) + index);
}

/** Larger than the number of any system call, but for those of x32, which have a bit of their own. */
const MOST_NUMBER = 1_000;

/** The numbers in brackets are no numbers of calls: one is too large, or one call has several. */
function areThreads(sniffed: readonly SniffedLine[]): boolean {
  const numbers = new Map<string, number>();
  let numbered = 0;
  let isOther = false;
  for (const { number, body } of sniffed) {
    if (number < 0) continue;
    numbered++;
    const name = /^\w+(?=\()/.exec(body)?.[0];
    const known = name === undefined ? undefined : numbers.get(name);
    if ((number > MOST_NUMBER && number < X32) || (known !== undefined && known !== number)) isOther = true;
    if (name !== undefined) numbers.set(name, number);
  }
  return isOther && numbered * 2 > sniffed.length;
}

const X32 = 0x40000000;

function without(foreign: ForeignColumns, lines: readonly string[]): SniffedLines {
  const stripped = lines.map((line) => foreign.strip(line));
  return { lines: stripped, foreign, sniffed: sniffAll(stripped) };
}

export function sniffAll(lines: readonly string[]): SniffedLine[] {
  return lines.map(sniffLine).filter((line) => line !== null);
}

function majority<T>(values: readonly T[], fallback: T): T {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = fallback;
  let most = 0;
  for (const [value, count] of counts) {
    if (count > most) [best, most] = [value, count];
  }
  return best;
}

/** The first `[pid N]` that was neither attached as a child nor born by a call before. */
function initialTid(lines: readonly string[]): number {
  const children = new Set<number>();
  for (const line of lines) {
    const child = /Process (\d{1,9}) attached|^(?:clone3?|v?fork)\(.*= (\d{1,9})$/.exec(line);
    if (child !== null) children.add(Number(child[1] ?? child[2]));
    const sniffed = sniffLine(line);
    if (sniffed?.pid === 'bracket' && !children.has(sniffed.tid)) return sniffed.tid;
  }
  return 0;
}
