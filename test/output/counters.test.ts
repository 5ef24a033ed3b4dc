import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { Counters } from '../../src/output/counters.ts';
import { renderOpenMetrics, renderScrape } from '../../src/output/openmetrics.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { buildFinding, buildReport, nightReport } from '../support/report-builder.ts';
import { sample } from '../support/truth.ts';

const LINE =
  /^(?:# HELP drover_\w+ [^\n]+|# TYPE drover_\w+ gauge|# TYPE drover_\w+_total counter|drover_\w+(?:\{\w+="(?:[^"\\\n]|\\\\|\\")*"(?:,\w+="(?:[^"\\\n]|\\\\|\\")*")*\})? -?[\d.e+-]+)$/;

function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const stalled = (count: number, totalMs: number) =>
  buildReport({
    findings: [buildFinding({ kind: 'loop-stall', metrics: { count, totalMs, longestMs: totalMs } })],
    outcomes: { 'loop-stall': { status: 'found', reason: '' }, 'broken-pipe': { status: 'clear', reason: '' } },
  });

describe('figures of a capture that grows', () => {
  it('have every series of --openmetrics under the same name, and counters beside them', async () => {
    const report = await analyzeFiles([sample('distracted-worker').trace]);
    const series = seriesOf(renderScrape(report, new Counters()));
    for (const [name, value] of seriesOf(renderOpenMetrics(report))) assert.equal(series.get(name), value, name);
    const events = series.get('drover_cause_events{kind="loop-stall"}') ?? 0;
    assert.ok(events > 0);
    assert.equal(series.get('drover_cause_events_total{kind="loop-stall"}'), events);
    const [failed] = report.calls.filter(({ errors }) => (errors['EPIPE'] ?? 0) > 0);
    assert.ok(failed !== undefined);
    assert.equal(series.get(`drover_call_errors_total{call="${failed.call}",error="EPIPE"}`), failed.errors['EPIPE']);
  });

  it('count from 0 what was looked for and has not happened, so that its first time is an increase', () => {
    const counters = new Counters();
    const before = buildReport({ outcomes: { 'loop-stall': { status: 'clear', reason: '' } } });
    assert.equal(seriesOf(renderScrape(before, counters)).get('drover_cause_events_total{kind="loop-stall"}'), 0);
    const after = seriesOf(renderScrape(stalled(2, 700), counters));
    assert.equal(after.get('drover_cause_events_total{kind="loop-stall"}'), 2);
    assert.equal(after.get('drover_cause_events_total{kind="broken-pipe"}'), 0);
  });

  it('never count down, and lose no series, whatever the next report says', () => {
    const counters = new Counters();
    const reports = [stalled(5, 1_300), stalled(3, 1_900), buildReport({ outcomes: {} }), stalled(7, 2_000)];
    const texts = reports.map((report) => seriesOf(renderScrape(report, counters)));
    const values = (name: string): (number | undefined)[] => texts.map((text) => text.get(name));
    assert.deepEqual(values('drover_cause_events_total{kind="loop-stall"}'), [5, 5, 5, 7]);
    assert.deepEqual(values('drover_cause_seconds_total{kind="loop-stall"}'), [1.3, 1.9, 1.9, 2]);
    // A gauge says what the report says.
    assert.deepEqual(values('drover_cause_events{kind="loop-stall"}'), [5, 3, undefined, 7]);
  });

  it('stay lines of the format whatever a trace holds', () => {
    const counters = new Counters();
    for (const text of HOSTILE)
      for (const line of renderScrape(poison(nightReport, text), counters).trimEnd().split('\n'))
        assert.match(line, LINE);
  });
});
