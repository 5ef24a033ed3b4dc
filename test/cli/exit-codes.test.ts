import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { FORMAT_TITLES } from '../../parsers/registry.ts';
import { runDrover, typed } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const STALLED = fileURLToPath(new URL('../../../samples/distracted-worker/trace.strace.gz', import.meta.url));

function file(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

const QUIET = file('quiet.strace', workerLines({ pid: 17 }));

test('a trace is read and reported on: 0, whatever was found', async () => {
  for (const path of [QUIET, STALLED]) {
    const { code, stdout, stderr } = await runDrover(['analyze', path]);
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.ok(stdout.includes(path.replace(/^.*\//, '')));
  }
});

test('a finding at or above --fail-on: 1, after the whole report', async () => {
  const { code, stdout } = await runDrover(['analyze', '--json', '--fail-on', 'warning', STALLED]);
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).schemaVersion, 1);
  assert.equal((await typed(['--fail-on', 'info', QUIET])).code, 0);
});

test('wrong usage: 2, with one line and a hint on stderr and nothing on stdout', async () => {
  const wrong = [
    ['--jsn', QUIET],
    ['--fail-on', 'high', QUIET],
    ['--json', '--md', QUIET],
    ['--pid', 'gunicorn', QUIET],
    ['-', QUIET],
    ['explain', 'loop-stal'],
    ['analyze'],
    ['attach'],
    ['attach', '17', '--for', 'ever'],
    ['attach', '17', '--json', '--md'],
    ['run'],
    ['recipe', 'gunicron'],
  ];
  for (const [index, words] of wrong.entries()) {
    const { code, stdout, stderr } = await (index === 0 ? runDrover : typed)(words);
    assert.equal(code, 2, words.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^drover: [^\n]+\n( {2}[^\n]+\n)?$/);
  }
});

/** A link to itself. */
function link(name: string): string {
  symlinkSync(name, join(FOLDER, name));
  return join(FOLDER, name);
}

test('input that cannot be read or is no trace: 3, with its name and the reason', async () => {
  mkdirSync(join(FOLDER, 'empty-folder'));
  const cases = [
    [join(FOLDER, 'absent.strace'), /^drover: Cannot read .*absent\.strace: there is no such file\.\n/],
    [file('empty.strace', ''), /^drover: .*empty\.strace is empty\.\n {2}strace writes nothing before/],
    [
      file('notes.txt', 'Dear all,\nplease find attached\n'),
      new RegExp(
        `^drover: .*notes\\.txt is not a trace that drover knows: .*\\n {2}drover reads ${FORMAT_TITLES.replace(/[^\w ]/g, '\\$&')}, best: `,
      ),
    ],
    [join(file('plain', 'x'), 'below'), /^drover: Cannot read .*below: /],
    [join(FOLDER, 'n'.repeat(300)), /^drover: Cannot read .*n: /],
    [link('loop'), /^drover: Cannot read .*loop: /],
    [join(FOLDER, 'empty-folder'), /^drover: .*empty-folder holds no files named NAME\.PID/],
  ] as const;
  for (const [index, [path, message]] of cases.entries()) {
    const { code, stdout, stderr } = await (index === 0 ? runDrover : typed)(['analyze', path]);
    assert.equal(code, 3, path);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('processes that cannot be traced: 4, with what is missing and the fix', async () => {
  const without = { environment: { PATH: FOLDER } };
  for (const [run, words] of [
    [runDrover, ['attach', String(process.pid)]],
    [typed, ['record', String(process.pid)]],
    [typed, ['run', '--', 'true']],
  ] as const) {
    const { code, stdout, stderr } = await run(words, without);
    assert.equal(code, 4, words.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^drover: strace is not installed\.\n {2}apt install strace\.\n$/);
  }
});

test('nobody of that name, and nobody at that port: 4, with what to type', async () => {
  for (const [word, message] of [
    ['no-such-server', /^drover: No process is called no-such-server\.\n {2}Give a pid, a name, a port \(:8000\)/],
    [':1', /^drover: Nobody listens on port 1\.\n {2}See who listens on what with: ss -ltnp\n$/],
  ] as const) {
    const { code, stdout, stderr } = await typed(['attach', word]);
    assert.equal(code, 4, word);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('partial data under --strict: 5; good data: 0', async () => {
  const { gzipSync } = await import('node:zlib');
  const cut = join(FOLDER, 'cut.gz');
  writeFileSync(cut, gzipSync(workerLines({ pid: 17, count: 50_021 })).subarray(0, -1_000));
  const { code, stdout } = await runDrover(['analyze', '--strict', '--json', cut]);
  assert.equal(code, 5);
  assert.notEqual(JSON.parse(stdout).quality.grade, 'good');
  assert.equal((await typed(['--strict', QUIET])).code, 0);
});
