import type { WorkerReady } from '../../model/facts.ts';
import { UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, megabytes, milliseconds, plural } from '../words.ts';
import { preloadAdvice } from './advice.ts';
import { Families, type Family, type Load } from './families.ts';

const EVIDENCE = 6;
const FROM_THE_START = 'Record from the start: strace -f -ttt -T -y -s 128 -o FILE COMMAND';

/** What was seen of workers, whether or not they loaded much. */
interface Seen {
  forked: number;
  ownProgram: number;
  mostModules: number;
}

export const forkThenLoad: DetectorDefinition = {
  kind: 'fork-then-load',
  title: 'Workers load the application after the fork',
  thresholds: ['load-modules', 'load-mb'],
  create(context): Detector {
    const families = new Families();
    const seen: Seen = { forked: 0, ownProgram: 0, mostModules: 0 };
    const modules = context.threshold('load-modules');
    const bytes = context.threshold('load-mb') * 1e6;
    return {
      on: {
        workerReady(fact: WorkerReady) {
          const { thread, boot } = fact;
          if (thread.process.forkedAt === UNKNOWN) return;
          if (boot.executed) {
            seen.ownProgram++;
            return;
          }
          seen.forked++;
          seen.mostModules = Math.max(seen.mostModules, boot.modules.size);
          // Memory without a module may be anything: buffers, a cache that is filled on purpose after the fork.
          if (boot.modules.size >= modules || (boot.modules.size > 0 && boot.memory.bytes >= bytes)) families.add(fact);
        },
      },
      conclude: () => conclude(context, families.all, seen),
    };
  },
};

function conclude(context: Context, families: readonly Family[], seen: Seen): Conclusion {
  const opens = context.model.statistics.all().some(({ syscall }) => syscall.family === 'open');
  if (seen.forked === 0) return notApplicable(whyNone(context, seen));
  if (!opens)
    return notApplicable('The capture shows no open calls, so that nobody can see what is loaded. Record without -e, from the start.');
  const findings = families.filter(({ count: loads }) => loads > 1).map((family) => finding(context, family));
  if (findings.length > 0) {
    const loads = families.reduce((sum, family) => sum + family.count, 0);
    return { outcome: { status: 'found', reason: `${plural(loads, 'worker')} that loaded the application after the fork` }, findings };
  }
  const most = `${plural(seen.mostModules, 'module')} opened by one between its fork and its first accept at most`;
  return { outcome: { status: 'clear', reason: `${plural(seen.forked, 'forked worker')}, ${most}` }, findings };
}

function whyNone({ model }: Context, { ownProgram }: Seen): string {
  if (ownProgram > 0)
    return `Workers run a program of their own since their fork (${plural(ownProgram, 'execve')}): nothing of the parent's memory could be shared.`;
  if (model.processes.all().some(({ forkedAt }) => forkedAt !== UNKNOWN))
    return 'No forked process got ready to accept while it was traced; there is nothing to compare.';
  return `No worker was forked while it was traced. ${FROM_THE_START}`;
}

function finding(context: Context, family: Family): DraftFinding {
  const { loads, shared, parent, mostAlive, count: total } = family;
  const { times } = context.capabilities;
  const first = loads[0] as Load;
  const bytes = first.privateBytes === null ? null : family.bytes / total;
  const saved = bytes === null ? null : Math.round(bytes * (mostAlive - 1));
  const replaced = total - mostAlive;
  return {
    kind: 'fork-then-load',
    severity: mostAlive > 1 ? 'warning' : 'info',
    sureness: 'likely',
    title: titleOf(family, bytes),
    summary: summaryOf(family, bytes, saved, times),
    why: 'What a worker loads after its fork is its own: the same code and data lie in memory once for each worker, and each start, restart and replacement takes that long. Loaded before the fork they are there once, until somebody writes to them.',
    start: times ? first.from : UNKNOWN,
    end: times ? family.last : UNKNOWN,
    openEnded: false,
    workers: [...family.pids],
    metrics: {
      workers: loads.map(({ pid, modules, from, to, privateBytes }) => ({
        pid,
        modules,
        loadMs: times ? milliseconds(to - from) : null,
        privateBytes,
        startMs: times ? moment(context.model, from) : null,
      })),
      sharedModules: shared.size,
      savedBytes: saved,
      count: total,
      mostAlive,
      replaced,
      loadMs: times ? milliseconds(family.time / total) : null,
      parent: parent?.pid ?? null,
      parentModules: family.inherited === UNKNOWN ? null : family.inherited,
    },
    evidence: loads.flatMap(({ lines }) => lines).slice(0, EVIDENCE),
    next: preloadAdvice(family.server, replaced),
    subjects: [...family.pids].map((pid) => `pid ${pid}`),
  };
}

function titleOf({ count: total, mostAlive, loads }: Family, bytes: number | null): string {
  const modules = plural((loads[0] as Load).modules, 'module');
  const each = bytes === null ? '' : `, ${megabytes(bytes)} each`;
  return mostAlive > 1
    ? `${count(mostAlive)} workers load ${modules} after the fork${each}`
    : `Each of ${total} workers in turn loads ${modules} after its fork`;
}

function summaryOf(family: Family, bytes: number | null, saved: number | null, times: boolean): string {
  const { count: total, mostAlive, shared, loads, inherited } = family;
  const most = loads.reduce((sum, { modules }) => Math.max(sum, modules), 0);
  const least = loads.reduce((sum, { modules }) => Math.min(sum, modules), most);
  const modules = least === most ? count(most) : `${count(least)} to ${count(most)}`;
  const before = inherited === UNKNOWN ? '' : ` (their parent had opened ${count(inherited)} before)`;
  const took = times ? `, which took ${duration(family.time / total)} on average while traced` : '';
  const memory = bytes === null ? '' : ` Each asked for about ${megabytes(bytes)} of memory of its own meanwhile.`;
  const gain =
    saved === null || saved <= 0
      ? ''
      : ` Loaded once before the fork, about ${megabytes(saved)} would be shared, less what workers write to later.`;
  const replaced = total - mostAlive;
  const again =
    replaced === 0
      ? ''
      : ` ${plural(replaced, 'of these workers', 'of these workers')} replaced one that had ended: the load comes back with each.`;
  return `${plural(total, 'worker')} opened ${modules} modules each between fork and first accept, ${count(shared.size)} of them the same${before}${took}.${memory}${gain}${again}`;
}
