import type { Thread } from '../../model/machine/thread.ts';
import type { WatchedTurn, WatchedTurns } from '../../model/measuring/watch-tracker.ts';
import { duration, count as inFigures, milliseconds, plural, round } from '../../trace/format-numbers.ts';
import { type Family, syscall } from '../../trace/syscalls.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;
const LINES = 6;
/** `watch.bt` tells no turn that is shorter. */
const TOLD_MS = 100;
const WHY =
  'An event loop does one thing at a time: until it is back in its wait, this worker accepts nobody and answers ' +
  'nobody.';

const ONE_BY_ONE =
  ' Workers wait in select here, as those do that serve one request at a time (sync workers): then that is ' +
  'the time of a request.';
const WHY_ONE_BY_ONE = 'A worker that serves one request at a time accepts nobody until it has answered.';

/**
 * Judges a capture that only counted: the turns that were told since they were long. It knows when and how long, and
 * nothing of what the worker was in.
 */
export function judgeWatched(context: Context): Conclusion<Metrics> {
  const { watch } = context.model;
  const least = Math.max(context.threshold('stall-ms'), TOLD_MS);
  const findings = [...watch.turns].flatMap(([thread, turns]) => findingOf(context, thread, turns, least) ?? []);
  if (findings.length > 0) return found(`${plural(findings.length, 'worker')} with stalls`, findings);
  const waits = [...watch.threads.values()].reduce((sum, thread) => sum + thread.turns, 0);
  if (waits === 0) return notApplicable('No turn of a loop that accepts was counted');
  return clear(`no turn of ${least} ms or more in ${plural(waits, 'turn')}; a turn that has not ended is not counted`);
}

/**
 * Whether workers wait for clients in `select`, and none in an epoll instance, as far as looks from outside tell: sync
 * workers do, and loops hardly ever. In `poll` a loop may be stuck, as clients of databases wait there.
 */
function mayServeOneByOne(threads: Iterable<Thread>): boolean {
  const waits = new Set<Family>();
  for (const { seen } of threads) if (seen !== null && seen.call !== '') waits.add(syscall(seen.call).family);
  return waits.has('select') && !waits.has('epoll-wait');
}

function findingOf(
  context: Context,
  thread: Thread,
  { longest: kept, count, total }: WatchedTurns,
  least: number,
): DraftFinding<Metrics> | null {
  const long = kept.filter(({ length }) => length >= least * MILLISECOND).toSorted((a, b) => b.length - a.length);
  const [longest] = long;
  if (longest === undefined) return null;
  const { model } = context;
  const { pid } = thread.process;
  // With the limit at which they are told all are counted, and else those that were kept.
  const times = least === TOLD_MS ? count : long.length;
  const sum = least === TOLD_MS ? total : long.reduce((all, { length }) => all + length, 0);
  const stallMs = milliseconds(longest.length);
  const stalled = duration(longest.length);
  const often = times === 1 ? stalled : `up to ${stalled} (${inFigures(times)}x)`;
  const isLong = longest.length >= context.threshold('stall-critical-ms') * MILLISECOND;
  const isOneByOne = mayServeOneByOne(model.watch.turns.keys());
  return {
    severity: isLong ? (isOneByOne ? 'warning' : 'critical') : isOneByOne ? 'info' : 'warning',
    confidence: isOneByOne ? 'possible' : 'likely',
    title: isOneByOne
      ? `Worker ${pid} was away for ${often}: perhaps with one request`
      : `Worker ${pid} stalled ${often}`,
    summary:
      `Worker ${pid} did not get back to its ${isOneByOne ? 'wait for clients' : 'event loop'} for ${stalled}. ` +
      `${plural(times, 'turn')} of ${least} ms or more, together ${duration(sum)}. This capture counts: it does not ` +
      `tell in which call the worker was.${isOneByOne ? ONE_BY_ONE : ''}`,
    why: isOneByOne ? WHY_ONE_BY_ONE : WHY,
    start: Math.min(...long.map(({ start }) => start)),
    end: Math.max(...long.map(endOf)),
    openEnded: false,
    workers: [pid],
    metrics: {
      ...UNRECORDED,
      stallMs,
      worker: pid,
      correctedMs: stallMs,
      count: times,
      longestMs: stallMs,
      totalMs: milliseconds(sum),
      allCount: times,
      allTotalMs: milliseconds(sum),
      stalls: long
        .slice(0, SHOWN)
        .toSorted((a, b) => a.start - b.start)
        .map((turn) => ({
          startMs: millisecondsAt(model, turn.start),
          endMs: millisecondsAt(model, endOf(turn)),
          stallMs: milliseconds(turn.length),
          call: '',
          callMs: 0,
          blockedFromMs: null,
          blockedToMs: null,
          request: '',
          turnCalls: 0,
          open: false,
        })),
      share: round(Math.min(1, sum / Math.max(1, model.lastTime - model.firstTime)), 4),
    },
    evidence: long.slice(0, LINES).map(({ line }) => line),
    next: [
      {
        text: 'Record the calls while it happens: they tell in what the worker was.',
        command: `drover record ${pid} --program calls --ring 60s --until 'stall>${least}ms'`,
      },
      seeCode(thread.process, 'See the code that is running while it happens.'),
    ],
    subjects: [`pid ${pid}`],
  };
}

function endOf({ start, length }: WatchedTurn): number {
  return start + length;
}

/** What no count tells. */
const UNRECORDED = {
  cause: 'unrecorded',
  call: '',
  callMs: 0,
  target: '',
  request: '',
  requests: [],
  requestInTitle: '',
  waiting: [],
  waitingCount: 0,
  turnCalls: 0,
  cpuOrWaitMs: 0,
  onCpuMs: null,
  queuedMs: null,
  longestGapMs: 0,
  quotaPeriodMs: null,
  stopSignal: '',
  stopSender: null,
  rungs: 0,
  query: '',
  helperPeers: [],
  afterReply: false,
} as const;
