import type { Finding, Kind, Report } from '../../src/analysis/report.ts';
import type { Metric } from '../../src/detectors/finding-words.ts';
import { analyzed, ofKind } from './analyzed.ts';
import { fences, pageOf } from './detector-page.ts';

/** Compiled, this file lies in dist/test/support. */
const FOLDER = new URL('../../../test/detectors/examples/', import.meta.url);
const WIDTH = 120;

/** Where it is written down what drover says of the examples on the page of a kind, or of such a scene. */
export function exampleFile(name: string): URL {
  return new URL(`${name}.txt`, FOLDER);
}

/** All that a report says of that kind about the two examples of its page, as text to read. */
export async function exampleText(kind: Kind): Promise<string> {
  const page = pageOf(kind);
  const [fires, quiet] = await Promise.all(
    ['fires', 'quiet'].map((label) => analyzed(fences(page, `(?:strace|bpftrace) ${label}`)[0]?.text ?? '')),
  );
  const outcome = quiet?.outcomes[kind];
  return [
    ...(fires === undefined ? [] : ofKind(fires, kind).map(findingText)),
    `quiet: ${outcome?.status}\n${wrapped(outcome?.reason ?? '')}\n`,
  ].join('\n');
}

/** All that a report says: its findings, and of each other kind why there is none. */
export function reportText({ findings, outcomes }: Report): string {
  const others = Object.entries(outcomes).filter(([, { status }]) => status !== 'found');
  return [
    ...findings.map((finding) => `${finding.kind}\n${findingText(finding)}`),
    ...others.map(([kind, { status, reason }]) => `${kind}: ${status}\n${wrapped(reason)}`),
    '',
  ].join('\n');
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
