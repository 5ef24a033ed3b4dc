import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderHtml } from '../../src/output/html/html.ts';
import { complaintsOfPage } from '../support/page-checks.ts';
import { overfullReport } from './overfull-report.ts';

test('a page of 401 findings is under 1 MB, has a row for each worker, and names what it leaves out', () => {
  const page = renderHtml(overfullReport(401));
  assert.deepEqual(complaintsOfPage(page), []);
  assert.match(page.replace(/<[^>]*>/g, ' '), /\+\d+ more: +\d+ loop-stall/);
  assert.equal(page.match(/<g class="lane"/g)?.length, 128);
});
