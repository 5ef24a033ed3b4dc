import type { Finding, Kind, Report } from '../../src/analysis/report.ts';
import type { Metric } from '../../src/detectors/finding-words.ts';
import { analyzed, ofKind } from './analyzed.ts';
import { fences, pageOf } from './detector-page.ts';
import { SCENES } from './scenes.ts';

/** Compiled, this file lies in dist/test/support. */
const FOLDER = new URL('../../../test/detectors/examples/', import.meta.url);
const WIDTH = 120;

/** Where it is written down what drover says of the examples on the page of a kind, and of that kind in each scene. */
export function exampleFile(kind: Kind): URL {
  return new URL(`${kind}.txt`, FOLDER);
}

/**
 * All that reports say of that kind, as text to read: about the two examples of its page, then about each scene. A new
 * kind has a file of its own and changes no other.
 */
export async function exampleText(kind: Kind): Promise<string> {
  const page = pageOf(kind);
  const [fires, quiet] = await Promise.all(
    ['fires', 'quiet'].map((label) => analyzed(fences(page, `(?:strace|bpftrace) ${label}`)[0]?.text ?? '')),
  );
  return [
    ...(fires === undefined ? [] : ofKind(fires, kind).map(findingText)),
    quiet === undefined ? '' : outcomeText(quiet, kind, 'quiet'),
    ...(await sceneReports()).map(([name, report]) => sceneText(report, kind, name)),
    '',
  ].join('\n');
}

let reports: Promise<readonly (readonly [name: string, report: Report])[]> | null = null;

/** The scenes are the same for all kinds. */
function sceneReports(): NonNullable<typeof reports> {
  reports ??= Promise.all(
    Object.entries(SCENES).map(async ([name, capture]) => [name, await analyzed(capture())] as const),
  );
  return reports;
}

function sceneText(report: Report, kind: Kind, name: string): string {
  const findings = ofKind(report, kind);
  if (findings.length === 0) return outcomeText(report, kind, name);
  return ['', ...findings.map((finding) => `${name}\n${findingText(finding)}`)].join('\n');
}

function outcomeText({ outcomes }: Report, kind: Kind, name: string): string {
  const outcome = outcomes[kind];
  return `${name}: ${outcome?.status}\n${wrapped(outcome?.reason ?? '')}`;
}

function findingText(finding: Finding): string {
  const { severity, confidence, title, startMs, endMs, openEnded, workers, metrics, evidence, next } = finding;
  return [
    `${severity}, ${confidence}: ${title}`,
    wrapped(finding.summary),
    `from ${startMs} to ${endMs} ms${openEnded ? ' and on' : ''}, workers ${workers.join(' ')}`,
    ...Object.entries(metrics).flatMap(([name, value]) => metricText(name, value)),
    `lines ${evidence.map(({ line }) => line).join(' ')}`,
    ...next.map(
      ({ text, command }) =>
        `- ${text.split(/[.:,] /)[0]}${command === undefined ? '' : `\n${wrapped(`$ ${command}`)}`}`,
    ),
    '',
  ].join('\n');
}

/** Each item of a list begins a line of its own. */
function metricText(name: string, value: Metric): string[] {
  if (!Array.isArray(value) || typeof value[0] !== 'object')
    return wrapped(`${name} ${valueText(value)}`, '').split('\n');
  return [name, ...value.map((item: Metric) => wrapped(valueText(item)))];
}

function valueText(value: Metric): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  return Object.entries(value)
    .map(([name, each]) => `${name} ${valueText(each)}`)
    .join(', ');
}

function wrapped(text: string, indent = '  '): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `${indent}${line}`).join('\n');
}
