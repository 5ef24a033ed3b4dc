import type { TraceFormat } from '../format.ts';
import { sniffLayout } from './layout.ts';
import { StraceParser } from './parser.ts';
import { sniffStrace } from './sniff.ts';

/** Text of strace, of any version: `-o` files, terminal output, pastes. */
export const straceFormat: TraceFormat = {
  id: 'strace',
  title: 'strace',
  sniff: sniffStrace,
  createParser: (head, options) => new StraceParser(sniffLayout(head), options),
  isThreadable: true,
};
