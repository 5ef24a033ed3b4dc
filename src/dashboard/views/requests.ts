import type { RequestActivity } from '../../analysis/report.ts';
import { ageOf, behindWhom, whereMostWent } from '../../output/requests.ts';
import { durationOfMs } from '../../trace/format-numbers.ts';
import { firstShown, layoutOf, tableRows } from '../layout.ts';
import { cell, figure, type Row, row, rule, selected, styled } from '../row.ts';
import { type DashboardState, shownActivity } from '../state.ts';
import { findingsOnRequest, REQUEST_COLUMNS, requestRows } from '../tables/requests.ts';
import { orderName } from '../tables/table.ts';
import { at } from '../times.ts';
import { tall } from './beside.ts';

const BELOW = 6;
const PID = 8;
const FIGURE = 10;
/** From this width on the parts of its age have columns of their own. */
const WIDE = 120;
const LEAST_REQUEST = 12;

/** Who waits, since when and for whom; below, the whole of it, and the findings that name the request. */
export function drawRequests(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lists } = state;
  const { bodyRows } = layoutOf(state);
  const rows = requestRows(state);
  const below = bodyRows >= 14 ? BELOW : 0;
  const shown = tableRows(bodyRows, below);
  const position = Math.min(lists.requests.position, rows.length - 1);
  const first = firstShown(position, shown, rows.length);
  const parts = columns >= WIDE ? ['OWN', 'BEHIND', 'WAITED'] : [];
  const room = columns - PID - FIGURE * (1 + parts.length) - 4;
  const request = Math.max(LEAST_REQUEST, Math.floor(room * 0.45));
  const { filter } = lists.requests;
  const remark =
    `${filter === '' ? '' : `filter: ${filter} (${rows.length})  Esc clears  `}` +
    `${rows.length === 0 ? 0 : position + 1} of ${rows.length}, ${orderName(REQUEST_COLUMNS, lists.requests)}`;
  const heads =
    ` ${cell('REQUEST', request)} ${cell('PID', PID - 1)}${'AGE'.padStart(FIGURE)}` +
    `${parts.map((title) => title.padStart(FIGURE)).join('')}  WHERE MOST OF IT WENT`;
  const list = rows.slice(first, first + shown).map((each, index) => {
    const { ownMs, behindMs, waitedMs } = each;
    const figures = parts.length === 0 ? [] : [ownMs, behindMs, waitedMs];
    const cells = row(
      ` ${cell(each.request, request)} ${cell(String(each.pid), PID - 1)}${figure(ageOf(each), FIGURE)}` +
        `${figures.map((ms) => figure(durationOfMs(ms), FIGURE)).join('')}  ${whereMostWent(each)}`,
    );
    return first + index === position ? selected(cells) : cells;
  });
  const chosen = rows[position];
  return tall(
    [
      rule(glyphs, columns, 'REQUESTS  without an answer, and answered late', remark),
      row(styled(heads, 'quiet')),
      ...(rows.length === 0 ? [row(` ${whyNone(state, filter)}`)] : tall(list, shown)),
      ...(below > 0 && chosen !== undefined ? detail(state, chosen) : []),
    ],
    bodyRows,
  );
}

function whyNone(state: DashboardState, filter: string): string {
  if (filter !== '') return 'No request has that text. Esc clears the filter.';
  if (shownActivity(state) === null) return 'Requests are shown of one capture, once drover has read some of it.';
  if (state.reading.state === 'reading') return 'No request so far that was without an answer, or answered late.';
  return 'No request of known text was without an answer, or answered late. D shows what the data cannot tell.';
}

function detail(state: DashboardState, each: RequestActivity): readonly Row[] {
  const { request, pid, readMs, isOpen, ownMs, behindMs, waitedMs, waitedFor, inCall, inCallMs } = each;
  const facts = [
    `${durationOfMs(ownMs)} own work`,
    `${durationOfMs(behindMs)} behind ${behindWhom(each)}`,
    ...longestOf(each),
    ...(waitedFor === '' ? [] : [`waited ${durationOfMs(waitedMs)} for ${waitedFor}`]),
    ...(inCall === '' ? [] : [`still in ${inCall} for ${durationOfMs(inCallMs)}`]),
  ];
  const told = inRows(facts, state.columns - 2);
  const named = findingsOnRequest(state, each);
  return [
    rule(
      state.glyphs,
      state.columns,
      `${request}  ${isOpen ? 'no answer for' : 'answered after'} ${durationOfMs(each.ageMs)}`,
      `read by ${pid} at ${at(state, readMs)}`,
    ),
    ...told.map((each) => row(` ${each}`)),
    ...(named.length === 0
      ? [row(' No finding names it.')]
      : named.slice(0, BELOW - 1 - told.length).map(({ title, severity }) => row('   ', styled(title, severity)))),
  ];
}

/** Of several that kept its worker the one that did so for longest. */
function longestOf(each: RequestActivity): readonly string[] {
  const { behind, behindLongestMs = each.behindMs } = each;
  if (behind === '' || behindWhom(each) === behind) return [];
  return [`(longest: ${behind}, ${durationOfMs(behindLongestMs)})`];
}

/** As few rows as hold them all. */
function inRows(facts: readonly string[], columns: number): readonly string[] {
  const rows: string[] = [];
  for (const fact of facts) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + 3 + fact.length <= columns) rows[rows.length - 1] = `${last}   ${fact}`;
    else rows.push(fact);
  }
  return rows;
}
