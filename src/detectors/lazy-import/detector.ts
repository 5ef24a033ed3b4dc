import { ModuleTracker } from '../../model/topics/loading/module-tracker.ts';
import type { RequestImports } from '../../model/topics/loading/request-imports.ts';
import { plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { whyNoRequest } from '../served-unseen.ts';
import { isStatement } from '../statement-name.ts';
import { effect } from './effect.ts';
import { corrected, finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

/** Requests kept, those that imported longest. */
const KEPT = 64;

/** What they open for each request is what they serve. */
const FILE_SERVERS: ReadonlySet<string> = new Set(['nginx', 'Apache', 'HAProxy']);

export const lazyImport = defineDetector({
  kind: 'lazy-import',
  title: 'A request waits while its worker imports modules',
  needs: [
    { families: ['open', 'file', 'memory', 'fcntl', 'ioctl'], calls: 'open', without: 'what is imported is unknown' },
  ],
  thresholds: {
    'import-ms': {
      default: 50,
      unit: 'ms',
      meaning: 'It is a warning when a request waits this long for imports.',
    },
    'import-modules': {
      default: 20,
      unit: 'modules',
      meaning: 'It is a warning when more modules than this are imported while a request waits.',
    },
  },
  trackers: [ModuleTracker],
  effect,
  metrics,
  create(context) {
    const kept = new Set<RequestImports>();
    /** Requests that were heavy and had to make room. */
    let dropped = 0;
    return {
      on: {
        moduleImported(imports: RequestImports) {
          if (kept.has(imports) || FILE_SERVERS.has(imports.thread.process.server)) return;
          // A database loads its libraries with the first statement of a session that needs them.
          if (isStatement(imports.request.name)) return;
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
});

/** The one that gives way to `newest`: of those that were answered the quickest, where there are any. */
function lightest(kept: ReadonlySet<RequestImports>, newest: RequestImports): RequestImports {
  let least: RequestImports | null = null;
  for (const imports of kept) if (imports !== newest && (least === null || isLighter(imports, least))) least = imports;
  return least ?? newest;
}

function isLighter(one: RequestImports, other: RequestImports): boolean {
  const { inProgress } = one.request;
  return inProgress === other.request.inProgress ? one.time < other.time : !inProgress;
}

/** The time of a single open says nothing about an import. */
function isHeavy(context: Context, imports: RequestImports): boolean {
  const { size } = imports.modules;
  if (size > context.threshold('import-modules')) return true;
  return (
    size > 1 &&
    context.capabilities.times &&
    corrected(context, imports) >= context.threshold('import-ms') * MILLISECOND
  );
}

function conclude(context: Context, all: readonly RequestImports[], dropped: number): Conclusion<Metrics> {
  const requests = context.model.processes.requests;
  if (requests === 0)
    return notApplicable(
      whyNoRequest(context, 'No request was read in the capture, so no import can have delayed one.'),
    );
  const heavy = all.filter((imports) => isHeavy(context, imports)).toSorted((a, b) => b.time - a.time);
  if (heavy.length > 0) {
    return found(`${plural(heavy.length + dropped, 'request')} of ${requests} imported modules`, [
      finding(context, heavy, dropped),
    ]);
  }
  const most = all.reduce((sum, { modules }) => Math.max(sum, modules.size), 0);
  return clear(`${plural(requests, 'request')}, ${plural(most, 'module')} opened during one at most`);
}
