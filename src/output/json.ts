import type { Report } from '../analysis/report.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { redactReport } from './redact.ts';

export interface JsonOptions {
  /** Keeps payload: request lines with their query, contents of reads and writes. */
  readonly withPayload?: boolean;
}

/**
 * Characters that JSON may hold as they are but that a terminal or an editor acts on or does not show: controls,
 * combining marks, fillers, variation selectors, blanks other than a space. `JSON.stringify` itself escapes C0 and lone
 * surrogates.
 */
const UNPRINTED = /[\p{C}\p{M}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/**
 * The report as one JSON document, two blanks a level, ending with a line break. Parsing it gives the report's texts
 * back unchanged.
 */
export function renderJson(report: Report, options: JsonOptions = {}): string {
  return `${harmless(JSON.stringify(options.withPayload === true ? report : redactReport(report), null, 2), '\n')}\n`;
}

/**
 * One finding a line, each with the capture it is from: `{schemaVersion, file, paths, window, id, kind, severity, …}`.
 * Empty without findings.
 */
export function renderNdjson(report: Report, options: JsonOptions = {}): string {
  const { schemaVersion, source, window, findings } = options.withPayload === true ? report : redactReport(report);
  const file = source.paths[0] ?? '-';
  return findings
    .map((finding) => `${harmless(JSON.stringify({ schemaVersion, file, paths: source.paths, window, ...finding }))}\n`)
    .join('');
}

/** Objects as JSON, one a line. */
export function renderJsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${harmless(JSON.stringify(row))}\n`).join('');
}

/** The comparison as one JSON document, as `renderJson` writes a report. */
export function renderComparisonJson(comparison: Comparison): string {
  return `${harmless(JSON.stringify(comparison, null, 2), '\n')}\n`;
}

function harmless(json: string, kept = ''): string {
  return json.replace(UNPRINTED, (character) => {
    if (character === kept) return character;
    let escapes = '';
    for (let index = 0; index < character.length; index++)
      escapes += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
    return escapes;
  });
}
