import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderHtml } from '../../src/output/html/html.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { nightReport } from '../support/report-builder.ts';
import { errorsOfHtml } from './html-errors.ts';

for (const text of HOSTILE)
  it(`a page has no error of the HTML standard where a trace holds ${JSON.stringify(text).slice(0, 60)}`, () => {
    assert.deepEqual(errorsOfHtml(renderHtml(poison(nightReport, text), { withPayload: true })), []);
  });
