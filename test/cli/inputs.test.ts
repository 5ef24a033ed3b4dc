import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { needsTool } from '../support/needs-tool.ts';
import { type DroverSituation, runDrover, typed } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { EPOCH, workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const TEXT = workerLines({ pid: 17, count: 503 });

function file(name: string, bytes: string | Buffer): string {
  const path = join(FOLDER, name);
  writeFileSync(path, bytes);
  return path;
}

async function report(
  words: readonly string[],
  situation: DroverSituation = {},
): Promise<{ report: Report; stderr: string }> {
  const run = situation.input === undefined ? typed : runDrover;
  const { code, stdout, stderr } = await run(['analyze', '--json', ...words], situation);
  assert.equal(code, 0, stderr);
  return { report: JSON.parse(stdout), stderr };
}

test('gzip data are read under any name, and plain text under the name of gzip data', async () => {
  for (const path of [
    file('a.strace.gz', gzipSync(TEXT)),
    file('packed.txt', gzipSync(TEXT)),
    file('plain.gz', TEXT),
  ]) {
    const { report: found } = await report([path]);
    assert.equal(found.quality.lines, 503);
    assert.deepEqual(found.source.paths, [path]);
  }
});

test('a gzip file that was cut off is read as far as it goes, and the report says so', async () => {
  const { report: found } = await report([
    file('cut.gz', gzipSync(workerLines({ pid: 17, count: 20_011 })).subarray(0, -2_000)),
  ]);
  assert.ok(found.quality.lines > 5_000 && found.quality.lines < 20_011);
  assert.equal(found.quality.diagnostics.find(({ code }) => code === 'truncated-compression')?.count, 1);
  assert.notEqual(found.quality.grade, 'good');
});

test('zstd data are read under any name', needsTool('zstd'), async () => {
  const packed = execFileSync('zstd', ['-c'], { input: TEXT, stdio: ['pipe', 'pipe', 'ignore'] });
  assert.equal((await report([file('packed.strace', packed)])).report.quality.lines, 503);
});

test('a zstd file on a host without zstd: 3, with what to install', async () => {
  const path = file('b.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4, 5, 6]));
  const { code, stderr } = await typed([path], { environment: { PATH: '/nonexistent' } });
  assert.equal(code, 3);
  assert.equal(
    stderr,
    `drover: Cannot read ${path}: this needs the zstd program.\n  Install it, or run: zstd -d ${path}\n`,
  );
});

test('stdin is read when - is named: a pipe, packed or not, and a redirected file', async () => {
  for (const input of [TEXT, gzipSync(TEXT)]) {
    const { report: found } = await report(['-'], { input });
    assert.equal(found.quality.lines, 503);
    assert.equal(found.source.kind, 'stdin');
  }
  const path = file('redirected.strace', TEXT);
  const { DROVER } = await import('../support/run-drover.ts');
  const stdout = execFileSync('sh', ['-c', '"$0" "$1" --json - < "$2"', process.execPath, DROVER, path]);
  assert.equal((JSON.parse(stdout.toString()) as Report).quality.lines, 503);
});

test('a pipe and a redirected file are read without a name; nothing else is', async () => {
  const path = file('unnamed.strace', TEXT);
  const { DROVER } = await import('../support/run-drover.ts');
  const sh = (script: string): string =>
    execFileSync('sh', ['-c', script, process.execPath, DROVER, path], { encoding: 'utf8' });
  for (const script of ['cat "$2" | "$0" "$1" --json', '"$0" "$1" analyze --json < "$2"'])
    assert.equal((JSON.parse(sh(script)) as Report).quality.lines, 503, script);
  assert.match(sh('cat "$2" | "$0" "$1"'), /^STDIN {7}standard input/);
  assert.match(sh('"$0" "$1" < /dev/null'), /^Usage: drover/);
  assert.match(sh('"$0" "$1" <&-'), /^Usage: drover/);
  assert.match(sh('"$0" "$1" -q < /dev/null 2>&1 || true'), /^drover: No trace was named\./);
});

test('a directory of -ff files is one trace of all threads; other files in it are named and left out', async () => {
  const folder = join(FOLDER, 'ff');
  mkdirSync(folder);
  for (const tid of [4711, 4713, 4717])
    writeFileSync(join(folder, `trace.${tid}`), workerLines({ from: EPOCH + tid / 1_000, count: 101 }));
  writeFileSync(join(folder, 'trace.4719'), '');
  writeFileSync(join(folder, 'notes.txt'), 'Dear all,\n');
  const { report: found, stderr } = await report([folder]);
  assert.equal(found.quality.lines, 303);
  assert.equal(found.quality.events, 303);
  assert.deepEqual(found.source.paths, [folder]);
  assert.equal(found.quality.diagnostics.find(({ code }) => code === 'skipped-file')?.count, 1);
  assert.equal(stderr, `drover: Not read in ${folder}, because their names are not NAME.PID: notes.txt.\n`);
});

test('several files are read together, and one that is no trace is left out with a notice', async () => {
  const { report: found, stderr } = await report([
    file('one.strace', workerLines({ pid: 17, count: 101 })),
    file('two.strace', workerLines({ pid: 19, count: 103, from: EPOCH + 0.0005 })),
    file('notes.txt', 'Dear all,\nplease find attached\n'),
  ]);
  assert.equal(found.quality.lines, 204);
  assert.match(stderr, /^drover: Left out .*notes\.txt: [^\n]*\n$/);
});

test('a -ff set gives the same statistics as one file with the same calls in order of time', async () => {
  const lines = [17, 19, 23].map((pid, index) => workerLines({ pid, count: 97, from: EPOCH + index * 0.0003 }));
  const ordered = lines
    .join('')
    .trimEnd()
    .split('\n')
    .sort((a, b) => ((a.split(' ')[1] ?? '') < (b.split(' ')[1] ?? '') ? -1 : 1));
  const { report: whole } = await report([file('whole.strace', `${ordered.join('\n')}\n`)]);
  const { report: parts } = await report(
    [17, 19, 23].map((pid, index) => file(`set.${pid}`, (lines[index] ?? '').replace(/^\d+ /gm, ''))),
  );
  assert.deepEqual(parts.calls, whole.calls);
  assert.deepEqual(parts.window, whole.window);
});

test('what is left out of a directory is named as a path below it, however the directory was typed', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'web'));
  writeFileSync(join(folder, 'trace.strace'), workerLines({ pid: 17 }));
  writeFileSync(join(folder, 'web', 'trace.strace'), workerLines({ pid: 19 }));
  for (const directory of ['.', './', folder]) {
    const { stderr } = await typed([directory], { directory: folder });
    assert.equal(stderr, `drover: ${directory} is one capture. Not read in it: web. To read them, name them.\n`);
  }
});
