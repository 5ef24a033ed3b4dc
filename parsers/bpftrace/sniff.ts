import { isOfOtherTool } from '../lookalikes.ts';
import { type ForeignLayout, learnColumns } from './foreign-columns.ts';
import { headingOf } from './headings.ts';
import { printedText, readJson } from './json-record.ts';
import { namedColumns } from './named-columns.ts';
import { stampedAtReturn } from './stamped-at-return.ts';

/** Lines that only bpftrace prints: its messages, its maps, its JSON, drover's own lines. */
const OWN = /^(?:ts=\d+ dur=\d+ |event=(?:start|fd|exit|signal|deliver|tcp|reset|tick|turn|fail) )/;
const JSON_RECORD =
  /^\s*\{"type": ?"(?:attached_probes|printf|map|hist|stats|time|value|lost_events|tseries|join|cat|syscall|helper_error|runtime_error)".*\}$/;
const MESSAGE = /^Attach(?:ing|ed) \d+ probes?(?:\.\.\.)?$|^Lost \d+ events$/;
const MAP = /^@\w*(?:\[.*\])?: ?(?:-?\d|\(|count |$)|^@\w*\[[^\]]*$|^[[(][^|]{1,60}[\])]\s+\d+ \|@*\s*\|$/;
/** Of `key=value` lines of others: time, thread, call and result must be there. */
const PRINTED = /^\s*(?=\w+=)(?=.*\b(?:ts|ts_ns|ts_us|nsecs)=\d)(?=.*\b(?:pid|tid)=\d)(?=.*\b(?:call|syscall|nr)=)/;
/** What drover's programs print alone. */
const OF_DROVER = /^event=| nr=\d+ ret=\S+ a=/;
/** What drover writes behind a capture of strace: lines of its own as those of bpftrace, marked as a message. */
const OF_STRACE = /^strace: /;
/** `probe` of a program that traces returns: the name of the call. */
const RETURN = /\btracepoint:syscalls:sys_exit_\w+/;
const LOOKED_AT = 200;

/** What the columns of others prove at most: strace, perf and bpftrace's own lines are surer of themselves. */
const COLUMNS_PROVE = 0.6;

/** The lines of the head, without the last one where that may be cut. */
function linesOf(head: Buffer, most = LOOKED_AT): string[] {
  const lines = head.toString('latin1').split('\n');
  if (lines.length > 1) lines.pop();
  return lines
    .slice(0, most)
    .map((line) => line.slice(0, 1_000).trimEnd())
    .filter((line) => line !== '' && line !== '^C');
}

/** The lines that programs printed, those in JSON records included. */
function printedLinesOf(head: Buffer): string[] {
  const pieces = linesOf(head).map((line) => {
    const record = line.startsWith('{') ? readJson(line) : null;
    return record === null ? `${line}\n` : printedText(record);
  });
  const lines = pieces.join('').split('\n');
  return lines.filter((line) => line !== '' && !isOwn(line) && !MAP.test(line) && !MESSAGE.test(line));
}

/** How lines of a program that is not drover's are to be read; null when they are of no form that can be told. */
export function foreignColumnsOf(head: Buffer): ForeignLayout | null {
  const keyed = linesOf(head).filter(isOwn);
  if (keyed.length > 0 && !keyed.some((line) => OF_DROVER.test(line))) {
    // The first calls of a program are too short to tell.
    const late = stampedAtReturn(linesOf(head, Number.POSITIVE_INFINITY).filter(isOwn));
    if (late !== null) return late;
  }
  const lines = printedLinesOf(head);
  // Tools of others have headings, too. They name no call.
  const heading = headingOf(lines)?.at;
  const isOther = lines.some((line, at) => at !== heading && isOfOtherTool(line) && !RETURN.test(line));
  const found = isOther ? null : learnColumns(lines);
  // Lines of drover's own programs beside them have times.
  return found?.isTimeless === true && linesOf(head).some(isOwn) ? null : found;
}

/** How they are to be read when the user names the columns; null when no line fits the names. */
export function namedColumnsOf(head: Buffer, names: readonly string[]): ForeignLayout | null {
  return namedColumns(names, printedLinesOf(head));
}

/** How sure the head is output of bpftrace: the share of its lines that only bpftrace prints. */
export function sniffBpftrace(head: Buffer): number {
  const lines = linesOf(head);
  if (lines.length === 0) return 0;
  let own = 0;
  let told = false;
  for (const line of lines) {
    if (isOwn(line)) own++;
    else if (MESSAGE.test(line)) {
      own++;
      told = true;
    } else if (MAP.test(line)) own++;
  }
  // Programs print what they like; bpftrace's own first line vouches for it.
  const proven = Math.max(own / lines.length, told && own > 0 ? 0.5 : 0);
  if (proven >= COLUMNS_PROVE) return proven;
  const foreign = foreignColumnsOf(head);
  if (foreign === null) return proven;
  const read = lines.filter((line) => foreign.translate(line) !== null).length;
  return Math.max(proven, (read / lines.length) * COLUMNS_PROVE);
}

function isOwn(line: string): boolean {
  return OWN.test(line) || JSON_RECORD.test(line) || (PRINTED.test(line) && !OF_STRACE.test(line));
}
