import type { Report } from '../analysis/report.ts';
import { beginsWithinSecond } from '../analysis/same-capture.ts';
import type { InputSet, SourceDiagnostic, TraceInput } from '../sources/trace-input.ts';
import { count } from '../trace/format-numbers.ts';
import { PassedInput } from './passed-input.ts';

/** Codes of what is seen where lines of an earlier time follow: a clock that was set back, or lines once more. */
const GOES_BACK: ReadonlySet<string> = new Set(['clock-step', 'late-line', 'line-order', 'newest-first']);
/** A larger capture is not gathered in memory: that its times go back is told all the same. */
const MOST_BYTES = 67_108_864;
/** Equal lines in a row, with times to the microsecond in them, are no chance. */
const LEAST_LINES = 3;
/** Whole seconds come again where a clock was set back, and an idle loop writes the same lines then. */
const LEAST_LINES_OF_SECONDS = 20;
/** After a piece that was left out another one may show. */
const MOST_ROUNDS = 4;
/** So many lines around a place where times go back are looked for. */
const TRIED = 4;
/** What dates a line, near its beginning: frames of stacks and lines of dumps have none, and are alike. */
const STAMP = /(?<![0-9a-fx.])(?:\d+[.,]\d{3}|\d{1,2}:\d\d:\d\d|\d{9})/;
const STAMP_WITHIN = 100;
const NEWLINE = 0x0a;
const BLANK = 0x20;

/** Lines of a file that stand in it before, from the byte on up to another; both begin a line. */
interface Run {
  readonly from: number;
  readonly to: number;
  /** 1-based, of its first line and of the same one before. */
  readonly line: number;
  readonly firstLine: number;
  readonly lines: number;
  /** Of them, those with a time. */
  readonly dated: number;
}

/**
 * The same inputs without the lines that stand in them twice, as when a piece of a capture was pasted again, or the
 * pieces overlap; null where there are none. `report` says where times went back: only there it is looked, so that
 * captures in order pay nothing.
 */
async function withoutRepeats(set: InputSet, report: Report): Promise<InputSet | null> {
  const [only] = set.inputs;
  if (only === undefined || set.inputs.length > 1 || !only.rereadable) return null;
  const places = report.quality.diagnostics
    .filter(({ code }) => GOES_BACK.has(code))
    .flatMap(({ samples }) => samples.map(({ line }) => line));
  if (places.length === 0) return null;
  const bytes = await gathered(only);
  if (bytes === null) return null;
  const least = beginsWithinSecond(report.window) ? LEAST_LINES : LEAST_LINES_OF_SECONDS;
  const runs = runsAt(bytes, places, least);
  return runs.length === 0 ? null : { ...set, inputs: [new WithoutRuns(only, runs)] };
}

/** The report on the inputs without their repeats, and these inputs: `report` and `set` where there are none. */
export async function readOnce(
  set: InputSet,
  report: Report,
  analyze: (set: InputSet) => Promise<Report>,
): Promise<{ readonly set: InputSet; readonly report: Report }> {
  let [read, found] = [report, set];
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = await withoutRepeats(found, read);
    if (next === null) break;
    found = next;
    read = await analyze(found);
  }
  return { set: found, report: read };
}

/** The whole input; null where it is too large. Memory that is asked for and not written to takes no room. */
async function gathered(input: TraceInput): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  let length = 0;
  for await (const chunk of input.chunks()) {
    if (length + chunk.length > MOST_BYTES) return null;
    length += chunk.copy(bytes, length);
  }
  return bytes.subarray(0, length);
}

/** What is told twice around these lines, in order; runs do not overlap. */
function runsAt(bytes: Buffer, places: readonly number[], least: number): readonly Run[] {
  const found: Run[] = [];
  for (const line of [...new Set(places)].sort((a, b) => a - b)) {
    // The first line of a piece may have lost its beginning where it stands first.
    for (let next = 0, from = offsetOf(bytes, line); next < TRIED && from >= 0; next++) {
      const run = from < (found.at(-1)?.to ?? 0) ? null : runAround(bytes, from, line + next);
      if (run !== null && run.dated >= least && run.from >= (found.at(-1)?.to ?? 0)) {
        found.push(run);
        break;
      }
      from = endOf(bytes, from);
      if (from >= bytes.length) break;
    }
  }
  return found;
}

function runAround(bytes: Buffer, at: number, line: number): Run | null {
  let before = firstPlaceOf(bytes, bytes.subarray(at, endOf(bytes, at)));
  if (before < 0 || before >= at) return null;
  let from = at;
  let back = 0;
  let dated = 0;
  for (let [end, endBefore, lines] = [at, before, 1]; ; lines++) {
    const [lineFrom, lineBefore] = [beginBefore(bytes, end), beginBefore(bytes, endBefore)];
    // The run is all behind the place where it stood first.
    if (lineFrom < 0 || lineBefore < 0 || lineFrom <= endBefore) break;
    if (!bytes.subarray(lineFrom, end).equals(bytes.subarray(lineBefore, endBefore))) break;
    [end, endBefore] = [lineFrom, lineBefore];
    // Frames at its beginning may be those of the line above, which are the same.
    if (!isDated(bytes, end)) continue;
    [from, before, back] = [end, endBefore, lines];
    dated++;
  }
  let to = at;
  let same = before + (at - from);
  let lines = back;
  while (to < bytes.length) {
    const [next, nextSame] = [endOf(bytes, to), endOf(bytes, same)];
    const isWhole = bytes[next - 1] === NEWLINE;
    const text = bytes.subarray(to, isWhole ? next - 1 : next);
    if (!bytes.subarray(same, nextSame - 1).equals(text)) break;
    if (isDated(bytes, to)) dated++;
    [to, same] = [next, nextSame];
    lines++;
  }
  return { from, to, line: line - back, firstLine: 1 + linesIn(bytes, 0, before), lines, dated };
}

function isDated(bytes: Buffer, from: number): boolean {
  return STAMP.test(bytes.toString('latin1', from, Math.min(endOf(bytes, from), from + STAMP_WITHIN)));
}

/** Where a line of this text stands first; -1 where there is none. */
function firstPlaceOf(bytes: Buffer, text: Buffer): number {
  if (bytes.subarray(0, text.length).equals(text)) return 0;
  const end = bytes.indexOf(Buffer.concat([Buffer.of(NEWLINE), text]));
  return end < 0 ? -1 : end + 1;
}

/** Where the 1-based line begins; -1 where there is none. */
function offsetOf(bytes: Buffer, line: number): number {
  let at = 0;
  for (let number = 1; number < line; number++) {
    at = bytes.indexOf(NEWLINE, at) + 1;
    if (at === 0) return -1;
  }
  return at < bytes.length ? at : -1;
}

/** Behind the end of the line at `from`. */
function endOf(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 ? bytes.length : end + 1;
}

/** Where the line before the one at `from` begins; -1 where there is none. */
function beginBefore(bytes: Buffer, from: number): number {
  if (from === 0) return -1;
  return from === 1 ? 0 : bytes.lastIndexOf(NEWLINE, from - 2) + 1;
}

function linesIn(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE, from); at >= 0 && at < to; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** An input with blank lines in the place of runs, so that the numbers of all others stay. */
class WithoutRuns extends PassedInput {
  readonly #runs: readonly Run[];

  constructor(input: TraceInput, runs: readonly Run[]) {
    super(input);
    this.#runs = runs;
  }

  override get diagnostics(): readonly SourceDiagnostic[] {
    return [...super.diagnostics, ...this.#runs.map((run) => ({ code: 'repeated-lines', text: sentenceOf(run) }))];
  }

  async *chunks(): AsyncGenerator<Buffer> {
    let at = 0;
    for await (const chunk of this.input.chunks()) {
      yield this.#blanked(chunk, at);
      at += chunk.length;
    }
  }

  /** As many bytes as before: they may be those of an archive. */
  #blanked(chunk: Buffer, at: number): Buffer {
    const within = this.#runs.filter(({ from, to }) => from < at + chunk.length && to > at);
    if (within.length === 0) return chunk;
    const blanked = Buffer.from(chunk);
    for (const { from, to } of within) {
      const end = Math.min(to - at, chunk.length);
      for (let index = Math.max(from - at, 0); index < end; index++)
        if (blanked[index] !== NEWLINE) blanked[index] = BLANK;
    }
    return blanked;
  }
}

function sentenceOf({ line, firstLine, lines }: Run): string {
  const last = firstLine + lines - 1;
  return `lines ${count(line)} to ${count(line + lines - 1)} are lines ${count(firstLine)} to ${count(last)} once more`;
}
