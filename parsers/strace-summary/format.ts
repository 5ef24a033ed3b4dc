import type { TraceFormat } from '../format.ts';
import { plainLines } from '../text/call-notation.ts';
import { pastedHeaderOf } from './header.ts';
import { SummaryParser } from './parser.ts';

/** The tables of `strace -c`. A log that ends in such a table (`-C`) is text of strace. */
export const straceSummaryFormat: TraceFormat = {
  id: 'strace-summary',
  title: 'strace -c',
  sniff: sniffSummary,
  createParser: (_head, options) => new SummaryParser(options),
  lines: plainLines,
  stopsThreads: true,
  isThreadable: false,
};

/** Lines of a call in front of the table mean that it belongs to a log. */
const CALL =
  /^(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ )?(?:\w+\(.*\) += |<\.\.\. \w+ resumed>|\w+\(.*<(?:unfinished|detached) \.\.\.>$)/;

function sniffSummary(head: Buffer): number {
  const lines = head.toString('latin1').split('\n', 200);
  const header = lines.findIndex((line) => pastedHeaderOf(line.slice(0, 400)) !== null);
  if (header < 0) return 0;
  return lines.slice(0, header).some((line) => CALL.test(line.slice(0, 400))) ? 0 : 0.9;
}
