import { syscallNumber } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { SIGHT_IN_STRACE } from '../text/sight-line.ts';
import { headLines, type SniffedLine, sniffAll, sniffLine } from './line-columns.ts';

/** `) = 5`, `) = -1 EAGAIN (...)`, `) = ? <0.1>`: a result as only tracers write it. */
const RESULT = /\)\s*= (?:-?\d+|0x[0-9a-f]+|\?)(?:$|[<\s])/;
/** An error in words, a missing result, a result that was made up: no other tracer writes those. */
const ONLY_STRACE = /\)\s*= (?:-1 E[A-Z0-9]+(?: \(|$)|\?|(?:-?\d+|0x[0-9a-f]+) (?:E[A-Z0-9]+ \([^)]*\) )?\(INJECTED\))/;
const HALF = /^<\.\.\. \w+ resumed>|<(?:unfinished|detached) \.\.\.>$/;
const EVENT = /^(?:--- SIG\w+ [{(]|--- stopped by|\+\+\+ (?:exited with|killed by|superseded by) )/;
const MESSAGE = /Process \d+ (?:attached|detached)/;
/** The prompt behind which somebody began it, and other messages of it. */
const ATTACHING = /(?:^|[\s#$%/])strace (?:-\S+ )*(?:-p|--attach)/;
const OF_TRACER = /^(?:strace: |\[ Process PID=|\[wait\(|pid \d+ stopped)/;
/** Neither for nor against: stacks, dumps, prompts, comments, elisions. */
const NEUTRAL = /^ (?:>|\||\*) |^\S{0,80}[#$%] |^#|^\W*$/;
/** `truss` and `dtruss` write errors and threads so, `ltrace` exits and system calls. */
const OTHER_TRACER =
  /\b(?:ERR|Err)#\d+|^\s*(?:> ?)*\d+\/(?:0x[0-9a-f]+|\d+):\s|\)\s+= -?\d+ \(0x[0-9a-f]+\)$|^\+\+\+ exited \(status \d+\) \+\+\+|^SYSCALL\(args\)|^(?:\[pid +\d+\] |\d+ +)?(?:\d[\d:.]* +)?SYS_[a-z]\w*\(/;
/** Functions of libraries, which `ltrace` writes as strace writes calls. */
const LIBRARY =
  /^(?:__|_Z|(?:malloc|calloc|realloc|free|setlocale|getenv|[fsv]?printf|f?puts|putc)\b|str|mem(?!fd_)|f(?:open|close|read|write|seek|flush)\b)/;
const LEAST_KNOWN = 0.5;

/** How sure the head is text of strace: the share of lines that only strace writes. */
export function sniffStrace(head: Buffer): number {
  const lines = headLines(head);
  const sniffed = sniffAll(lines);
  if (lines.some((line) => OTHER_TRACER.test(line))) return 0;
  const sure = scoreOf(lines, sniffed);
  if (sure >= SURE) return sure;
  // A mail program or a narrow terminal broke the lines.
  const whole = unwrapped(lines);
  const calls = whole.map(sniffLine).filter((line) => line !== null);
  const joined = calls.some(({ body }) => RESULT.test(body)) ? scoreOf(whole, calls) : 0;
  return joined < LEAST_JOINED ? sure : Math.max(sure, joined);
}

const SURE = 0.9;
/** Other logs have calls in pieces, too: of what was joined half must be calls. */
const LEAST_JOINED = 0.5;
/** So many pieces of a line are joined. */
const MOST_PIECES = 12;
/** Where a line of strace begins behind its columns. */
const BEGIN = /^(?:\w+\(|<\.\.\. \w+ resumed>|--- |\+\+\+ )/;

/** The call is whole: what follows does not belong to it. */
const WHOLE = /\)\s*= (?:-?\d+|0x[0-9a-f]+|\?)(?: E[A-Z0-9]+)?(?: \([^)]*\))?(?: <[\d.]+>)?$/;

/** The lines with each piece behind the line that it goes on with. */
function unwrapped(lines: readonly string[]): string[] {
  const whole: string[] = [];
  let pieces = 0;
  for (const line of lines) {
    const last = whole.at(-1);
    const begins = BEGIN.test(sniffLine(line)?.body ?? '');
    const goesOn = pieces > 0 && pieces <= MOST_PIECES && (!WHOLE.test(last ?? '') || /^\([^)]*\)/.test(line));
    if (begins || last === undefined || !goesOn || MESSAGE.test(line)) {
      whole.push(line);
      pieces = begins ? 1 : 0;
    } else {
      whole[whole.length - 1] = `${last} ${line}`;
      pieces++;
    }
  }
  return whole;
}

function scoreOf(lines: readonly string[], sniffed: readonly SniffedLine[]): number {
  let known = 0;
  let unknown = 0;
  let open = 0;
  let events = 0;
  const isSurelyStrace = sniffed.some(({ body }) => EVENT.test(body) || ONLY_STRACE.test(body));
  const isSurelyAttached = lines.some((line) => MESSAGE.test(line));
  for (const { body } of sniffed) {
    const name = nameOf(body);
    if (EVENT.test(body)) events++;
    else if (HALF.test(body)) known++;
    else if (LIBRARY.test(name) || !(isSurelyStrace || isCall(name))) unknown++;
    else if (RESULT.test(body)) known++;
    else if (isUnclosed(body) || (isSurelyAttached && isBare(body))) open++;
  }
  const calls = known + open;
  // Nobody made a call while drover looked, or one of them was in a call all the time.
  const sights = lines.filter((line) => line.startsWith(SIGHT_IN_STRACE)).length;
  if (calls + events === 0 && sights > 0) return 1;
  if (calls + events === 0 || calls < (calls + unknown) * LEAST_KNOWN) return 0;
  const messages = lines.filter((line) => MESSAGE.test(line)).length;
  const neutral = lines.filter((line) => NEUTRAL.test(line)).length;
  // Whatever else somebody pasted behind it, such as a table of sockets.
  if (isSession(lines)) return 1;
  // A call without an end is what prose about calls looks like, too.
  const evidence = known + events + unknown * (known > 0 ? 1 : 0) + Math.min(open, 1) / 2 + messages + sights;
  return Math.min(1, evidence / Math.max(1, lines.length - neutral));
}

/** The bracket of the call is not closed: `connect(12, {sin_port=htons(3306), sin_addr=inet_addr("10.0.0.9")}, 16`. */
function isUnclosed(body: string): boolean {
  let depth = 0;
  let closed = false;
  for (const bracket of body.replace(/"(?:[^"\\]|\\.)*"?/g, '').match(/[()]/g) ?? []) {
    depth += bracket === '(' ? 1 : -1;
    if (depth === 0) closed = true;
  }
  return !closed;
}

/** strace was attached to a process, and the next line is the call that the process is in. */
function isSession(lines: readonly string[]): boolean {
  const at = lines.findIndex((line) => MESSAGE.test(line) || ATTACHING.test(line));
  const next = lines.slice(at + 1).find((line) => !MESSAGE.test(line) && !OF_TRACER.test(line));
  const body = at < 0 || next === undefined ? undefined : sniffLine(next)?.body;
  return body !== undefined && isCall(nameOf(body)) && (isUnclosed(body) || isBare(body) || RESULT.test(body));
}

/** Somebody closed the bracket of the call that strace was waiting for: `recvfrom(9, )`. */
function isBare(body: string): boolean {
  return /^\w+\(.*\)$/.test(body);
}

/** Whether a call of this name is known. New kernels bring new ones, which their shape tells. */
function isCall(name: string): boolean {
  return syscall(name).family !== 'other' || syscallNumber('x86-64', name) >= 0;
}

function nameOf(body: string): string {
  return /^(?:\d+:)?(\w+)/.exec(body)?.[1] ?? '';
}
