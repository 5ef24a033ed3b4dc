import type { Model } from '../model/model.ts';
import type { Family } from '../trace/syscalls.ts';
import type { Capabilities } from './capabilities.ts';

/** The command that records what most detectors need. */
export const RECORDING = 'strace -f -ttt -T -y -s 128 -o FILE -p PID';

const MISSING = { times: 'times (-ttt)', durations: 'durations of calls (-T)' } as const;

/** What a detector cannot judge without: times of lines, durations of calls, or calls of a kind. */
export type Need = Column | NeededCalls;
type Column = keyof typeof MISSING;

/** At least one call of one of these families must be in the capture. */
export interface NeededCalls {
  readonly families: readonly Family[];
  /** The calls in words: `accept`, `flock, fcntl, semop or futex`. */
  readonly calls: string;
  /** What their absence means, as the end of a sentence: `what is still open is unknown`. */
  readonly without: string;
}

/** The sentence that says which of the needs are missing and how to record them; null when all are there. */
export function sentenceOfMissing(needs: readonly Need[], capabilities: Capabilities, model: Model): string | null {
  const columns = needs.filter((need) => typeof need === 'string').filter((need) => !capabilities[need]);
  if (columns.length > 0) return sentenceWithout(columns);
  const seen = new Set(model.statistics.all().map(({ syscall }) => syscall.family));
  const calls = needs
    .filter((need) => typeof need !== 'string')
    .find(({ families }) => !families.some((family) => seen.has(family)));
  if (calls === undefined) return null;
  return `No ${calls.calls} call in the trace: ${calls.without}. If -e left it out, record without -e: ${RECORDING}`;
}

/** The sentence for a detector that could judge in part without these columns, and found nothing. */
export function sentenceWithout(columns: readonly Column[]): string {
  return `The capture has no ${columns.map((need) => MISSING[need]).join(' and no ')}. Record with: ${RECORDING}`;
}
