import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { filesToAskAgain, inShares, plansOf, setOf, sharesProcess, skippedTests, testFiles } from './run-tests.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FILES = ['test/a.test.ts', 'test/b/a.slow.test.ts', 'test/b/c.test.ts', 'test/live/c.test.ts'];

/** The files that run. */
function chosen(...words: readonly string[]): string[] {
  return plansOf(words, FILES).flatMap(({ processes }) => processes.flat());
}

test('a new test file lands in a set by its name alone', () => {
  assert.equal(setOf('test/output/new.test.ts'), 'unit');
  assert.equal(setOf('test/output/new.slow.test.ts'), 'slow');
  assert.equal(setOf('test/live/new.test.ts'), 'live');
  assert.equal(setOf('test/sources/live/new.test.ts'), 'unit');
});

test('words choose files of a set, and a word that names none is refused', () => {
  assert.deepEqual(chosen(), ['test/a.test.ts', 'test/b/c.test.ts', 'test/b/a.slow.test.ts', 'test/live/c.test.ts']);
  assert.deepEqual(chosen('--unit'), ['test/a.test.ts', 'test/b/c.test.ts']);
  assert.deepEqual(chosen('--live'), ['test/live/c.test.ts']);
  assert.deepEqual(chosen('--unit', '--slow', 'b/'), ['test/b/c.test.ts', 'test/b/a.slow.test.ts']);
  for (const word of ['test/b/c.test.ts', './test/b/c.test.ts', 'dist/test/b/c.test.js', 'b/c'])
    assert.deepEqual(chosen(word), ['test/b/c.test.ts'], word);
  assert.deepEqual(chosen('c.test', 'slow').length, 3);
  assert.throws(() => chosen('nothing'), /no test file is named nothing/);
  assert.throws(() => chosen('--live', 'slow'), /no test file is named slow/);
  assert.deepEqual(chosen('--slow', '--live'), ['test/b/a.slow.test.ts', 'test/live/c.test.ts']);
  assert.throws(() => chosen('--lvie'), /usage/);
});

test('flags of the test runner are passed on in front of the files', () => {
  const [plan, ...others] = plansOf(['--test-name-pattern=herd', 'a.test'], FILES);
  assert.deepEqual(plan?.options.slice(-2), ['--test', '--test-name-pattern=herd']);
  assert.deepEqual([plan?.processes, others], [[['test/a.test.ts']], []]);
});

test('quick and slow files share the processors; of the live ones two run at once', () => {
  const plans = plansOf(
    [],
    [
      'test/a.test.ts',
      'test/b.test.ts',
      'test/a.slow.test.ts',
      'test/b.slow.test.ts',
      'test/live/a.test.ts',
      'test/live/b.test.ts',
    ],
  );
  const atOnce = plans.map(({ options }) => options.find((option) => option.startsWith('--test-concurrency=')));
  assert.equal(atOnce[0], atOnce[1]);
  assert.deepEqual([atOnce.length, atOnce[2]], [3, '--test-concurrency=2']);
});

test('every file runs once; quick files share a process of each processor, all others stand alone', () => {
  const files = testFiles(ROOT);
  const shares = inShares(files, 3);
  assert.deepEqual(shares.flat().sort(), files);
  const shared = shares.filter((share) => share.length > 1);
  assert.ok(shared.length === 3 && shared.flat().every(sharesProcess));
  const sizes = shared.map(({ length }) => length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  assert.equal(sharesProcess('test/detectors/a.test.ts'), true);
  for (const file of ['test/detectors/a.slow.test.ts', 'test/live/a.test.ts', 'test/cli/dump.test.ts'])
    assert.equal(sharesProcess(file), false, file);
});

test('a test that shares its process leaves that process as it was', () => {
  // `thread.process` of the model is another word.
  const calls = /(?<![.\w])process\.(?:chdir|exit|on|once|emit|umask|setuid)\b|mock\.|setFlags|globalThis/;
  const changes = new RegExp(`${calls.source}|${/(?<![.\w])process\.(?:env\b[^\n]*|\w+) = |\bdelete process/.source}`);
  const wrong = testFiles(ROOT).filter(
    (file) => sharesProcess(file) && changes.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(wrong, [], 'add such a test to ALONE');
  assert.match("process.env.TZ = 'UTC'", changes);
});

test('a test that was removed does not run, although it is still built', () => {
  const files = testFiles(ROOT);
  assert.ok(files.includes('test/tools/run-tests.test.ts') && files.includes('test/live/attach.test.ts'));
  assert.deepEqual(
    files.filter((file) => !file.startsWith('test/') || !file.endsWith('.test.ts')),
    [],
  );
  const sources = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  assert.equal(files.length, sources.filter((name) => name.endsWith('.test.ts')).length);
});

test('where CI is set a test that is skipped makes the run fail, and is named', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'some.test.mjs');
  writeFileSync(
    file,
    "import test from 'node:test'; test('a', () => {}); test('b', { skip: 'needs wings' }, () => {});",
  );
  const words = ['--test', '--test-reporter=tap', file];
  // Node tells the tests inside of a test run nothing but what the runner itself wants to hear.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8', env: environment });
  assert.deepEqual(skippedTests(stdout), ['b # SKIP needs wings']);
});

test('a few slow and live tests that failed are asked once more, unless another failed or one was skipped', () => {
  const failed = (file: string, indent = ''): string =>
    `${indent}not ok 1 - a\n${indent}  ---\n${indent}  duration_ms: 7\n${indent}  location: '${file}:5:1'\n${indent}  ...\n`;
  const live = (name: string): string => failed(`/a/drover/test/live/${name}.test.ts`);
  assert.deepEqual(filesToAskAgain(`ok 1 - b\n${live('a')}`), ['test/live/a.test.ts']);
  assert.deepEqual(filesToAskAgain(failed('/a/dist/test/live/a.test.js')), ['test/live/a.test.ts']);
  assert.deepEqual(filesToAskAgain(`${failed('/a/test/live/a.test.ts', '    ')}${live('a')}${live('b-c')}`), [
    'test/live/a.test.ts',
    'test/live/b-c.test.ts',
  ]);
  assert.deepEqual(filesToAskAgain(failed('/a/dist/test/b/c.slow.test.js')), ['test/b/c.slow.test.ts']);
  assert.deepEqual(filesToAskAgain(`${live('a')}${failed('/a/test/model/a.test.ts')}`), []);
  assert.deepEqual(filesToAskAgain(failed('/a/dist/shares/7.test.js')), []);
  assert.deepEqual(filesToAskAgain(`${live('a')}not ok 2 - a failure that names no file\n`), []);
  assert.deepEqual(filesToAskAgain(`${live('a')}ok 2 - b # SKIP needs wings\n`), []);
  assert.deepEqual(filesToAskAgain(['a', 'b', 'c', 'd'].map(live).join('')), []);
  assert.deepEqual(filesToAskAgain('ok 1 - a\n'), []);
});

/** What a test file imports of the tests, and what that imports. */
function support(file: string, known = new Set<string>()): Set<string> {
  for (const [, from = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    const path = normalize(join(dirname(file), from));
    if (!path.startsWith('test/') || known.has(path)) continue;
    known.add(path);
    support(path, known);
  }
  return known;
}

test('a quick test needs no root, no tracer, no tmux and no compiler', () => {
  const heavy = ['tmux', 'needs-live', 'live-drover'].map((name) => `test/support/${name}.ts`);
  const programs =
    /needsTool\([^)]*'(?:strace|bpftrace|perf|tmux)'|spawn(?:Sync)?\('(?:strace|bpftrace|tmux)'|bin\/tsc/;
  const wrong = testFiles(ROOT).filter(
    (file) =>
      setOf(file) === 'unit' &&
      file !== 'test/tools/run-tests.test.ts' &&
      (heavy.some((path) => support(file).has(path)) || programs.test(readFileSync(join(ROOT, file), 'utf8'))),
  );
  assert.deepEqual(wrong, [], 'name such a test NAME.slow.test.ts, or put it into test/live');
  assert.ok(support('test/live/attach.test.ts').has('test/support/needs-live.ts'), 'the reader of imports sees them');
});
