import type { TraceFormat } from '../format.ts';
import { callNotation, plainLines } from '../text/call-notation.ts';
import { BpftraceParser } from './parser.ts';
import { foreignColumnsOf, namedColumnsOf, sniffBpftrace } from './sniff.ts';

/** What bpftrace prints, as text or with `-f json`: drover's own programs, `key=value` lines of others, maps. */
export const bpftraceFormat: TraceFormat = {
  id: 'bpftrace',
  title: 'bpftrace',
  sniff: sniffBpftrace,
  createParser: (head, options) => new BpftraceParser(options, foreignColumnsOf(head)),
  // Evidence is quoted as strace would print it. A raw line tells no moment: its clock has no date.
  lines: { ...plainLines, parts: callNotation.parts },
  stopsThreads: false,
  isThreadable: false,
  withColumns(head, names) {
    if (namedColumnsOf(head, names) === null) return null;
    return { ...bpftraceFormat, createParser: (of, options) => new BpftraceParser(options, namedColumnsOf(of, names)) };
  },
};
