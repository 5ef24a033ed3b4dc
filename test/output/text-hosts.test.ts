import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renderText } from '../../src/output/text.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';

const CAUSE = 'GET /publish holds all 4 workers up to 1.41 s (19x): may wait for 127.0.0.1:19092';
const NAMES = ['web-07', ...Array.from({ length: 11 }, (_, index) => `web-${20 + index}`)];

it('a table of 12 hosts tells the sick one with whom it waits for, also at 80 columns', () => {
  const finding = buildFinding({ title: `web-07: ${CAUSE}`, hosts: ['web-07'] });
  const plain = buildReport({ findings: [finding] });
  const hosts = NAMES.map((name, index) => ({
    name,
    paths: [`${name}.strace`],
    verdict:
      index === 0
        ? ({ severity: 'critical', confidence: 'likely', text: `Likely: ${CAUSE}` } as const)
        : ({ severity: 'none', confidence: 'likely', text: 'No herd, stall or hang-up found in 4.02 s' } as const),
    cause: index === 0 ? finding.id : null,
    window: plain.window,
    grade: 'good' as const,
    workers: 4,
    causes: index === 0 ? 1 : 0,
  }));
  for (const width of [80, 100]) {
    const text = renderText({ ...plain, hosts }, { width, colour: false, ascii: false, verbose: 0 });
    assert.match(text, /^web-07 +CRITICAL .* GET \/publish.*: may wait for 127\.0\.0\.1:19092$/m, `at ${width}`);
  }
});
