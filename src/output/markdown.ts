import { causesIn, doubtIn, effectsInWords, severityOf } from '../analysis/causes.ts';
import { hostNoun } from '../analysis/host-noun.ts';
import type { Evidence, Finding, Report, Step } from '../analysis/report.ts';
import { firstStep } from './first-step.ts';
import { codeSpan, fence, paragraph, prose } from './markdown-escape.ts';
import { redactReport } from './redact.ts';
import { show } from './show.ts';
import { hostGroups, namesOf } from './text-hosts.ts';
import { cutMiddle, type LineNotation } from './trace-line.ts';
import { moment, notationOf, period, span } from './when.ts';
import {
  CAPTURE_AGAIN,
  CONFIDENCE_WORDS,
  coverage,
  extent,
  omission,
  origin,
  paths,
  peersInWords,
  pidList,
  pids,
  recipeOf,
  recording,
  SEVERITY_WORDS,
  tally,
  workforce,
} from './wording.ts';

export interface MarkdownOptions {
  /** Keeps payload: request lines with their query, contents of reads and writes. */
  readonly withPayload?: boolean;
}

/**
 * A note of this length still fits into a chat message; what is beyond it is named, not shown. The first finding is
 * always shown.
 */
const LINES = 58;
const ROWS = 15;
const PEERS = 3;
const EVIDENCE = 3;
const EVIDENCE_WIDTH = 160;

/**
 * The report as a note to paste into an incident: verdict, data quality, a table of findings, then proof and steps of
 * the worst ones.
 */
export function renderMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const shown = options.withPayload === true ? report : redactReport(report);
  const head = [...opening(shown), ...hostTable(shown), ...table(shown)];
  const foot = closing(shown, options.withPayload === true);
  const causes = causesIn(shown.findings);
  const doubt = doubtIn(shown);
  const serious = causes.filter((finding) => finding === doubt || severityOf(finding, shown.findings) !== 'info');
  const details: string[] = [];
  let detailed = 0;
  const said = new Set<string>();
  for (const finding of serious) {
    const lines = detail(shown, finding, causes.indexOf(finding) + 1, said);
    if (detailed > 0 && head.length + details.length + lines.length + foot.length + 2 > LINES) break;
    details.push(...lines);
    detailed++;
  }
  if (detailed < serious.length)
    details.push(`Not shown in detail: ${prose(tally(serious.slice(detailed)))}; \`drover analyze\` shows all.`, '');
  return `${[...head, ...details, ...foot].join('\n')}\n`;
}

function opening(report: Report): readonly string[] {
  const { verdict, quality } = report;
  const range = span(report.window);
  return [
    `# drover: ${SEVERITY_WORDS[verdict.severity]}, ${CONFIDENCE_WORDS[verdict.confidence]}`,
    '',
    `**${prose(verdict.text)}**`,
    '',
    ...doFirst(report),
    `- Trace: ${codeSpan(paths(report))}, ${prose([workforce(report), ...extent(report)].join(', '))}`,
    `- Time range: ${prose(range === '' ? 'no clock in this trace' : range)}`,
    ...waitedFor(report),
    ...(report.omitted === undefined ? [] : [`- ${prose(`${omission(report)}.`)}`]),
    `- Data: ${prose([`${coverage(quality).join(', ')}.`, ...quality.notes].join(' '))}`,
    '',
  ];
}

/** Which host says what; those that say the same share a row. */
function hostTable(report: Report): readonly string[] {
  if (report.hosts === undefined) return [];
  const rows = hostGroups(report, report.hosts).slice(0, ROWS);
  return [
    `| ${hostNoun(report) === 'host' ? 'Hosts' : 'Captures'} | Severity | Longest | What |`,
    '| --- | --- | --: | --- |',
    ...rows.map(
      ({ names, severity, longest, text }) =>
        `| ${[namesOf(names), SEVERITY_WORDS[severity], longest, text].map(prose).join(' | ')} |`,
    ),
    '',
  ];
}

/** Whom the traced processes waited for longest. */
function waitedFor({ dependencies }: Report): readonly string[] {
  const named = peersInWords(dependencies.slice(0, PEERS));
  return named === '' ? [] : [`- Waited for: ${prose(named)}`];
}

/** What to do first, where the eye falls first. */
function doFirst(report: Report): readonly string[] {
  const first = firstStep(report);
  if (first === null) return [];
  const { step, number } = first;
  return [
    `Do first (${number}): ${prose(step.text)}${step.command === undefined ? '' : ` ${codeSpan(step.command)}`}`,
    '',
  ];
}

function table(report: Report): readonly string[] {
  const { window, outcomes } = report;
  const findings = causesIn(report.findings);
  if (findings.length === 0) {
    const entries = Object.entries(outcomes);
    const clear = entries
      .filter(([, outcome]) => outcome.status === 'clear')
      .map(([kind, outcome]) => `- ${prose(`${kind}: ${outcome.reason}`)}`);
    const unknown = entries
      .filter(([, outcome]) => outcome.status === 'not-applicable' || outcome.status === 'failed')
      .map(([kind]) => kind);
    return [
      'No finding does not mean healthy. Looked for and not seen:',
      '',
      ...clear,
      '',
      ...(unknown.length > 0 ? [`Could not be looked for in this trace: ${prose(unknown.join(', '))}.`, ''] : []),
    ];
  }
  const rows = findings.slice(0, ROWS).map((finding, index) => {
    const when = moment(window, finding.startMs, finding.startTime);
    return [
      String(index + 1),
      SEVERITY_WORDS[severityOf(finding, report.findings)],
      CONFIDENCE_WORDS[finding.confidence],
      finding.title,
      pidList(finding),
      when,
    ];
  });
  const hidden = findings.slice(ROWS);
  return [
    `| # | Severity | Sure | Finding | Workers | From${window.startTime === null ? '' : ' (UTC)'} |`,
    '| --: | --- | --- | --- | --- | --- |',
    ...rows.map((cells) => `| ${cells.map(prose).join(' | ')} |`),
    '',
    ...(hidden.length > 0 ? [`+${hidden.length} more: ${prose(tally(hidden))}`, ''] : []),
  ];
}

/** `said` are reasons and steps that stand further up already: they are not repeated. */
function detail(report: Report, finding: Finding, number: number, said: Set<string>): readonly string[] {
  const steps = finding.next.map(checkBox).filter((line) => isNew(line, said));
  const facts = [CONFIDENCE_WORDS[finding.confidence], period(report.window, finding), pids(finding)].filter(
    (fact) => fact !== '',
  );
  return [
    `## ${number}. ${SEVERITY_WORDS[severityOf(finding, report.findings)]}: ${prose(finding.title)}`,
    '',
    paragraph(`${finding.summary} (${facts.join('; ')})${isNew(finding.why, said) ? ` ${finding.why}` : ''}`),
    '',
    ...effects(report, finding),
    ...(finding.evidence.length > 0
      ? [...fence(finding.evidence.slice(0, EVIDENCE).map((each) => quote(each, notationOf(report)))), '']
      : []),
    ...steps,
    ...(steps.length > 0 ? [''] : []),
  ];
}

function effects(report: Report, finding: Finding): readonly string[] {
  const all = effectsInWords(finding, report.findings);
  return all.length === 0 ? [] : [`Effects: ${prose(all.join('; '))}.`, ''];
}

function isNew(text: string, said: Set<string>): boolean {
  const before = said.size;
  return said.add(text).size > before;
}

function quote({ file, line, text }: Evidence, notation: LineNotation): string {
  return `${show(`${file}:${line}`)}  ${cutMiddle(show(text), EVIDENCE_WIDTH, notation)}`;
}

function checkBox(step: Step): string {
  const command = step.command === undefined ? '' : ` ${codeSpan(step.command)}`;
  const remarks = [
    ...(step.needs === undefined ? [] : [`needs: ${step.needs}`]),
    ...(step.caveat === undefined ? [] : [`caveat: ${step.caveat}`]),
  ];
  return `- [ ] ${prose(step.text)}${command}${remarks.length === 0 ? '' : ` ${prose(`(${remarks.join('; ')})`)}`}`;
}

function closing(report: Report, hasPayload: boolean): readonly string[] {
  return [
    `Capture again: ${codeSpan(CAPTURE_AGAIN)} (${codeSpan(recipeOf(report))} prints the command for this server).`,
    `Recorded as ${prose(recording(report.source))}. ${prose(origin(report, hasPayload))}`,
  ];
}
