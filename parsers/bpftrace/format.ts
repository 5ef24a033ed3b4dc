import type { TraceFormat } from '../format.ts';
import { BpftraceParser } from './parser.ts';
import { foreignColumnsOf, sniffBpftrace } from './sniff.ts';

/** What bpftrace prints, as text or with `-f json`: drover's own programs, `key=value` lines of others, maps. */
export const bpftraceFormat: TraceFormat = {
  id: 'bpftrace',
  title: 'bpftrace',
  sniff: sniffBpftrace,
  createParser: (head, options) => new BpftraceParser(options, foreignColumnsOf(head)),
  isThreadable: false,
};
