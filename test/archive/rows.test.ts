import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { combinedReport } from '../../src/analysis/many-hosts.ts';
import { findingRowsOf, rowsOf } from '../../src/archive/rows.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';
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

  it('of a cause are as bad as the worst that came of it, and count what is the same in other workers', () => {
    const metrics = { count: 2, totalMs: 500, longestMs: 300 };
    const kin = { kind: 'loop-stall', metrics } as const;
    const findings = [
      buildFinding({
        ...kin,
        id: 'loop-stall-1',
        severity: 'info',
        members: ['loop-stall-2'],
        effects: ['broken-pipe-1'],
      }),
      buildFinding({ ...kin, id: 'loop-stall-2', severity: 'info', memberOf: 'loop-stall-1' }),
      buildFinding({ id: 'broken-pipe-1', kind: 'broken-pipe', severity: 'critical', effectOf: 'loop-stall-1' }),
    ];
    const found = findingRowsOf(buildReport({ findings }), { host: 'web-1' }).slice(1);
    assert.deepEqual(found.map(({ severity, spoken_for_by, count }) => [severity, spoken_for_by, count]).slice(0, 2), [
      ['critical', null, 4],
      ['info', 'loop-stall-1', 2],
    ]);
    assert.equal(found[2]?.spoken_for_by, 'loop-stall-1');
  });

  it('of several hosts have the cause on each of them, and its effects beside it', async () => {
    const captures = ['a', 'b'].map((host) => ({ host, report }));
    const both = findingRowsOf(combinedReport(captures, []), { host: '' });
    for (const host of ['a', 'b']) {
      const own = both.filter((row) => row.host === host && row.record === 'finding');
      const single = rows.filter(({ record }) => record === 'finding');
      assert.deepEqual(
        own
          .map(({ kind, severity, spoken_for_by, count }) => [kind, severity, spoken_for_by === null, count])
          .toSorted(),
        single
          .map(({ kind, severity, spoken_for_by, count }) => [kind, severity, spoken_for_by === null, count])
          .toSorted(),
      );
      for (const { spoken_for_by } of own)
        assert.ok(spoken_for_by === null || own.some(({ finding }) => finding === spoken_for_by));
    }
  });

  it('have the day that was given where the clock has no date, and the one of the clock where it has', () => {
    const undated = { ...report, window: { ...report.window, startTime: null } };
    assert.equal(rowsOf(undated, { host: 'a', day: '2020-01-02' })[0]?.day, '2020-01-02');
    assert.equal(rowsOf(undated, { host: 'a' })[0]?.day, null);
    assert.equal(rows[0]?.day, report.window.startTime?.slice(0, 10));
    assert.equal(rowsOf(report, { host: 'a', day: '2020-01-02' })[0]?.day, rows[0]?.day);
  });
});
