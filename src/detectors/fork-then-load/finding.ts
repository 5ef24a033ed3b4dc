import { count, duration, megabytes, milliseconds, plural } from '../../trace/format-numbers.ts';
import { UNKNOWN } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import { preloadAdvice } from './advice.ts';
import type { Load, WorkerFamily } from './families.ts';
import type { Metrics } from './metrics.ts';

const EVIDENCE = 6;

/** The finding about workers of one parent that each load the same application. */
export function finding(context: Context, family: WorkerFamily): DraftFinding<Metrics> {
  const { loads, shared, parent, mostAlive, count: total } = family;
  const { times } = context.capabilities;
  const first = loads[0] as Load;
  const bytes = first.privateBytes === null ? null : family.bytes / total;
  const saved = bytes === null ? null : Math.round(bytes * (mostAlive - 1));
  const replaced = total - mostAlive;
  return {
    severity: mostAlive > 1 ? 'warning' : 'info',
    confidence: 'likely',
    title: titleOf(family, bytes),
    summary: summaryOf(family, bytes, saved, times),
    why:
      'What a worker loads after its fork is its own: the same code and data lie in memory once for each worker, ' +
      'and each start, restart and replacement takes that long. Loaded before the fork they are there once, until ' +
      'somebody writes to them.',
    ...span({ times }, family.first, family.last),
    openEnded: false,
    workers: [...family.pids],
    metrics: {
      workers: loads.map(({ pid, modules, from, to, privateBytes }) => ({
        pid,
        modules,
        loadMs: times ? milliseconds(to - from) : null,
        privateBytes,
        startMs: times ? millisecondsAt(context.model, from) : null,
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

function titleOf({ count: total, mostAlive, loads }: WorkerFamily, bytes: number | null): string {
  const modules = plural((loads[0] as Load).modules, 'module');
  const each = bytes === null ? '' : `, ${megabytes(bytes)} each`;
  return mostAlive > 1
    ? `${count(mostAlive)} workers load ${modules} after the fork${each}`
    : `Each of ${total} workers in turn loads ${modules} after its fork`;
}

function summaryOf(family: WorkerFamily, bytes: number | null, saved: number | null, times: boolean): string {
  const { count: total, mostAlive, shared, loads, inherited } = family;
  const most = loads.reduce((sum, { modules }) => Math.max(sum, modules), 0);
  const least = loads.reduce((sum, { modules }) => Math.min(sum, modules), most);
  const modules = least === most ? count(most) : `${count(least)} to ${count(most)}`;
  const before = inherited === UNKNOWN ? '' : ` Their parent had opened ${count(inherited)} before.`;
  const took = times ? ` Loading took ${duration(family.time / total)} a worker on average, while traced.` : '';
  const memory = bytes === null ? '' : ` Each worker took about ${megabytes(bytes)} of memory of its own for it.`;
  const gain =
    saved === null || saved <= 0
      ? ''
      : ` Loaded once before the fork, about ${megabytes(saved)} would be shared, less what workers write to later.`;
  const replaced = total - mostAlive;
  const again =
    replaced === 0
      ? ''
      : ` ${plural(replaced, 'of these workers', 'of these workers')} replaced one that had ended: the load comes ` +
        'back with each.';
  return (
    `${plural(total, 'worker')} opened ${modules} modules each between fork and first accept, ` +
    `${count(shared.size)} of them the same in all workers.${before}${took}${memory}${gain}${again}`
  );
}
