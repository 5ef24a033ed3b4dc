import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { renderOpenMetrics } from '../../src/output/openmetrics.ts';
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
      assert.equal(
        complaintsOfPromtool(renderOpenMetrics(await analyzeFiles([trace], { activity: false }))),
        '',
        trace,
      );
      checked++;
    }
    assert.ok(checked > 50, `${checked}`);
  });

  it('are in order whatever a trace holds', () => {
    for (const text of HOSTILE)
      assert.equal(complaintsOfPromtool(renderOpenMetrics(poison(nightReport, text))), '', text);
  });

  it('would be refused without their help texts', () => {
    const text = renderOpenMetrics(nightReport).replaceAll(/^# HELP.*\n/gm, '');
    assert.match(complaintsOfPromtool(text), /help/);
  });
});
