import type { Finding } from '../../analysis/report.ts';
import { withoutLeast } from '../../analysis/short-title.ts';
import { SEVERITY_WORDS } from '../../output/wording.ts';
import { firstShown } from '../layout.ts';
import { cell, type Row, row, rule, selected, styled } from '../row.ts';
import { type DashboardState, shownReport } from '../state.ts';
import { findingKey } from '../steady-findings.ts';
import { causesOf, FINDING_COLUMNS, findingRows, shownSeverity } from '../tables/findings.ts';
import { orderName } from '../tables/table.ts';
import { clockName, liveNowMs, secondsAt } from '../times.ts';

const SEVERITY = 9;
const SHORT_SEVERITY = 5;
const SHORT_WORDS = { critical: 'CRIT', warning: 'WARN', info: 'INFO' } as const;
/** Of the head of the column. */
const LEAST_TIME = 11;
const WORKERS = 10;
const WHEN: Readonly<Record<string, string>> = {
  UTC: 'WHEN (UTC)',
  local: 'WHEN (local)',
  'trace clock': 'TRACE CLOCK',
  'since start': 'SINCE START',
};
const LEAST_WITH_TIME = 60;
const QUIET_MS = 10_000;
/** Below this width the title, which mostly names the worker, has the room of that column. */
const WIDE = 100;

/**
 * The findings, one a line, under their heads; the selected one in reverse. As many rows as there are findings, up to
 * `most`.
 */
export function drawFindingList(state: DashboardState, width: number, most: number): readonly Row[] {
  const { glyphs, lists } = state;
  const rows = findingRows(state);
  const position = Math.min(lists.findings.position, rows.length - 1);
  const numbers = new Map(causesOf(state).map((finding, index) => [finding.id, index + 1]));
  const shown = Math.max(1, most - 1);
  const first = firstShown(position, shown, rows.length);
  const visible = rows.slice(first, first + shown);
  // A trace of several days has dates in this column.
  const whole = Math.max(LEAST_TIME, ...visible.map((finding) => whenText(state, finding).length));
  const longest = Math.max(0, ...visible.map((finding) => finding.title.length));
  // A title says what matters most: where it does not fit beside the others they give way.
  const isWide = longest < width - 4 - SEVERITY - whole;
  const workers = width >= WIDE && longest < width - 4 - SEVERITY - whole - WORKERS ? WORKERS : 0;
  const hasTime = isWide || (state.source === 'live' && width >= LEAST_WITH_TIME);
  const time = hasTime ? whole : 0;
  const words = isWide ? SEVERITY_WORDS : SHORT_WORDS;
  const label = isWide ? SEVERITY : SHORT_SEVERITY;
  const title = Math.max(10, width - 4 - label - workers - time);
  const name = clockName(state);
  const heads =
    `    ${(isWide ? 'SEVERITY' : 'SEV').padEnd(label)}${'FINDING'.padEnd(title)}` +
    `${workers > 0 ? 'WORKERS'.padEnd(workers) : ''}${hasTime ? (WHEN[name] ?? 'WHEN') : ''}`;
  const draw = (finding: Finding, index: number): Row => {
    const mark = index === position ? glyphs.pointer : isNew(state, finding) ? '!' : ' ';
    const number = String(numbers.get(finding.id) ?? '').padStart(2);
    const severity = shownSeverity(state, finding);
    const cells = row(
      `${mark}${number} `,
      styled(words[severity], severity),
      ' '.repeat(label - words[severity].length),
      hasTime || workers > 0 ? `${titleIn(finding, title - 1)} ` : titleIn(finding, title),
      workers > 0 ? cell(pidsInShort(finding), workers) : '',
      hasTime ? cell(whenText(state, finding), time) : '',
    );
    return index === position ? selected(cells) : cells;
  };
  const list = visible.map((finding, index) => draw(finding, first + index));
  if (list.length === 0) list.push(row(`    ${emptyText(state)}`));
  return [row(styled(heads, 'quiet')), ...list];
}

/** That these are workers is what a list of them says anyway; whom they wait for is not. */
function titleIn({ title }: Finding, width: number): string {
  const text = withoutLeast(title, width);
  return cell(text.length > width ? text.replace(/ workers (?=up to|at least)/, ' ') : text, width);
}

/** The rule under the list: which one of how many, and how they are ordered. */
export function findingRule(state: DashboardState, width: number, title: string): Row {
  const all = causesOf(state).length;
  const rows = findingRows(state);
  const { filter, position } = state.lists.findings;
  const place =
    rows.length === 0
      ? ''
      : `${Math.min(position + 1, rows.length)} of ${rows.length}, ${orderName(FINDING_COLUMNS, state.lists.findings)}`;
  const filtered = filter === '' ? '' : `filter: ${filter} (${rows.length} of ${all})  Esc clears  `;
  return rule(state.glyphs, width, title, `${filtered}${place}`);
}

/** A live finding that came since the last key. */
function isNew(state: DashboardState, finding: Finding): boolean {
  if (state.source !== 'live') return false;
  const kept = state.memory.find(({ key }) => key === findingKey(finding));
  return kept !== undefined && kept.firstMs > state.lastKeyMs;
}

/** When it began; of a live finding that has not happened again for a while how long that is. */
function whenText(state: DashboardState, { startMs, endMs, openEnded }: Finding): string {
  if (openEnded && state.source === 'live' && state.live?.state === 'tracing') return 'still going';
  const quietMs =
    state.source === 'live' && state.live?.state === 'tracing' && endMs !== null && !openEnded
      ? liveNowMs(state) - endMs
      : 0;
  return quietMs > QUIET_MS ? `quiet ${Math.floor(quietMs / 1000)} s` : secondsAt(state, startMs);
}

function emptyText(state: DashboardState): string {
  if (state.lists.findings.filter !== '') return 'No finding has that text. Esc clears the filter.';
  if (shownReport(state) === null) return '';
  if (state.source === 'live' && state.live?.state === 'tracing') return 'Nothing so far.';
  return state.reading.state === 'reading'
    ? 'Nothing so far.'
    : 'Nothing found. No finding does not mean healthy: D shows what was looked at.';
}

/** `4127`, `4127+1`. */
function pidsInShort({ workers }: Finding): string {
  return workers.length === 0 ? '-' : `${workers[0]}${workers.length > 1 ? `+${workers.length - 1}` : ''}`;
}
