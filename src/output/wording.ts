import { hostNoun } from '../analysis/host-noun.ts';
import type { Confidence, Dependency, Finding, Omitted, Quality, Report, Source, Verdict } from '../analysis/report.ts';
import { count, durationOfMs, plural } from '../trace/format-numbers.ts';

export const SEVERITY_WORDS: Readonly<Record<Verdict['severity'], string>> = {
  critical: 'CRITICAL',
  warning: 'WARNING',
  info: 'INFO',
  none: 'NO FINDING',
};

export const CONFIDENCE_WORDS: Readonly<Record<Confidence, string>> = {
  likely: 'likely',
  possible: 'possible',
  'cannot-tell': 'cannot tell',
};

export const NO_FINDING =
  'No finding does not mean healthy: drover judged only these lines and processes, by these thresholds (drover ' +
  'explain thresholds).';

const TIMESTAMP_WORDS: Readonly<Record<string, string>> = {
  epoch: 'times',
  clock: 'times without a date',
  'clock-seconds': 'times to the second without a date',
  relative: 'relative times',
  monotonic: 'times since boot',
};
/** Roles of processes and threads that take connections; the others support them. */
const SERVING_ROLES: ReadonlySet<string> = new Set([
  'event-loop',
  'runtime-thread',
  'sync-worker',
  'acceptor',
  'blocking-acceptor',
  'connection-worker',
]);
const SHOWN_PATHS = 2;
const SHOWN_PIDS = 3;

/** The verdict's sentence with how sure it is, unless the sentence already says so. */
export function verdictSentence(verdict: Verdict): string {
  const confidence = CONFIDENCE_WORDS[verdict.confidence];
  // "Nothing found" is a count of what was looked at: there is nothing to be sure of.
  if (verdict.confidence === 'likely' && (verdict.severity === 'none' || verdict.severity === 'info'))
    return verdict.text;
  const text = verdict.text.toLowerCase();
  return text.startsWith(confidence) || text.includes(`. ${confidence}: `)
    ? verdict.text
    : `${confidence}: ${verdict.text}`;
}

/** The files of a capture: `web-01.strace`, or `a.1, a.2 +6 more`; how many captures there are of how many hosts. */
export function paths(report: Report): string {
  const { source, hosts } = report;
  const names = source.paths.filter((path) => path !== '-' && path !== '');
  if (names.length === 0) return source.kind === 'live' ? 'live capture' : 'standard input';
  if (hosts !== undefined)
    return hostNoun(report) === 'host'
      ? `${hosts.length} captures of ${hosts.length} hosts`
      : `${hosts.length} captures`;
  const hidden = names.length - SHOWN_PATHS;
  return names.slice(0, SHOWN_PATHS).join(', ') + (hidden > 0 ? ` +${hidden} more` : '');
}

/** What recorded the capture and what it holds: `strace with times, durations, pids; without stacks`. */
export function recording(source: Source): string {
  const { timestamps, durations, pids, fdDecoration, stacks, others } = source.flags;
  if (timestamps === 'mixed') return `${source.format}, recorded in different ways`;
  const has: string[] = [];
  const lacks: string[] = [];
  if (timestamps === 'none' || timestamps === '') lacks.push('times');
  else has.push(TIMESTAMP_WORDS[timestamps] ?? timestamps);
  (durations ? has : lacks).push('durations');
  (pids ? has : lacks).push('pids');
  (fdDecoration === 'none' || fdDecoration === '' ? lacks : has).push('fd names');
  if (stacks) has.push('stacks');
  has.push(...others);
  const phrases = [
    ...(has.length > 0 ? [`with ${has.join(', ')}`] : []),
    ...(lacks.length > 0 ? [`without ${lacks.join(', ')}`] : []),
  ];
  return `${source.format} ${phrases.join('; ')}`;
}

/** The server software and how many workers of it the trace shows: `gunicorn, 8 workers`. */
export function workforce(report: Report): string {
  const servers = [...new Set(report.workers.map((worker) => worker.server).filter((server) => server !== ''))];
  const serving = report.workers.filter((worker) => SERVING_ROLES.has(worker.role)).length;
  const others = report.workers.length - serving;
  const told = new Set(report.findings.filter(({ severity }) => severity !== 'info').flatMap(({ workers }) => workers));
  const unknown = report.workers.filter(({ role }) => role === 'unknown');
  // Who hung in a lock from beginning to end did no less than what the findings say of it.
  const silent = unknown.filter(({ pid, atEnd }) => !told.has(pid) && atEnd?.idle !== 'no').length;
  const stuck = unknown.length - silent;
  // Of whom nothing is known, not even a second thread, the number may be that of a thread.
  const isEither = others > 1 && report.workers.some(({ tids, role }) => tids.length <= 1 && role === 'unknown');
  const rest = [
    ...(silent > 0 ? [`${count(silent)} that did nothing`] : []),
    ...(stuck > 0 ? [`${count(stuck)} that did not come back`] : []),
  ];
  const pids = isEither ? `${count(others)} pids` : plural(others, 'process', 'processes');
  const number =
    serving > 0
      ? [plural(serving, 'worker'), ...rest].join(' and ')
      : others === 0
        ? 'no workers seen'
        : `${pids}, ${accepting(report)}`;
  return [...servers, report.omitted !== undefined && report.omitted.workers > 0 ? `more than ${number}` : number].join(
    ', ',
  );
}

/** What is said of processes of which none is known to serve; one may accept in a way that tells no role. */
function accepting({ workers }: Report): string {
  const accepting = workers.filter(({ accepted }) => accepted > 0).length;
  return accepting === 0 ? 'none took a connection' : `${count(accepting)} of them took connections`;
}

/** How long and how large the capture is: `58.20 s`, `1,204,331 lines`; of several the longest. */
export function extent(report: Report): readonly string[] {
  const { durationMs } = report.window;
  const most = report.hosts === undefined ? '' : 'at most ';
  return [
    ...(durationMs === null ? ['duration unknown'] : [`${most}${durationOfMs(durationMs)}`]),
    plural(report.quality.lines, 'line'),
  ];
}

/** How much of the capture could be used: `good`, `12 of 1,204,331 lines unread`, `0 events lost`. */
export function coverage(quality: Quality): readonly string[] {
  const unread =
    quality.events === 0
      ? `no call in ${plural(quality.lines, 'line')}`
      : quality.unparsedLines === 0
        ? filesRead(quality)
        : `${count(quality.unparsedLines)} of ${plural(quality.lines, 'line')} unread`;
  return [quality.grade, unread, losses(quality)];
}

function losses({ lostEvents, diagnostics }: Quality): string {
  if (lostEvents > 0) return `${plural(lostEvents, 'event')} lost`;
  return diagnostics.some(({ code }) => code === 'losses-untold') ? 'lost events not told' : 'no event lost';
}

/** Diagnostics of whole files whose lines, or the last of them, are missing. */
const INCOMPLETE = ['read-error', 'shrunk-file', 'truncated-compression'];

function filesRead({ diagnostics }: Quality): string {
  if (diagnostics.some(({ code }) => code === 'memory-limit')) return 'not read to the end';
  const incomplete = diagnostics.reduce((sum, each) => sum + (INCOMPLETE.includes(each.code) ? each.count : 0), 0);
  return incomplete === 0 ? 'every line read' : `${plural(incomplete, 'file')} missing or cut off`;
}

const OMITTED_NOUNS: Readonly<Record<keyof Omitted, string>> = {
  workers: 'process',
  calls: 'system call',
  errors: 'failed call',
  findings: 'finding',
  time: 'share of time',
  dependencies: 'peer',
  descriptors: 'descriptor',
  listeners: 'listener',
};

/** `Left out of this report: 99,000 processes, 12 findings`; '' when nothing is. */
export function omission({ omitted }: Report): string {
  if (omitted === undefined) return '';
  const names = Object.keys(OMITTED_NOUNS) as (keyof Omitted)[];
  const parts = names
    .filter((name) => omitted[name] > 0)
    .map((name) => {
      const noun = OMITTED_NOUNS[name];
      return omitted[name] === 1 ? `1 ${noun}` : `${count(omitted[name])} ${noun.endsWith('s') ? `${noun}e` : noun}s`;
    });
  return `Left out of this report: ${parts.join(', ')}`;
}

/** The pids of a finding, at most three: `4127 4128 4129 +5 more`; empty when it names none. */
export function pidList(finding: Finding): string {
  const named = namedPids(finding);
  const hidden = named.length - SHOWN_PIDS;
  return named.slice(0, SHOWN_PIDS).join(' ') + (hidden > 0 ? ` +${hidden} more` : '');
}

/** A capture on standard error names no pid, which is 0 then. */
function namedPids({ workers }: Finding): readonly number[] {
  return workers.filter((pid) => pid > 0);
}

/** The same with its noun: `worker 4127`, `workers 4127 4128`. */
export function pids(finding: Finding): string {
  const named = namedPids(finding).length;
  return named === 0 ? '' : `worker${named === 1 ? '' : 's'} ${pidList(finding)}`;
}

/** How many findings of each kind, in the order of their first: `4 loop-stall, 3 broken-pipe`. */
export function tally(findings: readonly Finding[]): string {
  const kinds = new Map<string, number>();
  for (const { kind } of findings) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [...kinds].map(([kind, number]) => `${number} ${kind}`).join(', ');
}

/** What the times of the table of calls are: of a table of `-c` without `-w` only what the kernel computed. */
export function meaningOfCallTimes({ format, flags }: Report['source']): string {
  return format === 'strace-summary' && !flags.others.includes('-w')
    ? 'time that the kernel computed (-c without -w); waiting is left out'
    : 'time between entry and return, waiting included';
}

/** Where to read on about a finding. */
export function explainHint(kind: string): string {
  return `drover explain ${kind} says what that means and when it is wrong.`;
}

/** The command that prints how to capture this server: `drover recipe gunicorn`. */
export function recipeOf({ workers }: Report): string {
  const server =
    workers.map((worker) => worker.server.split(' ')[0] ?? '').find((name) => /^[a-z][a-z0-9-]*$/.test(name)) ?? '';
  return `drover recipe${server === '' ? '' : ` ${server}`}`;
}

/** The command that captures any process. */
export const CAPTURE_AGAIN = 'strace -f -ttt -T -y -s 128 -o FILE -p PID';

/** What made the report, and whether payload is in it. */
export function origin(report: Report, hasPayload: boolean): string {
  return `Read by drover ${report.tool.version}; ${hasPayload ? 'with payload: keep it private' : 'payload removed'}.`;
}

/** Who was waited for: `10.0.0.7:3306 (17 waits, together 3.00 s, longest 1.00 s)`; '' for nobody. */
export function peersInWords(dependencies: readonly Dependency[]): string {
  return dependencies
    .map(
      ({ peer, waits, totalMs, longestMs }) =>
        `${peer} (${plural(waits, 'wait')}, together ${durationOfMs(totalMs)}, longest ${durationOfMs(longestMs)})`,
    )
    .join('; ');
}
