import type { TraceFormat } from '../format.ts';
import { callNotation } from '../text/call-notation.ts';
import { bestColumns, headLines, sniffColumns } from './line-columns.ts';
import { StraceParser } from './parser.ts';
import { sniffStrace } from './sniff.ts';

/** Text of strace, of any version: `-o` files, terminal output, pastes. */
export const straceFormat: TraceFormat = {
  id: 'strace',
  title: 'strace',
  sniff: sniffStrace,
  createParser: (head, options) => new StraceParser(sniffColumns(head), options),
  before: (head) => bestColumns(headLines(head)).foreign,
  lines: callNotation,
  stopsThreads: true,
  isThreadable: true,
};
