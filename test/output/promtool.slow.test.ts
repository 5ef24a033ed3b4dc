import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { Counters } from '../../src/output/counters.ts';
import { renderOpenMetrics, renderScrape } from '../../src/output/openmetrics.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { needsTool } from '../support/needs-tool.ts';
import { nightReport } from '../support/report-builder.ts';
import { samples } from '../support/truth.ts';

function complaintsOfPromtool(text: string): string {
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

describe('figures for Prometheus, as its own tool reads them', needsTool('promtool'), () => {
  it('are in order for every sample', async () => {
    let checked = 0;
    for (const { trace } of samples()) {
      const report = await analyzeFiles([trace], { activity: false });
      assert.equal(complaintsOfPromtool(renderOpenMetrics(report)), '', trace);
      assert.equal(complaintsOfPromtool(renderScrape(report, new Counters())), '', trace);
      checked++;
    }
    assert.ok(checked > 50, `${checked}`);
  });

  it('are in order whatever a trace holds', () => {
    for (const text of HOSTILE) {
      const poisoned = poison(nightReport, text);
      assert.equal(complaintsOfPromtool(renderOpenMetrics(poisoned)), '', text);
      assert.equal(complaintsOfPromtool(renderScrape(poisoned, new Counters())), '', text);
    }
  });

  it('would be refused without their help texts', () => {
    const text = renderOpenMetrics(nightReport).replaceAll(/^# HELP.*\n/gm, '');
    assert.match(complaintsOfPromtool(text), /help/);
  });
});
