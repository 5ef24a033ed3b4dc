import { bpftraceFormat } from './bpftrace/format.ts';
import type { RawLines, TraceFormat } from './format.ts';
import { perfTraceFormat } from './perf-trace/format.ts';
import { straceFormat } from './strace/format.ts';
import { straceSummaryFormat } from './strace-summary/format.ts';
import { plainLines } from './text/call-notation.ts';

/** All formats, the most certain first when two claim a head with the same right. */
// biome-ignore format: a new format is one line.
export const formats: readonly TraceFormat[] = [
  straceFormat,
  bpftraceFormat,
  perfTraceFormat,
  straceSummaryFormat,
];

/** What users call the formats, as part of a sentence: `strace, bpftrace, perf trace and strace -c`. */
export const FORMAT_TITLES = formats
  .map(({ title }) => title)
  .join(', ')
  .replace(/, ([^,]*)$/, ' and $1');

/** Below this the head is something else. */
const LEAST = 0.2;

/** The format that is surest of the first bytes of a capture, or null when none is. */
export function detectFormat(head: Buffer): TraceFormat | null {
  return recognise(head).format;
}

/** The same, and how sure it is: 0 where none is. */
export function recognise(head: Buffer): { readonly format: TraceFormat | null; readonly confidence: number } {
  let best: TraceFormat | null = null;
  let most = LEAST;
  for (const format of formats) {
    const confidence = format.sniff(head);
    if (confidence > most || (best === null && confidence === most)) {
      best = format;
      most = confidence;
    }
  }
  return { format: best, confidence: best === null ? 0 : most };
}

/** The format that reads lines by columns that the user names, or null when no line of the head fits the names. */
export function formatWithColumns(head: Buffer, names: readonly string[]): TraceFormat | null {
  for (const format of formats) {
    const found = format.withColumns?.(head, names) ?? null;
    if (found !== null) return found;
  }
  return null;
}

/**
 * What is known of raw lines of a report, by its `source.format`: one id, or several joined by `+` when files of
 * several formats were read together. Then that format answers which knows more than that a line is text.
 */
export function rawLinesOf(format: string): RawLines {
  const [first = plainLines, ...more] = format
    .split('+')
    .flatMap((id) => formats.filter((each) => each.id === id))
    .map(({ lines }) => lines);
  if (more.length === 0) return first;
  const all = [first, ...more];
  return {
    parts(line) {
      const answers = all.map((lines) => lines.parts(line));
      return answers.find(({ time, results }) => time !== '' || results.length > 0) ?? first.parts(line);
    },
    stamp: (line) => all.map((lines) => lines.stamp(line)).find((stamp) => stamp !== null) ?? null,
    openCall: (line) => all.map((lines) => lines.openCall(line)).find((call) => call !== null) ?? null,
  };
}
