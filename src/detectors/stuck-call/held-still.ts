import { type HeldAtEnd, heldAtEnd } from '../../model/at-end/held.ts';
import { isLoopOf, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import { namedProcesses, processesOf } from '../words.ts';
import type { Metrics } from './metrics.ts';

const MOST_THREADS = 50;
const MOST_LINES = 6;

/** Processes that somebody had kept from running for so long when the capture ended, by what keeps them. */
export function heldStill({ model, threshold }: Context): readonly (readonly HeldAtEnd[])[] {
  const least = threshold('stuck-ms') * MILLISECOND;
  const all = heldAtEnd(model).filter(({ lasted }) => lasted >= least);
  return [...groupedBy(all, ({ held, signal, by }) => `${held} ${signal} ${by}`).values()];
}

export const WHY_HELD =
  'A process that is kept from running does nothing, whatever it was in: its clients wait, connections that come to ' +
  'it wait, and locks that it holds stay held.';

/** Who keeps them from running, since when, and what lets them go on. */
export function heldStillFinding(
  { model, capabilities }: Context,
  all: readonly HeldAtEnd[],
  isEverybody: boolean,
): DraftFinding<Metrics> {
  const [worst] = all;
  if (worst === undefined) throw new Error('a finding is about one process at least');
  const pids = all.map(({ process }) => process.pid);
  const clients = all.reduce((sum, { process }) => sum + Math.max(0, process.clientsHeld), 0);
  const length = `${worst.beganBefore ? 'at least ' : ''}${duration(worst.lasted)}`;
  const who = `${processesOf(pids, model.processes.all().length)} ${pids.length === 1 ? 'has' : 'have'}`;
  const connected =
    clients > 0
      ? ` ${plural(clients, 'client is', 'clients are')} connected to ${pids.length === 1 ? 'it' : 'them'}.`
      : '';
  return {
    severity: isEverybody || clients > 0 || all.some(({ thread }) => isLoop(thread, model)) ? 'critical' : 'warning',
    confidence: 'likely',
    title: cutTitle(`${who} been ${inShort(worst)} for ${length}`),
    summary:
      `${namedProcesses(pids)} did not run for ${length}, up to the end of the capture: ` +
      `${inWords(worst)}.${connected}`,
    why: WHY_HELD,
    ...span(capabilities, worst.since, model.lastTime),
    openEnded: true,
    workers: pids.slice(0, MOST_THREADS),
    metrics: {
      threads: all.slice(0, MOST_THREADS).map(({ process, thread, held, by, lasted }) => ({
        pid: process.pid,
        tid: thread.tid,
        call: '',
        target: null,
        sinceMs: null,
        forMs: milliseconds(lasted),
        hasTimeout: false,
        idle: 'no',
        waitsFor: null,
        held,
        heldBy: by === 0 ? null : by,
      })),
      count: all.length,
      nobodyAccepted: model.processes.all().every(({ accepted }) => accepted === 0),
      isUsual: false,
      isOver: false,
    },
    evidence: all.flatMap(({ lines }) => lines).slice(0, MOST_LINES),
    next: stepsFor(worst, pids),
    subjects: pids.slice(0, MOST_THREADS).map((pid) => `pid ${pid}`),
  };
}

/** Who serves many at a time leaves all of them without an answer, as in any other stall of a loop. */
function isLoop(thread: Thread, { processes }: Model): boolean {
  const role = rolesIn(processes).get(thread);
  return role !== undefined && isLoopOf(thread, role) && thread.loop.turns > 0;
}

function inShort({ held, signal, by }: HeldAtEnd): string {
  if (held === 'frozen') return 'frozen by its cgroup';
  if (held === 'traced') return by === 0 ? 'held by a debugger' : `held by the debugger ${by}`;
  return signal === '' ? 'stopped (state T)' : `stopped by ${signal}`;
}

function inWords({ held, signal, by, beganBefore }: HeldAtEnd): string {
  const since = beganBefore ? ' before the capture began' : '';
  if (held === 'frozen') return 'the freezer of its cgroup holds it, as after docker pause or systemctl freeze';
  if (held === 'traced') return `pid ${by} traces it and holds it, as a debugger does at a breakpoint`;
  const sender = by === 0 ? '' : `, sent by pid ${by},`;
  return signal === '' ? `a signal had stopped it${since} (state T)` : `${signal}${sender} had stopped it${since}`;
}

function stepsFor({ held, by }: HeldAtEnd, pids: readonly number[]): Step[] {
  const [pid = 0] = pids;
  if (held === 'frozen')
    return [
      {
        text: 'Let it go on: docker unpause, systemctl thaw, or write 0 into cgroup.freeze of its cgroup.',
        command: `cat /proc/${pid}/cgroup`,
        caveat: 'Somebody froze it on purpose: a snapshot or a migration may still need it so.',
      },
    ];
  if (held === 'traced')
    return [
      {
        text: `See who holds it, and let the process go on there (gdb: detach).`,
        command: `ps -o pid,ppid,user,lstart,args -p ${by}`,
        caveat: 'kill -CONT does not help: a debugger holds it, and no signal.',
      },
    ];
  return [
    {
      text: 'Let it go on.',
      command: `kill -CONT ${pids.slice(0, MOST_THREADS).join(' ')}`,
      caveat: 'Somebody may have stopped it on purpose: ask first who did.',
    },
    whoStopped(by, pid),
  ];
}

/** Leads to who stopped that process; `by` is 0 where the capture does not tell. */
export function whoStopped(by: number, pid: number): Step {
  return {
    text:
      by === 0
        ? 'Find out who stopped it: a job control shell (Ctrl-Z), a script, a debugger.'
        : `Find out why pid ${by} stopped it.`,
    command:
      by === 0
        ? `ps -o pid,ppid,tty,stat,lstart,args -p ${pid === 0 ? 'PID' : pid}`
        : `ps -o pid,ppid,lstart,args -p ${by}`,
    caveat: 'The sender may have ended by now; an audit rule for kill(2) names the next one.',
  };
}
