import type { Stamp, TraceFormat } from '../format.ts';
import { callNotation, plainLines } from '../text/call-notation.ts';
import { linesInWords } from './lines-in-words.ts';
import { BpftraceParser } from './parser.ts';
import { foreignColumnsOf, namedColumnsOf, sniffBpftrace } from './sniff.ts';

/** What bpftrace prints, as text or with `-f json`: drover's own programs, `key=value` lines of others, maps. */
export const bpftraceFormat: TraceFormat = {
  id: 'bpftrace',
  title: 'bpftrace',
  sniff: sniffBpftrace,
  createParser: (head, options) => new BpftraceParser(options, foreignColumnsOf(head)),
  // Lines are shown as strace would print them.
  lines: { ...plainLines, parts: callNotation.parts, stamp: stampOf },
  stopsThreads: false,
  isThreadable: false,
  inWords: linesInWords,
  withColumns(head, names) {
    if (namedColumnsOf(head, names) === null) return null;
    return { ...bpftraceFormat, createParser: (of, options) => new BpftraceParser(options, namedColumnsOf(of, names)) };
  },
};

/** Seconds of the monotonic clock, where the capture does not tell the wall clock. */
const MONOTONIC = /^\d{1,10} (\d{1,8}\.\d{6}) /;

function stampOf(line: string): Stamp | null {
  const known = callNotation.stamp(line);
  if (known !== null) return known;
  const seconds = MONOTONIC.exec(line)?.[1];
  return seconds === undefined ? null : { clock: 'monotonic', seconds: Number(seconds) };
}
