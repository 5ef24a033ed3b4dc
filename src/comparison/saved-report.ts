import type { Report } from '../analysis/report.ts';

/** What a text that may be a saved report is; `reason` says what is wrong with one that cannot be read. */
export type SavedReport =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'broken'; readonly reason: string }
  /** It does not begin as `--json` writes it: it may be a capture. */
  | { readonly kind: 'other' };

/** `--json` begins like this, whatever reformatted it. */
const BEGINNING = /^\uFEFF?\s*\{\s*"schemaVersion"\s*:\s*\d+\s*,\s*"tool"\s*:\s*\{\s*"name"\s*:\s*"drover"/;
/** The members without which nothing can be compared. */
const LISTS = ['workers', 'findings', 'dependencies', 'calls'] as const;
const OBJECTS = ['source', 'window', 'quality', 'verdict', 'outcomes'] as const;

/** Whether a file that begins with these characters holds a report of `drover --json`. */
export function isSavedReport(head: string): boolean {
  return BEGINNING.test(head);
}

/** Reads a report that `--json` printed. Never throws. */
export function readSavedReport(text: string): SavedReport {
  if (!isSavedReport(text)) return { kind: 'other' };
  let read: unknown;
  try {
    read = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { kind: 'broken', reason: 'it ends too early, or was changed, so that it is no JSON any more' };
  }
  const found = read as Readonly<Record<string, unknown>>;
  if (found.schemaVersion !== 1)
    return {
      kind: 'broken',
      reason: `its schemaVersion is ${JSON.stringify(found.schemaVersion)}, and drover knows 1`,
    };
  const missing = [
    ...LISTS.filter((name) => !Array.isArray(found[name])),
    ...OBJECTS.filter((name) => typeof found[name] !== 'object' || found[name] === null),
  ];
  if (missing.length > 0) return { kind: 'broken', reason: `it has no ${missing.join(', ')}` };
  if (!areFindings(found.findings as readonly unknown[]))
    return { kind: 'broken', reason: 'one of its findings lacks what a finding has' };
  return { kind: 'report', report: withWhatCameLater(read as Report) };
}

function areFindings(findings: readonly unknown[]): boolean {
  return findings.every((each) => {
    if (typeof each !== 'object' || each === null) return false;
    const { kind, severity, title, metrics, id } = each as Readonly<Record<string, unknown>>;
    const texts = [kind, severity, title, id].every((value) => typeof value === 'string');
    return texts && typeof metrics === 'object' && metrics !== null;
  });
}

/** A report of an older version has no members and effects: each finding is a cause of its own. */
function withWhatCameLater(report: Report): Report {
  const none = { members: [], memberOf: null, effects: [], effectOf: null, effect: null, hosts: [] };
  return { ...report, findings: report.findings.map((finding) => ({ ...none, ...finding })) };
}
