import type { Model } from '../../model/model.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import type { DraftFinding, Step } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { Gap } from './gaps.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;

/** The finding about times in which no worker of a listener accepted; from `critical` on that is critical. */
export function gapFinding(model: Model, gaps: readonly Gap[], critical: Nanoseconds): DraftFinding<Metrics> {
  const lengthOf = ({ start, end }: Gap): Nanoseconds => end - start;
  const worst = gaps.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0] as Gap;
  const longest = lengthOf(worst);
  const total = gaps.reduce((sum, gap) => sum + lengthOf(gap), 0);
  const workers = [...new Set(gaps.flatMap(({ before, after }) => [...before, ...after]))];
  const times = gaps.length === 1 ? '' : `, ${gaps.length} times and ${duration(total)} in all`;
  return {
    severity: longest >= critical ? 'critical' : 'warning',
    confidence: 'likely',
    title: cutTitle(
      `No worker accepted for ${duration(longest)}: at least ${plural(worst.taken, 'connection')} waited`,
    ),
    summary:
      `Between one generation of workers and the next nobody accepted from ${worst.listener.name} for ` +
      `${duration(longest)}${times}: the old workers (${pidList(worst.before)}) had stopped accepting, ` +
      `and the new ones (${pidList(worst.after)}) began later. The listener stayed open. The new workers then ` +
      `took ${worst.taken} connections without a wait in between: these had queued up.`,
    why:
      'Connections queue up while nobody accepts, and each of their clients waits until a worker comes. When the ' +
      'queue is full the kernel drops them.',
    start: gaps[0]?.start ?? UNKNOWN,
    end: gaps.at(-1)?.end ?? UNKNOWN,
    openEnded: false,
    workers,
    metrics: {
      cause: 'no-worker',
      workers: worst.after.length,
      blocked: 0,
      count: gaps.length,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      busyPercent: 0,
      waited: worst.taken,
      stalls: gaps.slice(0, SHOWN).map(({ start, end }) => ({
        startMs: millisecondsAt(model, start),
        endMs: millisecondsAt(model, end),
        blockedIn: [],
      })),
    },
    evidence: worst.lines.slice(0, 6),
    next: adviceFor(worst),
    subjects: [`listener ${worst.listener.id}`, ...workers.map((pid) => `pid ${pid}`)],
  };
}

const PIDS_SHOWN = 4;

export function pidList(pids: readonly number[]): string {
  const more = pids.length - PIDS_SHOWN;
  return `${pids.slice(0, PIDS_SHOWN).join(', ')}${more > 0 ? ` +${more} more` : ''}`;
}

function adviceFor({ before }: Gap): Step[] {
  return [
    {
      text:
        'Find out who made the workers stop: a reload does, and so does the rotation of logs on many hosts. Look ' +
        'for a ' +
        'signal to the parent at that time.',
      ...(before[0] === undefined ? {} : { command: 'grep -r postrotate -A 5 /etc/logrotate.d' }),
    },
    {
      text:
        'Reload so that new workers accept before the old ones stop, or take the host out of the load balancer for ' +
        'the time of a reload.',
      caveat: 'Servers differ: nginx and HAProxy start the new ones first, Apache stops the old ones first.',
    },
  ];
}
