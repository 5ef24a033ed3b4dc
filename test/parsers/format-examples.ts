import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TraceFormat } from '../../parsers/format.ts';
import type { PlainCall, PlainOther, ReadTrace } from './read-trace.ts';

/**
 * An example of a format's README: a fenced block `ID` with lines, and behind it a block `reads` with what they say.
 */
export interface FormatExample {
  /** The nearest heading, and its number below it. */
  readonly title: string;
  readonly trace: string;
  readonly reads: string;
}

const FENCE = /^```(\S*)\n([^]*?)^```$/gm;

/** The examples of `parsers/ID/README.md`. */
export function examplesOf({ id }: TraceFormat): FormatExample[] {
  const page = readFileSync(fileURLToPath(new URL(`../../../parsers/${id}/README.md`, import.meta.url)), 'utf8');
  const examples: FormatExample[] = [];
  let before: { readonly trace: string; readonly end: number } | null = null;
  for (const { 1: word, 2: text = '', 0: block, index } of page.matchAll(FENCE)) {
    if (word === 'reads' && before !== null && page.slice(before.end, index).trim() === '') {
      const heading =
        page
          .slice(0, index)
          .match(/^##? .*$/gm)
          ?.at(-1) ?? '';
      examples.push({
        title: `${heading.replace(/^#+ /, '')} ${examples.length + 1}`,
        trace: before.trace,
        reads: text,
      });
    }
    before = word === id ? { trace: text, end: index + block.length } : null;
  }
  return examples;
}

/** What was read, in the words of a block `reads`: a row for each record, then how the lines are accounted for. */
export function asRead({ records, inFlight, account, codes }: ReadTrace): string {
  const rows = [...records.map(rowOf), ...inFlight.map((call) => callRow('in flight', call))];
  const { lines, ...shapes } = account;
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name}=${count}`)
      .join(' ');
  rows.push(`lines ${lines}: ${counted({ ...shapes })}`);
  const noted = counted(codes);
  if (noted !== '') rows.push(`noted ${noted}`);
  return `${rows.join('\n')}\n`;
}

function rowOf(record: PlainCall | PlainOther): string {
  if (record.kind === 'call') return callRow('call', record);
  const { kind, lane: _lane, time, ...rest } = record;
  // Where it stands is the same for all of an example.
  const { file: _file, text: _text, ...facts } = rest as typeof rest & { file?: string; text?: string };
  const words = Object.entries(facts)
    .filter(([, value]) => !isNothing(value))
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(' ').replaceAll(',', ':') : value}`);
  return [kind, ...words, ...(time === undefined ? [] : [`at=${seconds(time)}`])].join(' ');
}

function isNothing(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length === 0
    : value === undefined || [null, '', 0, false].includes(value as null);
}

function callRow(kind: string, call: PlainCall): string {
  const { tid, comm, name, start, duration, result, error, fd, partial, injected, startLine, line } = call;
  return [
    `${kind} ${name} tid=${tid}`,
    ...(comm === '' ? [] : [`comm=${comm}`]),
    ...(fd < 0 ? [] : [`fd=${fd}`]),
    ...(kind === 'call' && !call.inFlight ? [`result=${result ?? '?'}`] : []),
    ...(error === '' ? [] : [`error=${error}`]),
    `at=${seconds(start)}`,
    ...(duration < 0 ? [] : [`took=${seconds(duration)}`]),
    ...(partial ? ['partial'] : []),
    ...(injected ? ['injected'] : []),
    ...(kind === 'call' && call.inFlight ? ['running'] : []),
    startLine === line ? `line=${line}` : `lines=${startLine},${line}`,
  ].join(' ');
}

/** Seconds since the first event. */
function seconds(nanoseconds: number): string {
  return (Math.round(nanoseconds) / 1e9).toFixed(9).replace(/\.?0+$/, '');
}
