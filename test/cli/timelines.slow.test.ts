import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { DROVER, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shownByChrome, shownByPerfetto } from '../support/timeline.ts';

const STALLED = join(import.meta.dirname, '../../../samples/distracted-worker/trace.strace.gz');
const FOLDER = temporaryFolder();

/** An empty folder. */
function folderOf(name: string): string {
  const folder = join(FOLDER, name);
  mkdirSync(folder);
  return folder;
}

test('timelines are written beside the report, readable by their owner alone, and hold the same slices', async () => {
  const folder = folderOf('both');
  const [perfetto, chrome] = [join(folder, 'a.pftrace'), join(folder, 'a.json')];
  const { code, stdout, stderr } = await runDrover([STALLED, '--perfetto', perfetto, '--chrome-trace', chrome]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, (await runDrover([STALLED])).stdout);
  assert.deepEqual(readdirSync(folder).toSorted(), ['a.json', 'a.pftrace']);
  assert.deepEqual(
    [perfetto, chrome].map((path) => statSync(path).mode & 0o777),
    [0o600, 0o600],
  );
  const slices = shownByPerfetto(readFileSync(perfetto)).filter(({ length }) => length !== null).length;
  assert.ok(slices > 50);
  assert.equal(shownByChrome(readFileSync(chrome, 'utf8')).filter(({ length }) => length !== null).length, slices);
});

test('a timeline replaces nothing that is there unless it is forced, and never the capture', async () => {
  const folder = folderOf('taken');
  const mine = join(folder, 'mine');
  const trace = join(folder, 'trace.strace');
  writeFileSync(mine, 'mine');
  writeFileSync(trace, gunzipSync(readFileSync(STALLED)));
  for (const words of [[mine], [trace, '--force'], [join(folder, 'nowhere', 'a')], ['/dev/stdout']]) {
    const { code, stdout, stderr } = await runDrover([trace, '--perfetto', ...words]);
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, /^drover: Cannot write /);
  }
  const both = await runDrover([trace, '--perfetto', join(folder, 'a'), '--chrome-trace', join(folder, 'a')]);
  assert.equal(both.code, 2);
  assert.deepEqual([readFileSync(mine, 'utf8'), readdirSync(folder).length], ['mine', 2]);
  assert.equal((await runDrover([trace, '--perfetto', mine, '--force', '-q'])).code, 0);
  assert.ok(shownByPerfetto(readFileSync(mine)).length > 50);
});

test('a timeline that cannot be written leaves the report to be read, and nothing of itself', async () => {
  const folder = folderOf('full');
  // A file of more than 2 KB cannot be written, as on a disk that is full.
  const limited = `trap '' XFSZ; ulimit -f 2; exec "$0" "$@" --perfetto "${folder}/a"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', limited, process.execPath, DROVER, STALLED], {
    encoding: 'utf8',
  });
  assert.equal(status, 74, stderr);
  assert.match(stderr, /^drover: Cannot write .*\/a: /m);
  assert.equal(stdout, (await runDrover([STALLED])).stdout);
  assert.deepEqual(readdirSync(folder), []);
});

test('what is no capture, and a signal in the middle of one, leave nothing of a timeline', async () => {
  const folder = folderOf('ended');
  const junk = join(FOLDER, 'junk');
  writeFileSync(junk, 'no trace\n'.repeat(99));
  assert.equal((await runDrover([junk, '--perfetto', join(folder, 'a')])).code, 3);
  assert.deepEqual(readdirSync(folder), []);
  const child = spawn(process.execPath, [DROVER, '-', '--perfetto', join(folder, 'a')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.write(gunzipSync(readFileSync(STALLED)).subarray(0, 200_000));
  for (let looks = 0; readdirSync(folder).length === 0 && looks < 500; looks++) await pause(20);
  assert.equal(readdirSync(folder).length, 1, 'it has begun, under another name');
  child.kill('SIGTERM');
  await once(child, 'close');
  assert.deepEqual(readdirSync(folder), []);
});

test('a saved report has no events of which a timeline could be made', async () => {
  const report = join(FOLDER, 'report.json');
  writeFileSync(report, (await runDrover([STALLED, '--json'])).stdout);
  const { code, stderr } = await runDrover([report, '--chrome-trace', join(FOLDER, 'none.json')]);
  assert.equal(code, 2);
  assert.match(stderr, /^drover: --chrome-trace needs the capture/);
});
