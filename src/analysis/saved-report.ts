import type { Report } from './report.ts';

/** What a text that may be a saved report is; `reason` says what is wrong with one that cannot be read. */
export type SavedReport =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'broken'; readonly reason: string }
  /** It does not begin as `--json` writes it: it may be a capture. */
  | { readonly kind: 'other' };

/** `--json` begins like this, whatever reformatted it. */
const BEGINNING = /^\uFEFF?\s*\{\s*"schemaVersion"\s*:\s*\d+\s*,\s*"tool"\s*:\s*\{\s*"name"\s*:\s*"drover"/;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isNumberOrNull: Check = (value) => value === null || typeof value === 'number';
const isFlag: Check = (value) => typeof value === 'boolean';
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isObjectOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));
const isNoneOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isOneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);

/** What a comparison and the views read of a report, and what it must look like. */
const PARTS: Readonly<Record<string, Check>> = {
  tool: isObjectOf({ version: isText }),
  source: isObjectOf({
    paths: isListOf(isText),
    format: isText,
    flags: isObjectOf({ durations: isFlag, pids: isFlag, stacks: isFlag, fdDecoration: isText }),
  }),
  window: isObjectOf({ durationMs: isNumberOrNull }),
  quality: isObjectOf({
    grade: isOneOf('good', 'partial', 'poor'),
    lostEvents: isNumber,
    notes: isListOf(isText),
    diagnostics: isListOf(
      isObjectOf({ code: isText, meaning: isText, samples: isListOf(isObjectOf({ text: isText })) }),
    ),
  }),
  verdict: isObjectOf({ text: isText, confidence: isText }),
  outcomes: (value) => isObject(value) && Object.values(value).every(isObjectOf({ status: isText, reason: isText })),
  workers: isListOf(
    isObjectOf({
      pid: isNumber,
      comm: isText,
      role: isText,
      server: isText,
      requests: isNumber,
      accepted: isNumber,
      brokenPipes: isNumber,
      wastedWakeups: isNumber,
      busyPercent: isNumberOrNull,
      longestTurnMs: isNumberOrNull,
    }),
  ),
  calls: isListOf(isObjectOf({ call: isText, count: isNumber, errors: isObject, totalMs: isNumberOrNull })),
  time: isListOf(isObjectOf({ target: (value) => value === null || isText(value) })),
  dependencies: isListOf(isObjectOf({ peer: isText })),
  hosts: isNoneOr(isListOf(isObject)),
  omitted: isNoneOr(isObject),
  findings: isListOf(
    isObjectOf({
      id: isText,
      kind: isText,
      severity: isOneOf('critical', 'warning', 'info'),
      title: isText,
      summary: isText,
      why: isText,
      openEnded: isFlag,
      startMs: isNumberOrNull,
      endMs: isNumberOrNull,
      metrics: isObject,
      evidence: isListOf(isObjectOf({ text: isText })),
      next: isListOf(isObjectOf({ text: isText })),
      members: isNoneOr(isListOf(isText)),
      effects: isNoneOr(isListOf(isText)),
    }),
  ),
};

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
  const wrong = Object.entries(PARTS).flatMap(([name, check]) => (check(found[name]) ? [] : [name]));
  if (wrong.length > 0)
    return { kind: 'broken', reason: `its ${wrong.join(', ')} is missing, or is not as drover writes it` };
  return { kind: 'report', report: withWhatCameLater(read as Report) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A report of an older version has no members and effects: each finding is a cause of its own. */
function withWhatCameLater(report: Report): Report {
  const none = { members: [], memberOf: null, effects: [], effectOf: null, effect: null, hosts: [] };
  const missing = (finding: object): object =>
    Object.fromEntries(Object.entries(none).filter(([name]) => !(name in finding)));
  return { ...report, findings: report.findings.map((finding) => ({ ...finding, ...missing(finding) })) };
}
