import type { Thread } from '../../model/machine/thread.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { allAtOnce } from '../busy-at-once/intersection.ts';
import type { Context } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { everyOne, millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;
const LINES = 6;

/**
 * Judges a capture that only counted: the times in which all threads that accept were in a turn that was told since it
 * was long. Whether they serve the same listener it does not tell, so that a finding is possible at most.
 */
export function judgeWatched(context: Context): Conclusion<Metrics> {
  const { model } = context;
  const { watch } = model;
  const least = Math.max(context.threshold('service-stall-ms'), context.threshold('stall-ms'));
  const accepting = [...watch.threads].filter(([, { accepted, empty }]) => accepted + empty > 0).map(([it]) => it);
  const loops = [...new Set<Thread>([...accepting, ...watch.turns.keys()])];
  if (loops.length < 2)
    return notApplicable(
      loops.length === 0
        ? 'No thread that accepts was counted'
        : 'One thread that accepts was counted: trace all workers to see whether the service stood still',
    );
  const turnsOf = (thread: Thread) => watch.turns.get(thread)?.longest ?? [];
  const lives = loops.map((thread) => ({
    start: model.firstTime,
    end: thread.ended ? thread.lastTime : model.lastTime,
    busy: turnsOf(thread).map(({ start, length }) => ({ start, end: start + length })),
  }));
  const stalls = allAtOnce(lives).filter(({ start, end }) => end - start >= least * MILLISECOND);
  const [longest] = stalls.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  if (longest === undefined)
    return clear(`at no time were all of the ${loops.length} threads that accept in turns of ${least} ms or more`);
  const length = longest.end - longest.start;
  const total = stalls.reduce((sum, { start, end }) => sum + end - start, 0);
  const workers = loops.map(({ process }) => process.pid);
  return found('1 service with moments in which no worker could accept', [
    {
      severity: length >= context.threshold('stall-critical-ms') * MILLISECOND ? 'critical' : 'warning',
      confidence: 'possible',
      title: `No worker could accept or answer for ${duration(length)}`,
      summary:
        `${everyOne(loops.length, 'workers')} that accept were away from their loops at once, ` +
        `${plural(stalls.length, 'time')}, together ${duration(total)}. This capture counts: it does not tell in ` +
        'which calls they were, nor whether they serve the same listener.',
      why: 'While no worker is back in its wait, new connections queue up and nobody is answered.',
      start: Math.min(...stalls.map(({ start }) => start)),
      end: Math.max(...stalls.map(({ end }) => end)),
      openEnded: false,
      workers,
      metrics: {
        cause: 'busy-loops',
        workers: loops.length,
        blocked: loops.length,
        count: stalls.length,
        totalMs: milliseconds(total),
        longestMs: milliseconds(length),
        busyPercent: 0,
        stalls: stalls.slice(0, SHOWN).map(({ start, end }) => ({
          startMs: millisecondsAt(model, start),
          endMs: millisecondsAt(model, end),
          blockedIn: workers.map((pid) => ({ pid, cause: 'unrecorded' as const, call: '', target: '' })),
        })),
      },
      evidence: loops
        .flatMap((thread) =>
          turnsOf(thread).filter(({ start, length: turn }) => start < longest.end && start + turn > longest.start),
        )
        .slice(0, LINES)
        .map(({ line }) => line),
      next: [
        {
          text: 'Record the calls while it happens: they tell in what the workers were.',
          command: `drover record ${workers[0]} --program calls --ring 60s --until 'stall>${least}ms'`,
        },
      ],
      subjects: workers.map((pid) => `pid ${pid}`),
    },
  ]);
}
