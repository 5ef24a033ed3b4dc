import { causesIn, effectsInWords, effectsOf, severityOf } from '../../analysis/causes.ts';
import { hostNoun } from '../../analysis/host-noun.ts';
import type { Evidence, Finding, Report, Step } from '../../analysis/report.ts';
import { plural } from '../../trace/format-numbers.ts';
import { membersInWords, numbersOf, relatedInWords, whoseOf } from '../finding-parts.ts';
import { period } from '../when.ts';
import { CONFIDENCE_WORDS, explainHint, NO_FINDING, SEVERITY_WORDS, tally } from '../wording.ts';
import type { PageRoom } from './bounded.ts';
import { type Child, element, type Html } from './element.ts';

/** A finding has so many members and steps on a page at most. */
const MOST_MEMBERS = 40;
const MOST_STEPS = 10;
/** Lines that prove an effect, below those of its cause. */
const EFFECT_LINES = 4;

/** Every cause in full, worst first: who has it, what came of it, why it hurts, what to do. */
export function findingsSection(report: Report, room: PageRoom): readonly Html[] {
  const causes = causesIn(report.findings);
  if (causes.length === 0) return [element('p', {}, NO_FINDING)];
  const said = new Map<string, number>();
  const hidden = causes.slice(room.findings);
  return [
    ...causes.slice(0, room.findings).map((finding, index) => article(report, finding, index + 1, said)),
    ...(hidden.length === 0 ? [] : [element('p', {}, `+${hidden.length} more: ${tally(hidden)}`)]),
    element('p', { class: 'note' }, explainHint(causes[0]?.kind ?? '')),
  ];
}

function article(report: Report, finding: Finding, number: number, said: Map<string, number>): Html {
  const severity = severityOf(finding, report.findings);
  const whose = whoseOf(finding, report);
  const facts = [CONFIDENCE_WORDS[finding.confidence], period(report.window, finding), whose, finding.kind];
  const again = (text: string): string | null => {
    const earlier = said.get(text);
    if (earlier === undefined) said.set(text, number);
    return earlier === undefined ? null : `as in ${earlier}`;
  };
  const steps = finding.next.slice(0, MOST_STEPS).map((step) => stepItem(step, again(JSON.stringify(step))));
  const lines = linesOf(finding, report.findings);
  const related = relatedInWords(finding, report, numbersOf(report));
  return element(
    'article',
    { id: `finding-${number}`, class: `finding ${severity}` },
    element(
      'h3',
      {},
      element('span', { class: 'number' }, String(number)),
      ' ',
      element('span', { class: `badge ${severity}` }, SEVERITY_WORDS[severity]),
      ' ',
      finding.title,
    ),
    element('p', { class: 'facts' }, facts.filter((fact) => fact !== '').join(' \u00b7 ')),
    element('p', {}, finding.summary),
    element(
      'dl',
      {},
      entry(
        hostNoun(report) === 'host' ? 'Hosts' : 'Captures',
        finding.hosts.length > 1 ? finding.hosts.slice(0, MOST_MEMBERS).join(', ') : '',
      ),
      entry('Workers', listOf(membersInWords(finding, report.findings))),
      entry('Effects', listOf(effectsInWords(finding, report.findings))),
      entry('Why it hurts', finding.why === '' ? '' : (again(finding.why) ?? finding.why)),
      entry('What to do', steps.length === 0 ? '' : element('ol', {}, steps)),
      entry(
        'Proof',
        lines.length === 0
          ? ''
          : element('a', { href: `#proof-${number}` }, plural(lines.length, 'line of the trace', 'lines of the trace')),
      ),
      entry('See', related),
    ),
  );
}

function entry(word: string, text: Child): Child {
  return text === '' ? null : [element('dt', {}, word), element('dd', {}, text)];
}

function listOf(items: readonly string[]): Child {
  if (items.length === 0) return '';
  const more = items.length - MOST_MEMBERS;
  const shown = [...items.slice(0, MOST_MEMBERS), ...(more > 0 ? [`+${more} more`] : [])];
  return shown.length === 1
    ? (shown[0] ?? '')
    : element(
        'ul',
        {},
        shown.map((item) => element('li', {}, item)),
      );
}

function stepItem(step: Step, earlier: string | null): Html {
  if (earlier !== null) return element('li', {}, `${earlier}: ${step.text}`);
  return element(
    'li',
    {},
    step.text,
    step.command === undefined ? null : element('pre', { class: 'command' }, element('code', {}, step.command)),
    step.needs === undefined ? null : element('p', { class: 'note' }, `needs: ${step.needs}`),
    step.caveat === undefined ? null : element('p', { class: 'note' }, `caveat: ${step.caveat}`),
  );
}

/** The lines that prove each cause, and below them some of those that prove what came of it. */
export function proofSection(report: Report, room: PageRoom): readonly Html[] {
  return causesIn(report.findings)
    .slice(0, room.findings)
    .flatMap((finding, index) => {
      const lines = linesOf(finding, report.findings);
      if (lines.length === 0) return [];
      const number = index + 1;
      return [
        element(
          'div',
          { id: `proof-${number}`, class: 'block' },
          element(
            'h3',
            {},
            element('a', { href: `#finding-${number}`, class: 'number' }, String(number)),
            ' ',
            finding.title,
          ),
          element('ol', { class: 'lines' }, lines.map(lineItem)),
        ),
      ];
    });
}

function linesOf(finding: Finding, findings: readonly Finding[]): readonly Evidence[] {
  const effects = effectsOf(finding, findings).flatMap(({ evidence }) => evidence.slice(0, EFFECT_LINES));
  const all = [...finding.evidence, ...effects];
  return all.filter(
    ({ file, line }, index) => all.findIndex((other) => other.line === line && other.file === file) === index,
  );
}

function lineItem({ file, line, text }: Evidence): Html {
  return element('li', {}, element('span', { class: 'place' }, `${file}:${line}`), ' ', element('code', {}, text));
}
