import type { TraceFormat } from './format.ts';
import { behindWords, firstWords, mostWords } from './packed/first-words.ts';
import { formats, recognise } from './registry.ts';
import { cleanLine, isMarkedUp } from './text/cleaning.ts';
import { FOREIGN_COLUMNS, type ForeignColumns, NUMBERED } from './text/foreign-columns.ts';

/** What stands before the lines of a head, and how sure it is what they are without. */
export interface Reading {
  readonly format: TraceFormat | null;
  readonly confidence: number;
  readonly columns: ForeignColumns | null;
}

/** A head that reads so well has nothing before its lines; what does not read much better without columns has none. */
const SURE = 0.9;
const MUCH = 0.2;
const CLEARLY = 0.1;
/** Columns stand on so many of the lines; the others are those of other programs. */
const LEAST_HAVING = 0.5;
/** Of the lines behind columns of words this share must read. */
const LEAST_READ = 0.3;
/** Fewer lines do not tell what is the same on all. */
const LEAST_LINES = 3;
const GLANCE = 40;

/**
 * A line as tracers write them: strace, bpftrace with drover's programs, perf. Where most are such nothing stands
 * before them, unless the first word counts the lines.
 */
const PLAIN =
  /^(?:(?:\[pid +\d+(?:<[^>]*>)?\] |\d+(?:<[^>]*>)? +)?(?:\d\d:[\d:.]+ |\d{10}(?:\.\d+)? | {0,6}\d+\.\d+ )?(?:[a-z_]\w*\(|<\.\.\. \w|--- SIG|\+\+\+ [eks])|event=\w+ |ts=\d+ | *[\d.?]+ \( *(?:[\d.]+ ms)? *\): )/;

/** Colours, entities, marks of Markdown. */
const MARKS: ForeignColumns = { strip: (line) => (isMarkedUp(line) ? cleanLine(line) : line) };

/** Whether a glance shows that nothing stands before the lines. */
export function areTracers(lines: readonly string[]): boolean {
  const first = lines.slice(0, GLANCE);
  if (first.filter((line) => PLAIN.test(line)).length * 10 < first.length * 9) return false;
  const [one = Number.NaN, two, three] = first.map((line) => Number.parseInt(line, 10));
  return !(two === one + 1 && (three === undefined || three === two + 1));
}

/** How these lines read best: as they are, or without what somebody put before each. */
export function bestReading(lines: readonly string[]): Reading {
  const head = bytesOf(lines);
  const own: Reading = { ...recognise(head), columns: null };
  for (const format of formats) {
    const columns = format.before?.(head) ?? null;
    if (columns === null) continue;
    const found = reading(columns, lines);
    if (found.format === format && found.confidence >= own.confidence) return found;
  }
  if (own.confidence >= SURE) return own;
  return [known, ofWords].map((trial) => trial(lines, own.confidence + MUCH)).find((found) => found !== null) ?? own;
}

/** The known columns without which the lines read best, if that is better than so sure. */
function known(lines: readonly string[], atLeast: number): Reading | null {
  let best: Reading | null = null;
  for (const columns of [MARKS, ...FOREIGN_COLUMNS, NUMBERED]) {
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
  const long = cleaned.filter((line) => /[(=]/.test(line));
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
  return { ...recognise(bytesOf(lines.map((line) => without(columns, line)))), columns };
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
