import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { findingRowsOf, rowsOf } from '../../src/archive/rows.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';
import { complaintsBy } from '../support/strict-schema.ts';
import { traceOf, UPSTREAM, WORKERS } from './archived.ts';

const schema = createRequire(import.meta.url)('drover/row.schema.json') as { readonly required: readonly string[] };

async function reportOn(sample: string) {
  const inputs = [memoryInput('trace.strace', traceOf(sample).toString('latin1'))];
  return analyzeInputs({ kind: 'file', paths: ['trace.strace'], inputs, leftOut: [], notices: [] }, {});
}

describe('rows of an archive', async () => {
  const report = await reportOn('nginx-504');
  const rows = rowsOf(report, { host: 'web-1' });

  it('are as the schema says, with every column in the same order', () => {
    assert.ok(rows.length > 2);
    for (const row of rows) {
      assert.deepEqual(complaintsBy(schema, row), []);
      assert.deepEqual(Object.keys(row), schema.required);
    }
  });

  it('begin with the capture and its verdict', () => {
    const [capture] = rows;
    assert.equal(capture?.record, 'capture');
    assert.equal(capture?.title, report.verdict.text);
    assert.equal(capture?.workers, WORKERS);
    assert.equal(rows.filter(({ record }) => record === 'capture').length, 1);
  });

  it('name whom the load driver let the server wait for, as a finding and as a dependency, and how long', () => {
    for (const record of ['finding', 'dependency'] as const) {
      const row = rows.find((each) => each.record === record && each.target?.startsWith(UPSTREAM.address) === true);
      assert.ok(row !== undefined, record);
      const longest = row.longest_ms ?? 0;
      assert.ok(longest > 0 && longest <= UPSTREAM.longestMs + 100, `${longest} of ${UPSTREAM.longestMs}`);
    }
  });

  it('call a cause the same whatever its numbers are, and another cause differently', () => {
    const causeWith = (title: string, peer: string): string | null | undefined => {
      const metrics = { dependencies: [{ peer }] };
      const findings = report.findings.map((finding) => ({ ...finding, title, metrics }));
      return rowsOf({ ...report, findings }, { host: 'web-1' }).find(({ record }) => record === 'finding')?.cause;
    };
    assert.equal(
      causeWith('5 requests waited for cache, longest 2.06 s: GET /a', 'cache'),
      causeWith('9 requests waited for cache, longest 1.01 s: GET /b', 'cache'),
    );
    assert.notEqual(causeWith('5 requests waited for cache', 'cache'), causeWith('5 requests waited for disk', 'disk'));
  });

  it('leave the dependencies out where findings alone are wanted', () => {
    const found = findingRowsOf(report, { host: 'web-1' });
    assert.deepEqual(
      found,
      rows.filter(({ record }) => record !== 'dependency'),
    );
  });

  it('have the day that was given where the clock has no date, and the one of the clock where it has', () => {
    const undated = { ...report, window: { ...report.window, startTime: null } };
    assert.equal(rowsOf(undated, { host: 'a', day: '2020-01-02' })[0]?.day, '2020-01-02');
    assert.equal(rowsOf(undated, { host: 'a' })[0]?.day, null);
    assert.equal(rows[0]?.day, report.window.startTime?.slice(0, 10));
    assert.equal(rowsOf(report, { host: 'a', day: '2020-01-02' })[0]?.day, rows[0]?.day);
  });
});
