import { causesIn } from '../../analysis/causes.ts';
import { hostNoun } from '../../analysis/host-noun.ts';
import type { Report } from '../../analysis/report.ts';
import { plural } from '../../trace/format-numbers.ts';
import { firstStep } from '../first-step.ts';
import type { Table } from '../page.ts';
import { redactReport } from '../redact.ts';
import { lateRequestTable, requestTable } from '../requests.ts';
import { callTable, dependencyTable, endTable, timeTable, UP_TO_NEXT, workerTable } from '../tables.ts';
import { hostTable } from '../text-hosts.ts';
import { mostTelling } from '../text-tables.ts';
import { span } from '../when.ts';
import { CONFIDENCE_WORDS, coverage, extent, paths, SEVERITY_WORDS, verdictSentence, workforce } from '../wording.ts';
import { bounded, PAGE_ROOMS, type PageRoom } from './bounded.ts';
import { element, Html, markupOf } from './element.ts';
import { clearSection, dataSection, untoldSection } from './html-checks.ts';
import { findingsSection, proofSection } from './html-findings.ts';
import { htmlTable } from './html-table.ts';
import { timelineSection } from './html-timeline.ts';
import { PAGE_SCRIPT, PAGE_SCRIPT_HASH, PAGE_STYLE, PAGE_STYLE_HASH } from './page-assets.ts';

export interface HtmlOptions {
  /** Keeps payload: request lines with their query, contents of reads and writes. */
  readonly withPayload?: boolean;
}

/** A mail server takes it, a browser opens it at once. */
const MOST_BYTES = 950_000;

/** Rows of calls and of time, the longest: the others say little. */
const MOST_STATISTICS = 20;

/** Nothing is loaded from anywhere, and nothing runs but what stands here. */
const POLICY = [
  "default-src 'none'",
  `style-src '${PAGE_STYLE_HASH}'`,
  `script-src '${PAGE_SCRIPT_HASH}'`,
  // An empty icon: browsers would ask the server for one.
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * The report as one HTML page to hand on: verdict, causes, workers over time, requests, proof, what was looked for and
 * what cannot be told. Under 1 MB; of a larger report the first findings are told in full. Needs no network and no
 * script, and prints.
 */
export function renderHtml(report: Report, options: HtmlOptions = {}): string {
  const hasPayload = options.withPayload === true;
  const shown = hasPayload ? report : redactReport(report);
  let page = '';
  for (const room of PAGE_ROOMS) {
    page = pageOf(bounded(shown, room), room, hasPayload);
    if (new TextEncoder().encode(page).length <= MOST_BYTES) break;
  }
  return page;
}

function pageOf(report: Report, room: PageRoom, hasPayload: boolean): string {
  const { verdict } = report;
  const title = `drover: ${SEVERITY_WORDS[verdict.severity]}, ${CONFIDENCE_WORDS[verdict.confidence]}`;
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { name: 'referrer', content: 'no-referrer' }),
    element('meta', { name: 'color-scheme', content: 'light dark' }),
    element('link', { rel: 'icon', href: 'data:,' }),
    element('title', {}, `${title}: ${paths(report)}`),
    element('style', {}, new Html(PAGE_STYLE)),
  );
  const sections = sectionsOf(report, room, hasPayload);
  const body = element(
    'body',
    {},
    opening(report),
    element(
      'nav',
      { 'aria-label': 'sections' },
      sections.map(({ id, title: name }) => element('a', { href: `#${id}` }, name)),
    ),
    element(
      'main',
      {},
      sections.map(({ id, title: name, parts }) => element('section', { id }, element('h2', {}, name), parts)),
    ),
    element('script', {}, new Html(PAGE_SCRIPT)),
  );
  return `<!doctype html>\n${markupOf(element('html', { lang: 'en' }, head, body))}\n`;
}

/** What happened, how sure that is, what to do first, and what it was read from. */
function opening(report: Report): Html {
  const { verdict, quality } = report;
  const first = firstStep(report);
  const range = span(report.window);
  const look = verdict.confidence === 'cannot-tell' ? 'untold' : verdict.severity;
  return element(
    'header',
    { class: look },
    element('p', { class: 'tool' }, 'drover'),
    element(
      'h1',
      { id: 'verdict' },
      element('span', { class: `badge ${look}` }, SEVERITY_WORDS[verdict.severity]),
      ' ',
      verdictSentence(verdict),
    ),
    first === null
      ? null
      : element(
          'div',
          { class: 'first' },
          element(
            'p',
            {},
            element('b', {}, 'Do first'),
            ' (',
            element('a', { href: `#finding-${first.number}` }, String(first.number)),
            `): ${first.step.text}`,
          ),
          first.step.command === undefined
            ? null
            : element('pre', { class: 'command' }, element('code', {}, first.step.command)),
        ),
    element(
      'dl',
      { class: 'facts' },
      [
        ['Trace', [paths(report), workforce(report), ...extent(report)].join(', ')],
        ['Time range', range === '' ? 'no clock in this trace' : range],
        ['Data', coverage(quality).join(', ')],
      ].map(([word = '', text = '']) => [element('dt', {}, word), element('dd', {}, text)]),
    ),
  );
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly parts: readonly Html[];
}

function sectionsOf(report: Report, room: PageRoom, hasPayload: boolean): readonly Section[] {
  const { findings, outcomes, source, hosts } = report;
  const causes = causesIn(findings).length;
  const proof = proofSection(report, room);
  const number = (status: string): number =>
    Object.values(outcomes).filter((outcome) => outcome.status === status).length;
  return [
    ...(hosts === undefined
      ? []
      : [
          {
            id: 'hosts',
            title: plural(hosts.length, hostNoun(report)),
            parts: tables([hostTable(report, hosts)], room),
          },
        ]),
    {
      id: 'findings',
      title: causes === 0 ? 'No finding' : `${plural(causes, 'finding')}${causes > 1 ? ', worst first' : ''}`,
      parts: findingsSection(report, room),
    },
    { id: 'time', title: 'Timeline', parts: timelineSection(report, room) },
    {
      id: 'requests',
      title: 'Requests and dependencies',
      parts: tables(
        [
          lateRequestTable(report),
          requestTable(report),
          dependencyTable(report.dependencies),
          workerTable(mostTelling(report, room.rows)),
          endTable(report.workers),
        ],
        room,
      ).concat(
        tables(
          [
            source.flags.durations ? timeTable(report.time) : { ...timeTable(report.time), note: UP_TO_NEXT },
            callTable(source, report.calls),
          ],
          { ...room, rows: Math.min(room.rows, MOST_STATISTICS) },
        ),
      ),
    },
    ...(proof.length === 0 ? [] : [{ id: 'proof', title: 'Proof', parts: proof }]),
    { id: 'clear', title: `Looked for and not seen (${number('clear')})`, parts: clearSection(report) },
    { id: 'untold', title: `Cannot be told (${number('not-applicable')})`, parts: untoldSection(report) },
    { id: 'data', title: 'Data', parts: dataSection(report, room, hasPayload) },
  ];
}

function tables(all: readonly Table[], room: PageRoom): readonly Html[] {
  return all.flatMap((table) => htmlTable(table, room) ?? []);
}
