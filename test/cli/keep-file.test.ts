import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { clipboardSequence, keepFile } from '../../src/cli/dashboard/keep-file.ts';
import { lineTime, traceClock } from '../../src/cli/dashboard/line-time.ts';
import { buildReport } from '../support/report-builder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = temporaryFolder();

/** Runs in the folder, then goes back. */
function inFolder<T>(path: string, run: () => T): T {
  const before = process.cwd();
  process.chdir(path);
  try {
    return run();
  } finally {
    process.chdir(before);
  }
}

test('a file is written for its owner alone, and never over one that exists', () => {
  writeFileSync(join(folder, 'drover-report.md'), 'mine');
  const kept = inFolder(folder, () => keepFile('drover-report.md', 'new'));
  assert.deepEqual(kept, { path: './drover-report-2.md' });
  assert.equal(readFileSync(join(folder, 'drover-report.md'), 'utf8'), 'mine');
  assert.equal(readFileSync(join(folder, 'drover-report-2.md'), 'utf8'), 'new');
  assert.equal(statSync(join(folder, 'drover-report-2.md')).mode & 0o777, 0o600);
});

test('where nothing can be written, the file goes to the temporary folder, and its path is told', () => {
  const gone = join(folder, 'gone');
  mkdirSync(gone);
  const kept = inFolder(gone, () => {
    rmdirSync(gone);
    return keepFile('drover-x.md', 'x');
  });
  assert.ok('path' in kept);
  assert.equal(dirname(kept.path), tmpdir());
  assert.equal(readFileSync(kept.path, 'utf8'), 'x');
  rmSync(kept.path);
});

test('the clipboard gets the text in base64, so that nothing in it can act on the terminal', () => {
  const sequence = clipboardSequence('a\x1b]52;c;x\x07é');
  assert.match(sequence, /^\x1b\]52;c;[A-Za-z0-9+/=]+\x07$/);
  assert.equal(Buffer.from(sequence.slice(7, -1), 'base64').toString(), 'a\x1b]52;c;x\x07é');
  assert.equal(clipboardSequence('x'.repeat(50_001)), '');
});

test('a raw line tells its time on the clock of its trace', () => {
  const clock = traceClock(buildReport().window, 'strace');
  assert.ok(clock);
  assert.equal(
    lineTime(clock, '4127 1795140810.100000 read(3, "", 8) = 0'),
    Date.parse('2026-11-20T02:13:30.100Z') - Date.parse('2026-11-20T02:13:29.100Z'),
  );
  assert.equal(lineTime(clock, '4127 <... read resumed>) = 0'), null);
  const day = traceClock(buildReport({ window: { startTime: null, timeOfDay: '23:59:59.500000' } }).window, 'strace');
  assert.ok(day);
  assert.equal(lineTime(day, '[pid 17] 00:00:01.250000 close(3) = 0'), 1_750);
  assert.equal(traceClock(buildReport({ window: { startTime: null, timeOfDay: null } }).window, 'strace'), null);
});
