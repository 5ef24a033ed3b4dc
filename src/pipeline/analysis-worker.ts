import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { rawLinesOf } from '../../parsers/registry.ts';
import { plainLines } from '../../parsers/text/call-notation.ts';
import type { Now } from '../analysis/activity.ts';
import type { Report } from '../analysis/report.ts';
import { InputError } from '../sources/input-error.ts';
import { type Capture, openCaptures } from '../sources/open-captures.ts';
import { tailInput } from '../sources/tail-input.ts';
import type { InputSet, SourceDiagnostic } from '../sources/trace-input.ts';
import type {
  AnalysisMessage,
  AnalysisSights,
  AnalysisTask,
  AnalysisTold,
  Picture,
  ReadSoFar,
  ThreadMessage,
} from './analysis-messages.ts';
import { analyzeCaptures } from './analyze-captures.ts';
import { Cadence } from './cadence.ts';
import { OpenFindings, SHORT_BYTES } from './open-findings.ts';
import type { Progress } from './progress.ts';
import { lastLine, unfinishedCall } from './unfinished-line.ts';

const PROGRESS_EVERY_MS = 100;
/** Where nothing was read since. */
const PROGRESS_LATEST_MS = 600;
const NOW_EVERY_MS = 200;
/** Where nothing comes: what arrives is told of at once. */
const LOOK_RARELY_MS = 400;
/** What the workers are in is said so often, also where it has not changed: silence says that the analysis is late. */
const NOW_SAID_MS = 600;
/** Early enough for a verdict within two seconds, late enough that most files are read by then. */
const FIRST_SNAPSHOT_MS = 400;
const SNAPSHOT_EVERY_MS = 1_000;
/** A snapshot, or a look at what the workers are in, may cost one part in so many of the time. */
const SHARE = 15;
/** Beside a server that shall have the processor: of a few processes a look is cheap anyhow, of 200 it is not. */
const SPARING_SHARE = 150;
const SNAPSHOT_LATEST_MS = 2_000;
const NOW_LATEST_MS = 800;
/** Who is stuck is what somebody looks for. */
const OPEN_EVERY_MS = 250;
const OPEN_SHARE = 4;
const LONGEST_PAUSE_MS = 1_000;
const UNFINISHED = ' <unfinished ...>\n';

class Stopped extends Error {}

const port = parentPort;
if (port === null) throw new Error('this file is the program of a thread');
const { paths, options, stop, kind, opened } = workerData as AnalysisTask;
const post = (message: ThreadMessage): void => port.postMessage(message);
/** How far the reading is, as the last chunk left it. */
const seen: { progress: Progress | null } = { progress: null };
let progressDue = 0;
let progressTold = { bytesRead: -1, at: 0 };
let nowTold: { readonly workers: ReadonlyMap<number, Now>; readonly at: number } = { workers: new Map(), at: 0 };
/** When the capture began, since 1970. */
let startMs = Number.NaN;
/** The last report on what goes on found something. */
let hasOpen = false;
/** What the format of the trace says about its raw lines. */
let rawLines = plainLines;
const sparing = (longest: number): { readonly share: number; readonly longest: number } =>
  kind === 'live' ? { share: SPARING_SHARE, longest } : { share: 0, longest: 0 };
const snapshots = new Cadence({
  first: performance.now() + FIRST_SNAPSHOT_MS,
  every: SNAPSHOT_EVERY_MS,
  share: SHARE,
  sparing: sparing(SNAPSHOT_LATEST_MS),
});
const opens = new Cadence({ first: 0, every: OPEN_EVERY_MS, share: OPEN_SHARE, longest: LONGEST_PAUSE_MS });
const nows = new Cadence({ first: 0, every: NOW_EVERY_MS / 2, share: SHARE, sparing: sparing(NOW_LATEST_MS) });

function readSoFar({ bytesRead, sizeBytes, lines }: ReadSoFar): ReadSoFar {
  return { bytesRead, sizeBytes, lines };
}

function picture(progress: Progress): Picture {
  const report = progress.snapshot();
  const activity = progress.activity();
  startMs = Date.parse(report.window.startTime ?? '');
  rawLines = rawLinesOf(report.source.format);
  return { report, activity };
}

function inputs(): readonly Capture[] {
  return kind === 'file' ? openCaptures(paths) : [{ host: '', set: growingInput() }];
}

/** The last line of the spool is of a call that has not returned. */
function nowWith(workers: ReadonlyMap<number, Now>, path: string): ReadonlyMap<number, Now> {
  const unfinished = unfinishedCall(path, startMs, rawLines);
  const known = unfinished === null ? undefined : workers.get(unfinished.tid);
  if (unfinished === null || known === undefined || known.state === 'ended') return workers;
  // Which loop it has, and since when its turn lasts, the line does not tell.
  return new Map(workers).set(unfinished.tid, { ...known, ...unfinished.now });
}

function isSameNow(workers: ReadonlyMap<number, Now>, before: ReadonlyMap<number, Now>): boolean {
  if (workers.size !== before.size) return false;
  for (const [pid, now] of workers) {
    const known = before.get(pid);
    if (known === undefined) return false;
    const names = Object.keys(now) as (keyof Now)[];
    if (names.length !== Object.keys(known).length || names.some((name) => now[name] !== known[name])) return false;
  }
  return true;
}

/** With very many workers a look at all of them takes its time. */
function tellNow(progress: Progress, path: string): void {
  const start = performance.now();
  if (!nows.isDue(start)) return;
  const workers = nowWith(progress.now(), path);
  // A copy for the other thread takes longer than this look at 200 workers that wait.
  const isSame = isSameNow(workers, nowTold.workers);
  if (!isSame || start - nowTold.at >= NOW_SAID_MS) {
    post(isSame ? { kind: 'same-now' } : { kind: 'now', workers });
    nowTold = { workers, at: start };
  }
  nows.took(start, performance.now());
}

function tellOpen(report: Report | null): void {
  hasOpen = report?.findings.some(({ openEnded }) => openEnded) === true;
  post({ kind: 'open', report });
}

/** Who is away from its wait is judged by what is known of this moment, and nothing is read again. */
function tellAway(sights: AnalysisSights, progress: Progress, path: string): void {
  const start = performance.now();
  if (!opens.isDue(start)) return;
  const { text, offset } = sights.lastIsOpen ? lastLine(path) : { text: '', offset: 0 };
  // Of what was not read yet the last line says nothing.
  const last = text === '' || progress.bytesRead < offset ? '' : `${text}${UNFINISHED}`;
  tellOpen(progress.open({ lines: `${last}${sights.lines}`, elsewhere: sights.elsewhere }));
  opens.took(start, performance.now());
}

/** bpftrace prints a blank line each 250 ms, which brings what there is: so much from one look to the next. */
const BLANK_BYTES = 16;
/** What had been read when the last picture was made. */
let drawnAt: number | null = null;
const QUIET_MS = 500;
/** Reading more again would take seconds. */
const MOST_AGAIN = 32 * 1_048_576;
const arrived = { bytes: 0, at: 0 };

/**
 * Nothing came for a while: the parser of what bpftrace printed holds back the events of the last second, which may
 * come in another order, until later ones come. Where everybody is stuck or waits, none does.
 */
function isQuiet(progress: Progress): boolean {
  return quietMs(progress) >= QUIET_MS && progress.bytesRead <= MOST_AGAIN;
}

function quietMs({ bytesRead }: Progress): number {
  const now = performance.now();
  if (bytesRead - arrived.bytes > BLANK_BYTES || arrived.at === 0) arrived.at = now;
  arrived.bytes = bytesRead;
  return now - arrived.at;
}

/** Infinity for a file that somebody removed. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? Number.POSITIVE_INFINITY;
}

/** A spool, followed until its end is told. */
function growingInput(): InputSet {
  const diagnostics: SourceDiagnostic[] = [];
  const [name = ''] = paths;
  const path = opened ?? name;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const openFindings = new OpenFindings({ name, path, options, tell: (report) => tellOpen(report) });
  parentPort?.on('message', (told: AnalysisTold) => {
    if (told.kind === 'sights') {
      const { progress } = seen;
      const quiet = progress !== null && isQuiet(progress);
      if (!told.isAway) {
        openFindings.forget();
        if (hasOpen) tellOpen(null);
      }
      // Before the first lines were read there is no trace yet, and it is short.
      else if (progress === null || (quiet && !told.lastIsOpen)) openFindings.look(told);
      // The parser of what bpftrace prints holds a second back.
      else if (!told.lastIsOpen && sizeOf(path) <= SHORT_BYTES) openFindings.lookAhead(told);
      else tellAway(told, progress, path);
      return;
    }
    openFindings.end();
    diagnostics.push(...told.diagnostics);
    end();
  });
  // A port that is listened to keeps its thread alive.
  parentPort?.unref();
  // Reports go on while no event arrives: what was not judged yet may be by now.
  let looking: NodeJS.Timeout;
  const lookAgain = (): void => {
    const { progress } = seen;
    if (Atomics.load(stop, 0) !== 0) end();
    else if (progress !== null) look(progress);
    looking = setTimeout(lookAgain, progress !== null && quietMs(progress) >= QUIET_MS ? LOOK_RARELY_MS : NOW_EVERY_MS);
  };
  looking = setTimeout(lookAgain, NOW_EVERY_MS);
  void ended.then(() => clearTimeout(looking));
  return {
    kind: kind === 'followed' || kind === 'file' ? 'file' : kind,
    paths: kind === 'stdin' ? ['-'] : paths,
    inputs: [tailInput({ name, path, ended, diagnostics })],
    leftOut: [],
    notices: [],
  };
}

function look(progress: Progress): void {
  seen.progress = progress;
  const now = performance.now();
  // What grows is ended where it is; of a file the rest is left out.
  if (kind === 'file' && Atomics.load(stop, 0) !== 0) throw new Stopped();
  if (kind === 'live' && now - nowTold.at >= NOW_EVERY_MS) tellNow(progress, opened ?? paths[0] ?? '');
  if (now < progressDue) return;
  progressDue = now + PROGRESS_EVERY_MS;
  if (!snapshots.isDue(now)) {
    const isNews = progress.bytesRead - progressTold.bytesRead > BLANK_BYTES;
    if (!isNews && now - progressTold.at < PROGRESS_LATEST_MS) return;
    progressTold = { bytesRead: progress.bytesRead, at: now };
    post({ kind: 'progress', read: readSoFar(progress) });
    return;
  }
  // Of what has not changed since then the last picture says all: with 200 idle processes a new one takes its time.
  if (drawnAt !== null && progress.bytesRead - drawnAt <= BLANK_BYTES)
    post({ kind: 'same-picture', read: readSoFar(progress) });
  else {
    drawnAt = progress.bytesRead;
    post({ kind: 'snapshot', read: readSoFar(progress), picture: picture(progress) });
  }
  progressTold = { bytesRead: progress.bytesRead, at: now };
  snapshots.took(now, performance.now());
}

try {
  const captures = inputs();
  for (const sentence of captures.flatMap(({ set }) => set.notices)) post({ kind: 'notice', sentence });
  const notice = (sentence: string): void => post({ kind: 'notice', sentence });
  const report = await analyzeCaptures(
    captures,
    // Processes of several hosts have the same numbers: what each did over time stands in their common report.
    { ...options, activity: true, timeline: captures.length > 1, growing: kind === 'live', goesOn: kind === 'live' },
    { progress: look, notice },
  );
  const { progress } = seen;
  const read = progress === null ? { bytesRead: 0, sizeBytes: 0, lines: 0 } : readSoFar(progress);
  post({
    kind: 'done',
    read,
    picture: { report, activity: report.hosts === undefined ? (progress?.activity() ?? null) : null },
    stopped: Atomics.load(stop, 0) !== 0,
  });
} catch (error) {
  const { progress } = seen;
  if (error instanceof Stopped && progress !== null)
    post({ kind: 'done', read: readSoFar(progress), picture: picture(progress), stopped: true });
  else post(failure(error));
}

function failure(error: unknown): AnalysisMessage {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  const isInput = error instanceof InputError;
  return { kind: 'failed', isInput, message, hint: isInput ? error.hint : '', stack };
}
