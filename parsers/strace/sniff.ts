import { syscall } from '../../src/trace/syscalls.ts';
import { bestPrefix, headLines } from './line-columns.ts';

/** `) = 5`, `) = -1 EAGAIN (...)`, `) = ? <0.1>`: a result as only tracers write it. */
const RESULT = /\)\s*= (?:-?\d+|0x[0-9a-f]+|\?)(?:$|[<\s])/;
const HALF = /^<\.\.\. \w+ resumed>|<(?:unfinished|detached) \.\.\.>$/;
const EVENT = /^(?:--- SIG\w+ [{(]|--- stopped by|\+\+\+ (?:exited with|killed by|superseded by) )/;
const MESSAGE = /Process \d+ (?:attached|detached)/;
/** Neither for nor against: stacks, dumps, prompts, comments, elisions. */
const NEUTRAL = /^ (?:>|\||\*) |^\S{0,80}[#$%] |^#|^\W*$/;
/** `truss` and `dtruss` write errors so, `ltrace` exits. */
const OTHER_TRACER = /\b(?:ERR|Err)#\d+|^\+\+\+ exited \(status \d+\) \+\+\+|^SYSCALL\(args\)/;
const LEAST_KNOWN = 0.5;

/** How sure the head is text of strace: the share of lines that only strace writes. */
export function sniffStrace(head: Buffer): number {
  const { lines, sniffed } = bestPrefix(headLines(head));
  if (lines.some((line) => OTHER_TRACER.test(line))) return 0;
  let known = 0;
  let unknown = 0;
  let open = 0;
  let events = 0;
  for (const { body } of sniffed) {
    if (EVENT.test(body)) events++;
    else if (HALF.test(body)) known++;
    else if (syscall(nameOf(body)).family === 'other') unknown++;
    else if (RESULT.test(body)) known++;
    else if (!body.includes(')')) open++;
  }
  const calls = known + open;
  if (calls + events === 0 || calls < (calls + unknown) * LEAST_KNOWN) return 0;
  const messages = lines.filter((line) => MESSAGE.test(line)).length;
  const neutral = lines.filter((line) => NEUTRAL.test(line)).length;
  // A call without an end is what prose about calls looks like, too.
  const evidence = known + events + unknown * (known > 0 ? 1 : 0) + Math.min(open, 1) / 2 + messages;
  return Math.min(1, evidence / Math.max(1, lines.length - neutral));
}

function nameOf(body: string): string {
  return /^(?:\d+:)?(\w+)/.exec(body)?.[1] ?? '';
}
