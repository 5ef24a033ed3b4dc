import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { causesIn } from '../../src/analysis/causes.ts';
import type { Finding, Report, Severity } from '../../src/index.ts';

/** The folder of cases beside the checkout: inputs on which an earlier drover was wrong, and healthy ones. */
export const CASES = fileURLToPath(new URL('../../../../shared/cases', import.meta.url));

type Range = readonly [least: number, most: number];

/** What a finding must look like, or what no finding may look like. Every member that is given must hold. */
export interface Description {
  readonly kind?: string;
  readonly anyKind?: readonly string[];
  /** At least so severe. */
  readonly severity?: Severity;
  readonly severityAtMost?: Severity;
  readonly pid?: number;
  /** Patterns, of causes any; what they describe stands in the metrics or in the sentences of the finding. */
  readonly call?: string;
  readonly cause?: string | readonly string[];
  readonly target?: string;
  readonly title?: string;
  /** A duration of the finding, in milliseconds. */
  readonly ms?: Range;
  /** With `forbid`: tolerated when no duration of the finding is longer. */
  readonly maxMs?: number;
  readonly metric?: Readonly<Record<string, Range>>;
}

/** An entry of an `expect.json`; the README beside the cases describes its members. */
export interface Expectation {
  readonly files?: readonly string[];
  readonly args?: readonly string[];
  readonly exit?: number;
  readonly want?: readonly Description[];
  readonly forbid?: readonly Description[];
  readonly verdictNot?: string;
  readonly textHas?: readonly string[];
  readonly workers?: Readonly<Record<string, Range>>;
  readonly outcome?: Readonly<Record<string, readonly string[]>>;
  readonly quality?: Readonly<Record<string, Range>>;
  readonly errors?: Readonly<Record<string, number>>;
  readonly proof?: boolean;
  readonly group: string;
  readonly why?: string;
}

export interface Case {
  /** `folder/name` as in the README of the cases. */
  readonly name: string;
  readonly paths: readonly string[];
  readonly expectation: Expectation;
}

/** All cases of a folder that has an `expect.json`; none where the folder is absent. */
export function casesOf(folder: string): Case[] {
  const file = join(CASES, folder, 'expect.json');
  if (!existsSync(file)) return [];
  const expectations = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Expectation>;
  return Object.entries(expectations).map(([key, expectation]) => ({
    name: `${folder}/${key}`,
    paths: pathsOf(join(CASES, folder), key, expectation),
    expectation,
  }));
}

/** A folder of this name holds the files; else they stand beside `expect.json`. */
function pathsOf(folder: string, key: string, { files }: Expectation): string[] {
  const name = key.replace(/~.*/, '');
  const own = join(folder, name);
  const isFolder = existsSync(own) && statSync(own).isDirectory();
  const names = files ?? (isFolder ? readdirSync(own).filter((each) => each.includes('trace')) : [name]);
  return names.map((each) => {
    const inside = join(own, each);
    return isFolder && existsSync(inside) ? inside : join(folder, each);
  });
}

const SEVERITIES: readonly (Severity | 'none')[] = ['none', 'info', 'warning', 'critical'];
const rank = (severity: Severity): number => SEVERITIES.indexOf(severity);

/** What is wrong with a report, a sentence each; none when the case is as expected. */
export function complaintsOf({ expectation }: Case, report: Report, text: string): string[] {
  const { want = [], forbid = [], verdictNot, textHas = [], workers = {}, outcome = {} } = expectation;
  const { quality = {}, errors = {}, proof = false } = expectation;
  const { findings } = report;
  const complaints: string[] = [];
  for (const wanted of want)
    if (!findings.some((finding) => fits(finding, wanted))) complaints.push(`no finding is ${JSON.stringify(wanted)}`);
  for (const banned of forbid) {
    const found = findings.find((finding) => fits(finding, banned) && !isTolerated(finding, banned));
    if (found !== undefined) complaints.push(`${found.severity} ${found.kind}: ${found.title}`);
  }
  if (verdictNot !== undefined && new RegExp(verdictNot).test(report.verdict.text))
    complaints.push(report.verdict.text);
  for (const pattern of textHas) if (!new RegExp(pattern).test(text)) complaints.push(`the text lacks ${pattern}`);
  for (const [name, range] of Object.entries(workers)) {
    const sum = report.workers.reduce((total, worker) => total + numberOf(worker, name), 0);
    if (!within(sum, range)) complaints.push(`${name} of the workers is ${sum}, not ${range.join(' to ')}`);
  }
  for (const [kind, allowed] of Object.entries(outcome)) {
    const status = Object.entries(report.outcomes).find(([name]) => name === kind)?.[1]?.status ?? 'none';
    if (!allowed.includes(status)) complaints.push(`${kind} is ${status}`);
  }
  for (const [name, range] of Object.entries(quality)) {
    const value = numberOf(report.quality, name);
    if (!within(value, range)) complaints.push(`${name} is ${value}, not ${range.join(' to ')}`);
  }
  for (const [name, expected] of Object.entries(errors)) {
    const [call, error = ''] = name.split(' ');
    const counted = report.calls.find((row) => row.call === call)?.errors[error] ?? 0;
    if (counted !== expected) complaints.push(`${name} ${counted} times, not ${expected}`);
  }
  // A table of counts has no line that shows what its sums are made of.
  if (proof || report.source.format !== 'strace-summary')
    for (const { kind, title, evidence } of findings)
      if (evidence.length === 0) complaints.push(`${kind} has no line that proves it: ${title}`);
  return complaints;
}

/** What is wrong with the first line: it is about something that is wanted, or about what that came of. */
export function firstLineComplaints({ expectation: { want = [] } }: Case, { findings }: Report): string[] {
  const [first] = causesIn(findings);
  if (want.length === 0 || first === undefined) return [];
  const about = findings.filter(({ id, effectOf, memberOf }) => [id, effectOf, memberOf].includes(first.id));
  return about.some((finding) => want.some((wanted) => fits(finding, wanted)))
    ? []
    : [`the first line is about something else: ${first.title}`];
}

/** Whether a finding looks like this. */
export function fits(finding: Finding, wanted: Description): boolean {
  const { kind, anyKind, severity, severityAtMost, pid, call, cause, target, title, ms, metric = {} } = wanted;
  const metrics = JSON.stringify(finding.metrics);
  const words = `${metrics}\n${finding.title}\n${finding.summary}`;
  if (kind !== undefined && finding.kind !== kind) return false;
  if (anyKind !== undefined && !anyKind.includes(finding.kind)) return false;
  if (severity !== undefined && rank(finding.severity) < rank(severity)) return false;
  if (severityAtMost !== undefined && rank(finding.severity) > rank(severityAtMost)) return false;
  if (pid !== undefined && !finding.workers.includes(pid) && !new RegExp(`\\b${pid}\\b`).test(metrics)) return false;
  if (call !== undefined && !new RegExp(call).test(metrics)) return false;
  if (cause !== undefined && ![cause].flat().some((each) => new RegExp(each).test(metrics))) return false;
  if (target !== undefined && !new RegExp(target).test(words)) return false;
  if (title !== undefined && !new RegExp(title).test(finding.title)) return false;
  if (ms !== undefined && !durationsOf(finding).some((duration) => within(duration, ms))) return false;
  return Object.entries(metric).every(([name, range]) => within(numberOf(finding.metrics, name), range));
}

function isTolerated(finding: Finding, { maxMs }: Description): boolean {
  return maxMs !== undefined && Math.max(...durationsOf(finding)) <= maxMs;
}

/** All numbers of milliseconds that a finding carries, and its own length. */
function durationsOf(finding: Finding): number[] {
  const durations = [(finding.endMs ?? 0) - (finding.startMs ?? 0)];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value))
      if (typeof inner === 'number' && name.endsWith('Ms') && !/^(?:start|end|at)Ms$|(?:From|To)Ms$/.test(name))
        durations.push(inner);
      else look(inner);
  };
  look(finding.metrics);
  return durations;
}

function numberOf(object: object, name: string): number {
  const value = Object.entries(object).find(([key]) => key === name)?.[1] as unknown;
  return typeof value === 'number' ? value : 0;
}

const within = (value: number, [least, most]: Range): boolean => value >= least && value <= most;
