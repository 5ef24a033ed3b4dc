import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { renderOpenMetrics } from '../../src/output/openmetrics.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { buildFinding, buildReport, nightReport } from '../support/report-builder.ts';
import { sample } from '../support/truth.ts';

const LINE =
  /^(?:# HELP drover_\w+ [^\n]+|# TYPE drover_\w+ gauge|drover_\w+(?:\{\w+="(?:[^"\\\n]|\\\\|\\")*"(?:,\w+="(?:[^"\\\n]|\\\\|\\")*")*\})? -?[\d.e+-]+|# EOF)$/;

function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('figures for Prometheus', () => {
  it('say how long the stalls were that the application measured, and that there is a cause', async () => {
    const { trace, truth } = sample('distracted-worker');
    const series = seriesOf(renderOpenMetrics(await analyzeFiles([trace])));
    const longest = Math.max(...truth.stalls.map(({ start, end }) => end - start));
    const shown = series.get('drover_cause_longest_seconds{kind="loop-stall"}') ?? 0;
    assert.ok(Math.abs(shown - longest) < 0.05, `${shown} of ${longest}`);
    assert.equal(series.get('drover_verdict{severity="critical"}'), 1);
    assert.equal(series.get('drover_verdict{severity="none"}'), 0);
    const causes = ['critical', 'warning'].map((severity) =>
      series.get(`drover_causes{kind="loop-stall",severity="${severity}"}`),
    );
    assert.ok(causes.some((count) => (count ?? 0) > 0));
  });

  it('have no series for what nobody could look at, and a 0 for what was looked at and not found', () => {
    const outcomes = {
      'loop-stall': { status: 'clear', reason: '' },
      'gc-io': { status: 'not-applicable', reason: '' },
      'disk-sync': { status: 'failed', reason: '' },
    } as const;
    const series = seriesOf(renderOpenMetrics(buildReport({ outcomes })));
    assert.equal(series.get('drover_causes{kind="loop-stall",severity="critical"}'), 0);
    for (const kind of ['gc-io', 'disk-sync']) {
      assert.equal(series.get(`drover_causes{kind="${kind}",severity="critical"}`), undefined);
      assert.equal(series.get(`drover_check_made{kind="${kind}"}`), 0);
    }
  });

  it('tell a verdict that is no all-clear from one that is', () => {
    const verdict = { severity: 'none', confidence: 'cannot-tell', text: 'Cannot tell.' } as const;
    const series = seriesOf(renderOpenMetrics(buildReport({ verdict })));
    assert.equal(series.get('drover_verdict_confidence{confidence="cannot_tell"}'), 1);
  });

  it('count a cause in several workers once, and its time in all of them', () => {
    const metrics = { count: 2, totalMs: 500, longestMs: 300 };
    const first = buildFinding({
      id: 'loop-stall-1',
      kind: 'loop-stall',
      severity: 'critical',
      metrics,
      members: ['loop-stall-2'],
    });
    const second = buildFinding({
      id: 'loop-stall-2',
      kind: 'loop-stall',
      severity: 'warning',
      metrics,
      memberOf: 'loop-stall-1',
    });
    const outcomes = { 'loop-stall': { status: 'found', reason: '' } } as const;
    const series = seriesOf(renderOpenMetrics(buildReport({ findings: [first, second], outcomes })));
    assert.equal(series.get('drover_causes{kind="loop-stall",severity="critical"}'), 1);
    assert.equal(series.get('drover_causes{kind="loop-stall",severity="warning"}'), 0);
    assert.equal(series.get('drover_cause_events{kind="loop-stall"}'), 4);
    assert.equal(series.get('drover_cause_seconds{kind="loop-stall"}'), 1);
  });

  it('stay lines of the format whatever a trace holds', () => {
    for (const text of HOSTILE)
      for (const line of renderOpenMetrics(poison(nightReport, text)).trimEnd().split('\n')) assert.match(line, LINE);
  });
});
