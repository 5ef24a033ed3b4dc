import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyzeFiles, renderHtml } from '../../src/index.ts';
import { photograph } from '../support/browser.ts';

/** The repository; compiled tests lie in dist/test/screenshot. */
const ROOT = join(import.meta.dirname, '../../..');
const TRACE = 'samples/distracted-worker/trace.strace.gz';
const PICTURE = join(ROOT, 'test/screenshot/page.png');
const SIZE = { width: 1_100, height: 1_240, scale: 0.75 };

/** Writes the picture that the README shows: what a browser makes of the page of a sample, down to the timeline. */
async function takePicture(): Promise<void> {
  const report = await analyzeFiles([join(ROOT, TRACE)], { timeline: true });
  const folder = mkdtempSync(join(tmpdir(), 'drover-page-'));
  const path = join(folder, 'page.html');
  writeFileSync(path, renderHtml({ ...report, source: { ...report.source, paths: [TRACE] } }));
  await photograph(path, PICTURE, folder, SIZE);
  rmSync(folder, { recursive: true, force: true });
}

await takePicture();
