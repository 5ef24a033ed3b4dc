import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Reading captures on a laptop that does not run Linux: see `test/support/elsewhere.ts`. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const DIST = join(ROOT, 'dist');
const ELSEWHERE = pathToFileURL(join(DIST, 'test/support/elsewhere.js')).href;
const MAIN = join(DIST, 'src/cli/main.js');
const SAMPLE = join(ROOT, 'samples/distracted-worker/trace.strace.gz');
const OTHER = join(ROOT, 'samples/hang-gunicorn-sync/trace.strace.gz');
const FOLDER = temporaryFolder();
const TITLE = /GET \/b holds worker 4870 up to 1\.00 s/;

interface Situation {
  readonly input?: string | Buffer;
  readonly stdin?: number;
}

function node(words: readonly string[], { input, stdin }: Situation = {}) {
  const result = spawnSync(process.execPath, words, {
    cwd: FOLDER,
    encoding: 'utf8',
    maxBuffer: 1e8,
    env: { PATH: process.env.PATH ?? '', DROVER_CONFIG: '' },
    ...(stdin === undefined ? { input: input ?? '' } : { stdio: [stdin, 'pipe', 'pipe'] }),
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

function drover(words: readonly string[], situation: Situation = {}) {
  const result = node(['--import', ELSEWHERE, MAIN, ...words], situation);
  return { ...result, what: `${words.join(' ')}\n${result.stdout.slice(0, 500)}\n${result.stderr}` };
}

test('what is Linux alone does not load there, so that this test can fail', () => {
  const live = pathToFileURL(join(DIST, 'src/sources/live/capture.js')).href;
  const script = (url: string) => `await import(${JSON.stringify(url)})`;
  const run = (url: string) => node(['--import', ELSEWHERE, '--input-type=module', '-e', script(url)]);
  assert.match(run(live).stderr, /for Linux alone: /);
  assert.match(node(['--import', ELSEWHERE, '-e', "require('fs').readFileSync('/proc/self/stat')"]).stderr, /ENOENT/);
  assert.match(drover(['attach', '1']).stderr, /for Linux alone: /);
});

test('a capture gives the same report as on Linux, as text and as data', () => {
  const here = node([MAIN, SAMPLE, '--json']);
  const there = drover([SAMPLE, '--json']);
  assert.equal(there.code, 0, there.what);
  const strip = (text: string) => text.replace(/"(?:elapsedMs|readMs|analyzedAt|generatedAt)": [^\n]+/g, '');
  assert.equal(strip(there.stdout), strip(here.stdout));
  const text = drover([SAMPLE]);
  assert.equal(text.code, 0, text.what);
  assert.match(text.stdout, TITLE);
});

test('every form of a report is written into a new file', () => {
  copyFileSync(SAMPLE, join(FOLDER, 'one.strace.gz'));
  const files = ['--html', '--findings', '--openmetrics'].map((option, index) => [option, `form-${index}.out`]);
  const { code, what } = drover(['one.strace.gz', ...files.flat(), '-o', 'report.txt']);
  assert.equal(code, 0, what);
  for (const [, name = ''] of files) assert.match(readFileSync(join(FOLDER, name), 'utf8'), /loop[-_]stall/);
  assert.match(readFileSync(join(FOLDER, 'report.txt'), 'utf8'), TITLE);
  const markdown = drover(['one.strace.gz', '--md']);
  assert.match(markdown.stdout, TITLE, markdown.what);
});

test('hosts, comparisons, archives and pages do', () => {
  mkdirSync(join(FOLDER, 'fleet'));
  copyFileSync(SAMPLE, join(FOLDER, 'fleet/web-1.strace.gz'));
  copyFileSync(OTHER, join(FOLDER, 'fleet/web-2.strace.gz'));
  const fleet = drover(['fleet']);
  assert.equal(fleet.code, 0, fleet.what);
  assert.match(fleet.stdout, /2 captures of 2 hosts/);
  const diff = drover(['diff', 'fleet/web-1.strace.gz', 'fleet/web-1.strace.gz']);
  assert.equal(diff.code, 0, diff.what);
  const archive = drover(['archive', 'archive', 'fleet/web-1.strace.gz', 'fleet/web-2.strace.gz']);
  assert.equal(archive.code, 0, archive.what);
  assert.equal(readdirSync(join(FOLDER, 'archive')).length, 2);
  for (const words of [
    ['explain', 'loop-stall'],
    ['recipe', 'gunicorn'],
    ['recipe', 'kubernetes'],
    ['completion', 'bash'],
    ['--version'],
    ['--help'],
  ]) {
    const { code, stdout, what } = drover(words);
    assert.equal(code, 0, what);
    assert.notEqual(stdout, '', what);
  }
});

test('standard input is read from a pipe and from a file', () => {
  const lines = gunzipSync(readFileSync(SAMPLE));
  const piped = drover(['-'], { input: lines });
  assert.match(piped.stdout, TITLE, piped.what);
  writeFileSync(join(FOLDER, 'plain.strace'), lines);
  const redirected = drover(['-'], { stdin: openSync(join(FOLDER, 'plain.strace'), 'r') });
  assert.match(redirected.stdout, TITLE, redirected.what);
});

test('the dashboard copies standard input where nobody tells which file it is', () => {
  const spool = pathToFileURL(join(DIST, 'src/cli/dashboard/stdin-spool.js')).href;
  const script = `console.log((await import(${JSON.stringify(spool)})).redirectedFile())`;
  const words = ['--input-type=module', '-e', script];
  const file = join(FOLDER, 'redirected.strace');
  writeFileSync(file, '');
  assert.equal(node(words, { stdin: openSync(file, 'r') }).stdout, `${file}\n`);
  assert.equal(node(['--import', ELSEWHERE, ...words], { stdin: openSync(file, 'r') }).stdout, 'null\n');
});

test('line ends of Windows, and names with backslashes, change nothing', () => {
  const lines = gunzipSync(readFileSync(SAMPLE)).toString('latin1');
  const names = ['unix.strace', 'C:\\captures\\web 1.strace'];
  writeFileSync(join(FOLDER, names[0] ?? ''), lines, 'latin1');
  writeFileSync(join(FOLDER, names[1] ?? ''), lines.replaceAll('\n', '\r\n'), 'latin1');
  const [unix, windows] = names.map((name) => {
    const { code, stdout, what } = drover([name, '--json']);
    assert.equal(code, 0, what);
    return JSON.parse(stdout);
  });
  assert.ok(unix.findings.length > 0);
  const told = ({ findings }: typeof unix) =>
    findings.map(({ evidence: _, ...finding }: { readonly evidence: unknown }) => finding);
  assert.deepEqual(told(windows), told(unix));
  assert.deepEqual(windows.quality.diagnostics, unix.quality.diagnostics);
  mkdirSync(join(FOLDER, 'odd'));
  writeFileSync(join(FOLDER, 'odd', 'a\\b.strace'), lines, 'latin1');
  assert.match(drover(['odd']).stdout, TITLE);
});

test('the dashboard of a file, and all that draws it, loads', () => {
  const modules = [
    'src/cli/actions/triage.js',
    'src/cli/dashboard/file-dashboard.js',
    'src/index.js',
    ...readdirSync(join(DIST, 'src/dashboard'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => `src/dashboard/${name}`),
  ];
  assert.ok(modules.length > 30, `${modules.length}`);
  const script = modules
    .map((name) => `await import(${JSON.stringify(pathToFileURL(join(DIST, name)).href)});`)
    .join('\n');
  const { code, stderr } = node(['--import', ELSEWHERE, '--input-type=module', '-e', `${script}\nprocess.exit(0)`]);
  assert.equal(code, 0, stderr);
});
