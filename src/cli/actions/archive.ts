import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../analysis/report.ts';
import type { ArchiveRow } from '../../archive/row.ts';
import { rowsOf } from '../../archive/rows.ts';
import { Destination } from '../../files/destination.ts';
import { errorCode, failureReason } from '../../files/failure-reason.ts';
import { asOperand } from '../../files/operand.ts';
import { OutputError } from '../../files/output-error.ts';
import { installed } from '../../installation.ts';
import { renderJsonLines } from '../../output/json.ts';
import { redactReport } from '../../output/redact.ts';
import { show } from '../../output/show.ts';
import { InputError } from '../../sources/input-error.ts';
import { leftOutSentence } from '../../sources/left-out.ts';
import { openCaptures } from '../../sources/open-captures.ts';
import { analysisOptions } from '../options/analysis.ts';
import type { ArchiveFlags } from '../options/archive.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { reportStyle } from '../printing/terminal-capabilities.ts';
import { notices, writeStdout } from '../printing/write-result.ts';
import { filesOf, hostOf, type Operand, openOperand, reportOf } from '../reading/operand.ts';

const OWNER_ONLY_FOLDER = 0o700;

/**
 * Keeps the rows of each capture in a file of its own, which nothing but `--force` replaces, so that the same capture
 * counts once however often it is named; prints a line for each. Throws `UsageError`, `InputError`, `OutputError`.
 */
export async function runArchive(
  folder: string | undefined,
  files: readonly string[],
  flags: ArchiveFlags,
): Promise<number> {
  if (flags.sql !== undefined) return printSql(flags.sql, folder);
  if (folder === undefined || files.length === 0)
    throw new UsageError(folder === undefined ? 'No folder is named.' : `No capture is named to keep in ${folder}.`, {
      hint: 'Type drover archive FOLDER TRACE..., or drover archive --sql duckdb for the questions to ask.',
    });
  if (files.includes('-'))
    throw new UsageError('Standard input (-) cannot be archived.', { hint: 'Save it to a file first.' });
  const say = notices(flags);
  const options = analysisOptions({ ...flags, verbose: 0 });
  const style = reportStyle({ verbose: 0 });
  let kept = 0;
  let failure: InputError | null = null;
  for (const operand of operandsOf(files)) {
    try {
      const report = await reportOf(operand, { ...flags, options, style });
      for (const rows of byCapture(rowsIn(redactReport(report), operand, flags)))
        await writeStdout(keep(rows, folder, operand, flags));
      kept++;
    } catch (error) {
      if (!(error instanceof InputError) || files.length === 1) throw error;
      failure ??= error;
      say(leftOutSentence(operand.path, error.reason || error.message));
    }
  }
  if (kept === 0 && failure !== null) throw failure;
  return EXIT.done;
}

/** Every capture for itself: those of one `strace -ff` are one. */
function operandsOf(files: readonly string[]): readonly Operand[] {
  const operands = files.map(openOperand);
  const captures = operands.flatMap((operand) =>
    'report' in operand ? [] : operand.captures.flatMap(({ set }) => set.paths),
  );
  return [
    ...operands.filter((operand) => 'report' in operand),
    ...(captures.length === 0 ? [] : openCaptures(captures)).map((capture) => ({
      path: capture.set.paths[0] ?? '',
      captures: [capture],
    })),
  ];
}

function rowsIn(report: Report, operand: Operand, { day }: ArchiveFlags): readonly ArchiveRow[] {
  const host = 'report' in operand ? hostOf(report, operand.path) : (operand.captures[0]?.host ?? '');
  const origin = { host, ...(day === undefined ? {} : { day }) };
  return rowsOf(report, origin);
}

function byCapture(rows: readonly ArchiveRow[]): readonly (readonly ArchiveRow[])[] {
  const captures = new Map<string, ArchiveRow[]>();
  for (const row of rows) {
    const key = `${row.host}\n${row.capture}`;
    captures.set(key, [...(captures.get(key) ?? []), row]);
  }
  return [...captures.values()];
}

/** Writes the rows of one capture; gives the line that says where. */
function keep(rows: readonly ArchiveRow[], folder: string, operand: Operand, { force, quiet }: ArchiveFlags): string {
  const [first] = rows;
  if (first === undefined) return '';
  const { host, day, severity, confidence, capture } = first;
  if (day === null)
    throw new InputError(`The clock of ${operand.path} has no date: drover cannot tell its day.`, {
      hint: `Say it: drover archive ${asOperand(folder)} ${asOperand(operand.path)} --day YYYY-MM-DD.`,
      reason: 'its clock has no date; say its day with --day YYYY-MM-DD',
    });
  const place = join(folder, `day=${day}`);
  const name = `${host.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_')}.${capture}.ndjson`;
  // The same capture under another name of its host is the same capture.
  const before = namesIn(place).find((other) => other.endsWith(`.${capture}.ndjson`));
  const path = join(place, before ?? name);
  const verdict = severity === 'none' ? (confidence === 'cannot-tell' ? 'cannot tell' : 'nothing found') : severity;
  const found = rows.filter(({ record, spoken_for_by }) => record === 'finding' && spoken_for_by === null).length;
  const line = `${show(host)}  ${day}  ${verdict}, ${found} ${found === 1 ? 'cause' : 'causes'}  `;
  if (before !== undefined && force !== true) return quiet === true ? '' : `${line}kept already in ${show(path)}\n`;
  try {
    mkdirSync(place, { recursive: true, mode: OWNER_ONLY_FOLDER });
  } catch (error) {
    const isName = ['ENOTDIR', 'EEXIST', 'ENAMETOOLONG'].includes(errorCode(error));
    throw new OutputError(`Cannot make the folder ${show(place)}: ${failureReason(error)}.`, {
      fault: isName ? 'name' : 'place',
      hint: 'The first word is the folder of the archive: drover archive FOLDER TRACE...',
      cause: error,
    });
  }
  Destination.find(path, { option: 'FOLDER', force: force === true, inputs: filesOf(operand) }).write(
    renderJsonLines(rows),
  );
  return quiet === true ? '' : `${line}${show(path)}\n`;
}

function namesIn(place: string): readonly string[] {
  try {
    return readdirSync(place);
  } catch {
    // It is made below, where whoever may not do that is told.
    return [];
  }
}

async function printSql(database: string, folder: string | undefined): Promise<number> {
  if (folder !== undefined)
    throw new UsageError('--sql prints a text and keeps nothing.', {
      hint: `Type drover archive --sql ${database}`,
    });
  await writeStdout(readFileSync(installed(`src/archive/${database}.sql`), 'utf8'));
  return EXIT.done;
}
