import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BROWSER } from '../support/browser.ts';
import { timelinesOf } from '../support/timeline.ts';

/** The repository; compiled tests lie in dist/test/screenshot. */
const ROOT = join(import.meta.dirname, '../../..');
const TRACE = 'samples/distracted-worker/trace.strace.gz';
const WORKER = 4_870;
const PICTURE = join(ROOT, 'test/screenshot/timeline.png');
/** A folder in which `npm install speedscope` was run: no contributor has to have it. */
const SPEEDSCOPE = process.env['SPEEDSCOPE'] ?? '';

/** Writes the picture that the README shows: what speedscope makes of the timeline of a worker of a sample. */
async function takePicture(): Promise<void> {
  const { chrome } = await timelinesOf([join(ROOT, TRACE)], { pids: [WORKER] });
  const folder = mkdtempSync(join(tmpdir(), 'drover-timeline-'));
  try {
    const viewer = join(folder, 'viewer');
    cpSync(join(SPEEDSCOPE, 'node_modules/speedscope/dist/release'), viewer, { recursive: true });
    const packed = Buffer.from(chrome).toString('base64');
    writeFileSync(join(viewer, 'profile.js'), `speedscope.loadFileFromBase64("timeline", "${packed}")`);
    const title = encodeURIComponent(`worker ${WORKER} of ${TRACE.split('/').slice(0, 2).join('/')}`);
    const place = `localProfilePath=${join(viewer, 'profile.js').slice(1)}&title=${title}`;
    await promisify(execFile)(BROWSER, [
      ...['--headless=new', '--no-sandbox', '--hide-scrollbars', '--no-first-run', '--enable-unsafe-swiftshader'],
      ...[`--user-data-dir=${join(folder, 'profile')}`, '--allow-file-access-from-files'],
      ...['--window-size=1100,230', '--virtual-time-budget=30000', `--screenshot=${PICTURE}`],
      `file://${viewer}/index.html#${place}`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await takePicture();
