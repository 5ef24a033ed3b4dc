import type { TraceFormat } from './format.ts';
import { behindWords, firstWords, mostWords } from './packed/first-words.ts';
import { formats, recognise } from './registry.ts';
import { cleanLine, isMarkedUp } from './text/cleaning.ts';
import { FOREIGN_COLUMNS, type ForeignColumns } from './text/foreign-columns.ts';

/** What stands before the lines of a head, and how sure it is what they are without. */
export interface Reading {
  readonly format: TraceFormat | null;
  readonly confidence: number;
  readonly columns: ForeignColumns | null;
}

/** A head that reads so well has nothing before its lines; what does not read much better without columns has none. */
const SURE = 0.9;
const MUCH = 0.2;
/** Of each line so much is looked at. */
const LONGEST = 2_000;
const CLEARLY = 0.1;
/** Columns stand on so many of the lines; the others are those of other programs. */
const LEAST_HAVING = 0.5;
/** Of the lines behind columns of words this share must read. */
const LEAST_READ = 0.3;
/** Of a page as it was saved so many lines have marks. */
const LEAST_MARKED = 0.05;
/** Fewer lines do not tell what is the same on all. */
const LEAST_LINES = 3;

/**
 * A line as tracers write them: strace, bpftrace with drover's programs, perf. Where most are such nothing stands
 * before them, unless the first word counts the lines.
 */
const PLAIN =
  /^(?:(?:\[pid +\d+(?:<[^>]*>)?\] |\d+(?:<[^>]*>)? +)?(?:\d\d:[\d:.]+ |\d{10}(?:\.\d+)? | {0,6}\d+\.\d+ )?(?:(?!inet_|hton|makedev)[a-z_]\w*\(|<\.\.\. \w|--- SIG|\+\+\+ [eks])|event=\w+ |ts=\d+ | {0,24}[\d.?]+ \( {0,12}(?:[\d.]+ ms)? {0,12}\): )/;

/** What no program prints that imitates strace: halves of calls, durations, errors in words. */
const ONLY_STRACE = /<unfinished \.\.\.>|<\.\.\. \w+ resumed>| <\d+\.\d{6}>\s*$|\)\s+= -1 E[A-Z0-9]+ \([A-Z]/;

/** Colours, entities, marks of Markdown. */
export const MARKS: ForeignColumns = { strip: (line) => (isMarkedUp(line) ? cleanLine(line) : line) };

/** Numbers of lines, one of which may stand to the left; only strace has lines that begin with blanks. */
const COUNTED: ForeignColumns = { strip: (line) => line.replace(/^\s*\d{1,9}(?:\s+|$)/, '') };

/** What stands between such lines, as tracers write it. */
const BETWEEN = /^(?:@\w*[[:]|strace: | > [/[]| \| [0-9a-f]{5} )/;

/** Whether the line begins one that a tracer wrote: the pieces of one do not. */
export function isTracers(line: string): boolean {
  return PLAIN.test(line) || BETWEEN.test(line);
}

/** Whether a glance shows that nothing stands before the lines. */
export function areTracers(lines: readonly string[]): boolean {
  if (lines.some(isMarkedUp)) return false;
  if (lines.filter((line) => PLAIN.test(line)).length * 10 < lines.length * 9) return false;
  const [one = Number.NaN, two, three] = lines.map((line) => Number.parseInt(line, 10));
  return !(two === one + 1 && (three === undefined || three === two + 1));
}

/** How these lines read best: as they are, or without what somebody put before each. */
export function bestReading(given: readonly string[]): Reading {
  const lines = given.map((line) => line.slice(0, LONGEST));
  const own = readingByFormats(lines);
  if (own.columns !== null) return own;
  if (own.confidence >= SURE) return isPastedElsewhere(own, lines) ? reading(MARKS, lines) : own;
  const found = known(lines, own.confidence + MUCH);
  if (found !== null) return found;
  // A pid is a word, too: of lines that read with theirs none is taken off.
  const isOwn = own.format?.before !== undefined;
  const behind = isOwn ? null : ofWords(lines, own.confidence + MUCH);
  // A program of one's own prints what it likes, calls in the manner of strace, too: who made them stands before.
  const isOther = own.format !== null && behind !== null && behind.format !== own.format;
  return behind === null || (isOther && !lines.some((line) => ONLY_STRACE.test(line))) ? own : behind;
}

/** How they read as they are, or without what a format says that stands before them: little work, for many trials. */
export function readingByFormats(lines: readonly string[]): Reading {
  const head = bytesOf(lines);
  const own: Reading = { ...recognise(head), columns: null };
  for (const format of formats) {
    const columns = format.before?.(head) ?? null;
    if (columns === null) continue;
    const found = reading(columns, lines);
    if (found.format === format && found.confidence >= own.confidence) return found;
  }
  return own;
}

/** A chat or a page marked the lines up, and their format does not clean them by itself. */
function isPastedElsewhere({ format, confidence }: Reading, lines: readonly string[]): boolean {
  const marked = lines.filter(isMarkedUp).length;
  if (format === null || format.before !== undefined || marked < lines.length * LEAST_MARKED) return false;
  const cleaned = reading(MARKS, lines);
  return cleaned.format === format && cleaned.confidence >= confidence;
}

/** The known columns without which the lines read best, if that is better than so sure. */
function known(lines: readonly string[], atLeast: number): Reading | null {
  let best: Reading | null = null;
  for (const columns of [MARKS, ...FOREIGN_COLUMNS, COUNTED]) {
    const having = lines.filter((line) => without(columns, line) !== line).length;
    if (having < lines.length * LEAST_HAVING) continue;
    const found = reading(columns, lines);
    // Whose columns are easily taken for those of others was asked before.
    if (found.format?.before !== undefined || found.confidence <= (best?.confidence ?? atLeast)) continue;
    best = found;
  }
  return best;
}

/** The same for columns that are not known: the fewest words that leave lines of a tracer. */
function ofWords(lines: readonly string[], atLeast: number): Reading | null {
  const cleaned = lines.map((line) => (isMarkedUp(line) ? cleanLine(line) : line));
  let best: Reading | null = null;
  const long = cleaned.filter((line) => /\S\s+\S+\s+\S/.test(line) && /[(=]/.test(line));
  if (long.length < Math.max(LEAST_LINES, lines.length * LEAST_READ)) return null;
  for (let count = 1; count <= mostWords(long); count++) {
    const behind = long.map((line) => behindWords(line, count));
    // The fewest words: pid and time of a tracer may be left out, and what stands behind them reads as well.
    const least = Math.max(atLeast, (best?.confidence ?? 0) + CLEARLY);
    if (recognise(bytesOf(behind)).confidence <= least) continue;
    const read = long.filter((_, index) => recognise(bytesOf([behind[index] as string])).confidence > 0);
    const columns = read.length < lines.length * LEAST_READ ? null : firstWords(read, count);
    if (columns === null) continue;
    const found = reading(columns, lines);
    if (found.confidence > least) best = found;
  }
  return best;
}

function reading(columns: ForeignColumns, lines: readonly string[]): Reading {
  const behind = lines.map((line) => without(columns, line));
  const { format, confidence } = recognise(bytesOf(behind));
  // Lines of which nothing is left are none that read.
  const share = behind.filter((line) => line.trim() !== '').length / lines.length;
  return { format, confidence: confidence * share, columns };
}

/** The line without these columns, which may be coloured. A line that does not have them stays as it is. */
export function without({ strip }: ForeignColumns, line: string): string {
  const stripped = strip(line);
  if (stripped !== line || !isMarkedUp(line)) return stripped;
  const cleaned = cleanLine(line);
  const found = strip(cleaned);
  return found === cleaned ? line : found;
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}
