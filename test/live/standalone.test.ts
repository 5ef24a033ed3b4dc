import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needsLive } from '../support/needs-live.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The archive with Node in it, in a root that holds libraries of the host and a shell, and neither /proc nor Node. */
const LIVE = needsLive('busybox', 'chroot', 'ldd', 'tar', 'npm', 'script');
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const SAMPLE = join(REPOSITORY, 'samples/distracted-worker/trace.strace.gz');
const TITLE = /GET \/b holds worker 4870 up to 1\.00 s/;
const FOLDER = temporaryFolder();
const ROOT = join(FOLDER, 'root');
const LICENSE = 'the license of Node\n';
let archive = '';

before(() => {
  if (LIVE.skip !== false) return;
  const node = join(FOLDER, 'node');
  mkdirSync(join(node, 'bin'), { recursive: true });
  copyFileSync(process.execPath, join(node, 'bin/node'));
  writeFileSync(join(node, 'LICENSE'), LICENSE);
  const tool = join(REPOSITORY, 'dist/test/tools/standalone.js');
  execFileSync(process.execPath, [tool, process.arch, '--node', node, '--into', join(FOLDER, 'made')]);
  archive = join(FOLDER, 'made', readdirSync(join(FOLDER, 'made'))[0] ?? '');
  for (const folder of ['bin', 'opt', 'tmp']) mkdirSync(join(ROOT, folder), { recursive: true });
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  for (const [program, name] of [
    [busybox, 'busybox'],
    [process.execPath, ''],
  ] as const) {
    if (name !== '') copyFileSync(program, join(ROOT, 'bin', name));
    const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout;
    for (const [, path = ''] of libraries.matchAll(/(\/\S+) \(0x/g)) {
      mkdirSync(join(ROOT, dirname(path)), { recursive: true });
      copyFileSync(path, join(ROOT, path));
    }
  }
  for (const name of ['sh', 'readlink', 'dirname']) symlinkSync('busybox', join(ROOT, 'bin', name));
  execFileSync('tar', ['-xzf', archive, '-C', join(ROOT, 'opt')]);
  const [folder = ''] = readdirSync(join(ROOT, 'opt'));
  symlinkSync(`../opt/${folder}/drover`, join(ROOT, 'bin/drover'));
  copyFileSync(SAMPLE, join(ROOT, 'tmp/trace.strace.gz'));
});

const ENVIRONMENT = { PATH: '/bin', TERM: 'xterm', LC_ALL: 'C.UTF-8' };

function inRoot(...words: readonly string[]) {
  return spawnSync('/usr/sbin/chroot', [ROOT, ...words], { encoding: 'utf8', env: ENVIRONMENT, cwd: '/' });
}

test(
  'the archive has one folder, with the licenses of drover and of Node, and no package for development',
  LIVE,
  () => {
    assert.match(archive, new RegExp(`/drover-\\d+\\.\\d+\\.\\d+-linux-${process.arch}\\.tar\\.gz$`));
    const names = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8', maxBuffer: 1e8 }).trimEnd().split('\n');
    const folders = new Set(names.map((name) => name.split('/')[0]));
    assert.equal(folders.size, 1);
    const [folder = ''] = folders;
    for (const name of ['drover', 'LICENSE', 'README.md', 'node/bin/node', 'node/LICENSE', 'lib/bin/drover.js'])
      assert.ok(names.includes(`${folder}/${name}`), name);
    assert.equal(readFileSync(join(ROOT, 'opt', folder, 'node/LICENSE'), 'utf8'), LICENSE);
    assert.deepEqual(
      names.filter((name) => /node_modules\/(?:typescript|@biomejs|@duckdb|esbuild|@types)\//.test(name)),
      [],
    );
    assert.ok(names.some((name) => name.includes('/node_modules/blessed/')));
    assert.ok(statSync(archive).size < 70e6, `${statSync(archive).size} bytes`);
  },
);

test('it reads a capture where there is no Node, no /proc and no package', LIVE, () => {
  assert.ok(!existsSync(join(ROOT, 'proc')) && !existsSync(join(ROOT, 'bin/node')));
  const text = inRoot('/bin/drover', '/tmp/trace.strace.gz');
  assert.equal(text.status, 0, text.stderr);
  assert.match(text.stdout, TITLE);
  const page = inRoot('/bin/sh', '-c', 'cd /tmp && drover trace.strace.gz --json -o report.json --html page.html');
  assert.equal(page.status, 0, page.stderr);
  assert.equal(JSON.parse(readFileSync(join(ROOT, 'tmp/report.json'), 'utf8')).schemaVersion, 1);
  assert.match(readFileSync(join(ROOT, 'tmp/page.html'), 'utf8'), TITLE);
  for (const words of [
    ['explain', 'loop-stall'],
    ['recipe', 'kubernetes'],
    ['--version'],
    ['diff', '/tmp/trace.strace.gz', '/tmp/report.json'],
  ]) {
    const { status, stdout, stderr } = inRoot('/bin/drover', ...words);
    assert.equal(status, 0, `${words.join(' ')}\n${stderr}`);
    assert.notEqual(stdout, '');
  }
});

test('the dashboard opens there, and leaves its verdict behind', LIVE, () => {
  const command = `/usr/sbin/chroot '${ROOT}' /bin/drover triage /tmp/trace.strace.gz`;
  const { stdout, status } = spawnSync(
    'sh',
    ['-c', `(sleep 6; printf q; sleep 2) | script -qec "${command}" /dev/null`],
    {
      encoding: 'utf8',
      env: { ...ENVIRONMENT, PATH: process.env.PATH ?? '' },
      timeout: 60_000,
    },
  );
  assert.equal(status, 0, stdout);
  assert.match(stdout, /\u001b\[\?1049h/);
  assert.match(stdout, TITLE);
  const scrollback = stdout.slice(stdout.lastIndexOf('\u001b[?1049l'));
  assert.match(scrollback, TITLE);
});
