import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { analyzeFiles, type Report, renderHtml } from '../../src/index.ts';
import { BROWSER, open, photograph } from '../support/browser.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { needsTool } from '../support/needs-tool.ts';
import { complaintsOfPage } from '../support/page-checks.ts';
import { nightReport } from '../support/report-builder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample, samples } from '../support/truth.ts';

const FOLDER = temporaryFolder();
const SAMPLE = sample('distracted-worker').trace;

function written(name: string, page: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, page);
  return path;
}

describe('a page in a browser', needsTool(BROWSER), () => {
  it('shows the verdict and a row for each worker, and its script adds zoom and copying', async () => {
    const report = await analyzeFiles([SAMPLE], { timeline: true });
    const { dom, messages } = await open(written('sample.html', renderHtml(report)), FOLDER);
    assert.deepEqual(messages, []);
    assert.match(
      dom,
      /<h1 id="verdict"><span class="badge critical">CRITICAL<\/span> Likely: GET \/b holds worker 4870/,
    );
    const rows = [...dom.matchAll(/<g class="lane" data-name="(\d+)"/g)].map(([, pid]) => Number(pid));
    assert.deepEqual(
      rows,
      report.workers.map(({ pid }) => pid),
    );
    assert.equal(rows.length, 2);
    assert.match(dom, /<button type="button">Zoom in<\/button>/);
    assert.match(
      dom,
      /<pre class="command"><code>pidstat -u -w -p 4870 1 5<\/code><button type="button">Copy<\/button><\/pre>/,
    );
  });

  it('runs nothing that stands in a capture, and loads nothing', async () => {
    const text = `${HOSTILE.join(' ')}"><script>document.title = 1</script><img src="http://127.0.0.1:9/x.png">`;
    const hostile = poison(nightReport, text);
    const { dom, messages } = await open(written('hostile.html', renderHtml(hostile, { withPayload: true })), FOLDER);
    assert.deepEqual(messages, []);
    assert.equal(dom.match(/<script>/g)?.length, 1);
    assert.doesNotMatch(dom, /<img/);
    assert.doesNotMatch(dom, /<title>1</);
  });

  it('says so on the console when the policy is broken: the test would notice', async () => {
    const page = renderHtml(nightReport).replace('</main>', '</main><script>document.title = "in"</script>');
    const { dom, messages } = await open(written('broken.html', page), FOLDER);
    assert.match(messages.join(' '), /Content Security Policy/);
    assert.doesNotMatch(dom, /<title>in</);
  });

  it('can be photographed', async () => {
    const picture = join(FOLDER, 'page.png');
    await photograph(written('photo.html', renderHtml(nightReport)), picture, FOLDER, { width: 1200, height: 900 });
    assert.equal(readFileSync(picture).subarray(1, 4).toString(), 'PNG');
  });
});

describe('pages of all samples', () => {
  const largest = { name: '', bytes: 0 };
  after(() => assert.ok(largest.bytes > 10_000, 'a page was made'));

  for (const { name, trace } of samples())
    it(`that of ${name} is small, whole, harmless and has a row for each worker`, async () => {
      const report = await analyzeFiles([trace], { timeline: true });
      const page = renderHtml(report);
      assert.deepEqual(complaintsOfPage(page), []);
      assert.equal(page, renderHtml(JSON.parse(JSON.stringify(report)) as Report), 'a saved report gives the same');
      const rows = page.match(/<g class="lane"/g)?.length ?? 0;
      const isTimed = report.window.durationMs !== null && report.window.durationMs > 0;
      assert.equal(rows, isTimed ? Math.min(128, report.workers.length) : 0);
      if (page.length > largest.bytes) Object.assign(largest, { name, bytes: page.length });
    });
});
