import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { BROWSER } from '../support/browser.ts';
import { hasTool, needsTool } from '../support/needs-tool.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { GOLDEN } from './exports.ts';

/** A folder in which `npm install speedscope` was run: no contributor has to have it. */
const SPEEDSCOPE = process.env.SPEEDSCOPE ?? '';

function needsSpeedscope(): { readonly skip: string | false } {
  if (SPEEDSCOPE !== '' && hasTool(BROWSER)) return { skip: false };
  const message = 'SPEEDSCOPE names no folder with the package speedscope, or there is no chromium';
  if (process.env.CI) throw new Error(`${message}; .ci/install fetches both`);
  return { skip: message };
}

/** The page of speedscope after it read a file: its title, and a row for each thread in it with its length. */
function shownBySpeedscope(file: string): string {
  const viewer = join(temporaryFolder(), 'viewer');
  cpSync(join(SPEEDSCOPE, 'node_modules/speedscope/dist/release'), viewer, { recursive: true });
  const packed = readFileSync(file).toString('base64');
  writeFileSync(join(viewer, 'profile.js'), `speedscope.loadFileFromBase64("golden", "${packed}")`);
  const flags = ['--headless=new', '--no-sandbox', '--no-first-run', '--enable-unsafe-swiftshader'];
  const profile = [`--user-data-dir=${join(viewer, 'profile')}`, '--allow-file-access-from-files'];
  const page = `file://${viewer}/index.html#localProfilePath=${join(viewer, 'profile.js').slice(1)}`;
  return execFileSync(BROWSER, [...flags, ...profile, '--virtual-time-budget=30000', '--dump-dom', page], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 120_000,
  });
}

it('the golden of --chrome-trace is a turn and a request of these lengths (speedscope)', needsSpeedscope(), () => {
  const page = shownBySpeedscope(join(GOLDEN, 'chrome-trace.json'));
  // From one-request.strace: the turn from its first wait to the next; the request from its reading to the reply.
  for (const length of ['412.60ms', '412.21ms']) assert.ok(page.includes(`>${length}</td>`), length);
  // A file that it cannot read makes it wait for a click: one of another length shows that it reads.
  const other = join(temporaryFolder(), 'other.json');
  writeFileSync(other, readFileSync(join(GOLDEN, 'chrome-trace.json'), 'utf8').replace('"dur":412600', '"dur":712600'));
  assert.ok(shownBySpeedscope(other).includes('>712.60ms</td>'));
});

it('the golden of --openmetrics is what Prometheus takes (promtool)', needsTool('promtool'), () => {
  const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: readFileSync(join(GOLDEN, 'drover.prom')),
  });
  assert.equal(status, 0, String(stderr));
});
