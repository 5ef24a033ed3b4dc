import type { RequestImports } from '../../model/request-imports.ts';
import type { Family } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { moment } from '../moment.ts';
import { duration, milliseconds, plural, workerName } from '../words.ts';
import { importAdvice } from './advice.ts';

/** Requests kept, those that imported longest. */
const KEPT = 64;
const SHOWN = 20;
const EVIDENCE = 6;
/** A capture that shows these and no open calls was not filtered: nothing was opened. */
const NEIGHBOURS: ReadonlySet<Family> = new Set<Family>(['file', 'memory', 'fcntl', 'ioctl']);
/** What they open for each request is what they serve. */
const FILE_SERVERS: ReadonlySet<string> = new Set(['nginx', 'Apache', 'HAProxy']);

export const lazyImport: DetectorDefinition = {
  kind: 'lazy-import',
  title: 'A request waits while its worker imports modules',
  thresholds: ['import-ms', 'import-modules'],
  create(context): Detector {
    const kept = new Set<RequestImports>();
    /** Requests that were heavy and had to make room. */
    let dropped = 0;
    return {
      on: {
        moduleImported(imports: RequestImports) {
          if (kept.has(imports) || FILE_SERVERS.has(imports.thread.process.server)) return;
          kept.add(imports);
          if (kept.size <= KEPT) return;
          const least = lightest(kept, imports);
          kept.delete(least);
          if (isHeavy(context, least)) dropped++;
        },
      },
      conclude: () => conclude(context, [...kept], dropped),
    };
  },
};

/** The one that gives way to `newest`: of those that were answered the quickest, where there are any. */
function lightest(kept: ReadonlySet<RequestImports>, newest: RequestImports): RequestImports {
  const others = [...kept].filter((imports) => imports !== newest);
  const done = others.filter(({ request }) => !request.inProgress);
  return (done.length > 0 ? done : others).reduce((least, other) => (other.time < least.time ? other : least));
}

/** Without what the tracer added to each of the many short calls of an import. */
function corrected({ model }: Context, { time, calls }: RequestImports): Nanoseconds {
  return Math.max(0, time - calls * model.calibration.floor);
}

/** The time of a single open says nothing about an import. */
function isHeavy(context: Context, imports: RequestImports): boolean {
  const { size } = imports.modules;
  if (size > context.threshold('import-modules')) return true;
  return size > 1 && context.capabilities.times && corrected(context, imports) >= context.threshold('import-ms') * MILLISECOND;
}

function conclude(context: Context, all: readonly RequestImports[], dropped: number): Conclusion {
  const calls = context.model.statistics.all();
  if (!calls.some(({ syscall }) => syscall.family === 'open' || NEIGHBOURS.has(syscall.family)))
    return notApplicable('The capture shows no open calls, so that nobody can see what is imported. Record without -e.');
  const requests = context.model.processes.requests;
  if (requests === 0) return notApplicable('No request was read in the capture, so that nothing was imported on the way of one.');
  const heavy = all.filter((imports) => isHeavy(context, imports)).toSorted((a, b) => b.time - a.time);
  if (heavy.length > 0) {
    const found = plural(heavy.length + dropped, 'request');
    return {
      outcome: { status: 'found', reason: `${found} of ${requests} imported modules` },
      findings: [finding(context, heavy, dropped)],
    };
  }
  const most = all.reduce((sum, { modules }) => Math.max(sum, modules.size), 0);
  return {
    outcome: { status: 'clear', reason: `${plural(requests, 'request')}, ${plural(most, 'module')} opened on the way of one at most` },
    findings: [],
  };
}

function finding(context: Context, heavy: readonly RequestImports[], dropped: number): DraftFinding {
  const { times } = context.capabilities;
  const worst = heavy[0] as RequestImports;
  const total = heavy.length + dropped;
  const pids = [...new Set(heavy.map(({ thread }) => thread.process.pid))];
  const names = [...new Set(heavy.map(({ request }) => request.name))];
  return {
    kind: 'lazy-import',
    severity: 'warning',
    sureness: times ? 'likely' : 'possible',
    title: titleOf(worst, total, times),
    summary: summaryOf(context, worst, heavy, total),
    why: 'An import reads and runs each module before the request goes on. The first user of each worker pays for it, again after each restart, and on an event loop every other request of the worker waits as well.',
    start: times ? smallestOf(heavy.map(({ firstAt }) => firstAt)) : UNKNOWN,
    end: times ? largestOf(heavy.map(({ lastEnd }) => lastEnd)) : UNKNOWN,
    openEnded: false,
    workers: pids,
    metrics: {
      count: total,
      totalMs: times ? milliseconds(heavy.reduce((sum, { time }) => sum + time, 0)) : null,
      longestMs: times ? milliseconds(worst.time) : null,
      requests: heavy.slice(0, SHOWN).map((imports) => ({
        pid: imports.thread.process.pid,
        request: imports.request.name,
        modules: imports.modules.size,
        importMs: times ? milliseconds(imports.time) : null,
        correctedMs: times ? milliseconds(corrected(context, imports)) : null,
        atMs: times ? moment(context.model, imports.firstAt) : null,
        packages: imports.packages,
        first: imports.isFirst,
      })),
    },
    evidence: heavy.flatMap(({ firstLine, lastLine }) => (firstLine === lastLine ? [firstLine] : [firstLine, lastLine])).slice(0, EVIDENCE),
    next: importAdvice(worst),
    subjects: [...pids.map((pid) => `pid ${pid}`), ...names.map((name) => `request ${name}`)],
  };
}

function titleOf({ modules, request, time }: RequestImports, total: number, times: boolean): string {
  const many = total > 1 ? ` (${plural(total, 'request')})` : '';
  const what = `imported ${plural(modules.size, 'module')}${times ? ` in ${duration(time)}` : ''} before its reply${many}`;
  const room = 78 - what.length - 1;
  return `${request.name.length > room ? `${request.name.slice(0, room - 3)}...` : request.name} ${what}`;
}

function summaryOf(context: Context, worst: RequestImports, heavy: readonly RequestImports[], total: number): string {
  const { modules, request, thread, time, packages } = worst;
  const net = corrected(context, worst);
  const tracer = net < 0.9 * time ? `, about ${duration(net)} without what the tracer added` : '';
  const took = context.capabilities.times ? ` in at least ${duration(time)}${tracer}` : '';
  const firsts = heavy.filter(({ isFirst }) => isFirst).length;
  const others = total === 1 ? '' : ` ${plural(total, 'request')} did such a thing.`;
  const cold = firsts === 0 ? '' : ` ${firsts === 1 ? 'One was' : `${firsts} were`} the first that its worker was seen to serve.`;
  const list = packages.length === 0 ? '' : ` (${packages.slice(0, 5).join(', ')}${packages.length > 5 ? ', …' : ''})`;
  return `${workerName(thread.process.pid)} opened ${plural(modules.size, 'module')}${list} for ${request.name}${took}, after it had read the request and before it answered.${others}${cold}`;
}
