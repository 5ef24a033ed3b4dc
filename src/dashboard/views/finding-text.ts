import { causesIn, effectsInWords } from '../../analysis/causes.ts';
import type { Evidence, Finding, Report, Step } from '../../analysis/report.ts';
import { wrap } from '../../output/page.ts';
import { show } from '../../output/show.ts';
import { fitTraceLines } from '../../output/trace-line.ts';
import { CONFIDENCE_WORDS, pids } from '../../output/wording.ts';
import { type Glyphs, type Row, row, styled, textOf } from '../row.ts';
import { type DashboardState, shownReport } from '../state.ts';
import { at, clockName, notation } from '../times.ts';

const LABEL = 7;
const MORE = ' ...';
/** Between two sentences. */
const SENTENCE_END = /(?<=[.!?])\s+(?=[A-Z\d])/;

/** Text that hangs behind a label: ` WHY   An event loop …`. */
export function hanging(glyphs: Glyphs, label: string, text: string, width: number): readonly Row[] {
  if (text === '') return [];
  const lines = wrap(show(text, glyphs.ascii), Math.max(8, width - LABEL - 1));
  return lines.map((line, index) => row(styled(` ${(index === 0 ? label : '').padEnd(LABEL - 1)}`, 'bold'), line));
}

/**
 * How sure, when and who, then the counted facts: in so many rows at most, which hold whole sentences where at least
 * one of them fits.
 */
export function factRows(
  state: DashboardState,
  finding: Finding,
  width: number,
  most = Number.POSITIVE_INFINITY,
): readonly Row[] {
  const { glyphs } = state;
  const room = Math.max(8, width - 2);
  const inRows = (withKind: boolean): readonly string[] =>
    wrap(show(findingFacts(state, finding, withKind), glyphs.ascii), room);
  const short = inRows(false);
  // The name of the kind is not worth a row of its own.
  const facts = inRows(true).length > short.length ? short : inRows(true);
  const head = [...facts.map((line) => row(` ${line}`)), ...effectRows(state, finding, width)];
  const inAll = (summary: string): readonly Row[] => [...head, ...hanging(glyphs, 'FACTS', summary, width)];
  const whole = inAll(finding.summary);
  if (whole.length <= most) return whole;
  const sentences = finding.summary.split(SENTENCE_END);
  for (let kept = sentences.length - 1; kept > 0; kept--) {
    const rows = inAll(`${sentences.slice(0, kept).join(' ')}${MORE}`);
    if (rows.length <= most) return rows;
  }
  return clipped(whole, most, width);
}

/** What came of it. */
function effectRows(state: DashboardState, finding: Finding, width: number): readonly Row[] {
  const effects = effectsInWords(finding, shownReport(state)?.findings ?? []);
  return hanging(state.glyphs, 'THEN', effects.join('; '), width);
}

/** As many of the rows as there is room for; the last one, of that width at most, says when something is missing. */
function clipped(rows: readonly Row[], height: number, width: number): readonly Row[] {
  if (rows.length <= height) return rows;
  const shown = rows.slice(0, Math.max(0, height));
  const last = shown.at(-1);
  if (last === undefined) return [];
  const text = textOf(last);
  const indent = text.length - text.trimStart().length;
  // A sentence is not cut inside a word.
  const [start = ''] = wrap(text.trimStart(), Math.max(1, width - MORE.length - indent));
  const kept = text.length + MORE.length <= width ? last : row(' '.repeat(indent) + start);
  return [...shown.slice(0, -1), [...kept, styled(MORE)]];
}

/** `likely, 02:13:32.104 to 02:13:51.220 UTC, worker 4127, loop-stall`. */
function findingFacts(state: DashboardState, finding: Finding, withKind: boolean): string {
  const { startMs, endMs, openEnded } = finding;
  const clock = clockName(state);
  const start = at(state, startMs);
  const goesOn = openEnded && state.live?.state === 'tracing';
  const end = openEnded ? 'the end of the capture' : at(state, endMs);
  const whole = end === start || end === '-' ? `at ${start}` : `${start} to ${end}`;
  const when = start === '-' ? '' : goesOn ? `since ${start}` : whole;
  const time = when === '' ? '' : `${when} ${clock}`.trim();
  return [CONFIDENCE_WORDS[finding.confidence], time, pids(finding), withKind ? finding.kind : '']
    .filter((part) => part !== '')
    .join(', ');
}

/**
 * The raw lines that prove it, each with its number, fitted into the width; the marked one is the one that Enter opens.
 */
export function proofRows(
  state: DashboardState,
  shown: readonly Evidence[],
  width: number,
  marked: number,
): readonly Row[] {
  const places = shown.map(
    ({ file, line }) => `${state.files.length > 1 ? `${file.slice(file.lastIndexOf('/') + 1)}:` : ''}${line}`,
  );
  const room = Math.max(0, ...places.map(({ length }) => length));
  const texts = fitTraceLines(
    shown.map(({ text }) => show(text, state.glyphs.ascii)),
    width - room - 5,
    notation(state),
  );
  return texts.map((text, index) => {
    const pointer = index === marked ? state.glyphs.pointer : ' ';
    const style = index === marked ? 'selected' : 'plain';
    return row(styled(` ${pointer} ${show(places[index] ?? '', state.glyphs.ascii).padStart(room)}  ${text}`, style));
  });
}

/**
 * What to do next, numbered, each with the command to type: as many whole steps as fit into that many rows, at least
 * the start of the first, then without what it needs.
 */
export function stepRows(
  glyphs: Glyphs,
  steps: readonly Step[],
  width: number,
  most = Number.POSITIVE_INFINITY,
): readonly Row[] {
  return rowsOfSteps(glyphs, steps, 0, width, most);
}

/** The same of the steps after the first, which stands elsewhere. */
export function furtherStepRows(glyphs: Glyphs, steps: readonly Step[], width: number): readonly Row[] {
  return rowsOfSteps(glyphs, steps, 1, width, Number.POSITIVE_INFINITY);
}

function rowsOfSteps(
  glyphs: Glyphs,
  steps: readonly Step[],
  from: number,
  width: number,
  most: number,
): readonly Row[] {
  const rows: Row[] = [];
  for (const [index, step] of [...steps.entries()].slice(from)) {
    const isFirst = index === from;
    const more = oneStep(glyphs, step, { index, isFirst }, width);
    if (rows.length + more.length > most) {
      const { needs: _, caveat: __, ...bare } = step;
      return rows.length === 0 ? clipped(oneStep(glyphs, bare, { index, isFirst }, width), most, width) : rows;
    }
    rows.push(...more);
  }
  return rows;
}

function oneStep(
  glyphs: Glyphs,
  { text, command, needs, caveat }: Step,
  { index, isFirst }: { readonly index: number; readonly isFirst: boolean },
  width: number,
): readonly Row[] {
  const indent = ' '.repeat(LABEL + 2);
  return [
    ...hanging(glyphs, isFirst ? 'NEXT' : '', `${index + 1} ${text}`, width),
    // A command is never broken into lines, which would spoil it.
    ...(command === undefined ? [] : [row(`${indent}  `, styled(show(command, glyphs.ascii), 'bold'))]),
    ...(needs === undefined ? [] : hanging(glyphs, '', `needs: ${needs}`, width)),
    ...(caveat === undefined ? [] : hanging(glyphs, '', `caveat: ${caveat}`, width)),
  ];
}

/** Numbers and titles of findings that explain this one. */
export function relatedRows(report: Report, finding: Finding, glyphs: Glyphs, width: number): readonly Row[] {
  const causes = causesIn(report.findings);
  const lines = finding.related.flatMap((id) => {
    const index = causes.findIndex((other) => other.id === id);
    return index < 0 ? [] : `finding ${index + 1}: ${causes[index]?.title ?? id}`;
  });
  return lines.flatMap((line, index) => hanging(glyphs, index === 0 ? 'SEE' : '', line, width));
}
