import { readHostNotes } from '../../parsers/host-notes/host-notes.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import type { Analysis } from '../analysis/analysis.ts';
import type { AnalysisOptions } from '../analysis/options.ts';
import type { Report } from '../analysis/report.ts';
import { InputError } from '../sources/input-error.ts';
import { leftOutSentence } from '../sources/left-out.ts';
import type { InputSet } from '../sources/trace-input.ts';
import { type TimeOrigin, UNKNOWN } from '../trace/time.ts';
import { EndsReader } from './ends-reader.ts';
import { InputSummary } from './input-summary.ts';
import { MemoryScarce, MemoryWatch } from './memory-watch.ts';
import { mergeInputs } from './merge.ts';
import { nothingRead } from './nothing-read.ts';
import { OpenInput, type SharedTables } from './open-input.ts';
import type { OpenedInput } from './opened-input.ts';
import { parserThread, WORTH_A_THREAD } from './parser-thread.ts';
import { peek } from './peeked-input.ts';
import type { DriveHooks, Progress } from './progress.ts';
import { type Scan, type ScannedInput, type SkippedInput, scan, skippedBy } from './scan.ts';
import { ThreadedInput } from './threaded-input.ts';

export type { DriveHooks, Progress };

/** Files that are left out may be thousands. */
const NOTICES_TOLD = 5;
/** Each file takes some 0.5 MB more in a thread than without one: 300 files 300 MB instead of 165. */
const MOST_IN_THREAD = 512;
/** Longest time without a look at signals and timers while chunks come without waiting. */
const LONGEST_TURN_MS = 50;
/** Records between two looks at how much memory is left. */
const LOOKED_AFTER = 4_096;

/**
 * Reads the inputs of one trace to their end and reports on them. Throws `InputError` when they cannot be read or are
 * no trace.
 */
export async function analyzeInputs(set: InputSet, options: AnalysisOptions, hooks: DriveHooks = {}): Promise<Report> {
  const memory = new MemoryWatch();
  const { inputs, origin, skipped } = await scanWith(memory, set, options.columns);
  const summary = new InputSummary(set);
  for (const { code, path, reason } of set.leftOut)
    summary.diagnose(code, path, reason === '' ? path : `${path}: ${reason}`);
  const leaveOut = leavingOut(summary, hooks);
  for (const input of skipped) leaveOut(input);
  const thread = isWorthAThread(inputs, origin) ? parserThread() : null;
  // The lanes of inputs that are parsed here take turns with those of each other parser.
  const step = thread === null ? 1 : inputs.length + 1;
  const isGrowing = options.growing === true;
  const shared: SharedTables = { lanes: new LaneTable({ first: 0, step }), origin, isGrowing };
  let threaded = 0;
  const open = async (scanned: ScannedInput): Promise<OpenedInput> => {
    // A set is closed after it was looked at and opened again: that many files cannot be open at once.
    const peeked = scanned.peeked ?? (await peek(scanned.input, inputs.length, options.columns));
    summary.prepared(peeked);
    const { format } = scanned;
    const opened =
      // A file that tells no time, as that of a thread in one call all the while, is not worth it.
      thread === null || !Number.isFinite(scanned.start)
        ? new OpenInput(peeked, format, shared)
        : new ThreadedInput(peeked, format, origin, { thread, laneNumbers: { first: ++threaded, step } });
    summary.open(opened);
    return opened;
  };
  const [only] = inputs;
  const head = set.kind === 'live' && only?.peeked ? Buffer.from(only.peeked.head) : null;
  const alone =
    only !== undefined && inputs.length === 1 ? await openAlone(only, open, options.columns, origin, summary) : null;
  const noted = set.facts === undefined ? null : readHostNotes(set.facts.before, set.facts.after);
  // Loaded only now: a parser thread is at work meanwhile.
  const { Analysis } = await import('../analysis/analysis.ts');
  const { withTimeline } = await import('../analysis/timeline.ts');
  const analysis = new Analysis(origin, options, noted);
  const ends =
    alone === null || head === null
      ? null
      : new EndsReader({ name: alone.input.name, format: alone.format, head, shared, parser: alone.parser });
  const progress = progressOf(summary, analysis, ends);
  const chunkRead = () => {
    hooks.progress?.(progress);
    memory.look();
  };
  const openIfThere = async (scanned: ScannedInput): Promise<OpenedInput | null> => {
    try {
      return await open(scanned);
    } catch (error) {
      leaveOut(skippedBy(scanned.input, error));
      return null;
    }
  };
  try {
    if (alone !== null) await readAlone(alone, analysis, memory, chunkRead);
    else await readMerged(inputs, openIfThere, summary, shared.lanes, analysis, chunkRead);
  } catch (error) {
    if (!(error instanceof MemoryScarce)) throw error;
    // The report of what was read is worth more than an exit code.
    summary.diagnose('memory-limit', set.paths[0] ?? '', error.message);
  } finally {
    await thread?.terminate();
  }
  const finished = analysis.finish(summary.facts());
  const report = options.timeline === true ? withTimeline(finished, analysis.activity()) : finished;
  // A running process may have been silent; a file without an event is the wrong file, or of a form that nobody knows.
  if (analysis.isEmpty && set.kind !== 'live') throw nothingRead(report);
  return report;
}

/** Names and times of tens of thousands of files take memory, too. */
async function scanWith(
  memory: MemoryWatch,
  { inputs }: InputSet,
  columns: readonly string[] | undefined,
): Promise<Scan> {
  try {
    return await scan(inputs, () => memory.look(), columns);
  } catch (error) {
    if (!(error instanceof MemoryScarce)) throw error;
    throw new InputError(`There is no memory for ${inputs.length} files: ${error.message}.`, {
      hint: 'Give drover more (NODE_OPTIONS=--max-old-space-size=8192, in MB), or fewer files.',
      cause: error,
    });
  }
}

/** Counts what is left out and tells the user of the first ones. */
function leavingOut(summary: InputSummary, { notice }: DriveHooks): (skipped: SkippedInput) => void {
  let told = 0;
  return ({ code, name, reason }) => {
    summary.diagnose(code, name, reason);
    told++;
    if (told <= NOTICES_TOLD) notice?.(leftOutSentence(name, reason));
    else if (told === NOTICES_TOLD + 1) notice?.('Left out more files, which the report counts.');
  };
}

function progressOf(summary: InputSummary, analysis: Analysis, ends: EndsReader | null): Progress {
  return {
    get bytesRead() {
      return summary.bytesRead;
    },
    get sizeBytes() {
      return summary.sizeBytes;
    },
    get lines() {
      return summary.lines;
    },
    snapshot: () => analysis.snapshot(summary.facts()),
    open(told) {
      if (ends === null) throw new Error('only a capture at work is asked for what goes on');
      return analysis.open(summary.facts(), ends.read(told));
    },
    activity: () => analysis.activity(),
    now: () => analysis.now(),
  };
}

/**
 * The files of a large `strace -ff` are parsed in a thread of their own, where their clock is known and no file holds
 * lines of another's thread: what one parser learns, no other needs.
 */
function isWorthAThread(inputs: readonly ScannedInput[], origin: TimeOrigin): boolean {
  if (inputs.length < 2 || inputs.length > MOST_IN_THREAD || origin.seconds === null) return false;
  if (new Set(inputs.map(({ input }) => input.tid)).size < inputs.length) return false;
  const areAlike = inputs.every(({ format, isOfOneThread }) => format.isThreadable && isOfOneThread);
  return areAlike && inputs.reduce((sum, { input }) => sum + (input.sizeBytes ?? 0), 0) >= WORTH_A_THREAD;
}

/** A large input is parsed in a thread of its own. */
async function openAlone(
  scanned: ScannedInput,
  open: (scanned: ScannedInput) => Promise<OpenedInput>,
  columns: readonly string[] | undefined,
  origin: TimeOrigin,
  summary: InputSummary,
): Promise<OpenedInput> {
  const { input, format } = scanned;
  if (!format.isThreadable || (input.sizeBytes ?? 0) < WORTH_A_THREAD) return open(scanned);
  const peeked = scanned.peeked ?? (await peek(input, 1, columns));
  summary.prepared(peeked);
  const threaded = new ThreadedInput(peeked, format, origin);
  summary.open(threaded);
  try {
    await threaded.begin();
  } catch (error) {
    await threaded.abandon();
    throw error;
  }
  return threaded;
}

/** The hot path: no merging, no look at times. */
async function readAlone(
  open: OpenedInput,
  analysis: Analysis,
  memory: MemoryWatch,
  chunkRead: () => void,
): Promise<void> {
  const { parser } = open;
  try {
    while (await open.refill()) {
      tellAll(parser, analysis, memory);
      chunkRead();
    }
  } catch (error) {
    // A thread that still parses would keep the process of a library user alive.
    await open.abandon?.();
    throw error;
  }
}

/**
 * Tells all records of a batch. A function of its own: V8 copies half of the model into this loop, and compiled all of
 * it once more when it stood in a function that awaits.
 */
function tellAll(parser: OpenedInput['parser'], analysis: Analysis, memory: MemoryWatch): void {
  let record = parser.next();
  while (record !== null) {
    // A chunk of processes that are seen once may take 40 MB.
    for (let some = 0; record !== null && some < LOOKED_AFTER; some++) {
      analysis.accept(record);
      record = parser.next();
    }
    memory.look();
  }
}

async function readMerged(
  inputs: readonly ScannedInput[],
  open: (scanned: ScannedInput) => Promise<OpenedInput | null>,
  summary: InputSummary,
  lanes: LaneTable,
  analysis: Analysis,
  chunkRead: () => void,
): Promise<void> {
  const waiting = inputs.map((scanned) => ({ start: scanned.start, open: () => open(scanned) }));
  const breathe = breather();
  await mergeInputs(waiting, {
    clock: summary.clock,
    leapt: ({ input }, record) => summary.diagnose('clock-leap', input.name, 'text' in record ? record.text : ''),
    accept: (record) => analysis.accept(record),
    closed: (closed) => {
      summary.close(closed);
      const { tid, name } = closed.input;
      if (tid === undefined) return;
      for (const exit of lanes.fileEnded(tid, { time: UNKNOWN, file: name, line: 0 })) analysis.accept(exit);
    },
    late: ({ input }) => summary.diagnose('overlapping-files', input.name, input.name),
    chunkRead: () => {
      chunkRead();
      return breathe();
    },
  });
}

/**
 * Gives a promise for the next turn of the event loop when the last one is long ago: files that are opened per chunk
 * are read without waiting.
 */
function breather(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < LONGEST_TURN_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        last = performance.now();
        resolve();
      });
    });
  };
}
