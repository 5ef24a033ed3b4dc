import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { LaneTable } from '../../parsers/lanes.ts';
import { detectFormat } from '../../parsers/registry.ts';
import type { Activity } from '../../src/analysis/activity.ts';
import type { AnalysisOptions } from '../../src/analysis/options.ts';
import type { Report } from '../../src/analysis/report.ts';
import { renderJson, renderNdjson } from '../../src/output/json.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { renderText } from '../../src/output/text.ts';
import { analyzeInputs, type Progress } from '../../src/pipeline/analyze-inputs.ts';
import { InputError } from '../../src/sources/input-error.ts';
import type { InputSet, TraceInput } from '../../src/sources/trace-input.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { unaccounted } from '../parsers/read-trace.ts';
import { PaperDashboard } from '../support/screens.ts';
import { bytesOf, type FuzzCase } from './fuzz-case.ts';
import type { Random } from './random.ts';
import { unsoundActivity, unsoundness } from './soundness.ts';

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  createRequire(import.meta.url)('drover/report.schema.json') as object,
);
const WHOLE = 1 << 28;
/** Above this size a file is parsed in a thread of its own. */
const LARGE = 1 << 28;
/** Of a processor. A case of some hundred lines takes a twentieth of a second. */
const MOST_SECONDS = 6;
const KEYS: readonly string[] =
  '1 j Enter Enter q q 2 j s s Enter q 3 + + ] ] [ j Enter q - - 4 j s Enter q 5 j G q D q ? q'.split(' ');

interface Manner {
  /** Sizes of the chunks, in turn. */
  readonly chunks: readonly number[];
  readonly snapshots?: boolean;
  readonly isLarge?: boolean;
  readonly options?: AnalysisOptions;
}

/** Found while a trace is read. */
class Complaint extends Error {}

interface Outcome {
  readonly report: Report | null;
  readonly activity: Activity | null;
  /** Why it is no trace. */
  readonly refusal: string;
}

/**
 * What is wrong with what drover makes of the case; '' when nothing is. `random` chooses sizes of chunks and orders of
 * files.
 */
export async function complaintAbout(fuzzCase: FuzzCase, random: Random): Promise<string> {
  const started = process.cpuUsage();
  try {
    const complaint = accountOf(fuzzCase) || (await readings(fuzzCase, random));
    const { user, system } = process.cpuUsage(started);
    const seconds = (user + system) / 1e6;
    return complaint === '' && seconds > MOST_SECONDS ? `slow: ${seconds.toFixed(1)} s` : complaint;
  } catch (error) {
    if (error instanceof Complaint) return error.message;
    return `exception: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

async function readings(fuzzCase: FuzzCase, random: Random): Promise<string> {
  const { report, refusal, activity } = await read(fuzzCase, { chunks: [WHOLE], options: { activity: true } });
  const complaint =
    report === null
      ? ''
      : complaintAboutReport(report, fuzzCase) ||
        complaintAboutViews(report, activity, random.oneIn(3) ? 'live' : 'file');
  if (complaint !== '') return complaint;
  const text = refusal || plain(report);
  const { files } = fuzzCase;
  const others: (readonly [what: string, fuzzCase: FuzzCase, reading: Manner])[] = [
    ['in small chunks', fuzzCase, { chunks: [1 + random.below(200), 1 + random.below(3_000)] }],
    [
      'with snapshots in between',
      fuzzCase,
      { chunks: [500 + random.below(4_000)], snapshots: true, options: { activity: true } },
    ],
  ];
  if (files.length > 1)
    others.push(['in another order', { ...fuzzCase, files: random.shuffled(files) }, { chunks: [WHOLE] }]);
  // A thread takes longer to start than a case takes.
  if (files.length === 1 && random.oneIn(30))
    others.push(['in two threads', fuzzCase, { chunks: [1_000 + random.below(5_000)], isLarge: true }]);
  for (const [what, again, reading] of others) {
    const other = await read(again, reading);
    const difference = firstDifference(text, other.refusal || plain(other.report));
    if (difference !== '') return `another report when read ${what}: ${difference}`;
  }
  return '';
}

/** Whether every line is accounted for. */
function accountOf({ files }: FuzzCase): string {
  for (const file of files) {
    const bytes = bytesOf(file);
    const format = detectFormat(bytes.subarray(0, 65_536));
    if (format === null) continue;
    const parser = format.createParser(bytes.subarray(0, 65_536), {
      file: file.name,
      lanes: new LaneTable(),
      origin: createTimeOrigin(),
      ...(file.tid === undefined ? {} : { tid: file.tid }),
    });
    parser.push(bytes);
    while (parser.next() !== null);
    parser.end();
    while (parser.next() !== null);
    const { account } = parser;
    const lines = linesIn(bytes);
    if (unaccounted(account) !== 0 || account.lines !== lines)
      return `${file.name}: ${lines} lines, accounted for: ${JSON.stringify(account)}`;
  }
  return '';
}

function linesIn(bytes: Buffer): number {
  let lines = bytes.length > 0 && bytes.at(-1) !== 0x0a ? 1 : 0;
  for (const byte of bytes) if (byte === 0x0a) lines++;
  return lines;
}

async function read(
  fuzzCase: FuzzCase,
  { chunks, snapshots = false, isLarge = false, options = {} }: Manner,
): Promise<Outcome> {
  const inputs = fuzzCase.files.map((file): TraceInput => {
    const bytes = bytesOf(file);
    return {
      name: file.name,
      ...(file.tid === undefined ? {} : { tid: file.tid }),
      sizeBytes: isLarge ? LARGE : bytes.length,
      bytesRead: bytes.length,
      rereadable: true,
      diagnostics: [],
      async *chunks() {
        let turn = 0;
        for (let at = 0; at < bytes.length; ) {
          const size = chunks[turn++ % chunks.length] ?? WHOLE;
          yield Buffer.from(bytes.subarray(at, at + size));
          at += size;
        }
      },
    };
  });
  const { facts } = fuzzCase;
  const all = { ...fuzzCase.options, ...options };
  const set: InputSet = {
    kind: 'file',
    paths: ['trace'],
    inputs,
    leftOut: [],
    notices: [],
    ...(facts === undefined ? {} : { facts }),
  };
  const last: { progress: Progress | null; left: number } = { progress: null, left: 6 };
  try {
    const report = await analyzeInputs(set, all, {
      progress: (progress) => {
        last.progress = progress;
        if (!snapshots || last.left-- <= 0) return;
        const soFar = progress.snapshot();
        const complaint = complaintAboutReport(soFar, fuzzCase);
        if (complaint !== '') throw new Complaint(`in a snapshot: ${complaint}`);
        progress.activity();
        progress.now();
      },
    });
    return { report, activity: last.progress?.activity() ?? null, refusal: '' };
  } catch (error) {
    if (error instanceof InputError) return { report: null, activity: null, refusal: 'no trace' };
    throw error;
  }
}

function complaintAboutReport(report: Report, { files, options }: FuzzCase): string {
  for (const [kind, outcome] of Object.entries(report.outcomes))
    if (outcome?.status === 'failed') return `${kind} failed: ${outcome.reason}`;
  const unsound = unsoundness(report, files.map(({ lines }) => lines.join('\n')).join('\n'), options === undefined);
  if (unsound !== '') return unsound;
  if (validate(JSON.parse(JSON.stringify(report)))) return '';
  const [first] = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if');
  return `against the schema: ${first?.instancePath} ${first?.message}`;
}

function complaintAboutViews(report: Report, activity: Activity | null, source: 'file' | 'live'): string {
  const unsound = activity === null ? '' : unsoundActivity(activity);
  if (unsound !== '') return unsound;
  renderText(report, { width: 80, colour: false, ascii: false, verbose: 2 });
  renderMarkdown(report);
  renderNdjson(report);
  JSON.parse(renderJson(report));
  const dashboard = new PaperDashboard(report, { columns: 80, rows: 24, activity, source });
  for (const key of KEYS) {
    const { cells } = dashboard.press(key);
    const odd = cells.find((cell) => [...cell].length !== 80);
    if (cells.length !== 24 || odd !== undefined)
      return `after ${key}: ${cells.length} rows, one of ${odd?.length ?? 80} cells`;
  }
  return '';
}

function plain(report: Report | null): string {
  return JSON.stringify(report, null, 1);
}

/** The first line that is not the same in both. */
function firstDifference(one: string, other: string): string {
  if (one === other) return '';
  const [lines, others] = [one.split('\n'), other.split('\n')];
  const at = lines.findIndex((line, index) => line !== others[index]);
  return `line ${at + 1}: ${lines[at]?.trim().slice(0, 300)} / ${others[at]?.trim().slice(0, 300)}`;
}
