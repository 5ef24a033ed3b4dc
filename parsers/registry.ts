import { bpftraceFormat } from './bpftrace/format.ts';
import type { TraceFormat } from './format.ts';
import { perfTraceFormat } from './perf-trace/format.ts';
import { straceFormat } from './strace/format.ts';
import { straceSummaryFormat } from './strace-summary/format.ts';

/** All formats, the most certain first when two claim a head with the same right. */
export const formats: readonly TraceFormat[] = [straceFormat, bpftraceFormat, perfTraceFormat, straceSummaryFormat];

/** Below this the head is something else. */
const LEAST = 0.2;

/** The format that is surest of the first bytes of a capture, or null when none is. */
export function detectFormat(head: Buffer): TraceFormat | null {
  let best: TraceFormat | null = null;
  let most = LEAST;
  for (const format of formats) {
    const confidence = format.sniff(head);
    if (confidence > most || (best === null && confidence === most)) {
      best = format;
      most = confidence;
    }
  }
  return best;
}
