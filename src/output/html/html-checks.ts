import type { Kind, Outcome, Report } from '../../analysis/report.ts';
import { count } from '../../trace/format-numbers.ts';
import { reasonsInCommon } from '../reasons-in-common.ts';
import { CAPTURE_AGAIN, coverage, omission, origin, recipeOf, recording } from '../wording.ts';
import type { PageRoom } from './bounded.ts';
import { element, type Html } from './element.ts';

const SAMPLES = 3;

/** What was looked for and not seen, with the limits that were used. */
export function clearSection(report: Report): readonly Html[] {
  const clear = reasons(report, 'clear');
  return clear.length === 0
    ? [element('p', {}, 'Nothing: no check could be made on this capture.')]
    : [outcomeList(clear)];
}

/** What this capture cannot tell, what broke, and what there was no room for. */
export function untoldSection(report: Report): readonly Html[] {
  const untold = reasons(report, 'not-applicable');
  const failed = reasons(report, 'failed');
  const left = omission(report);
  const parts = [
    ...(untold.length === 0 ? [] : [outcomeList(untold)]),
    ...(failed.length === 0 ? [] : [element('h3', {}, 'Crashed'), outcomeList(failed)]),
    ...(left === '' ? [] : [element('p', {}, `${left}.`)]),
  ];
  return parts.length === 0 ? [element('p', {}, 'Every check could be made.')] : parts;
}

/** How far the data can be trusted, and what the reader of the trace stumbled over. */
export function dataSection(report: Report, room: PageRoom, hasPayload: boolean): readonly Html[] {
  const { quality, source } = report;
  return [
    element('p', {}, `${coverage(quality).join(', ')}. Recorded as ${recording(source)}.`),
    ...quality.notes.map((note) => element('p', {}, note)),
    ...(quality.diagnostics.length === 0
      ? []
      : [
          element(
            'ul',
            {},
            quality.diagnostics.slice(0, room.rows).map(({ code, severity, count: number, meaning, samples }) =>
              element(
                'li',
                {},
                `${severity}: ${code}, ${count(number)} x: ${meaning}`,
                samples.length === 0
                  ? null
                  : element(
                      'ol',
                      { class: 'lines' },
                      samples
                        .slice(0, SAMPLES)
                        .map(({ file, line, text }) =>
                          element(
                            'li',
                            {},
                            element('span', { class: 'place' }, `${file}:${line}`),
                            ' ',
                            element('code', {}, text),
                          ),
                        ),
                    ),
              ),
            ),
          ),
        ]),
    element(
      'p',
      {},
      'Capture again: ',
      element('code', {}, CAPTURE_AGAIN),
      ' (',
      element('code', {}, recipeOf(report)),
      ' prints the command for this server).',
    ),
    element('p', { class: 'note' }, origin(report, hasPayload)),
  ];
}

type Reason = readonly [kind: string, outcome: Outcome];

function reasons({ outcomes }: Report, status: Outcome['status']): readonly Reason[] {
  return (Object.entries(outcomes) as [Kind, Outcome][]).filter(([, outcome]) => outcome.status === status);
}

function outcomeList(entries: readonly Reason[]): Html {
  return element(
    'dl',
    { class: 'outcomes' },
    reasonsInCommon(entries).map(({ label, lines }) => [
      element('dt', {}, label),
      ...lines.map((line) => element('dd', {}, line)),
    ]),
  );
}
