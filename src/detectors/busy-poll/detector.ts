import type { Spun } from '../../model/facts.ts';
import type { Model } from '../../model/model.ts';
import { pidsOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { MICROSECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import type { Conclusion, DraftFinding, Step } from '../finding.ts';
import { count, duration, milliseconds, plural, ratio, round, workerName } from '../words.ts';
import { Spinning } from './spinning.ts';

const EVIDENCE = 6;

export const busyPoll: DetectorDefinition = {
  kind: 'busy-poll',
  title: 'A loop polls without a pause and gets nothing done',
  thresholds: ['busy-poll-share', 'busy-poll-per-second'],
  create(context): Detector {
    const empty = new Map<Thread, Spinning>();
    const stuck = new Map<Thread, Spinning>();
    return {
      on: {
        spun(fact: Spun) {
          const threads = fact.stuck ? stuck : empty;
          const own = threads.get(fact.thread) ?? new Spinning();
          threads.set(fact.thread, own);
          own.add(fact);
        },
        hubChanged(thread: Thread) {
          empty.delete(thread);
          stuck.delete(thread);
        },
        threadLetGo(thread: Thread) {
          empty.delete(thread);
          stuck.delete(thread);
        },
      },
      conclude: () => conclude(context, empty, stuck),
    };
  },
};

function conclude(context: Context, empty: ReadonlyMap<Thread, Spinning>, stuck: ReadonlyMap<Thread, Spinning>): Conclusion {
  const { model, capabilities } = context;
  if (!capabilities.times || !capabilities.durations)
    return {
      outcome: { status: 'not-applicable', reason: 'The capture does not tell how long waits took. Record with -ttt -T.' },
      findings: [],
    };
  const loops = [...model.processes.threads()].filter(({ loop }) => loop.turns > 0);
  if (loops.length === 0)
    return { outcome: { status: 'not-applicable', reason: 'No loop that waits with epoll, poll or select was seen' }, findings: [] };
  const findings = [judge(context, stuck, true), judge(context, empty, false)].filter((finding) => finding !== null);
  if (findings.length > 0) return { outcome: { status: 'found', reason: `${plural(findings.length, 'kind')} of spinning` }, findings };
  const most = largestOf(
    [...empty, ...stuck].map(([thread, { time }]) => time / observed(model, thread)),
    0,
  );
  return {
    outcome: {
      status: 'clear',
      reason: `none of ${plural(loops.length, 'loop')} spun for ${ratio(context.threshold('busy-poll-share') * 100)} % of its time, at most ${ratio(most * 100)} %`,
    },
    findings,
  };
}

/** How much of the window the thread was traced. */
function observed({ options }: Model, { firstTime, lastTime }: Thread): Nanoseconds {
  return Math.max(1, Math.min(lastTime, options.to) - Math.max(firstTime, options.from));
}

interface Spinner extends Pick<Spinning, 'rounds' | 'time' | 'line'> {
  readonly thread: Thread;
  readonly share: number;
  readonly spinning: Spinning;
}

function judge(context: Context, threads: ReadonlyMap<Thread, Spinning>, stuck: boolean): DraftFinding | null {
  const { model } = context;
  const spinners = [...threads]
    .map(([thread, spinning]): Spinner => {
      const { rounds, time, line } = spinning;
      return { thread, spinning, rounds, time, line, share: time / observed(model, thread) };
    })
    .filter(
      ({ share, rounds, time }) =>
        share >= context.threshold('busy-poll-share') && rounds / (time / SECOND) >= context.threshold('busy-poll-per-second'),
    )
    .sort((a, b) => b.share - a.share);
  const [worst] = spinners;
  return worst === undefined ? null : finding(worst, spinners, stuck);
}

function finding(worst: Spinner, spinners: readonly Spinner[], stuck: boolean): DraftFinding {
  const { pid } = worst.thread.process;
  const workers = pidsOf(spinners.map(({ thread }) => thread));
  const { target, call, listener } = worst.spinning;
  const share = `${(worst.share * 100).toFixed(0)} % of the time`;
  const ready = target === '' ? 'something' : target;
  const what = stuck ? `${call} reported ${ready} at once` : `${call} returned at once with nothing`;
  const others = workers.length === 1 ? '' : ` ${plural(workers.length - 1, 'other worker does', 'other workers do')} the same.`;
  const took = (worst.time / worst.rounds / MICROSECOND).toFixed(0);
  return {
    kind: 'busy-poll',
    severity: 'warning',
    sureness: 'likely',
    title: `${workerName(pid)} spins ${share}: ${stuck ? `${ready} stays ready` : `${call} does not wait`}`.slice(0, 78),
    summary: `For ${duration(worst.time)}, ${share}, ${workerName(pid).toLowerCase()} went round its loop without getting anything done: ${count(worst.rounds)} times ${what}${stuck ? ', and nothing was done about it' : ''}. Under strace a round took ${took} µs; untraced far more of them fit into the same time.${others}`,
    why: 'It uses a core for nothing, and what shares that core runs later. The loop does serve what comes, so that neither a log nor a probe shows it.',
    start: smallestOf(spinners.map(({ spinning }) => spinning.first)),
    end: largestOf(spinners.map(({ spinning }) => spinning.last)),
    openEnded: false,
    workers,
    metrics: {
      kind: stuck ? 'stuck-readiness' : 'empty-waits',
      call,
      target,
      sharePercent: round(worst.share * 100, 1),
      rounds: worst.rounds,
      totalMs: milliseconds(worst.time),
      roundsPerSecond: round(worst.rounds / (worst.time / SECOND), 0),
      spinners: spinners.map(({ thread, rounds, time, share: part }) => ({
        pid: thread.process.pid,
        tid: thread.tid,
        rounds,
        totalMs: milliseconds(time),
        sharePercent: round(part * 100, 1),
      })),
    },
    evidence: spinners.flatMap(({ line }) => (line === null ? [] : [line])).slice(0, EVIDENCE),
    next: [...(stuck ? whenStuck(listener !== null) : WHEN_EMPTY), see(pid)],
    subjects: [...(listener === null ? [] : [`listener ${listener.id}`]), ...workers.map((worker) => `pid ${worker}`)],
  };
}

function whenStuck(isListener: boolean): Step[] {
  if (isListener)
    return [
      {
        text: 'Stop waiting for the listener while it cannot accept (take it out of the set, try again after a pause). If accept fails for want of descriptors, see accept-errors in this report.',
      },
    ];
  return [
    {
      text: 'Read what is reported until EAGAIN or the end of file, or take the descriptor out of the set, or close it.',
      caveat: 'EPOLLHUP and EPOLLERR are reported whether or not they were asked for.',
    },
  ];
}

const WHEN_EMPTY: readonly Step[] = [
  {
    text: 'Let the wait wait: look for a loop around sleep(0), a timer that is always due, or a timeout that was rounded down to 0.',
    caveat: 'A framework that polls without a pause on purpose (for latency) looks the same.',
  },
];

function see(pid: number): Step {
  return {
    text: 'See the code that goes round.',
    command: `py-spy dump --pid ${pid === 0 ? 'PID' : pid}`,
    needs: 'a Python worker and py-spy; for others perf record -g',
  };
}
