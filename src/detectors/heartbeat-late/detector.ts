import type { Heartbeat, Kill } from '../../model/facts.ts';
import type { Process } from '../../model/process.ts';
import { rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { type KeptLine, keptLine } from '../../model/turn.ts';
import { elapsed, later, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { moment } from '../moment.ts';
import { duration, milliseconds, plural, ratio } from '../words.ts';

/** gunicorn's own default of --timeout. */
const DEFAULT_TIMEOUT = 30;
const SHOWN = 20;

/** The heartbeat of one worker. */
interface Pulse {
  readonly process: Process;
  beats: number;
  last: Nanoseconds;
  lastLine: KeptLine;
  longest: Nanoseconds;
  /** When the longest interval began, and the lines at its ends. */
  since: Nanoseconds;
  lines: readonly KeptLine[];
  /** Its master sent it SIGABRT: after so long a silence. */
  abortedAfter: Nanoseconds;
  abortLine: KeptLine | null;
}

export const heartbeatLate: DetectorDefinition = {
  kind: 'heartbeat-late',
  title: 'A worker shows too late that it lives',
  thresholds: ['heartbeat-share'],
  create(context): Detector {
    const pulses = new Map<Process, Pulse>();
    /** The last one of each pid, which a later process may bear again. */
    const byPid = new Map<number, Pulse>();
    return {
      on: {
        heartbeat({ thread, record }: Heartbeat) {
          const line = keptLine(record);
          const known = pulses.get(thread.process);
          if (known === undefined) {
            const pulse = first(thread, record.start, line);
            pulses.set(thread.process, pulse);
            byPid.set(thread.process.pid, pulse);
          } else {
            known.beats++;
            stretch(known, record.start, [known.lastLine, line]);
            known.last = later(known.last, record.start);
            known.lastLine = line;
          }
        },
        threadLetGo({ process }: Thread) {
          if (process.threads.length === 0) pulses.delete(process);
        },
        kill({ thread, pid, signal, record }: Kill) {
          if (signal !== 'SIGABRT') return;
          const pulse = byPid.get(pid);
          if (pulse === undefined || pulse.process.parent !== thread.process || pulse.abortLine !== null) return;
          pulse.abortLine = keptLine(record);
          pulse.abortedAfter = elapsed(pulse.last, record.start);
          stretch(pulse, record.start, [pulse.lastLine, pulse.abortLine]);
        },
      },
      conclude: () => conclude(context, pulses),
    };
  },
};

function first({ process }: Thread, at: Nanoseconds, line: KeptLine): Pulse {
  return { process, beats: 1, last: at, lastLine: line, longest: 0, since: at, lines: [], abortedAfter: UNKNOWN, abortLine: null };
}

function stretch(pulse: Pulse, to: Nanoseconds, lines: readonly KeptLine[]): void {
  if (to - pulse.last <= pulse.longest) return;
  pulse.longest = to - pulse.last;
  pulse.since = pulse.last;
  pulse.lines = lines;
}

function conclude(context: Context, pulses: ReadonlyMap<Process, Pulse>): Conclusion {
  if (!context.capabilities.times) return notApplicable('The capture has no times. Record with -ttt.');
  if (pulses.size === 0) return notApplicable('No heartbeat seen: only gunicorn workers have one, and -y must show its file (wgunicorn-…)');
  const roles = rolesOf(context.model.processes.threads());
  const all = [...pulses.values()];
  const late = all.filter((pulse) => pulse.abortLine !== null || pulse.longest >= limit(context, pulse, roles));
  if (late.length > 0)
    return {
      outcome: { status: 'found', reason: `${plural(late.length, 'worker')} with a late heartbeat` },
      findings: [finding(context, all, late)],
    };
  const longest = largestOf(all.map((pulse) => pulse.longest));
  const timeout = all.map(({ process }) => timeoutOf(process))[0] ?? null;
  return {
    outcome: {
      status: 'clear',
      reason: `${plural(all.length, 'worker')}, longest time between two heartbeats ${duration(longest)} (timeout ${timeout === null ? `not in the trace, ${DEFAULT_TIMEOUT} s by default` : `${timeout} s`})`,
    },
    findings: [],
  };
}

/** A loop beats every second; an idle sync worker only every half timeout, so that its limit lies half-way from there to the timeout. */
function limit(context: Context, { process }: Pulse, roles: ReadonlyMap<Thread, string>): Nanoseconds {
  const share = context.threshold('heartbeat-share');
  const sync = process.threads.some((thread) => roles.get(thread) === 'sync-worker');
  return (timeoutOf(process) ?? DEFAULT_TIMEOUT) * SECOND * (sync ? 0.5 + share / 2 : share);
}

/** Seconds of `-t` or `--timeout` on the command line; null when they are not there (a configuration file may set them). */
function timeoutOf({ argv }: Process): number | null {
  for (const [index, argument] of argv.entries()) {
    const value = /^(?:-t|--timeout[= ]?)(\d+)$/.exec(argument)?.[1] ?? (/^(?:-t|--timeout)$/.test(argument) ? argv[index + 1] : undefined);
    if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  }
  return null;
}

function finding({ model }: Context, all: readonly Pulse[], late: readonly Pulse[]): DraftFinding {
  const sorted = late.toSorted((a, b) => b.longest - a.longest);
  const worst = sorted[0] as Pulse;
  const aborted = sorted.filter(({ abortLine }) => abortLine !== null);
  const timeout = timeoutOf(worst.process);
  const known = timeout === null ? `the timeout is not in the trace; the default is ${DEFAULT_TIMEOUT} s` : `the timeout is ${timeout} s`;
  const killed = aborted[0];
  const left = (timeout ?? DEFAULT_TIMEOUT) * SECOND - worst.longest;
  const end =
    killed !== undefined
      ? ` ${plural(aborted.length, 'worker was', 'workers were')} sent SIGABRT by the master for it, as gunicorn does at WORKER TIMEOUT: worker ${killed.process.pid} after ${duration(killed.abortedAfter)}.`
      : ` It came within ${duration(Math.max(0, left))} of being killed.`;
  return {
    kind: 'heartbeat-late',
    severity: aborted.length > 0 ? 'critical' : 'warning',
    sureness: killed !== undefined || timeout !== null ? 'likely' : 'possible',
    title:
      killed === undefined
        ? `Worker ${worst.process.pid} was silent for ${duration(worst.longest)}`
        : `Worker ${killed.process.pid} was killed after ${duration(killed.abortedAfter)} of silence`,
    summary: `${plural(late.length, 'worker')} of ${all.length} touched the heartbeat file late: worker ${worst.process.pid} not for ${duration(worst.longest)} (${known}).${end}`,
    why: 'The master kills a worker that is silent for the timeout, and all requests that the worker serves die with it. A worker is silent when its loop is blocked.',
    start: smallestOf(late.map(({ since }) => since)),
    end: largestOf(late.map(({ since, longest }) => since + longest)),
    openEnded: false,
    workers: sorted.map(({ process }) => process.pid),
    metrics: {
      workers: sorted.slice(0, SHOWN).map((pulse) => ({
        pid: pulse.process.pid,
        heartbeats: pulse.beats,
        longestMs: milliseconds(pulse.longest),
        sinceMs: moment(model, pulse.since),
        aborted: pulse.abortLine !== null,
        abortedAfterMs: pulse.abortLine === null ? null : milliseconds(pulse.abortedAfter),
      })),
      count: late.length,
      aborted: aborted.length,
      timeoutS: timeout,
      shareOfTimeout: Number(ratio(worst.longest / ((timeout ?? DEFAULT_TIMEOUT) * SECOND))),
    },
    evidence: [...(killed ?? worst).lines],
    next: [
      {
        text: 'Fix what blocked the worker: see its loop-stall findings.',
        caveat: 'Raising --timeout only makes users wait longer; it is no limit for a single request of an async worker.',
      },
      {
        text: 'If the heartbeat call itself is slow, put its file on a memory file system.',
        command: 'gunicorn --worker-tmp-dir /dev/shm …',
      },
    ],
    subjects: sorted.map(({ process }) => `pid ${process.pid}`),
  };
}
