import type { TraceFormat } from '../format.ts';
import { plainLines } from '../text/call-notation.ts';
import { FRAME, isHead, partsOfPerfLine, stampOfPerfLine } from './line.ts';
import { PerfTraceParser } from './parser.ts';

/** The text that `perf trace` prints, its summaries among it. */
export const perfTraceFormat: TraceFormat = {
  id: 'perf-trace',
  title: 'perf trace',
  sniff: sniffPerfTrace,
  createParser: (_head, options) => new PerfTraceParser(options),
  lines: { ...plainLines, parts: partsOfPerfLine, stamp: stampOfPerfLine },
  stopsThreads: false,
  isThreadable: false,
};

const LOOKED_AT = 200;
const MOST_LINES = 1_000;

/**
 * How sure the head is text of `perf trace`: the share of its lines that only perf prints. Terminals wrap them, so half
 * is certain.
 */
function sniffPerfTrace(head: Buffer): number {
  const lines = head
    .toString('latin1')
    .split('\n', MOST_LINES)
    .map((line) => line.slice(0, 400))
    // Up to a hundred frames stand under each call.
    .filter((line) => line.trim() !== '' && !FRAME.test(line))
    .slice(0, LOOKED_AT);
  if (lines.length === 0) return 0;
  if (lines.some((line) => /^\s*Summary of events:/.test(line))) return 0.9;
  const own = lines.filter((line) => isHead(line) || /^LOST \d+ events!?$/.test(line)).length;
  return Math.min(1, (2 * own) / lines.length);
}
