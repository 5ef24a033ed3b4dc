import type { RequestImports } from '../../model/topics/loading/request-imports.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import { millisecondsAt, workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;

const EVIDENCE = 6;

/** The finding about requests that imported much, the heaviest first; `dropped` more had to make room. */
export function finding(context: Context, heavy: readonly RequestImports[], dropped: number): DraftFinding<Metrics> {
  const { times } = context.capabilities;
  const worst = heavy[0] as RequestImports;
  const total = heavy.length + dropped;
  const pids = [...new Set(heavy.map(({ thread }) => thread.process.pid))];
  const names = [...new Set(heavy.map(({ request }) => request.name))];
  return {
    severity: 'warning',
    confidence: times ? 'likely' : 'possible',
    title: titleOf(worst, total, times),
    summary: summaryOf(context, worst, heavy, total),
    why:
      'An import reads and runs each module before the request goes on. The first user of each worker pays for ' +
      'it, again after each restart, and on an event loop every other request of the worker waits as well.',
    ...span({ times }, smallestOf(heavy.map(({ firstAt }) => firstAt)), largestOf(heavy.map(({ lastEnd }) => lastEnd))),
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
        atMs: times ? millisecondsAt(context.model, imports.firstAt) : null,
        packages: imports.packages,
        first: imports.isFirst,
      })),
    },
    evidence: heavy
      .flatMap(({ firstLine, lastLine }) => (firstLine === lastLine ? [firstLine] : [firstLine, lastLine]))
      .slice(0, EVIDENCE),
    next: importAdvice(worst),
    subjects: [...pids.map((pid) => `pid ${pid}`), ...names.map((name) => `request ${name}`)],
  };
}

function titleOf({ modules, request, time }: RequestImports, total: number, times: boolean): string {
  const many = total > 1 ? ` (${plural(total, 'request')})` : '';
  const what =
    `imported ${plural(modules.size, 'module')}${times ? ` in ${duration(time)}` : ''} before its ` + `reply${many}`;
  const room = 78 - what.length - 1;
  return `${request.name.length > room ? `${request.name.slice(0, room - 3)}...` : request.name} ${what}`;
}

function summaryOf(context: Context, worst: RequestImports, heavy: readonly RequestImports[], total: number): string {
  const { modules, request, thread, time, packages } = worst;
  const net = corrected(context, worst);
  const tracer = net < 0.9 * time ? `, about ${duration(net)} without what the tracer added` : '';
  const took = context.capabilities.times ? ` in at least ${duration(time)}${tracer}` : '';
  const firsts = heavy.filter(({ isFirst }) => isFirst).length;
  const others = total === 1 ? '' : ` ${plural(total, 'request')} imported modules in this way.`;
  const cold =
    firsts === 0 ? '' : ` ${firsts === 1 ? 'One was' : `${firsts} were`} the first that its worker was seen to serve.`;
  const list = packages.length === 0 ? '' : ` (${packages.slice(0, 5).join(', ')}${packages.length > 5 ? ', …' : ''})`;
  return (
    `${workerName(thread.process.pid)} opened ${plural(modules.size, 'module')}${list} for ` +
    `${request.name}${took}, after it had read the request and before it answered.${others}${cold}`
  );
}

/** Without what the tracer added to each of the many short calls of an import. */
export function corrected({ model }: Context, { time, calls }: RequestImports): Nanoseconds {
  return Math.max(0, time - calls * model.calibration.floor);
}

/** What to do about imports on the way of a request. */
function importAdvice({ packages, firstLine, request }: RequestImports): Step[] {
  if (/\.php[>"]/.test(firstLine.text))
    return [
      {
        text: 'Switch OPcache on, so that PHP does not read and compile its files for each request.',
        command: "php -i | grep -E '^opcache.enable '",
        needs: 'the settings of the server, not those of the command line',
      },
    ];
  const names = packages.slice(0, 3).join(', ');
  return [
    {
      text:
        `Import ${names === '' ? 'what the request needs' : names} where the application starts, not inside the ` +
        'function that needs it.',
      caveat: 'Each worker then takes that much longer to start, unless the application is preloaded before the fork.',
    },
    {
      text: `Or warm each worker up before it takes traffic, with a request such as ${request.name}.`,
      caveat: 'A worker that is replaced later (max_requests, a timeout) has to be warmed up, too.',
    },
    {
      text: 'See which imports take long.',
      command: 'python3 -X importtime -c "import NAME"',
      needs: 'Python 3.7 or later',
    },
  ];
}
