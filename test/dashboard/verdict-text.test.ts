import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Verdict } from '../../src/analysis/report.ts';
import { verdictLines } from '../../src/dashboard/verdict-text.ts';
import { buildReport } from '../support/report-builder.ts';
import { PaperDashboard } from '../support/screens.ts';

const ROOM = 70;

function lines(text: string, confidence: Verdict['confidence'] = 'likely'): readonly string[] {
  const report = { ...buildReport(), verdict: { severity: 'critical', confidence, text } as const };
  const { state } = new PaperDashboard(report, { columns: 80, rows: 24 });
  return verdictLines(state, report, ROOM);
}

/** A title of so many characters that names its target last. */
const title = (length: number): string => {
  const start = 'GET /a holds worker 7 up to 1.00 s: waits for ';
  return `${start}${'h'.repeat(length - start.length - 5)}:5432`;
};

it('a verdict is one line where it fits, and where the number of the other findings can go', () => {
  assert.deepEqual(lines(`Likely: ${title(62)}`), [`Likely: ${title(62)}`]);
  assert.deepEqual(lines(`Likely: ${title(62)} (+2 more)`), [`Likely: ${title(62)}`]);
});

it('who does what to whom is in the first line before how sure that is', () => {
  assert.deepEqual(lines(`Likely: ${title(63)}`), [title(63), '(likely)']);
  assert.deepEqual(lines(`Possible: ${title(70)} (+2 more)`, 'possible'), [title(70), '(possible, +2 more)']);
});

it('that something else is worse stays', () => {
  const [first, second] = lines(`Likely: ${title(62)} (+2 more, 1 critical)`);
  assert.deepEqual([first, second], [title(62), '(likely, +2 more, 1 critical)']);
});

it('two sentences, and what is too long for one line, have two', () => {
  assert.equal(lines(`Likely: ${title(71)}`).length, 2);
  const two = lines(`Likely: ${title(60)}. Not explained: GET /b had no reply for 4.20 s`);
  assert.equal(two.length, 2);
  assert.match(two.join(' '), /Not explained: GET \/b had no reply for 4\.20 s$/);
});
