import { runtimeOf } from '../../model/machine/runtime.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding, Severity, Step } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';
import type { RequestTally, SyncTally } from './sync-tally.ts';

const SHOWN = 5;

/** The finding about one thread that waits for the disk. `isLoop`: every request of the worker waits with it. */
export function syncFinding(
  { model }: Context,
  tally: SyncTally,
  severity: Severity,
  isLoop: boolean,
  isServing: boolean,
): DraftFinding<Metrics> {
  const { thread, calls, first, last, lines } = tally;
  const { pid } = thread.process;
  const files = [...tally.files].toSorted((a, b) => b[1].total - a[1].total);
  const name = files[0]?.[0] ?? '';
  const start = `${workerName(pid)} waited ${duration(calls.total)} for the disk: `;
  const syncs = plural(calls.count, tally.longestName, `x ${tally.longestName}`);
  return {
    severity,
    confidence: 'likely',
    title: titleWith([`${start}${syncs}`, `${start}${tally.longestName}`], name),
    summary: summary(tally, name, isLoop, isServing),
    why: isLoop
      ? 'A sync returns when the disk has the data, and files have no non-blocking mode: for that time the loop ' +
        'accepts nobody and answers nobody.'
      : 'A sync returns when the disk has the data. How long that takes depends on the disk, on what others write ' +
        'to it, and on how much was written before.',
    start: first,
    end: last,
    openEnded: false,
    workers: [pid],
    metrics: {
      worker: pid,
      thread: thread.tid,
      onLoop: isLoop,
      count: calls.count,
      totalMs: milliseconds(calls.total),
      longestMs: milliseconds(calls.longest),
      longestWaits: tally.longestWaits.told(model),
      p95Ms: milliseconds(calls.percentile(0.95) ?? 0),
      mostPerSecond: tally.mostInSecond,
      worstMsPerSecond: milliseconds(tally.longestInSecond),
      longestTogetherMs: milliseconds(tally.longestTogether),
      files: files.slice(0, SHOWN).map(([path, file]) => ({
        path,
        count: file.count,
        totalMs: milliseconds(file.total),
        longestMs: milliseconds(file.longest),
      })),
      requests: requestsOf(tally).map(([request, { count }]) => ({ request, syncs: count })),
    },
    evidence: lines,
    next: advice(tally, name, isLoop),
    subjects: [
      `pid ${pid}`,
      ...files.slice(0, SHOWN).map(([path]) => `target ${path}`),
      ...requestsOf(tally).map(([request]) => `request ${request}`),
    ],
  };
}

/** The requests that waited longest, the longest first. */
function requestsOf({ requests }: SyncTally): [string, RequestTally][] {
  return [...requests].toSorted((a, b) => b[1].total - a[1].total).slice(0, SHOWN);
}

/** As many folders of the path as there is room for; how often goes before a part of the name of the file does. */
function titleWith(starts: readonly string[], name: string): string {
  const [start = ''] = starts;
  if (name === '') return start;
  const folders = name.split('/');
  const paths = [name, ...folders.slice(2).map((_, index) => `…/${folders.slice(index + 2).join('/')}`)];
  const ways = starts.flatMap((each) => paths.map((path) => `${each} on ${path}`));
  return ways.find((way) => way.length <= LONGEST_TITLE) ?? cutTitle(`${starts.at(-1)} on ${folders.at(-1)}`);
}

function summary(tally: SyncTally, name: string, isLoop: boolean, isServing: boolean): string {
  const { calls, mostInSecond, longestInSecond, longestTogether, thread } = tally;
  const where = isLoop
    ? 'on its event loop'
    : isServing
      ? 'while it served requests'
      : `on thread ${thread.tid}, which serves no requests`;
  const p95 = calls.percentile(0.95) ?? 0;
  const others = tally.files.size > 1 ? ` and ${plural(tally.files.size - 1, 'other file')}` : '';
  const most = calls.count < 5 ? '' : ` (95 % took ${duration(p95)} or less)`;
  const howLong =
    calls.count === 1
      ? ''
      : ` in all, the longest ${duration(calls.longest)}${most}. ` +
        `The worst second had ${plural(mostInSecond, 'sync')} and ${duration(longestInSecond)} of waiting, the worst ` +
        `${isLoop ? 'turn of the loop' : 'request'} ${duration(longestTogether)}`;
  const [request, inIt] = requestsOf(tally)[0] ?? [];
  return (
    `${workerName(thread.process.pid)} made ${plural(calls.count, 'sync')} ` +
    `${where}${name === '' ? '' : `, on ${name}${others}`}: ${duration(calls.total)}${howLong}.` +
    (request === undefined || inIt === undefined
      ? ''
      : ` ${inIt.total * 2 > calls.total ? 'Most' : 'The largest part'} of that time it served ${bare(request)}.`)
  );
}

/** A statement without the stop at its end. */
const bare = (request: string): string => request.replace(/\s*;\s*$/, '');

function advice({ calls, thread }: SyncTally, name: string, isLoop: boolean): Step[] {
  const steps: Step[] = [];
  const runtime = runtimeOf(thread.process);
  if (name.includes('wgunicorn-'))
    steps.push({
      text: "This is gunicorn's own heartbeat file, on a disk: --worker-tmp-dir /dev/shm",
      caveat: 'A container may have a small /dev/shm.',
    });
  if (/\.(db|sqlite3?)(-journal|-wal)?$/.test(name) || name.endsWith('-journal'))
    steps.push({
      text:
        'SQLite syncs at each commit: several statements in one transaction make one; PRAGMA journal_mode=WAL ' +
        'with synchronous=NORMAL syncs only at checkpoints.',
      caveat: 'With synchronous=NORMAL the last commits may be lost when the power fails; the database stays whole.',
    });
  else if (isLoop)
    steps.push({
      text:
        runtime === 'python' || runtime === 'unknown'
          ? 'Run it in a native thread: gevent.get_hub().threadpool.apply(fn), eventlet.tpool.execute(fn), ' +
            'loop.run_in_executor.'
          : 'Sync in a thread that does not run the loop, or less often (redis: appendfsync everysec).',
      caveat: 'The reply must then wait for that thread, if it promises that the data is safe.',
    });
  else
    steps.push({
      text:
        'Sync once for several writes instead of after each, in a thread of its own, or let the reply not wait ' +
        'for it.',
      caveat: 'What was written since the last sync is lost when the machine fails.',
    });
  steps.push({
    text: 'See whether the disk is slow for everybody, and who else writes.',
    command: 'iostat -x 1 3',
    needs: 'sysstat; pidstat -d 1 shows who writes',
  });
  if (calls.longest < MILLISECOND) return steps;
  steps.push(seeCode(thread.process, 'See which code asks for the sync.'));
  return steps;
}
