import { heldAtEnd } from '../../model/at-end/held.ts';
import { longestStopOf } from '../../model/machine/past-stops.ts';
import type { Process } from '../../model/machine/process.ts';
import { isLoopOf, type Role, rolesIn } from '../../model/machine/roles.ts';
import type { PastStop } from '../../model/machine/stop.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { duration, milliseconds } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { elapsed, MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { namedProcesses, processesOf } from '../words.ts';
import { WHY_HELD, whoStopped } from './held-still.ts';
import type { Metrics } from './metrics.ts';

const MOST_THREADS = 50;
const MOST_LINES = 6;

/** A process that was stopped, and went on before the capture ended. */
export interface StoppedProcess {
  readonly process: Process;
  readonly thread: Thread;
  readonly stop: PastStop;
}

/**
 * Processes that were stopped for so long and went on, by what stopped them. Of those that were stopped together with
 * one that is told as a stall nothing is said here: they are its service.
 */
export function stoppedBefore({ model, threshold }: Context): readonly (readonly StoppedProcess[])[] {
  const least = threshold('stuck-ms') * MILLISECOND;
  const held = new Set(heldAtEnd(model).map(({ process }) => process));
  const roles = rolesIn(model.processes);
  const stopped: StoppedProcess[] = [];
  const told: PastStop[] = [];
  for (const process of model.processes.all()) {
    const stop = longestStopOf(process);
    const [thread] = threadsOf(process);
    if (stop === undefined || thread === undefined || lengthOf(stop) < least) continue;
    if (threadsOf(process).some((each) => isToldAsStall(each, roles.get(each)))) told.push(stop);
    else if (!held.has(process)) stopped.push({ process, thread, stop });
  }
  const untold = stopped.filter(
    ({ stop: { since, until } }) => !told.some((other) => other.since < until && since < other.until),
  );
  return [...groupedBy(untold, ({ stop }) => `${stop.signal} ${stop.sender}`).values()];
}

/** Stops of such a thread are stalls (`loop-stall`, `service-stall`). */
function isToldAsStall(thread: Thread, role: Role | undefined): boolean {
  return role === 'sync-worker' || isLoopOf(thread, role);
}

/** Who was stopped, for how long, and who may say why. */
export function stoppedFinding(
  { model, capabilities }: Context,
  all: readonly StoppedProcess[],
  isEverybody: boolean,
): DraftFinding<Metrics> {
  const sorted = all.toSorted((a, b) => lengthOf(b.stop) - lengthOf(a.stop) || a.process.pid - b.process.pid);
  const [worst] = sorted;
  if (worst === undefined) throw new Error('a finding is about one process at least');
  const pids = sorted.map(({ process }) => process.pid);
  const { signal, sender } = worst.stop;
  const length = duration(lengthOf(worst.stop));
  const who = `${processesOf(pids, model.processes.all().length)} ${pids.length === 1 ? 'was' : 'were'}`;
  return {
    // The others are those of a terminal: somebody pressed Ctrl-Z, or sent a job to the background.
    severity: isEverybody && signal === 'SIGSTOP' ? 'critical' : 'warning',
    confidence: 'likely',
    title: cutTitle(`${who} stopped by ${signal} for ${pids.length === 1 ? '' : 'up to '}${length}`),
    summary:
      `${namedProcesses(pids)} did not run for ${length}: ${signal}` +
      `${sender === 0 ? '' : `, sent by pid ${sender},`} had stopped ${pids.length === 1 ? 'it' : 'them'}. ` +
      `${pids.length === 1 ? 'It has' : 'They have'} gone on since.`,
    why: WHY_HELD,
    ...span(capabilities, worst.stop.since, worst.stop.until),
    openEnded: false,
    workers: pids.slice(0, MOST_THREADS),
    metrics: {
      threads: sorted.slice(0, MOST_THREADS).map(({ process, thread, stop }) => ({
        pid: process.pid,
        tid: thread.tid,
        call: '',
        target: null,
        sinceMs: null,
        forMs: milliseconds(lengthOf(stop)),
        hasTimeout: null,
        idle: 'no',
        waitsFor: null,
        held: 'stopped',
        heldBy: stop.sender === 0 ? null : stop.sender,
      })),
      count: sorted.length,
      nobodyAccepted: model.processes.all().every(({ accepted }) => accepted === 0),
      isUsual: false,
      isOver: true,
    },
    evidence: sorted.slice(0, MOST_LINES).map(({ stop }) => stop.line),
    next: [whoStopped(sender, pids[0] ?? 0)],
    subjects: pids.slice(0, MOST_THREADS).map((pid) => `pid ${pid}`),
  };
}

function lengthOf({ since, until }: PastStop): Nanoseconds {
  return elapsed(since, until);
}
